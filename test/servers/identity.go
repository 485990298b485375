// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// OperatorNamespace is the operator's own namespace. It also holds all
	// service accounts.
	OperatorNamespace = "juju-secrets"
	// operatorAccount is the service account in config/rbac.
	operatorAccount = "manager"
	// tokenLifetime outlasts every test, and every demo that was left running.
	tokenLifetime = 30 * 24 * time.Hour
)

// Rights are the permissions of a service account.
type Rights struct {
	// Everywhere are the rules for all namespaces and for cluster-scoped
	// resources.
	Everywhere []rbacv1.PolicyRule
	// In are the rules for single namespaces, by namespace. The namespaces
	// exist.
	In map[string][]rbacv1.PolicyRule
}

// Admit creates a service account with only these rights, and returns the path
// of its kubeconfig. The user name of the account is Username(account).
func (k *Kubernetes) Admit(ctx context.Context, account string, rights Rights) (kubeconfig string, err error) {
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: OperatorNamespace, Name: account}}
	everywhere := metav1.ObjectMeta{Name: account}
	objs := []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: OperatorNamespace, Name: account}},
	}
	if len(rights.Everywhere) > 0 {
		objs = append(objs, &rbacv1.ClusterRole{ObjectMeta: everywhere, Rules: rights.Everywhere}, &rbacv1.ClusterRoleBinding{
			ObjectMeta: everywhere, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: account},
		})
	}
	for ns, rules := range rights.In {
		there := metav1.ObjectMeta{Namespace: ns, Name: account}
		objs = append(objs, &rbacv1.Role{ObjectMeta: there, Rules: rules}, &rbacv1.RoleBinding{
			ObjectMeta: there, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		})
	}
	for _, obj := range objs {
		if err := k.Client.Create(ctx, obj); err != nil {
			return "", err
		}
	}
	if err := k.awaitRights(ctx, account, rights); err != nil {
		return "", err
	}
	return k.KubeconfigOf(ctx, OperatorNamespace, account)
}

// awaitRights waits until the API server grants the new rights. The API server
// authorizes from a cache.
func (k *Kubernetes) awaitRights(ctx context.Context, account string, rights Rights) error {
	granted := map[string][]rbacv1.PolicyRule{metav1.NamespaceAll: rights.Everywhere}
	maps.Copy(granted, rights.In)
	return Await(ctx, time.Minute, func() (string, error) {
		for ns, rules := range granted {
			for _, rule := range rules {
				review := &authorizationv1.SubjectAccessReview{Spec: reviewed(account, ns, rule)}
				if err := k.Client.Create(ctx, review); err != nil {
					return "", err
				}
				if !review.Status.Allowed {
					return fmt.Sprintf("%s does not have this right yet: %+v", account, review.Spec), nil
				}
			}
		}
		return "", nil
	})
}

// reviewed returns a review of the first permission of a rule.
func reviewed(account, namespace string, rule rbacv1.PolicyRule) authorizationv1.SubjectAccessReviewSpec {
	spec := authorizationv1.SubjectAccessReviewSpec{User: Username(account)}
	if len(rule.NonResourceURLs) > 0 {
		spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{
			Path: rule.NonResourceURLs[0], Verb: rule.Verbs[0],
		}
		return spec
	}
	resource, subresource, _ := strings.Cut(rule.Resources[0], "/")
	spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
		Namespace: namespace, Verb: rule.Verbs[0], Group: rule.APIGroups[0], Resource: resource, Subresource: subresource,
	}
	if len(rule.ResourceNames) > 0 {
		spec.ResourceAttributes.Name = rule.ResourceNames[0]
	}
	return spec
}

// Username returns the user name of a service account.
func Username(account string) string {
	return fmt.Sprintf("system:serviceaccount:%s:%s", OperatorNamespace, account)
}

// admitOperator creates the operator's service account and roles from
// config/rbac.
func (k *Kubernetes) admitOperator(ctx context.Context, root string) error {
	objs := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: OperatorNamespace}}}
	for _, file := range []string{"service_account.yaml", "role.yaml", "role_binding.yaml"} {
		read, err := Manifests(k.Client.Scheme(), filepath.Join(root, "config", "rbac", file))
		if err != nil {
			return err
		}
		objs = append(objs, read...)
	}
	rights := Rights{In: map[string][]rbacv1.PolicyRule{}}
	for _, obj := range objs {
		if err := k.Client.Create(ctx, obj); err != nil {
			return err
		}
		switch role := obj.(type) {
		case *rbacv1.ClusterRole:
			rights.Everywhere = append(rights.Everywhere, role.Rules...)
		case *rbacv1.Role:
			rights.In[role.Namespace] = append(rights.In[role.Namespace], role.Rules...)
		}
	}
	err := k.awaitRights(ctx, operatorAccount, rights)
	if err != nil {
		return err
	}
	k.operatorConfig, err = k.KubeconfigOf(ctx, OperatorNamespace, operatorAccount)
	return err
}

// Manifests reads the objects in a file of manifests. The scheme must know
// their kinds.
func Manifests(scheme *runtime.Scheme, path string) ([]client.Object, error) {
	text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
	if err != nil {
		return nil, err
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var objs []client.Object
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		if err != nil {
			return nil, err
		}
		read, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		obj, ok := read.(client.Object)
		if !ok {
			return nil, fmt.Errorf("cannot read %s: %T is not an object", path, read)
		}
		objs = append(objs, obj)
	}
}

// KubeconfigOf writes a kubeconfig with a token of a service account, like a
// pod gets, and returns its path.
func (k *Kubernetes) KubeconfigOf(ctx context.Context, namespace, account string) (string, error) {
	seconds := int64(tokenLifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	if err := k.Client.SubResource("token").Create(ctx, owner, request); err != nil {
		return "", fmt.Errorf("cannot get a token of the service account %s: %w", account, err)
	}
	server, _, err := rest.DefaultServerUrlFor(k.Config)
	if err != nil {
		return "", err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["kubernetes"] = &clientcmdapi.Cluster{
		Server: server.String(), CertificateAuthorityData: k.Config.CAData,
	}
	config.AuthInfos[account] = &clientcmdapi.AuthInfo{Token: request.Status.Token}
	config.Contexts[account] = &clientcmdapi.Context{Cluster: "kubernetes", AuthInfo: account, Namespace: namespace}
	config.CurrentContext = account
	path := filepath.Join(k.dir, namespace+"."+account+".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// One command installs the kinds, the operator and a controller object of a kind that was not there before. What is made with
// it outlives a release that is uninstalled, goes on under the next one, and can be removed altogether.
func TestARelease(t *testing.T) {
	s := newScene(t, "release")
	s.installAndWait(s.withController()...)
	s.expectKinds()
	controller := &v1alpha1.ClusterJujuController{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	s.awaitReady(controller)
	secret := gen.JujuSecret(s.ns, "kept", s.model.Name, gen.Value(map[string]string{"key": "first"}))
	s.must(s.kube.Create(s.ctx, secret))
	s.awaitReady(secret)
	s.awaitJuju(map[string]string{"kept": "first"})

	// From the first upgrade on the controller object is the release's, and the same.
	s.helm("upgrade", release, current, "--reuse-values", "--set", "replicas=2,defaultController.driftDetection.interval=1m")
	s.expectKept(controller)
	s.expectKept(secret)
	if got := controller.Spec.DriftDetection.Interval.Minutes(); got != 1 {
		t.Errorf("after an upgrade with another interval the controller object has %v min", got)
	}
	if !strings.Contains(s.helm("get", "manifest", release), "kind: ClusterJujuController") {
		t.Error("the upgrade did not take the controller object into the release")
	}

	// Uninstalled, it takes the operator away and nothing of what that works on.
	manifest := s.helm("get", "manifest", release)
	s.helm("uninstall", release)
	s.stopPod()
	s.expectKinds()
	s.expectKept(controller)
	s.expectKept(secret)
	s.awaitJuju(map[string]string{"kept": "first"})
	s.expectUninstalled(manifest, "CustomResourceDefinition", "ClusterJujuController")

	// The next one goes on.
	s.helm(append([]string{"install", release, current}, s.withController()...)...)
	s.startPod()
	s.expectKept(secret)
	s.change(secret, "second")
	s.awaitReady(secret)
	s.awaitJuju(map[string]string{"kept": "second"})

	// In the order of the documentation nothing is left but the kinds.
	s.must(s.kube.Delete(s.ctx, secret))
	s.awaitGone(secret)
	s.must(s.kube.Delete(s.ctx, controller))
	s.awaitGone(controller)
	s.helm("uninstall", release)
	s.stopPod()
	s.awaitJuju(nil)
	s.expectUninstalled(manifest, "CustomResourceDefinition")
	for _, ns := range []string{s.own, s.ns} {
		namespace := gen.Namespace(ns, nil)
		s.must(s.kube.Delete(s.ctx, namespace))
		s.awaitGone(namespace) // No finalizer holds what is in it.
	}
	s.expectKinds()
}

// A release of the chart before becomes one of this chart, with its kinds, and its objects live on.
func TestAnUpgradeFromTheChartBefore(t *testing.T) {
	s := newScene(t, "upgrade")
	s.helm("install", release, previous)
	for _, kind := range kinds(t) {
		crd, err := s.inCluster(kind.Name)
		s.must(err)
		if len(crd.Spec.Versions[0].AdditionalPrinterColumns) > 0 {
			t.Errorf("the chart before has the kind %s as this one does: an upgrade would show nothing", kind.Name)
		}
	}
	s.startPod()
	s.must(s.kube.Create(s.ctx, gen.Controller("upgraded", juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: s.own, Name: "juju-user"}
	})))
	secret := gen.JujuSecret(s.ns, "kept", s.model.Name, gen.Value(map[string]string{"key": "first"}), gen.Through("upgraded"))
	s.must(s.kube.Create(s.ctx, secret))
	s.awaitReady(secret)

	s.helm("upgrade", release, current, "--reset-then-reuse-values")
	s.stopPod()
	s.expectKinds()
	s.startPod()
	s.expectKept(secret)
	s.change(secret, "second")
	s.awaitReady(secret)
	s.awaitJuju(map[string]string{"kept": "second"})
}

// An operator for one namespace works there, with Roles alone, and the kinds are somebody else's.
func TestAReleaseForOneNamespace(t *testing.T) {
	s := newScene(t, "single")
	installKinds(t)
	s.helm("install", release, current, "--values", path("charts", "juju-secrets-operator", "examples", "namespaced.yaml"),
		"--set", "metrics.enabled=false,watchNamespaces={"+s.ns+"}")
	for _, kind := range []string{"kind: ClusterRole", "kind: CustomResourceDefinition"} {
		if strings.Contains(s.helm("get", "manifest", release), kind) {
			t.Errorf("the release for one namespace has a %s", kind)
		}
	}
	s.startPod()
	s.must(s.kube.Create(s.ctx, gen.Secret(s.ns, "login", map[string]string{
		"username": juju.Operator.Username, "password": juju.Operator.Password,
	})))
	controller := gen.LocalController(s.ns, "login", juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.JujuController) {
		c.Spec.ControllerClass = "teams"
	})
	secret := gen.JujuSecret(s.ns, "local", s.model.Name, gen.Value(map[string]string{"key": "first"}), gen.Locally("login"))
	for _, obj := range []client.Object{controller, secret} {
		s.must(s.kube.Create(s.ctx, obj))
		s.awaitReady(obj)
	}
	s.awaitJuju(map[string]string{"local": "first"})
	for _, obj := range []client.Object{secret, controller} {
		s.must(s.kube.Delete(s.ctx, obj))
		s.awaitGone(obj)
	}
}

// An inline login becomes a Secret, which the controller object needs for longer than the release lasts.
func TestAnInlineLogin(t *testing.T) {
	objs := rendered(t, "--show-only", "templates/defaultcontroller.yaml",
		"--set", "defaultController.create=true,defaultController.addresses={jimm:443},defaultController.credentials.login=clientCredentials,"+
			"defaultController.credentials.inline.client-id=id,defaultController.credentials.inline.client-secret=secret")
	var login corev1.Secret
	var controller v1alpha1.ClusterJujuController
	as(t, find(t, objs, "Secret"), &login)
	as(t, find(t, objs, "ClusterJujuController"), &controller)
	ref := controller.Spec.Credentials.ClientCredentials.SecretRef
	if ref.Namespace != login.Namespace || ref.Name != login.Name {
		t.Errorf("the controller object names the Secret %s/%s, and there is %s/%s", ref.Namespace, ref.Name, login.Namespace, login.Name)
	}
	if string(login.Data["client-id"]) != "id" || string(login.Data["client-secret"]) != "secret" || len(login.Data) != 2 {
		t.Error("the Secret has other keys or values than it was told")
	}
	for _, obj := range []client.Object{&login, &controller} {
		if obj.GetAnnotations()["helm.sh/resource-policy"] != "keep" {
			t.Errorf("the %T goes with the release", obj)
		}
	}
}

// installAndWait installs the chart with --wait, and is the kubelet meanwhile: it starts the manager, and tells when it is ready.
func (s *scene) installAndWait(options ...string) {
	s.Helper()
	known := kinds(s.T)
	started := make(chan error, 1)
	go func() { started <- s.kubelet(known) }()
	args := append([]string{"install", release, current, "--namespace", s.own, "--wait", "--timeout", patience.String()}, options...)
	_, err := run(s.ctx, "HELM", args...)
	s.must(errors.Join(err, <-started))
}

// kubelet starts the manager once the kinds are there: one that comes too early would end, and be started again.
func (s *scene) kubelet(kinds []*apiextensionsv1.CustomResourceDefinition) error {
	for _, kind := range kinds {
		err := servers.Await(s.ctx, patience, func() (string, error) {
			crd, err := s.inCluster(kind.Name)
			for _, condition := range crd.Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return "", nil
				}
			}
			return fmt.Sprintf("the kind %s is not served", kind.Name), client.IgnoreNotFound(err)
		})
		if err != nil {
			return err
		}
	}
	if err := awaitServed(kinds); err != nil {
		return err
	}
	if err := s.tryStartPod(); err != nil {
		return err
	}
	deployment, err := s.deployment()
	if err != nil {
		return err
	}
	replicas := *deployment.Spec.Replicas
	deployment.Status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
		Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
		},
	}
	return s.kube.Status().Update(s.ctx, deployment)
}

// change gives a JujuSecret another value.
func (s *scene) change(secret *v1alpha1.JujuSecret, value string) {
	s.Helper()
	s.must(s.kube.Get(s.ctx, client.ObjectKeyFromObject(secret), secret))
	before := secret.DeepCopy()
	secret.Spec.Value = map[string]string{"key": value}
	s.must(s.kube.Patch(s.ctx, secret, client.MergeFrom(before)))
}

// expectUninstalled checks that nothing of a manifest is left but what is of these kinds.
func (s *scene) expectUninstalled(manifest string, kept ...string) {
	s.Helper()
	for _, obj := range objects(s.T, manifest) {
		err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)
		gone := apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
		if !gone {
			s.must(err)
		}
		if gone == slices.Contains(kept, obj.GetKind()) {
			s.Errorf("%s %s is gone: %v", obj.GetKind(), obj.GetName(), gone)
		}
	}
}

// as is an object as its Go type.
func as(t *testing.T, obj client.Object, into client.Object) {
	t.Helper()
	if err := kubernetes.Client.Scheme().Convert(obj, into, nil); err != nil {
		t.Fatal(err)
	}
}

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
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// One command installs the CRDs, the operator and a controller object of a CRD
// that did not exist before. The objects outlive an uninstalled release, the
// next release takes them over, and all of them can be deleted.
func TestReleaseKeepsObjectsThroughUninstall(t *testing.T) {
	f := newFixture(t, "release")
	f.installAndWait(f.withController()...)
	f.expectCRDs()
	controller := &v1alpha1.ClusterJujuController{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	f.AwaitReady(controller)
	secret := gen.JujuSecret(f.Namespace, "kept", f.Model.Name, gen.Value(map[string]string{"key": "first"}))
	f.Create(secret)
	f.AwaitReady(secret)
	f.awaitJuju(map[string]string{"kept": "first"})

	// The first upgrade takes the controller object into the release and keeps
	// it.
	f.helm("upgrade", release, current, "--reuse-values", "--set",
		"replicas=2,defaultController.driftDetection.interval=1m")
	f.expectKept(controller)
	f.expectKept(secret)
	if got := controller.Spec.DriftDetection.Interval.Minutes(); got != 1 {
		t.Errorf("after the upgrade, the interval of the controller object is %v min, want 1 min", got)
	}
	if !strings.Contains(f.helm("get", "manifest", release), "kind: ClusterJujuController") {
		t.Error("the upgraded release does not contain the controller object")
	}

	// Uninstalling removes the operator only.
	manifest := f.helm("get", "manifest", release)
	f.helm("uninstall", release)
	f.stopPod()
	f.expectCRDs()
	f.expectKept(controller)
	f.expectKept(secret)
	f.awaitJuju(map[string]string{"kept": "first"})
	f.expectUninstalled(manifest, "CustomResourceDefinition", "ClusterJujuController")

	// The next release continues with the existing objects.
	f.helm(append([]string{"install", release, current}, f.withController()...)...)
	f.startPod()
	f.expectKept(secret)
	f.change(secret, "second")
	f.AwaitReady(secret)
	f.awaitJuju(map[string]string{"kept": "second"})

	// In the documented order of removal, only the CRDs remain.
	f.Delete(secret)
	f.AwaitGone(secret)
	f.Delete(controller)
	f.AwaitGone(controller)
	f.helm("uninstall", release)
	f.stopPod()
	f.awaitJuju(nil)
	f.expectUninstalled(manifest, "CustomResourceDefinition")
	for _, ns := range []string{f.operatorNamespace, f.Namespace} {
		namespace := gen.Namespace(ns, nil)
		f.Delete(namespace)
		f.AwaitGone(namespace) // No finalizer is left in it.
	}
	f.expectCRDs()
}

// A release of the previous chart can be upgraded to this chart. The CRDs are
// upgraded and the objects are kept.
func TestUpgradeFromPreviousChartKeepsObjects(t *testing.T) {
	f := newFixture(t, "upgrade")
	f.helm("install", release, previous)
	for _, kind := range crds(t) {
		crd, err := f.inCluster(kind.Name)
		f.Must(err)
		if len(crd.Spec.Versions[0].AdditionalPrinterColumns) > 0 {
			t.Errorf("the previous chart has the same CRD %s as this chart, so the upgrade proves nothing", kind.Name)
		}
	}
	f.startPod()
	login := v1alpha1.CredentialsSecretReference{Namespace: f.operatorNamespace, Name: "juju-user"}
	f.Must(f.Kube.Create(f.Ctx, gen.Controller("upgraded", f.Juju.Addresses[0], f.Juju.CACertificate,
		func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials.UserPass.SecretRef = login })))
	secret := gen.JujuSecret(f.Namespace, "kept", f.Model.Name,
		gen.Value(map[string]string{"key": "first"}), gen.Through("upgraded"))
	f.Create(secret)
	f.AwaitReady(secret)

	f.helm("upgrade", release, current, "--reset-then-reuse-values")
	f.stopPod()
	f.expectCRDs()
	f.startPod()
	f.expectKept(secret)
	f.change(secret, "second")
	f.AwaitReady(secret)
	f.awaitJuju(map[string]string{"kept": "second"})
}

// A release for one namespace works with Roles only and without CRDs, which a
// cluster administrator installs.
func TestNamespacedReleaseNeedsNoClusterRole(t *testing.T) {
	f := newFixture(t, "single")
	installCRDs(t)
	f.helm("install", release, current,
		"--values", path("charts", "juju-secrets-operator", "examples", "namespaced.yaml"),
		"--set", "metrics.enabled=false,watchNamespaces={"+f.Namespace+"}")
	for _, kind := range []string{"kind: ClusterRole", "kind: CustomResourceDefinition"} {
		if strings.Contains(f.helm("get", "manifest", release), kind) {
			t.Errorf("the release for one namespace contains %q", kind)
		}
	}
	f.startPod()
	f.Create(gen.Login(f.Namespace, "login", f.Juju.Operator.Username, f.Juju.Operator.Password))
	controller := gen.LocalController(f.Namespace, "login", f.Juju.Addresses[0], f.Juju.CACertificate,
		func(c *v1alpha1.JujuController) { c.Spec.ControllerClass = "teams" })
	secret := gen.JujuSecret(f.Namespace, "local", f.Model.Name,
		gen.Value(map[string]string{"key": "first"}), gen.Locally("login"))
	for _, obj := range []client.Object{controller, secret} {
		f.Create(obj)
		f.AwaitReady(obj)
	}
	f.awaitJuju(map[string]string{"local": "first"})
	for _, obj := range []client.Object{secret, controller} {
		f.Delete(obj)
		f.AwaitGone(obj)
	}
}

// An inline login becomes a Secret. Both must outlive the release, because the
// controller object still needs the login.
func TestInlineLoginIsKeptAfterUninstall(t *testing.T) {
	objs := rendered(t, "--show-only", "templates/defaultcontroller.yaml",
		"--set", "defaultController.create=true,defaultController.addresses={jimm:443},"+
			"defaultController.credentials.login=clientCredentials,"+
			"defaultController.credentials.inline.client-id=id,"+
			"defaultController.credentials.inline.client-secret=secret")
	var login corev1.Secret
	var controller v1alpha1.ClusterJujuController
	as(t, find(t, objs, "Secret"), &login)
	as(t, find(t, objs, "ClusterJujuController"), &controller)
	ref := controller.Spec.Credentials.ClientCredentials.SecretRef
	if ref.Namespace != login.Namespace || ref.Name != login.Name {
		t.Errorf("the controller object references the Secret %s/%s, want %s/%s",
			ref.Namespace, ref.Name, login.Namespace, login.Name)
	}
	id, secret := string(login.Data["client-id"]), string(login.Data["client-secret"])
	if id != "id" || secret != "secret" || len(login.Data) != 2 {
		t.Error("the keys and values of the Secret differ from the inline login")
	}
	for _, obj := range []client.Object{&login, &controller} {
		if obj.GetAnnotations()["helm.sh/resource-policy"] != "keep" {
			t.Errorf("uninstalling the release deletes the %T", obj)
		}
	}
}

// installAndWait installs the chart with --wait. Meanwhile it acts as the
// kubelet: it starts the manager, and reports when the manager is ready.
func (f *fixture) installAndWait(options ...string) {
	f.Helper()
	known := crds(f.T)
	started := make(chan error, 1)
	go func() { started <- f.kubelet(known) }()
	args := []string{
		"install", release, current, "--namespace", f.operatorNamespace, "--wait", "--timeout", patience.String(),
	}
	_, err := run(f.Ctx, "HELM", append(args, options...)...)
	f.Must(errors.Join(err, <-started))
}

// kubelet starts the manager when the CRDs exist. A manager that starts earlier
// exits, and a real kubelet would restart it.
func (f *fixture) kubelet(crds []*apiextensionsv1.CustomResourceDefinition) error {
	for _, kind := range crds {
		err := servers.Await(f.Ctx, patience, func() (string, error) {
			crd, err := f.inCluster(kind.Name)
			for _, condition := range crd.Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return "", nil
				}
			}
			return fmt.Sprintf("the CRD %s is not established", kind.Name), client.IgnoreNotFound(err)
		})
		if err != nil {
			return err
		}
	}
	if err := awaitServed(crds); err != nil {
		return err
	}
	if err := f.tryStartPod(); err != nil {
		return err
	}
	deployment, err := f.deployment()
	if err != nil {
		return err
	}
	replicas := *deployment.Spec.Replicas
	deployment.Status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation, Replicas: replicas,
		UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
		Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
		},
	}
	return f.Kube.Status().Update(f.Ctx, deployment)
}

// change sets another value in the spec of a JujuSecret.
func (f *fixture) change(secret *v1alpha1.JujuSecret, value string) {
	f.Helper()
	env.Change(f, secret, gen.Value(map[string]string{"key": value}))
}

// expectUninstalled checks that only objects of the kinds in kept remain of a
// manifest.
func (f *fixture) expectUninstalled(manifest string, kept ...string) {
	f.Helper()
	for _, obj := range objects(f.T, manifest) {
		err := f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj)
		gone := apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
		if !gone {
			f.Must(err)
		}
		if gone == slices.Contains(kept, obj.GetKind()) {
			f.Errorf("%s %s is deleted: %t, want the opposite", obj.GetKind(), obj.GetName(), gone)
		}
	}
}

// as converts an object to its Go type.
func as(t *testing.T, obj client.Object, into client.Object) {
	t.Helper()
	if err := shared.Kubernetes.Client.Scheme().Convert(obj, into, nil); err != nil {
		t.Fatal(err)
	}
}

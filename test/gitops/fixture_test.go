// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests how GitOps tools assess, apply, compare and prune the
// operator's objects. The tests use the tools' own code: Flux's code, which
// this package links, and Argo CD's code in the program in hack/argocd. The
// objects belong to an operator on a real Kubernetes API server and a real Juju
// API server. The package is a separate module because of its dependencies.
package gitops

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	root = env.Root
	// sharedName is the name of the ClusterJujuController that tests use if
	// they do not apply another one.
	sharedName = "shared"
	// testFinalizer is a finalizer of the tests. It keeps a deleted object, so
	// that the tests can read it.
	testFinalizer = "example.com/hold"
)

var shared = env.New(env.Options{
	Options: servers.Options{Root: root, Juju: 1, Operator: true},
	Prepare: func(ctx context.Context, e *env.Environment) error {
		const logins = "gitops-logins"
		if err := e.Kubernetes.Client.Create(ctx, gen.Namespace(logins, nil)); err != nil {
			return err
		}
		return e.Connect(ctx, sharedName, func(c *v1alpha1.ClusterJujuController) {
			c.Spec.Credentials.UserPass.SecretRef.Namespace = logins
		})
	},
})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// fixture holds the tenant namespace and the model of one test.
type fixture struct{ *env.Fixture }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return &fixture{shared.NewTenant(t)}
}

// create creates objects, and returns the last one as it is in its first watch
// event.
func (f *fixture) create(objs ...client.Object) *unstructured.Unstructured {
	f.Helper()
	for _, obj := range objs[:len(objs)-1] {
		f.Must(f.Kube.Create(f.Ctx, obj))
	}
	last := objs[len(objs)-1]
	gvk, err := f.Kube.GroupVersionKindFor(last)
	f.Must(err)
	list := new(unstructured.UnstructuredList)
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	watcher, err := f.Kube.Watch(f.Ctx, list, client.InNamespace(last.GetNamespace()),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", last.GetName())})
	f.Must(err)
	defer watcher.Stop()
	f.Must(f.Kube.Create(f.Ctx, last))
	for event := range watcher.ResultChan() {
		if event.Type == watch.Added {
			return event.Object.(*unstructured.Unstructured)
		}
	}
	f.Fatalf("the watch reported no creation of %s %s", gvk.Kind, last.GetName())
	return nil
}

// live returns the current version of an object.
func (f *fixture) live(obj client.Object) *unstructured.Unstructured {
	f.Helper()
	seen := f.reference(obj)
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), seen))
	return seen
}

// reference returns an object with only the kind, the namespace and the name of
// another object.
func (f *fixture) reference(obj client.Object) *unstructured.Unstructured {
	f.Helper()
	gvk, err := f.Kube.GroupVersionKindFor(obj)
	f.Must(err)
	return newReference(gvk.GroupVersion().String(), gvk.Kind, obj.GetNamespace(), obj.GetName())
}

func newReference(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	obj := new(unstructured.Unstructured)
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	obj.SetNamespace(namespace)
	obj.SetName(name)
	return obj
}

// change sets fields of the spec, and returns the object as the patch returns
// it.
func (f *fixture) change(obj client.Object, spec map[string]any) *unstructured.Unstructured {
	f.Helper()
	seen := f.live(obj)
	before := seen.DeepCopy()
	for key, value := range spec {
		f.Must(unstructured.SetNestedField(seen.Object, value, "spec", key))
	}
	f.Must(f.Kube.Patch(f.Ctx, seen, client.MergeFrom(before)))
	return seen
}

// awaitReason waits until the Ready condition of the current generation has the
// reason, and returns the object.
func (f *fixture) awaitReason(obj client.Object, reason v1alpha1.Reason) *unstructured.Unstructured {
	f.Helper()
	var seen *unstructured.Unstructured
	f.Await(func() string {
		seen = f.live(obj)
		if got := reasonOf(seen); got != string(reason) {
			return fmt.Sprintf("the reason of %s %s is %q, want %s", seen.GetKind(), seen.GetName(), got, reason)
		}
		return ""
	})
	return seen
}

// reasonOf returns the reason of the Ready condition. It returns an empty
// string if the status is not about the current generation.
func reasonOf(obj *unstructured.Unstructured) string {
	observed, _, _ := unstructured.NestedInt64(obj.Object, "status", "observedGeneration")
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	i := slices.IndexFunc(conditions, func(c any) bool {
		return c.(map[string]any)["type"] == v1alpha1.ConditionReady
	})
	if i < 0 || observed != obj.GetGeneration() {
		return ""
	}
	return conditions[i].(map[string]any)["reason"].(string)
}

// delete deletes an object with a finalizer, and returns the object afterwards.
func (f *fixture) delete(obj client.Object) *unstructured.Unstructured {
	f.Helper()
	f.Must(f.Kube.Delete(f.Ctx, f.reference(obj)))
	return f.live(obj)
}

// removeFinalizer removes testFinalizer from a deleted object, and waits until
// the object is gone.
func (f *fixture) removeFinalizer(obj client.Object) {
	f.Helper()
	seen := f.live(obj)
	before := seen.DeepCopy()
	seen.SetFinalizers(slices.DeleteFunc(seen.GetFinalizers(), func(f string) bool { return f == testFinalizer }))
	f.Must(f.Kube.Patch(f.Ctx, seen, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
	f.AwaitGone(f.reference(obj))
}

// expect checks the health of an object in a phase.
func (f *fixture) expect(phase string, obj *unstructured.Unstructured, want health) {
	f.Helper()
	if diff := cmp.Diff(want, healthOf(f.T, obj)[0]); diff != "" {
		f.Errorf("health of a %s with the reason %q, %s (-want +got):\n%s", obj.GetKind(), reasonOf(obj), phase, diff)
	}
}

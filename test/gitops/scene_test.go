// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = time.Minute

// hold is a finalizer of the test's own, which keeps an object that is deleted to be looked at.
const hold = "example.com/hold"

// scene is where one test plays: a namespace and a model of its own.
type scene struct {
	*testing.T

	ctx   context.Context
	kube  client.WithWatch
	model servers.Model
	ns    string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context(), kube: stack.Kubernetes.Client}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gitops-", Labels: map[string]string{"tenant": "true"}}}
	s.must(s.kube.Create(s.ctx, ns))
	s.ns = ns.Name
	var err error
	s.model, err = stack.Juju.AddModel(s.ctx, s.ns)
	s.must(err)
	t.Cleanup(func() {
		s.ctx = context.Background() // The test's own context is over.
		s.explain()
		if err := s.kube.Delete(s.ctx, ns); err != nil {
			t.Error(err)
		}
		s.awaitGone(asked("v1", "Namespace", "", s.ns))
	})
	return s
}

// explain prints of a test that failed what the operator said last.
func (s *scene) explain() {
	if !s.Failed() {
		return
	}
	log, err := os.ReadFile(stack.Operator.Log)
	if err != nil {
		s.Error(err)
	}
	s.Logf("the operator:\n%s", log[max(0, len(log)-20_000):])
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// await waits until look finds nothing missing.
func (s *scene) await(look func() string) {
	s.Helper()
	s.must(servers.Await(s.ctx, patience, func() (string, error) { return look(), nil }))
}

// create creates objects, and returns the last one as whoever watches sees it first.
func (s *scene) create(objs ...client.Object) *unstructured.Unstructured {
	s.Helper()
	for _, obj := range objs[:len(objs)-1] {
		s.must(s.kube.Create(s.ctx, obj))
	}
	last := objs[len(objs)-1]
	gvk, err := s.kube.GroupVersionKindFor(last)
	s.must(err)
	list := new(unstructured.UnstructuredList)
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	watcher, err := s.kube.Watch(s.ctx, list, client.InNamespace(last.GetNamespace()),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", last.GetName())})
	s.must(err)
	defer watcher.Stop()
	s.must(s.kube.Create(s.ctx, last))
	for event := range watcher.ResultChan() {
		if event.Type == watch.Added {
			return event.Object.(*unstructured.Unstructured)
		}
	}
	s.Fatalf("%s %s was not seen", gvk.Kind, last.GetName())
	return nil
}

// live is an object as it is now.
func (s *scene) live(obj client.Object) *unstructured.Unstructured {
	s.Helper()
	seen := s.reference(obj)
	s.must(s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), seen))
	return seen
}

// reference names an object and says nothing else of it.
func (s *scene) reference(obj client.Object) *unstructured.Unstructured {
	s.Helper()
	gvk, err := s.kube.GroupVersionKindFor(obj)
	s.must(err)
	return asked(gvk.GroupVersion().String(), gvk.Kind, obj.GetNamespace(), obj.GetName())
}

func asked(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	obj := new(unstructured.Unstructured)
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	obj.SetNamespace(namespace)
	obj.SetName(name)
	return obj
}

// change changes fields of the spec, and returns the object as it is just then.
func (s *scene) change(obj client.Object, spec map[string]any) *unstructured.Unstructured {
	s.Helper()
	seen := s.live(obj)
	before := seen.DeepCopy()
	for key, value := range spec {
		s.must(unstructured.SetNestedField(seen.Object, value, "spec", key))
	}
	s.must(s.kube.Patch(s.ctx, seen, client.MergeFrom(before)))
	return seen
}

// found waits until the operator says this of an object as it is now, and returns the object.
func (s *scene) found(obj client.Object, reason v1alpha1.Reason) *unstructured.Unstructured {
	s.Helper()
	var seen *unstructured.Unstructured
	s.await(func() string {
		seen = s.live(obj)
		if got := reasonOf(seen); got != string(reason) {
			return fmt.Sprintf("%s %s says %q, want %s", seen.GetKind(), seen.GetName(), got, reason)
		}
		return ""
	})
	return seen
}

// reasonOf is the reason of the Ready condition if that is about the present generation.
func reasonOf(obj *unstructured.Unstructured) string {
	observed, _, _ := unstructured.NestedInt64(obj.Object, "status", "observedGeneration")
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	i := slices.IndexFunc(conditions, func(c any) bool { return c.(map[string]any)["type"] == v1alpha1.ConditionReady })
	if i < 0 || observed != obj.GetGeneration() {
		return ""
	}
	return conditions[i].(map[string]any)["reason"].(string)
}

// delete deletes an object that is held, and returns it as it is then.
func (s *scene) delete(obj client.Object) *unstructured.Unstructured {
	s.Helper()
	s.must(s.kube.Delete(s.ctx, s.reference(obj)))
	return s.live(obj)
}

// release takes the test's own hold off an object, and waits until it is gone.
func (s *scene) release(obj client.Object) {
	s.Helper()
	seen := s.live(obj)
	before := seen.DeepCopy()
	seen.SetFinalizers(slices.DeleteFunc(seen.GetFinalizers(), func(f string) bool { return f == hold }))
	s.must(s.kube.Patch(s.ctx, seen, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
	s.awaitGone(s.reference(obj))
}

func (s *scene) awaitGone(obj *unstructured.Unstructured) {
	s.Helper()
	s.await(func() string {
		err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return fmt.Sprintf("%s %s is still there (%v), with the finalizers %v", obj.GetKind(), obj.GetName(), err, obj.GetFinalizers())
	})
}

// expect checks what the tools say of an object in a phase.
func (s *scene) expect(phase string, obj *unstructured.Unstructured, want verdict) {
	s.Helper()
	if diff := cmp.Diff(want, judge(s.T, obj)[0]); diff != "" {
		s.Errorf("%s of which the operator says %q, %s (-want +got):\n%s", obj.GetKind(), reasonOf(obj), phase, diff)
	}
}

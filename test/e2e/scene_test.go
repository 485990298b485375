// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 40 * time.Second

// scene is where one test plays: a namespace and a model of its own.
type scene struct {
	*testing.T

	ctx   context.Context
	kube  client.WithWatch
	juju  *servers.Juju
	model servers.Model
	ns    string
	// after is deleted once the namespace is gone: what its objects need to the end.
	after []client.Object
	// gone tells that the test itself removed the namespace.
	gone bool
}

// newScene makes a scene whose namespace is a tenant, and removes it when the test ends.
func newScene(t *testing.T) *scene {
	t.Helper()
	return newSceneOn(t, stack.Juju)
}

// newSceneOn makes a scene with a model on a Juju server of the test's own.
func newSceneOn(t *testing.T, juju *servers.Juju) *scene {
	t.Helper()
	s := &scene{T: t, ctx: t.Context(), kube: stack.Kubernetes.Client, juju: juju}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"tenant": "true"},
	}}
	s.must(s.kube.Create(s.ctx, ns))
	s.ns = ns.Name
	var err error
	s.model, err = juju.AddModel(s.ctx, s.ns)
	s.must(err)
	t.Cleanup(s.clean)
	return s
}

// clean removes the scene: the namespace with all its objects, as the controller manager does it, and the model. It is a
// test in itself, that nothing hangs.
func (s *scene) clean() {
	s.ctx = context.Background() // The test's own context is over.
	s.checkNothingLeaked()       // Before the namespace goes, and the events with it.
	if s.Failed() {
		s.explain()
	}
	ns := gen.Namespace(s.ns, nil)
	if err := s.kube.Delete(s.ctx, ns); err != nil && !s.gone {
		s.Error(err)
	}
	err := servers.Await(s.ctx, patience, func() (string, error) {
		err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(ns), ns)
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return "the namespace is not gone", err
	})
	if err != nil {
		s.explain()
		s.Error(err)
	}
	for _, obj := range s.after {
		if err := client.IgnoreNotFound(s.kube.Delete(s.ctx, obj)); err != nil {
			s.Error(err)
		}
	}
	if err := s.juju.RemoveModel(s.ctx, s.model); err != nil && !strings.Contains(err.Error(), "404") {
		s.Error(err)
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// create creates objects.
func (s *scene) create(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.must(s.kube.Create(s.ctx, obj))
	}
}

// delete deletes an object without waiting for it to go.
func (s *scene) delete(obj client.Object) {
	s.Helper()
	s.must(s.kube.Delete(s.ctx, obj))
}

// change changes an object as it is in Kubernetes now.
func change[T client.Object](s *scene, obj T, how func(T)) {
	s.Helper()
	s.refresh(obj)
	before := obj.DeepCopyObject().(client.Object)
	how(obj)
	s.must(s.kube.Patch(s.ctx, obj, client.MergeFrom(before)))
}

func (s *scene) refresh(obj client.Object) {
	s.Helper()
	s.must(s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj))
}

// await waits until look finds nothing missing.
func (s *scene) await(look func() string) {
	s.Helper()
	if err := servers.Await(s.ctx, patience, func() (string, error) { return look(), nil }); err != nil {
		s.Fatal(err)
	}
}

// awaitReady waits until an object of ours is Ready and its status is about its present generation.
func (s *scene) awaitReady(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.awaitCondition(obj, func(ready metav1.Condition) string {
			if ready.Status != metav1.ConditionTrue {
				return fmt.Sprintf("it is not Ready: %s: %s", ready.Reason, ready.Message)
			}
			return ""
		})
	}
}

// awaitReason waits until an object of ours is not Ready for a reason, with a message that has these parts.
func (s *scene) awaitReason(obj client.Object, reason v1alpha1.Reason, parts ...string) {
	s.Helper()
	s.awaitCondition(obj, func(ready metav1.Condition) string {
		if ready.Status != metav1.ConditionFalse || ready.Reason != string(reason) {
			return fmt.Sprintf("Ready is %s: %s: %s, want False: %s", ready.Status, ready.Reason, ready.Message, reason)
		}
		for _, part := range parts {
			if !strings.Contains(ready.Message, part) {
				return fmt.Sprintf("the message is %q, want it to have %q", ready.Message, part)
			}
		}
		return ""
	})
}

func (s *scene) awaitCondition(obj client.Object, missing func(ready metav1.Condition) string) {
	s.Helper()
	s.await(func() string {
		s.Helper()
		s.refresh(obj)
		ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
		switch {
		case ready == nil:
			return fmt.Sprintf("%T %s has no status", obj, obj.GetName())
		case ready.ObservedGeneration != obj.GetGeneration():
			return fmt.Sprintf("the status of %T %s is of an older generation", obj, obj.GetName())
		}
		if text := missing(*ready); text != "" {
			return fmt.Sprintf("%T %s: %s", obj, obj.GetName(), text)
		}
		return ""
	})
}

// lookNow asks the operator for a look at Juju now, or for a try to log in, and waits until it has taken that up.
func (s *scene) lookNow(obj client.Object) {
	s.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	change(s, obj, func(o client.Object) {
		o.SetAnnotations(annotated(o, v1alpha1.AnnotationReconcileRequestedAt, now))
	})
	s.await(func() string {
		s.refresh(obj)
		if handledAt(obj) != now {
			return "the request for a look was not handled"
		}
		return ""
	})
}

func handledAt(obj client.Object) string {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return obj.Status.LastHandledReconcileAt
	case *v1alpha1.JujuSecretAccess:
		return obj.Status.LastHandledReconcileAt
	case v1alpha1.ControllerObject:
		return obj.Found().LastHandledReconcileAt
	}
	return ""
}

// awaitGone waits until an object is no more.
func (s *scene) awaitGone(obj client.Object) {
	s.Helper()
	s.await(func() string {
		err := s.kube.Get(s.ctx, client.ObjectKeyFromObject(obj), obj)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v)", obj, obj.GetName(), err)
	})
}

// awaitEvent waits until there is an event with a reason about an object.
func (s *scene) awaitEvent(obj client.Object, reason v1alpha1.Reason) {
	s.Helper()
	s.await(func() string {
		var list eventsv1.EventList
		s.must(s.kube.List(s.ctx, &list, client.InNamespace(s.ns)))
		for _, event := range list.Items {
			if event.Regarding.UID == obj.GetUID() && event.Reason == string(reason) {
				return ""
			}
		}
		return fmt.Sprintf("there is no event %s about %s", reason, obj.GetName())
	})
}

// inJuju is what the model holds, by Juju's own client.
func (s *scene) inJuju() []servers.UserSecret {
	s.Helper()
	var secrets []servers.UserSecret
	// While secrets are being removed Juju's listing can fail as a whole, as it reads them one by one.
	err := servers.Await(s.ctx, patience, func() (string, error) {
		var err error
		if secrets, err = s.juju.Secrets(s.ctx, s.model); err != nil {
			return err.Error(), nil
		}
		return "", nil
	})
	s.must(err)
	return secrets
}

// expectJuju checks that the model holds these secrets and no others. IDs are compared where they are given.
func (s *scene) expectJuju(want ...servers.UserSecret) {
	s.Helper()
	if diff := diffSecrets(want, s.inJuju()); diff != "" {
		s.Fatalf("Juju holds something else (-want +got):\n%s", diff)
	}
}

// awaitJuju waits until the model holds these secrets and no others.
func (s *scene) awaitJuju(want ...servers.UserSecret) {
	s.Helper()
	s.await(func() string {
		if diff := diffSecrets(want, s.inJuju()); diff != "" {
			return "Juju holds something else (-want +got):\n" + diff
		}
		return ""
	})
}

// awaitNotInJuju waits until a secret is removed, whatever is made meanwhile.
func (s *scene) awaitNotInJuju(id string) {
	s.Helper()
	s.await(func() string {
		if slices.ContainsFunc(s.inJuju(), func(secret servers.UserSecret) bool { return secret.ID == id }) {
			return "Juju still holds the secret " + id
		}
		return ""
	})
}

func diffSecrets(want, got []servers.UserSecret) string {
	got = slices.Clone(got)
	for i := range min(len(want), len(got)) {
		if want[i].ID == "" {
			got[i].ID = ""
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// requests counts the requests to Juju about the scene's model, by Facade.Method. They come from the operator, and from
// the test's own looks into Juju.
func (s *scene) requests() map[string]int {
	s.Helper()
	counts, err := s.juju.Requests(s.ctx, s.model)
	s.must(err)
	return counts
}

// explain prints what it takes to understand a failure: the objects, the events, Juju's view, and the operator's log.
func (s *scene) explain() {
	ctx := context.Background() // The test's own context may be over.
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{}, &v1alpha1.ClusterJujuControllerList{},
		&eventsv1.EventList{},
	} {
		var options []client.ListOption
		if _, clusterWide := list.(*v1alpha1.ClusterJujuControllerList); !clusterWide {
			options = append(options, client.InNamespace(s.ns))
		}
		if err := s.kube.List(ctx, list, options...); err != nil {
			s.Log(err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			item.(client.Object).SetManagedFields(nil)
			return nil
		})
		text, _ := yaml.Marshal(list)
		s.Logf("%T in %s:\n%s", list, s.ns, text)
	}
	secrets, err := s.juju.Secrets(ctx, s.model)
	s.Logf("Juju holds in %s: %+v (%v)", s.model.Name, secrets, err)
	log, err := os.ReadFile(stack.Operator.Log)
	if err != nil {
		s.Log(err)
	}
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(s.ns)) || bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte("DATA RACE")) {
			s.Logf("operator: %s", bytes.TrimSpace(line))
		}
	}
}

// awaitFound waits until the status of a controller object tells of something.
func (s *scene) awaitFound(obj v1alpha1.ControllerObject, what string, tells func(*v1alpha1.JujuControllerStatus) bool) {
	s.Helper()
	s.await(func() string {
		if s.refresh(obj); tells(obj.Found()) {
			return ""
		}
		found := obj.Found().DeepCopy()
		for i := range found.Conditions {
			found.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		text, _ := yaml.Marshal(found)
		return fmt.Sprintf("the status of %s does not tell of %s:\n%s", obj.GetName(), what, text)
	})
}

// awaitRequests waits until a method was asked for so often through a proxy.
func (s *scene) awaitRequests(proxy *wire.Proxy, method string, count int) {
	s.Helper()
	s.await(func() string {
		if n := proxy.Requests()[method]; n < count {
			return fmt.Sprintf("%d requests %s, want %d", n, method, count)
		}
		return ""
	})
}

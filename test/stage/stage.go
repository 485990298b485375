// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stage is what the suites do to the objects of a cluster, and how they wait for what becomes of these. A suite's own scene
// stands on it, and adds what it alone needs.
package stage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// Patience bounds every wait, on a machine that is busy with other tests.
const Patience = 90 * time.Second

// Stage is a test with a cluster. What fails ends the test.
type Stage struct {
	*testing.T

	// Ctx is the test's own, until that is over and cleans up.
	Ctx  context.Context
	Kube client.WithWatch
}

// New is the stage of a test.
func New(t *testing.T, kube client.WithWatch) *Stage {
	t.Helper()
	return &Stage{T: t, Ctx: t.Context(), Kube: kube}
}

// Must fails the test if there is an error.
func (s *Stage) Must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// Create creates objects, in this order.
func (s *Stage) Create(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.Must(s.Kube.Create(s.Ctx, obj))
	}
}

// Delete deletes objects, in this order, without waiting for them to go.
func (s *Stage) Delete(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.Must(s.Kube.Delete(s.Ctx, obj))
	}
}

// Refresh reads an object anew.
func (s *Stage) Refresh(obj client.Object) {
	s.Helper()
	s.Must(s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(obj), obj))
}

// standing is who stands on a Stage.
type standing interface{ stage() *Stage }

func (s *Stage) stage() *Stage { return s }

// Change changes an object as it is in Kubernetes now.
func Change[T client.Object](on standing, obj T, how func(T)) {
	s := on.stage()
	s.Helper()
	s.Refresh(obj)
	before := obj.DeepCopyObject().(client.Object)
	how(obj)
	s.Must(s.Kube.Patch(s.Ctx, obj, client.MergeFrom(before)))
}

// Annotate sets an annotation of an object, and keeps the others. It does so in memory alone.
func Annotate(obj client.Object, key, value string) {
	annotations := maps.Clone(obj.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	obj.SetAnnotations(annotations)
}

// Await waits until look finds nothing missing.
func (s *Stage) Await(look func() (missing string)) {
	s.Helper()
	s.Must(servers.Await(s.Ctx, Patience, func() (string, error) { return look(), nil }))
}

// AwaitGone waits until objects are no more.
func (s *Stage) AwaitGone(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.Await(func() string {
			err := s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(obj), obj)
			if apierrors.IsNotFound(err) {
				return ""
			}
			return fmt.Sprintf("%T %s is still there (%v)", obj, client.ObjectKeyFromObject(obj), err)
		})
	}
}

// AwaitReady waits until objects of ours are Ready, and their status is about their present generation.
func (s *Stage) AwaitReady(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.AwaitCondition(obj, func(ready metav1.Condition) string {
			if ready.Status != metav1.ConditionTrue {
				return fmt.Sprintf("it is not Ready: %s: %s", ready.Reason, ready.Message)
			}
			return ""
		})
	}
}

// AwaitReason waits until an object of ours is not Ready for a reason, with a message that has these parts, and returns that.
func (s *Stage) AwaitReason(obj client.Object, reason v1alpha1.Reason, parts ...string) (message string) {
	s.Helper()
	s.AwaitCondition(obj, func(ready metav1.Condition) string {
		message = ready.Message
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
	return message
}

// AwaitCondition waits until nothing is missing in the Ready condition of an object of ours, as of its present generation.
func (s *Stage) AwaitCondition(obj client.Object, missing func(ready metav1.Condition) string) {
	s.Helper()
	s.Await(func() string {
		s.Helper()
		s.Refresh(obj)
		text := "it has no status of this generation"
		ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
		if ready != nil && ready.ObservedGeneration == obj.GetGeneration() {
			text = missing(*ready)
		}
		if text == "" {
			return ""
		}
		return fmt.Sprintf("%T %s: %s", obj, client.ObjectKeyFromObject(obj), text)
	})
}

// LookNow asks for a look at Juju, or for a try to log in, and waits until some operator has taken that up.
func (s *Stage) LookNow(objs ...client.Object) {
	s.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	for _, obj := range objs {
		Change(s, obj, func(o client.Object) { Annotate(o, v1alpha1.AnnotationReconcileRequestedAt, now) })
	}
	for _, obj := range objs {
		s.Await(func() string {
			if s.Refresh(obj); HandledAt(obj) != now {
				return fmt.Sprintf("nobody handles the request for a look at %T %s", obj, client.ObjectKeyFromObject(obj))
			}
			return ""
		})
	}
}

// HandledAt is the request for a look that was last taken up for an object of ours, as it was made.
func HandledAt(obj client.Object) string {
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

// InJuju is what a model holds, by Juju's own client.
func (s *Stage) InJuju(juju *servers.Juju, model servers.Model) (secrets []servers.UserSecret) {
	s.Helper()
	// While secrets are being removed Juju's listing can fail as a whole, as it reads them one by one.
	s.Await(func() string {
		var err error
		if secrets, err = juju.Secrets(s.Ctx, model); err != nil {
			return err.Error()
		}
		return ""
	})
	return secrets
}

// Clear removes namespaces with what is left in them of ours, and other objects, held or not: nobody works on them any more.
func (s *Stage) Clear(namespaces []string, others ...client.Object) {
	s.Helper()
	left := slices.Clone(others)
	for _, ns := range namespaces {
		for _, list := range []client.ObjectList{
			&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{}, &corev1.SecretList{},
		} {
			s.Must(s.Kube.List(s.Ctx, list, client.InNamespace(ns)))
			s.Must(meta.EachListItem(list, func(item runtime.Object) error {
				left = append(left, item.(client.Object))
				return nil
			}))
		}
	}
	for _, obj := range left {
		s.Must(client.IgnoreNotFound(s.Kube.Delete(s.Ctx, obj)))
		held := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		s.Must(client.IgnoreNotFound(s.Kube.Patch(s.Ctx, obj, held)))
	}
	for _, ns := range namespaces {
		s.Must(s.Kube.Delete(s.Ctx, gen.Namespace(ns, nil)))
	}
}

// FreeAddress is a loopback address that nobody listens on.
func FreeAddress(t *testing.T) string {
	t.Helper()
	address, err := servers.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// Create creates objects, in this order.
func (f *Fixture) Create(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		f.Must(f.Kube.Create(f.Ctx, obj))
	}
}

// Delete deletes objects, in this order, and does not wait until they are gone.
func (f *Fixture) Delete(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		f.Must(f.Kube.Delete(f.Ctx, obj))
	}
}

// Refresh reads an object again.
func (f *Fixture) Refresh(obj client.Object) {
	f.Helper()
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj))
}

// embedding is a type that embeds a Fixture.
type embedding interface{ fixture() *Fixture }

func (f *Fixture) fixture() *Fixture { return f }

// Change reads an object, changes it and patches it.
func Change[T client.Object](in embedding, obj T, change func(T)) {
	f := in.fixture()
	f.Helper()
	f.Refresh(obj)
	before := obj.DeepCopyObject().(client.Object)
	change(obj)
	f.Must(f.Kube.Patch(f.Ctx, obj, client.MergeFrom(before)))
}

// ChangeStatus changes the status of an object, like a user with all rights in
// the namespace.
func ChangeStatus[T client.Object](in embedding, obj T, change func(T)) {
	f := in.fixture()
	f.Helper()
	f.Refresh(obj)
	before := obj.DeepCopyObject().(client.Object)
	change(obj)
	f.Must(f.Kube.Status().Patch(f.Ctx, obj, client.MergeFrom(before)))
}

// Annotate sets an annotation of an object in memory, and keeps the others.
func Annotate(obj client.Object, key, value string) {
	annotations := maps.Clone(obj.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	obj.SetAnnotations(annotations)
}

// Await polls until look returns the empty string. Otherwise look returns what
// is missing.
func (f *Fixture) Await(look func() (missing string)) {
	f.Helper()
	f.Must(servers.Await(f.Ctx, Patience, func() (string, error) { return look(), nil }))
}

// AwaitGone waits until objects do not exist.
func (f *Fixture) AwaitGone(objs ...client.Object) {
	f.Helper()
	f.Must(f.WaitGone(objs...))
}

// AwaitReady waits until objects are Ready in their current generation.
func (f *Fixture) AwaitReady(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		f.AwaitCondition(obj, func(ready metav1.Condition) string {
			if ready.Status != metav1.ConditionTrue {
				return fmt.Sprintf("it is not Ready: %s: %s", ready.Reason, ready.Message)
			}
			return ""
		})
	}
}

// AwaitReason waits until an object is not Ready for a reason, with a message
// that contains these parts. It returns the message.
func (f *Fixture) AwaitReason(obj client.Object, reason v1alpha1.Reason, parts ...string) (message string) {
	f.Helper()
	f.AwaitCondition(obj, func(ready metav1.Condition) string {
		message = ready.Message
		if ready.Status != metav1.ConditionFalse || ready.Reason != string(reason) {
			return fmt.Sprintf("Ready is %s: %s: %s, want False: %s", ready.Status, ready.Reason, ready.Message, reason)
		}
		for _, part := range parts {
			if !strings.Contains(ready.Message, part) {
				return fmt.Sprintf("the message is %q, want it to contain %q", ready.Message, part)
			}
		}
		return ""
	})
	return message
}

// AwaitShown waits until the Ready condition of an object has a reason,
// whatever its status is.
func (f *Fixture) AwaitShown(obj client.Object, reason v1alpha1.Reason) {
	f.Helper()
	f.AwaitCondition(obj, func(ready metav1.Condition) string {
		if ready.Reason != string(reason) {
			return fmt.Sprintf("the reason is %s, want %s: %s", ready.Reason, reason, ready.Message)
		}
		return ""
	})
}

// AwaitCondition waits until nothing is missing in the Ready condition of an
// object. The condition must be about the current generation.
func (f *Fixture) AwaitCondition(obj client.Object, missing func(ready metav1.Condition) string) {
	f.Helper()
	f.Await(func() string { return f.Missing(obj, missing) })
}

// Missing reads an object, and returns what is missing in its Ready condition.
func (f *Fixture) Missing(obj client.Object, missing func(ready metav1.Condition) string) string {
	f.Helper()
	f.Refresh(obj)
	text := "it has no Ready condition of the current generation"
	ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
	if ready != nil && ready.ObservedGeneration == obj.GetGeneration() {
		text = missing(*ready)
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%T %s: %s", obj, client.ObjectKeyFromObject(obj), text)
}

// AwaitRevision waits until the status of a JujuSecret is about a revision.
func (f *Fixture) AwaitRevision(secret *v1alpha1.JujuSecret, revision int) {
	f.Helper()
	f.Await(func() string {
		if f.Refresh(secret); secret.Status.Revision != revision {
			return fmt.Sprintf("%s is at revision %d, want %d", secret.Name, secret.Status.Revision, revision)
		}
		return ""
	})
}

// Events returns the reasons of the events about an object.
func (f *Fixture) Events(obj client.Object) (reasons []string) {
	f.Helper()
	ns := obj.GetNamespace()
	if ns == "" {
		ns = metav1.NamespaceDefault
	}
	var list eventsv1.EventList
	f.Must(f.Kube.List(f.Ctx, &list, client.InNamespace(ns)))
	for _, event := range list.Items {
		if event.Regarding.UID != obj.GetUID() {
			continue
		}
		reasons = append(reasons, event.Reason)
		if event.Series != nil {
			reasons = append(reasons, event.Reason+" again")
		}
	}
	return reasons
}

// AwaitEvent waits until there is an event with a reason about an object.
func (f *Fixture) AwaitEvent(obj client.Object, reason v1alpha1.Reason) {
	f.Helper()
	f.Await(func() string {
		if slices.Contains(f.Events(obj), string(reason)) {
			return ""
		}
		return fmt.Sprintf("there is no event %s about %s", reason, obj.GetName())
	})
}

// LookNow requests a reconcile of objects, or a login of controllers, and waits
// until an operator has reconciled them. If the operator could look at Juju, it
// has handled the requests.
func (f *Fixture) LookNow(objs ...client.Object) {
	f.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	for _, obj := range objs {
		f.request(obj, now)
	}
	for _, obj := range objs {
		want, marked := now, false
		f.Await(func() string {
			f.Refresh(obj)
			ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
			switch {
			case handledAt(obj) == want, marked && (ready == nil || ready.Message != marker):
				return ""
			case !marked && ready != nil && slices.Contains(unlooked, v1alpha1.Reason(ready.Reason)):
				f.mark(obj)
				want, marked = now+" again", true
				f.request(obj, want)
			}
			return fmt.Sprintf("no operator has handled the reconcile request of %T %s", obj, client.ObjectKeyFromObject(obj))
		})
	}
}

// unlooked holds the reasons with which the operator may not look at Juju, or
// could not. It does not handle the reconcile request then.
var unlooked = []v1alpha1.Reason{
	v1alpha1.ReasonSuspended, v1alpha1.ReasonTenantDenied, v1alpha1.ReasonControllerNotReady,
	v1alpha1.ReasonControllerDeleting, v1alpha1.ReasonJujuSecretNotReady, v1alpha1.ReasonModelNotFound,
	v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonModelMigrated, v1alpha1.ReasonJujuUnreachable,
}

// request requests a reconcile of an object, or a login of a controller.
func (f *Fixture) request(obj client.Object, value string) {
	f.Helper()
	Change(f, obj, func(o client.Object) { Annotate(o, v1alpha1.AnnotationReconcileRequestedAt, value) })
}

// marker is the message of a Ready condition that the operator replaces when it
// reconciles the object.
const marker = "the operator has not reconciled this object yet"

// mark sets the marker. Without a look at Juju, only the marker shows that the
// operator reconciled the object.
func (f *Fixture) mark(obj client.Object) {
	f.Helper()
	ChangeStatus(f, obj, func(o client.Object) {
		conditions := v1alpha1.ConditionsOf(o)
		for i := range conditions {
			if conditions[i].Type == v1alpha1.ConditionReady {
				conditions[i].Message = marker
			}
		}
	})
}

// handledAt returns the last handled reconcile request of an object.
func handledAt(obj client.Object) string {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return obj.Status.LastHandledReconcileAt
	case *v1alpha1.JujuSecretAccess:
		return obj.Status.LastHandledReconcileAt
	case v1alpha1.ControllerObject:
		return obj.GetStatus().LastHandledReconcileAt
	}
	return ""
}

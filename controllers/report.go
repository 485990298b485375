// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
	"github.com/juju-secrets/operator/internal/status"
)

// report records events, writes log lines, and patches the status if it
// changed. The patch does not require the newest version of the object: a
// change in Juju must be recorded even if the spec changed meanwhile. report
// returns errDeleted if the object is deleted.
func (b *base) report(ctx context.Context, before, after client.Object, happened []status.Event) error {
	for _, event := range happened {
		if event.Type != "" {
			b.Events.Eventf(after, nil, event.Type, string(event.Reason), string(event.Reason), "%s", event.Message)
		}
	}
	logReport(ctrl.LoggerFrom(ctx), before, after, happened)
	if gone(after) {
		return errDeleted
	}
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	patch, err := statusPatch(before, after)
	if err != nil {
		return err
	}
	ctx, cancel := uncancelled(ctx)
	defer cancel()
	if err := b.Status().Patch(ctx, after, patch); err != nil {
		return asDeleted(err)
	}
	b.noteWrite(after)
	return nil
}

// statusPatch returns a patch of the status from before to after. It encodes
// nothing else of the objects, which can take megabytes for inline content.
func statusPatch(before, after client.Object) (client.Patch, error) {
	text, err := client.MergeFrom(onlyStatus(before)).Data(onlyStatus(after))
	return client.RawPatch(types.MergePatchType, text), err
}

// onlyStatus returns an object with the status of an object, and nothing else.
func onlyStatus(obj client.Object) client.Object {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return &v1alpha1.JujuSecret{Status: obj.Status}
	case *v1alpha1.JujuSecretAccess:
		return &v1alpha1.JujuSecretAccess{Status: obj.Status}
	}
	return obj
}

// setServedBy writes to the status of a controller object which installation
// serves it. The patch fails with a conflict if the object has changed.
func (r *ControllerReconciler) setServedBy(ctx context.Context, obj v1alpha1.ControllerObject, name string) error {
	before := obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the same type.
	former := obj.GetStatus().ServedBy
	obj.GetStatus().ServedBy = name
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Status().Patch(ctx, obj, patch); err != nil {
		return asDeleted(err)
	}
	r.noteWrite(obj)
	if obj.GetStatus().ServedBy == name {
		ctrl.LoggerFrom(ctx).Info(logServedBy, "from", former, "to", name)
	}
	return nil
}

// Messages of log lines. Log queries may depend on them, so they do not change.
const (
	logActed = "acted on Juju"
	logReady = "Ready has another reason"
	// logServedBy has the names of two installations, empty for none.
	logServedBy = "another operator serves the controller object"
)

// logReport writes one log line for each change in Juju, and one line if the
// Ready condition has a new reason. It omits that line if it only says that the
// logged changes succeeded.
func logReport(log logr.Logger, before, after client.Object, happened []status.Event) {
	log = log.WithValues(logValues(before, after)...)
	was, is := readyOf(before), readyOf(after)
	acted := false
	for _, event := range happened {
		if is == nil || gone(after) || event.Reason != v1alpha1.Reason(is.Reason) {
			log.Info(logActed, "reason", event.Reason, "message", event.Message)
			acted = true
		}
	}
	switch {
	case is == nil || gone(after) || was != nil && was.Reason == is.Reason:
	case acted && is.Reason == string(v1alpha1.ReasonSynced):
	default:
		log.Info(logReady, "ready", is.Status, "reason", is.Reason, "message", is.Message)
	}
}

// logValues returns the keys and values that identify the secret in Juju, as
// far as they are known.
func logValues(before, after client.Object) []any {
	var values []any
	add := func(key, value string) {
		if value != "" {
			values = append(values, key, value)
		}
	}
	was, isRecorded := before.(v1alpha1.RecordedObject)
	is, _ := after.(v1alpha1.RecordedObject)
	if !isRecorded {
		return nil
	}
	place := placement.Of(is, record.State{})
	add("controller", string(place.Model.Controller))
	add("model", cmp.Or(place.Model.String(), place.ModelUUID))
	add("secretID", cmp.Or(place.SecretID, placement.Of(was, record.State{}).SecretID))
	if secret, ok := after.(*v1alpha1.JujuSecret); ok && secret.Status.Revision > 0 {
		values = append(values, "revision", secret.Status.Revision)
	}
	return values
}

// readyOf returns the Ready condition of an object, or nil.
func readyOf(obj client.Object) *metav1.Condition {
	return meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
}

// logConstructor returns a function that creates the loggers of a controller.
// Each log line names its object.
func logConstructor(mgr ctrl.Manager, kind string) func(*reconcile.Request) logr.Logger {
	log := mgr.GetLogger().WithValues("kind", kind)
	return func(request *reconcile.Request) logr.Logger {
		if request == nil {
			return log
		}
		return log.WithValues("object", string(plan.NewControllerKey(request.Namespace, request.Name)))
	}
}

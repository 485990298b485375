// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/status"
)

// report tells the world how an object stands: events and log lines for what happened, and one status patch if that
// makes a difference. The patch does not ask for the newest object: what was made in Juju must be noted even if
// somebody changed the spec meanwhile.
func (k *Kit) report(ctx context.Context, before, after client.Object, report status.Report) (ctrl.Result, error) {
	for _, event := range report.Events {
		k.Events.Eventf(after, nil, event.Type, string(event.Reason), string(event.Reason), "%s", event.Message)
	}
	logReport(ctrl.LoggerFrom(ctx), before, after, report)
	if gone(after) {
		return ctrl.Result{}, nil
	}
	if !equality.Semantic.DeepEqual(before, after) {
		ctx, cancel := finishing(ctx)
		defer cancel()
		if err := k.Status().Patch(ctx, after, client.MergeFrom(before)); err != nil {
			return retry(err)
		}
		k.noted(after)
	}
	return ctrl.Result{RequeueAfter: lookAgain(after, report)}, nil
}

// backstop is when an object that is not well is looked at again in any case. What wakes it may come just before the status
// tells that it waits, and then passes it by.
const backstop = 5 * time.Minute

func lookAgain(obj client.Object, report status.Report) time.Duration {
	if _, isController := obj.(v1alpha1.ControllerObject); isController || report.LookAgain > 0 || inJuju(obj).settled {
		return report.LookAgain
	}
	return backstop
}

// The words of log lines, which stay the same whatever they are about.
const (
	logActed = "acted on Juju"
	logReady = "Ready has another reason"
)

// logReport writes one line for each thing that was done, and one if the Ready condition has another reason than before, unless
// all that it says is that what was done has succeeded.
func logReport(log logr.Logger, before, after client.Object, report status.Report) {
	log = log.WithValues(whereabouts(before, after)...)
	was, is := readyOf(before), readyOf(after)
	acted := false
	for _, event := range report.Events {
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

// whereabouts are the keys and values that say which secret in Juju an object is about, as far as that is known.
func whereabouts(before, after client.Object) []any {
	var values []any
	add := func(key, value string) {
		if value != "" {
			values = append(values, key, value)
		}
	}
	switch obj := after.(type) {
	case *v1alpha1.JujuSecret:
		add("controller", string(modelOfSecret(obj).Controller))
		add("model", cmp.Or(obj.Spec.Model, obj.Spec.ModelUUID))
		add("secretID", cmp.Or(obj.Status.SecretID, inJuju(before).secretID))
		if obj.Status.Revision > 0 {
			values = append(values, "revision", obj.Status.Revision)
		}
	case *v1alpha1.JujuSecretAccess:
		add("controller", obj.Status.Controller)
		add("model", cmp.Or(obj.Status.Model, obj.Status.ModelUUID))
		add("secretID", cmp.Or(obj.Status.SecretID, inJuju(before).secretID))
	}
	return values
}

// readyOf is the Ready condition of an object, nil if there is none.
func readyOf(obj client.Object) *metav1.Condition {
	return meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
}

// logsOf makes the loggers of a controller: each line names the object that it is about.
func logsOf(mgr ctrl.Manager, kind string) func(*reconcile.Request) logr.Logger {
	log := mgr.GetLogger().WithValues("kind", kind)
	return func(request *reconcile.Request) logr.Logger {
		if request == nil {
			return log
		}
		return log.WithValues("object", string(objectKeyOf(request.Namespace, request.Name)))
	}
}

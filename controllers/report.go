// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/status"
)

// report tells the world how an object stands: events and log lines for what happened, and one status patch if that
// makes a difference. The patch does not ask for the newest object: what was made in Juju must be noted even if
// somebody changed the spec meanwhile.
func (k *Kit) report(ctx context.Context, before, after client.Object, report status.Report) (ctrl.Result, error) {
	log := ctrl.LoggerFrom(ctx)
	for _, event := range report.Events {
		k.Events.Eventf(after, nil, event.Type, string(event.Reason), string(event.Reason), "%s", event.Message)
		log.Info("event", "type", event.Type, "reason", event.Reason, "message", event.Message)
	}
	if gone := !after.GetDeletionTimestamp().IsZero() && len(after.GetFinalizers()) == 0; gone {
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
	if _, isController := obj.(*v1alpha1.ClusterJujuController); isController || report.LookAgain > 0 || inJuju(obj).settled {
		return report.LookAgain
	}
	return backstop
}

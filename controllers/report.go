// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
		if err := k.Status().Patch(ctx, after, client.MergeFrom(before)); err != nil {
			return retry(err)
		}
		k.noted(after)
	}
	return ctrl.Result{RequeueAfter: report.LookAgain}, nil
}

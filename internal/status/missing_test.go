// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

func TestMissingSecretIsNotGranted(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.plan = plan.Plan{
		ModelUUID: modelUUID, Owns: plan.Nothing, Condition: plan.Condition{
			Reason: v1alpha1.ReasonSecretNotFound, Message: "no db",
		},
	}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if next.Granted != "0/2" || next.SecretID != "" {
		t.Errorf("granted %s of secret:%s, which does not exist", next.Granted, next.SecretID)
	}
}

func TestPendingApplicationHasTheCurrentMessage(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.old.Applications = []v1alpha1.ApplicationStatus{
		is("app1", v1alpha1.ApplicationPending, "JujuSecret db is missing"),
	}
	in.plan = plan.Plan{Condition: plan.Condition{Reason: v1alpha1.ReasonTenantDenied, Message: "no tenant"}}
	in.seen.Applications = []string{"app1"}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if got := next.Applications[0].Message; got != "no tenant" {
		t.Errorf("the message is %s", got)
	}
}

func TestCharmSecretIsNotGranted(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.plan = plan.Plan{
		Owns: plan.Nothing, Condition: plan.Condition{Reason: v1alpha1.ReasonCharmOwned, Message: "owned by a charm"},
	}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if next.Granted != "0/2" || next.SecretID != "" {
		t.Errorf("granted %s of secret:%s", next.Granted, next.SecretID)
	}
}

func TestRefusedGrantFailsItsApplications(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	grants(failure(v1alpha1.ReasonPermissionDenied, "no write access"))(&in)
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, in.outcomes, now)
	if got := next.Applications[0].State; got != v1alpha1.ApplicationFailed {
		t.Errorf("the state is %s", got)
	}
}

func TestRevokedApplicationIsNotGranted(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.seen.Deleting = true
	in.plan.Condition = plan.Condition{Reason: v1alpha1.ReasonRevoked}
	in.plan.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, []plan.Outcome{{}}, now)
	if next.Granted != "0/2" {
		t.Errorf("granted %s", next.Granted)
	}
}

func TestMissingSecretHasNoURI(t *testing.T) {
	t.Parallel()
	in := secretInSync()
	in.plan = plan.Plan{
		ModelUUID: modelUUID, Owns: plan.Nothing, Condition: plan.Condition{
			Reason: v1alpha1.ReasonNameTaken, Message: "taken",
		},
	}
	next, _ := status.NextSecret(in.old, generation, in.plan, nil, now)
	if next.URI != "" {
		t.Errorf("the URI is %s", next.URI)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

func TestNobodyIsGrantedASecretThatIsNotThere(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.plan = plan.Plan{
		ModelUUID: modelUUID, Lost: true, Verdict: plan.Verdict{Reason: v1alpha1.ReasonSecretNotFound, Message: "no db"},
	}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if next.Granted != "0/2" || next.SecretID != "" {
		t.Errorf("granted %s of secret:%s, which does not exist", next.Granted, next.SecretID)
	}
}

func TestAPendingApplicationSaysWhatItWaitsForNow(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.old.Applications = []v1alpha1.ApplicationStatus{is("app1", v1alpha1.ApplicationPending, "JujuSecret db is not there")}
	in.plan = plan.Plan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonTenantDenied, Message: "no tenant"}}
	in.seen.Want = []string{"app1"}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if got := next.Applications[0].Message; got != "no tenant" {
		t.Errorf("it waits for: %s", got)
	}
}

func TestAnApplicationOfACharmsSecretIsNotGranted(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.plan = plan.Plan{Lost: true, Verdict: plan.Verdict{Reason: v1alpha1.ReasonCharmOwned, Message: "a charm's"}}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, nil, now)
	if next.Granted != "0/2" || next.SecretID != "" {
		t.Errorf("granted %s of secret:%s", next.Granted, next.SecretID)
	}
}

func TestAGrantThatJujuRefusedAsAWholeFailed(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	grants(trouble(plan.PermissionDenied, "no write access"))(&in)
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, in.outcomes, now)
	if got := next.Applications[0].State; got != v1alpha1.ApplicationFailed {
		t.Errorf("the state is %s", got)
	}
}

func TestAnApplicationThatWasJustRevokedIsNotGranted(t *testing.T) {
	t.Parallel()
	in := accessInSync()
	in.seen.Deleting = true
	in.plan.Verdict = plan.Verdict{Reason: v1alpha1.ReasonRevoked}
	in.plan.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}}
	next, _ := status.NextAccess(in.old, generation, in.seen, in.plan, []plan.Outcome{{}}, now)
	if next.Granted != "0/2" {
		t.Errorf("granted %s", next.Granted)
	}
}

func TestASecretThatIsGoneHasNoURI(t *testing.T) {
	t.Parallel()
	in := secretInSync()
	in.plan = plan.Plan{
		ModelUUID: modelUUID, Lost: true, Verdict: plan.Verdict{Reason: v1alpha1.ReasonNameTaken, Message: "taken"},
	}
	next, _ := status.NextSecret(in.old, generation, in.plan, nil, now)
	if next.URI != "" {
		t.Errorf("the URI is %s", next.URI)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// adopts sets a plan that adopts a secret.
func adopts(id string, revision int) func(*secretIn) {
	return all(sees(id, revision), func(in *secretIn) { in.plan.Owns = plan.Adopted })
}

// isAdopted sets the status of an adopted secret.
func isAdopted(id string, revision int) func(*secretOut) {
	return func(out *secretOut) {
		out.Status.SecretID, out.Status.URI, out.Status.Revision = id, "secret:"+id, revision
		out.Status.Managed, out.Status.Adopted = true, true
	}
}

// withoutSecret sets the status of an object without a secret.
func withoutSecret(in *secretIn) {
	firstSecret(in)
	in.old.Managed = false
}

func TestAdoptionHasOneEvent(t *testing.T) {
	t.Parallel()
	event := normal(v1alpha1.ReasonAdopted, "adopted secret:"+otherID)
	withEvents := func(events ...status.Event) func(*secretOut) {
		return func(out *secretOut) { out.Report.Events = append(out.Report.Events, events...) }
	}
	waits := []metav1.Condition{
		condition(readyCond, no, then, unreachable, notConnected),
		condition(reconciling, yes, then, unreachable, notConnected),
	}
	observed := func(in *secretIn) { in.old.SecretID, in.old.URI, in.old.Managed = otherID, "secret:"+otherID, false }
	runSecretTests(t, map[string]secretTest{
		"a new owner": {all(withoutSecret, adopts(otherID, 7)), all(isAdopted(otherID, 7), withEvents(event))},
		"before the events of steps": {
			all(withoutSecret, adopts(otherID, 7), func(in *secretIn) {
				in.plan.Steps = []plan.Step{plan.Update{ID: otherID, Info: new("new")}}
				in.outcomes = []plan.Outcome{{Secret: &plan.UserSecret{ID: otherID, Revision: 7}}}
			}),
			all(isAdopted(otherID, 7),
				withEvents(event,
					normal(v1alpha1.ReasonUpdated, "updated info of secret:"+otherID+", now at revision 7"))),
		},
		"after a failed step": {
			all(was(waits...), verdict(unreachable, notConnected), withoutSecret, adopts(otherID, 7),
				endsWith(failure(v1alpha1.ReasonJujuUnreachable, notConnected))),
			all(isAdopted(otherID, 7), withEvents(event)),
		},
		"instead of another secret": {adopts(otherID, 7), all(isAdopted(otherID, 7), withEvents(event))},
		"a secret that was observed before": {
			all(observed, adopts(otherID, 3)), all(isAdopted(otherID, 3), withEvents(event)),
		},
		"no second event": {
			all(adopts(dbID, 3), func(in *secretIn) { in.old.Adopted = true }), nil,
		},
		"no event after an outage": {
			all(was(waits...), adopts(dbID, 3), func(in *secretIn) { in.old.Adopted = true }),
			func(out *secretOut) {
				out.Status.Conditions = []metav1.Condition{condition(readyCond, yes, now, synced, inSync)}
			},
		},
		"no event for a created secret": {
			func(in *secretIn) {
				in.old.Adopted = true
				in.plan.Secret, in.plan.Steps = nil, []plan.Step{plan.Create{Name: "db"}}
				in.outcomes = []plan.Outcome{{Secret: &plan.UserSecret{ID: otherID, Revision: 1}}}
			},
			all(isAdopted(otherID, 1), withEvents(status.Event{
				Reason: v1alpha1.ReasonCreated, Message: `created "db" as secret:` + otherID,
			}),
				func(out *secretOut) { out.Status.Adopted, out.Status.AutoPrune = false, new(false) }),
		},
	})
}

func TestAnotherSecretResetsTheAppliedStatus(t *testing.T) {
	t.Parallel()
	noted := func(in *secretIn) {
		in.old.AppliedDigest, in.old.AppliedGeneration = "old", generation
		in.old.AutoPrune, in.old.Adopted = new(true), true
	}
	forgotten := func(out *secretOut) {
		out.Status.AppliedDigest, out.Status.AppliedGeneration = "", 0
		out.Status.AutoPrune, out.Status.Adopted = nil, false
	}
	is := func(id string, managed bool) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.SecretID, out.Status.URI, out.Status.Managed = id, "secret:"+id, managed
		}
	}
	taken := still(v1alpha1.ReasonNameTaken, stalled, "taken")
	tests := map[string]secretTest{
		"another secret": {all(noted, sees(otherID, 3)), all(forgotten, is(otherID, true))},
		"another secret with its content": {
			all(noted, sees(otherID, 3), func(in *secretIn) { in.plan.Digest = "new" }),
			all(forgotten, is(otherID, true),
				func(out *secretOut) { out.Status.AppliedDigest, out.Status.AppliedGeneration = "new", generation }),
		},
		"another secret with a waiting name": {
			all(noted, taken, sees(otherID, 3), func(in *secretIn) { in.plan.Digest = "new" }),
			all(forgotten, is(otherID, true), func(out *secretOut) { out.Status.AppliedDigest = "new" }),
		},
		"the same secret with a waiting name": {
			all(noted, taken, sees(dbID, 3), func(in *secretIn) { in.plan.Owns = plan.Adopted }), func(*secretOut) {},
		},
		"the same secret, only observed": {
			all(noted, sees(dbID, 3), func(in *secretIn) { in.plan.Owns = plan.Observed }),
			all(forgotten, is(dbID, false)),
		},
		"a secret that was only observed": {
			all(noted, sees(dbID, 3), func(in *secretIn) { in.old.Managed = false }), all(forgotten, is(dbID, true)),
		},
		"no secret any longer": {
			all(noted, still(v1alpha1.ReasonConflict, stalled, "theirs"),
				func(in *secretIn) { in.plan.Secret, in.plan.Owns = nil, plan.Nothing }),
			func(out *secretOut) {
				out.Status.SecretID, out.Status.URI, out.Status.Revision = "", "", 0
				out.Status.Managed, out.Status.Adopted, out.Status.AutoPrune = false, false, nil
			},
		},
	}
	for name, test := range tests {
		tests[name] = withoutReport(test)
	}
	runSecretTests(t, tests)
}

func TestAutoPruneIsStoredAsSent(t *testing.T) {
	t.Parallel()
	// does sets the steps and their outcomes.
	type step struct {
		plan.Step
		plan.Outcome
	}
	does := func(steps ...step) func(*secretIn) {
		return func(in *secretIn) {
			for _, s := range steps {
				in.plan.Steps, in.outcomes = append(in.plan.Steps, s.Step), append(in.outcomes, s.Outcome)
			}
		}
	}
	last := func(on *bool) func(*secretIn) { return func(in *secretIn) { in.old.AutoPrune = on } }
	noted := func(on *bool) func(*secretOut) { return func(out *secretOut) { out.Status.AutoPrune = on } }
	prune := func(on bool, outcome plan.Outcome) step { return step{plan.Update{ID: dbID, AutoPrune: &on}, outcome} }
	creates := func(outcome plan.Outcome) step { return step{plan.Create{Name: "db"}, outcome} }
	untried, refused := plan.Outcome{NotTried: true}, failure(v1alpha1.ReasonInvalidRequest, "no")
	no := still(v1alpha1.ReasonInvalidRequest, stalled, "no")
	isFirst := func(out *secretOut) {
		out.Status.SecretID, out.Status.URI, out.Status.Revision = dbID, "secret:"+dbID, 1
	}
	created := all(firstSecret, func(in *secretIn) { in.plan.Secret = nil })
	tests := map[string]secretTest{
		"on":                            {does(prune(true, atRevision(3))), noted(new(true))},
		"off":                           {all(last(new(true)), does(prune(false, atRevision(3)))), noted(new(false))},
		"unchanged after a failed step": {all(last(new(false)), no, does(prune(true, refused))), noted(new(false))},
		"unchanged after a step that was not tried": {
			all(last(new(false)), no, does(step{plan.Update{ID: dbID, Info: new("")}, refused}, prune(true, untried))),
			noted(new(false)),
		},
		"unchanged by another update": {
			all(last(new(true)), does(step{plan.Update{ID: dbID, Info: new("")}, atRevision(3)})), noted(new(true)),
		},
		"unchanged while the controller is unreachable": {
			all(last(new(true)), still(unreachable, reconciling, notConnected)), noted(new(true)),
		},
		"unknown":              {func(*secretIn) {}, noted(nil)},
		"off for a new secret": {all(created, does(creates(atRevision(1)))), all(isFirst, noted(new(false)))},
		"on for a new secret": {
			all(created, does(creates(atRevision(1)), prune(true, atRevision(1)))), all(isFirst, noted(new(true))),
		},
		"off for a new secret after a failed step": {
			all(created, no, does(creates(atRevision(1)), prune(true, refused))), all(isFirst, noted(new(false))),
		},
		"unknown after a failed create": {
			all(created, no, does(creates(refused), prune(true, untried))), noted(nil),
		},
	}
	for name, test := range tests {
		tests[name] = withoutReport(test)
	}
	runSecretTests(t, tests)
}

func TestDigestIsStoredAfterAFailedAutoPrune(t *testing.T) {
	t.Parallel()
	holdsOld := func(in *secretIn) { in.old.AppliedDigest, in.old.AppliedGeneration, in.plan.Digest = "old", 1, "new" }
	pruning := func(outcomes ...plan.Outcome) func(*secretIn) {
		return func(in *secretIn) {
			in.outcomes = outcomes
			in.plan.Steps = []plan.Step{plan.Create{Name: "db"}, plan.Update{AutoPrune: new(true)}}
			in.plan.Secret = nil
		}
	}
	refused, away := failure(v1alpha1.ReasonInvalidRequest, "no"), failure(v1alpha1.ReasonJujuUnreachable, notConnected)
	no, unreached := still(v1alpha1.ReasonInvalidRequest, stalled, "no"), still(unreachable, reconciling, notConnected)
	// The generation is not stored, so that the missing setting does not count
	// as drift.
	of := func(digest string, gen int64, prune *bool, revision int) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.AppliedDigest, out.Status.AppliedGeneration = digest, gen
			out.Status.AutoPrune, out.Status.Revision = prune, revision
		}
	}
	tests := map[string]secretTest{
		"both steps succeeded": {
			all(holdsOld, pruning(atRevision(1), atRevision(1))), of("new", generation, new(true), 1),
		},
		"the auto-prune failed": {
			all(holdsOld, no, pruning(atRevision(1), refused)), of("new", 1, new(false), 1),
		},
		"the outcome of the auto-prune is unknown": {
			all(holdsOld, unreached, pruning(atRevision(1), away)), of("new", 1, new(false), 1),
		},
		"the create failed": {
			all(holdsOld, no, pruning(refused, plan.Outcome{NotTried: true})), of("old", 1, nil, 3),
		},
		"the outcome of the create is unknown": {
			all(holdsOld, unreached, pruning(away, plan.Outcome{NotTried: true})), of("", 1, nil, 3),
		},
	}
	for name, test := range tests {
		tests[name] = withoutReport(test)
	}
	runSecretTests(t, tests)
}

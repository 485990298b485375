// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// still sets a verdict that the conditions already have.
func still(reason v1alpha1.Reason, also, message string) func(*secretIn) {
	return func(in *secretIn) {
		in.plan.Condition = plan.Condition{Reason: reason, Message: message}
		in.old.Conditions = []metav1.Condition{
			condition(readyCond, no, then, reason, message), condition(also, yes, then, reason, message),
		}
	}
}

// sees sets the user secret of the plan.
func sees(id string, revision int) func(*secretIn) {
	return func(in *secretIn) { in.plan.Secret = &plan.UserSecret{ID: id, Name: "db", Revision: revision} }
}

// endsWith sets one Update for each outcome.
func endsWith(outcomes ...plan.Outcome) func(*secretIn) {
	return func(in *secretIn) {
		in.outcomes = outcomes
		for range outcomes {
			in.plan.Steps = append(in.plan.Steps, plan.Update{ID: dbID, Content: new(holding("x"))})
		}
	}
}

// atRevision returns the outcome of a step that leaves the secret at a
// revision.
func atRevision(revision int) plan.Outcome {
	return plan.Outcome{Secret: &plan.UserSecret{ID: dbID, Name: "db", Revision: revision}}
}

// withoutReport removes the events and the requeue from a test. Other tests
// check them.
func withoutReport(test secretTest) secretTest {
	in := secretInSync()
	test.given(&in)
	_, report := status.NextSecret(in.old, in.generation, in.plan, in.outcomes, in.now)
	return secretTest{test.given, all(test.want, func(out *secretOut) { out.Report = report })}
}

func TestDigestIsStoredAfterAllStepsSucceeded(t *testing.T) {
	t.Parallel()
	away := failure(v1alpha1.ReasonJujuUnreachable, notConnected)
	holdsOld := func(in *secretIn) { in.old.AppliedDigest, in.plan.Digest = "old", "new" }
	nothingNew := func(in *secretIn) { in.plan.Digest = "" }
	unreached := still(unreachable, reconciling, notConnected)
	noted := func(out *secretOut) { out.Status.AppliedDigest, out.Status.AppliedGeneration = "new", generation }
	notedAt := func(revision int) func(*secretOut) {
		return all(noted, func(out *secretOut) { out.Status.Revision = revision })
	}
	kept := func(*secretOut) {}
	no, refused := failure(v1alpha1.ReasonInvalidRequest, "no"), still(v1alpha1.ReasonInvalidRequest, stalled, "no")
	forgotten := func(out *secretOut) { out.Status.AppliedDigest = "" }
	tests := map[string]secretTest{
		"no steps":                          {holdsOld, noted},
		"the first digest":                  {all(holdsOld, func(in *secretIn) { in.old.AppliedDigest = "" }), noted},
		"one step":                          {all(holdsOld, endsWith(atRevision(4))), notedAt(4)},
		"two steps":                         {all(holdsOld, endsWith(atRevision(4), atRevision(5))), notedAt(5)},
		"a failed step":                     {all(holdsOld, refused, endsWith(no)), kept},
		"a failed step before another step": {all(holdsOld, refused, endsWith(no, plan.Outcome{NotTried: true})), kept},
		"a step with an unknown outcome":    {all(holdsOld, unreached, endsWith(away)), forgotten},
		"a plan without content":            {all(holdsOld, nothingNew), kept},
		"a plan that keeps any content": {
			all(holdsOld, nothingNew, func(in *secretIn) { in.plan.KeepsContent = true }),
			func(out *secretOut) { out.Status.AppliedGeneration = generation },
		},
		"an unreachable controller": {all(holdsOld, unreached, nothingNew), kept},
		"a missing source":          {all(holdsOld, still(noSource, reconciling, "gone"), nothingNew), kept},
		"drift": {
			all(holdsOld, still(v1alpha1.ReasonDrifted, stalled, "changed"), nothingNew,
				func(in *secretIn) { in.plan.Secret = nil }),
			kept,
		},
	}
	for name, test := range tests {
		tests[name] = withoutReport(test)
	}
	runSecretTests(t, tests)
}

func TestRevisionIsTheLastSynced(t *testing.T) {
	t.Parallel()
	away := failure(v1alpha1.ReasonJujuUnreachable, notConnected)
	unreached := still(unreachable, reconciling, notConnected)
	is := func(id string, revision int) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.SecretID, out.Status.URI, out.Status.Revision = id, "secret:"+id, revision
		}
	}
	taken := still(v1alpha1.ReasonNameTaken, stalled, "taken")
	tests := map[string]secretTest{
		"the current revision in sync": {sees(dbID, 7), is(dbID, 7)},
		"an older revision in sync":    {sees(dbID, 2), is(dbID, 2)},
		"the revision of a step":       {all(sees(dbID, 7), endsWith(atRevision(8))), is(dbID, 8)},
		"the revision of the last step": {
			all(sees(dbID, 7), endsWith(atRevision(8), atRevision(9))), is(dbID, 9),
		},
		"the revision of a step with a waiting name": {all(taken, sees(dbID, 7), endsWith(atRevision(8))), is(dbID, 8)},
		"the last revision with a waiting name":      {all(taken, sees(dbID, 7)), is(dbID, 3)},
		"the last revision after a failed step":      {all(unreached, sees(dbID, 7), endsWith(away)), is(dbID, 3)},
		"the last revision with a missing source": {
			all(still(noSource, reconciling, "gone"), sees(dbID, 7)), is(dbID, 3),
		},
		"the last revision with invalid content": {
			all(still(v1alpha1.ReasonInvalidContent, stalled, "two keys"), sees(dbID, 2)), is(dbID, 3),
		},
		"the last revision with drift": {
			all(still(v1alpha1.ReasonDrifted, stalled, "changed"), func(in *secretIn) { in.plan.Secret = nil }),
			is(dbID, 3),
		},
		"the last revision during removal": {
			all(still(v1alpha1.ReasonRemoving, reconciling, "wait"), sees(dbID, 7), func(in *secretIn) {
				in.plan.Steps, in.outcomes = []plan.Step{plan.Remove{ID: dbID}}, []plan.Outcome{{}}
			}), is(dbID, 3),
		},
		"the revision of another secret": {
			all(unreached, sees(otherID, 1), endsWith(away)), is(otherID, 1),
		},
		"the revision of another secret with a waiting name": {all(taken, sees(otherID, 1)), is(otherID, 1)},
		"the revision of the first secret after a failed step": {
			all(unreached, firstSecret, sees(dbID, 1), endsWith(away)), is(dbID, 1),
		},
	}
	for name, test := range tests {
		tests[name] = withoutReport(test)
	}
	runSecretTests(t, tests)
}

// firstSecret sets the status of an object without a secret.
func firstSecret(in *secretIn) {
	in.old.SecretID, in.old.URI, in.old.Revision = "", "", 0
}

func TestDriftIsStalledUntilResolved(t *testing.T) {
	t.Parallel()
	const drifted, what = v1alpha1.ReasonDrifted, "the info was changed in Juju"
	conditions := func(since time.Time, message string) []metav1.Condition {
		return []metav1.Condition{
			condition(readyCond, no, since, drifted, message), condition(stalled, yes, since, drifted, message),
		}
	}
	reported := all(was(conditions(then, what)...), verdict(drifted, what))
	runSecretTests(t, map[string]secretTest{
		"a warning event": {
			verdict(drifted, what), becomes(conditions(now, what), warning(drifted, what)),
		},
		"no second event and no requeue": {given: reported},
		"no second event for another message": {
			all(reported, verdict(drifted, "more")), becomes(conditions(then, "more")),
		},
		"in sync again": {
			was(conditions(then, what)...), becomes([]metav1.Condition{condition(readyCond, yes, now, synced, inSync)}),
		},
		"the status keeps the ID of a removed secret": {
			given: all(reported, func(in *secretIn) { in.plan.ModelUUID = modelUUID }),
		},
	})
}

func TestAccessKeepsItsModelWhileTheSecretIsMissing(t *testing.T) {
	t.Parallel()
	missing := func(reason v1alpha1.Reason, uuid string) func(*accessIn) {
		return func(in *accessIn) {
			in.plan = plan.Plan{
				ModelUUID: uuid, Condition: plan.Condition{Reason: reason, Message: "no db"},
			}
			if reason == v1alpha1.ReasonSecretNotFound {
				in.plan.Owns = plan.Nothing
			}
		}
	}
	const pending = v1alpha1.ApplicationPending
	gone := all(have("0/2", is("app1", pending, "no db"), is("app2", pending, "no db")),
		says(normal(v1alpha1.ReasonSecretNotFound, "no db"), reconciling),
		func(out *accessOut) { out.Status.SecretID = "" })
	runAccessTests(t, map[string]accessTest{
		"the model was listed without the secret": {missing(v1alpha1.ReasonSecretNotFound, modelUUID), gone},
		"the model was not listed":                {missing(v1alpha1.ReasonSecretNotFound, ""), gone},
		"the secret was never seen": {
			all(missing(v1alpha1.ReasonSecretNotFound, modelUUID),
				func(in *accessIn) { in.old.SecretID, in.old.ModelUUID = "", "" }),
			all(gone, func(out *accessOut) { out.Status.ModelUUID = modelUUID }),
		},
		"the JujuSecret is not ready": {
			all(missing(v1alpha1.ReasonJujuSecretNotReady, ""),
				func(in *accessIn) { in.seen.Target = plan.UnreadySecret("db", plan.ModelRef{}, false) }),
			says(normal(v1alpha1.ReasonJujuSecretNotReady, "no db"), reconciling),
		},
	})
}

func TestPauseIsRequeuedAtItsEnd(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]time.Duration{
		0: plan.MaxResync, time.Minute: time.Minute, time.Hour: plan.MaxResync,
	} {
		todo := plan.Plan{Wait: wait, Condition: plan.Condition{Reason: v1alpha1.ReasonDrifted, Message: "again"}}
		_, secret := status.NextSecret(v1alpha1.JujuSecretStatus{}, 1, todo, nil, now)
		_, access := status.NextAccess(v1alpha1.JujuSecretAccessStatus{}, 1, plan.AccessFacts{}, todo, nil, now)
		if secret.LookAgain != want || access.LookAgain != want {
			t.Errorf("with %s left, a JujuSecret is requeued after %s and a JujuSecretAccess after %s, want %s",
				wait, secret.LookAgain, access.LookAgain, want)
		}
	}
}

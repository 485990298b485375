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

// still sets a verdict that the conditions tell of already.
func still(reason v1alpha1.Reason, also, message string) func(*secretIn) {
	return func(in *secretIn) {
		in.plan.Verdict = plan.Verdict{Reason: reason, Message: message}
		in.old.Conditions = []metav1.Condition{
			condition(readyCond, no, then, reason, message), condition(also, yes, then, reason, message),
		}
	}
}

// finds sets the user secret that was seen.
func finds(id string, revision int) func(*secretIn) {
	return func(in *secretIn) { in.plan.Secret = &plan.UserSecret{ID: id, Name: "db", Revision: revision} }
}

// ends sets steps by the ways in which they ended.
func ends(outcomes ...plan.Outcome) func(*secretIn) {
	return func(in *secretIn) {
		in.outcomes = outcomes
		for range outcomes {
			in.plan.Steps = append(in.plan.Steps, plan.Update{ID: dbID, Content: new(holding("x"))})
		}
	}
}

// leaves is the outcome of a step after which the secret has a revision.
func leaves(revision int) plan.Outcome {
	return plan.Outcome{Secret: &plan.UserSecret{ID: dbID, Name: "db", Revision: revision}}
}

// unspoken leaves out the events and the next look, which are tested elsewhere.
func unspoken(test secretTest) secretTest {
	in := secretInSync()
	test.given(&in)
	_, report := status.NextSecret(in.old, in.generation, in.plan, in.outcomes, in.now)
	return secretTest{test.given, all(test.want, func(out *secretOut) { out.Report = report })}
}

func TestTheDigestIsNotedOnceEveryStepSucceeded(t *testing.T) {
	t.Parallel()
	away := trouble(plan.Unreachable, notConnected)
	holdsOld := func(in *secretIn) { in.old.AppliedDigest, in.plan.Digest = "old", "new" }
	nothingNew := func(in *secretIn) { in.plan.Digest = "" }
	unreached := still(unreachable, reconciling, notConnected)
	noted := func(out *secretOut) { out.Status.AppliedDigest, out.Status.AppliedGeneration = "new", generation }
	notedAt := func(revision int) func(*secretOut) {
		return all(noted, func(out *secretOut) { out.Status.Revision = revision })
	}
	kept := func(*secretOut) {}
	no, refused := trouble(plan.Refused, "no"), still(v1alpha1.ReasonRefused, stalled, "no")
	forgotten := func(out *secretOut) { out.Status.AppliedDigest = "" }
	tests := map[string]secretTest{
		"without any, since Juju holds the content": {holdsOld, noted},
		"the first of an object":                    {all(holdsOld, func(in *secretIn) { in.old.AppliedDigest = "" }), noted},
		"after one":                                 {all(holdsOld, ends(leaves(4))), notedAt(4)},
		"after two":                                 {all(holdsOld, ends(leaves(4), leaves(5))), notedAt(5)},
		"not after one that failed":                 {all(holdsOld, refused, ends(no)), kept},
		"not after one that failed before another":  {all(holdsOld, refused, ends(no, plan.Outcome{NotTried: true})), kept},
		"none after one that perhaps was done":      {all(holdsOld, unreached, ends(away)), forgotten},
		"not if the plan is about something else":   {all(holdsOld, nothingNew), kept},
		"not while nothing is seen":                 {all(holdsOld, unreached, nothingNew), kept},
		"not while something is missing":            {all(holdsOld, still(noSource, reconciling, "gone"), nothingNew), kept},
		"not while somebody's change is reported": {
			all(holdsOld, still(v1alpha1.ReasonDrifted, stalled, "changed"), nothingNew, func(in *secretIn) { in.plan.Secret = nil }), kept,
		},
	}
	for name, test := range tests {
		tests[name] = unspoken(test)
	}
	runSecretTests(t, tests)
}

func TestTheRevisionIsThatWhichWasLastInSync(t *testing.T) {
	t.Parallel()
	away := trouble(plan.Unreachable, notConnected)
	unreached := still(unreachable, reconciling, notConnected)
	is := func(id string, revision int) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.SecretID, out.Status.URI, out.Status.Revision = id, "secret:"+id, revision
		}
	}
	taken := still(v1alpha1.ReasonNameTaken, stalled, "taken")
	tests := map[string]secretTest{
		"the one that was seen, if it is in sync":        {finds(dbID, 7), is(dbID, 7)},
		"an older one, if that is in sync":               {finds(dbID, 2), is(dbID, 2)},
		"the one that a step made":                       {all(finds(dbID, 7), ends(leaves(8))), is(dbID, 8)},
		"the one that the last step made":                {all(finds(dbID, 7), ends(leaves(8), leaves(9))), is(dbID, 9)},
		"the one that a step made, while the name waits": {all(taken, finds(dbID, 7), ends(leaves(8))), is(dbID, 8)},
		"the former one, while the name waits":           {all(taken, finds(dbID, 7)), is(dbID, 3)},
		"the former one, after a step that failed":       {all(unreached, finds(dbID, 7), ends(away)), is(dbID, 3)},
		"the former one, while a source is missing":      {all(still(noSource, reconciling, "gone"), finds(dbID, 7)), is(dbID, 3)},
		"the former one, while the content is invalid": {
			all(still(v1alpha1.ReasonContentInvalid, stalled, "two keys"), finds(dbID, 2)), is(dbID, 3),
		},
		"the former one, while somebody's change is reported": {
			all(still(v1alpha1.ReasonDrifted, stalled, "changed"), func(in *secretIn) { in.plan.Secret = nil }), is(dbID, 3),
		},
		"the former one, while it is removed": {
			all(still(v1alpha1.ReasonRemoving, reconciling, "wait"), finds(dbID, 7), func(in *secretIn) {
				in.plan.Steps, in.outcomes = []plan.Step{plan.Remove{ID: dbID}}, []plan.Outcome{{}}
			}), is(dbID, 3),
		},
		"that of another secret, which has no former one":          {all(unreached, finds(otherID, 1), ends(away)), is(otherID, 1)},
		"that of another secret, while the name waits":             {all(taken, finds(otherID, 1)), is(otherID, 1)},
		"that of the first secret, whatever became of its changes": {all(unreached, firstOne, finds(dbID, 1), ends(away)), is(dbID, 1)},
	}
	for name, test := range tests {
		tests[name] = unspoken(test)
	}
	runSecretTests(t, tests)
}

// firstOne is the status of an object that has no secret yet.
func firstOne(in *secretIn) {
	in.old.SecretID, in.old.URI, in.old.Revision = "", "", 0
}

func TestWhatSomebodyElseDidIsForAPersonToEnd(t *testing.T) {
	t.Parallel()
	const drifted, what = v1alpha1.ReasonDrifted, "somebody changed info"
	conditions := func(since time.Time, message string) []metav1.Condition {
		return []metav1.Condition{condition(readyCond, no, since, drifted, message), condition(stalled, yes, since, drifted, message)}
	}
	told := all(was(conditions(then, what)...), tells(drifted, what))
	runSecretTests(t, map[string]secretTest{
		"it is warned of":                       {tells(drifted, what), becomes(conditions(now, what), warning(drifted, what))},
		"once, and nobody looks again":          {given: told},
		"once, also if there is more by then":   {all(told, tells(drifted, "more")), becomes(conditions(then, "more"))},
		"until Juju holds what it should again": {was(conditions(then, what)...), becomes([]metav1.Condition{condition(readyCond, yes, now, synced, inSync)})},
		"and the status says which secret it was, though it was removed": {
			given: all(told, func(in *secretIn) { in.plan.ModelUUID = modelUUID }),
		},
	})
}

func TestAnAccessKeepsItsModelWhileTheSecretIsMissing(t *testing.T) {
	t.Parallel()
	missing := func(reason v1alpha1.Reason, uuid string) func(*accessIn) {
		return func(in *accessIn) {
			in.plan = plan.Plan{
				ModelUUID: uuid, Lost: reason == v1alpha1.ReasonSecretNotFound, Verdict: plan.Verdict{Reason: reason, Message: "no db"},
			}
		}
	}
	const pending = v1alpha1.ApplicationPending
	gone := all(have("0/2", is("app1", pending, "no db"), is("app2", pending, "no db")),
		says(normal(v1alpha1.ReasonSecretNotFound, "no db"), reconciling), func(out *accessOut) { out.Status.SecretID = "" })
	runAccessTests(t, map[string]accessTest{
		"the model was seen without it": {missing(v1alpha1.ReasonSecretNotFound, modelUUID), gone},
		"the model was not looked for":  {missing(v1alpha1.ReasonSecretNotFound, ""), gone},
		"it was never seen": {
			all(missing(v1alpha1.ReasonSecretNotFound, modelUUID), func(in *accessIn) { in.old.SecretID, in.old.ModelUUID = "", "" }),
			all(gone, func(out *accessOut) { out.Status.ModelUUID = modelUUID }),
		},
		"its JujuSecret is not ready": {
			all(missing(v1alpha1.ReasonJujuSecretNotReady, ""), func(in *accessIn) { in.seen.Target = plan.NotReady("db") }),
			says(normal(v1alpha1.ReasonJujuSecretNotReady, "no db"), reconciling),
		},
	})
}

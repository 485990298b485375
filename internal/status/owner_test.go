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

// takesOver has a plan about a secret that somebody else made.
func takesOver(id string, revision int) func(*secretIn) {
	return all(finds(id, revision), func(in *secretIn) { in.plan.Adopted = true })
}

// isAdopted is the status of who has taken over a secret.
func isAdopted(id string, revision int) func(*secretOut) {
	return func(out *secretOut) {
		out.Status.SecretID, out.Status.URI, out.Status.Revision = id, "secret:"+id, revision
		out.Status.Managed, out.Status.Adopted = true, true
	}
}

// noOne is the status of an object that has nothing yet.
func noOne(in *secretIn) {
	firstOne(in)
	in.old.Managed = false
}

func TestAnAdoptionIsToldOfOnce(t *testing.T) {
	t.Parallel()
	event := normal(v1alpha1.ReasonAdopted, "took over secret:"+otherID)
	tellsOf := func(events ...status.Event) func(*secretOut) {
		return func(out *secretOut) { out.Report.Events = append(out.Report.Events, events...) }
	}
	waits := []metav1.Condition{condition(readyCond, no, then, unreachable, notConnected), condition(reconciling, yes, then, unreachable, notConnected)}
	observed := func(in *secretIn) { in.old.SecretID, in.old.URI, in.old.Managed = otherID, "secret:"+otherID, false }
	runSecretTests(t, map[string]secretTest{
		"when it is the object's": {all(noOne, takesOver(otherID, 7)), all(isAdopted(otherID, 7), tellsOf(event))},
		"before what was changed": {
			all(noOne, takesOver(otherID, 7), func(in *secretIn) {
				in.plan.Steps = []plan.Step{plan.Update{ID: otherID, Info: new("new")}}
				in.outcomes = []plan.Outcome{{Secret: &plan.UserSecret{ID: otherID, Revision: 7}}}
			}),
			all(isAdopted(otherID, 7), tellsOf(event, normal(v1alpha1.ReasonUpdated, "updated info of secret:"+otherID+", now at revision 7"))),
		},
		"whatever became of the changes": {
			all(was(waits...), tells(unreachable, notConnected), noOne, takesOver(otherID, 7), ends(trouble(plan.Unreachable, notConnected))),
			all(isAdopted(otherID, 7), tellsOf(event)),
		},
		"when it takes the place of another": {takesOver(otherID, 7), all(isAdopted(otherID, 7), tellsOf(event))},
		"when it was only looked at before":  {all(observed, takesOver(otherID, 3)), all(isAdopted(otherID, 3), tellsOf(event))},
		"not again": {
			all(takesOver(dbID, 3), func(in *secretIn) { in.old.Adopted = true }), nil,
		},
		"nor after an outage": {
			all(was(waits...), takesOver(dbID, 3), func(in *secretIn) { in.old.Adopted = true }),
			func(out *secretOut) {
				out.Status.Conditions = []metav1.Condition{condition(readyCond, yes, now, synced, inSync)}
			},
		},
		"one that is created is not adopted": {
			func(in *secretIn) {
				in.old.Adopted = true
				in.plan.Secret, in.plan.Steps = nil, []plan.Step{plan.Create{Name: "db"}}
				in.outcomes = []plan.Outcome{{Secret: &plan.UserSecret{ID: otherID, Revision: 1}}}
			},
			all(isAdopted(otherID, 1), tellsOf(normal(v1alpha1.ReasonCreated, `added "db" as secret:`+otherID)), func(out *secretOut) {
				out.Status.Adopted, out.Status.AutoPrune = false, new(false)
			}),
		},
	})
}

func TestOfAnotherSecretNothingIsNotedThatWasOfTheLast(t *testing.T) {
	t.Parallel()
	noted := func(in *secretIn) {
		in.old.AppliedDigest, in.old.AppliedGeneration, in.old.AutoPrune, in.old.Adopted = "old", generation, new(true), true
	}
	forgotten := func(out *secretOut) {
		out.Status.AppliedDigest, out.Status.AppliedGeneration, out.Status.AutoPrune, out.Status.Adopted = "", 0, nil, false
	}
	is := func(id string, managed bool) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.SecretID, out.Status.URI, out.Status.Managed = id, "secret:"+id, managed
		}
	}
	taken := still(v1alpha1.ReasonNameTaken, stalled, "taken")
	tests := map[string]secretTest{
		"another one": {all(noted, finds(otherID, 3)), all(forgotten, is(otherID, true))},
		"another one, whose content is noted at once": {
			all(noted, finds(otherID, 3), func(in *secretIn) { in.plan.Digest = "new" }),
			all(forgotten, is(otherID, true), func(out *secretOut) { out.Status.AppliedDigest, out.Status.AppliedGeneration = "new", generation }),
		},
		"another one, of which something waits": {
			all(noted, taken, finds(otherID, 3), func(in *secretIn) { in.plan.Digest = "new" }),
			all(forgotten, is(otherID, true), func(out *secretOut) { out.Status.AppliedDigest = "new" }),
		},
		"the same one, of which something waits": {all(noted, taken, finds(dbID, 3), func(in *secretIn) { in.plan.Adopted = true }), func(*secretOut) {}},
		"the same one, which is only looked at by now": {
			all(noted, finds(dbID, 3), func(in *secretIn) { in.plan.Foreign = true }), all(forgotten, is(dbID, false)),
		},
		"one that was only looked at": {
			all(noted, finds(dbID, 3), func(in *secretIn) { in.old.Managed = false }), all(forgotten, is(dbID, true)),
		},
		"none any more": {
			all(noted, still(v1alpha1.ReasonConflict, stalled, "theirs"), func(in *secretIn) { in.plan.Secret, in.plan.Lost = nil, true }),
			func(out *secretOut) {
				out.Status.SecretID, out.Status.URI, out.Status.Revision = "", "", 0
				out.Status.Managed, out.Status.Adopted, out.Status.AutoPrune = false, false, nil
			},
		},
	}
	for name, test := range tests {
		tests[name] = unspoken(test)
	}
	runSecretTests(t, tests)
}

func TestWhatJujuWasToldOfPruningIsNoted(t *testing.T) {
	t.Parallel()
	// does sets the steps and how they ended.
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
	untried, refused := plan.Outcome{NotTried: true}, trouble(plan.Refused, "no")
	no := still(v1alpha1.ReasonRefused, stalled, "no")
	isFirst := func(out *secretOut) {
		out.Status.SecretID, out.Status.URI, out.Status.Revision = dbID, "secret:"+dbID, 1
	}
	created := all(firstOne, func(in *secretIn) { in.plan.Secret = nil })
	tests := map[string]secretTest{
		"that it shall":                                 {does(prune(true, leaves(3))), noted(new(true))},
		"that it shall not any more":                    {all(last(new(true)), does(prune(false, leaves(3)))), noted(new(false))},
		"as it was, if that failed":                     {all(last(new(false)), no, does(prune(true, refused))), noted(new(false))},
		"as it was, if nobody tried":                    {all(last(new(false)), no, does(step{plan.Update{ID: dbID, Info: new("")}, refused}, prune(true, untried))), noted(new(false))},
		"as it was, by another change":                  {all(last(new(true)), does(step{plan.Update{ID: dbID, Info: new("")}, leaves(3)})), noted(new(true))},
		"as it was, while nothing is seen":              {all(last(new(true)), still(unreachable, reconciling, notConnected)), noted(new(true))},
		"as nobody knows":                               {func(*secretIn) {}, noted(nil)},
		"that what is new has it not":                   {all(created, does(creates(leaves(1)))), all(isFirst, noted(new(false)))},
		"that what is new has it":                       {all(created, does(creates(leaves(1)), prune(true, leaves(1)))), all(isFirst, noted(new(true)))},
		"that what is new has it not yet, if it failed": {all(created, no, does(creates(leaves(1)), prune(true, refused))), all(isFirst, noted(new(false)))},
		"nothing of what was not made":                  {all(created, no, does(creates(refused), prune(true, untried))), noted(nil)},
	}
	for name, test := range tests {
		tests[name] = unspoken(test)
	}
	runSecretTests(t, tests)
}

func TestTheDigestIsNotedThoughAPruningFailed(t *testing.T) {
	t.Parallel()
	holdsOld := func(in *secretIn) { in.old.AppliedDigest, in.old.AppliedGeneration, in.plan.Digest = "old", 1, "new" }
	pruning := func(outcomes ...plan.Outcome) func(*secretIn) {
		return func(in *secretIn) {
			in.outcomes = outcomes
			in.plan.Steps = []plan.Step{plan.Create{Name: "db"}, plan.Update{AutoPrune: new(true)}}
			in.plan.Secret = nil
		}
	}
	refused, away := trouble(plan.Refused, "no"), trouble(plan.Unreachable, notConnected)
	no, unreached := still(v1alpha1.ReasonRefused, stalled, "no"), still(unreachable, reconciling, notConnected)
	// The generation is not noted, so that what is missing is not taken for somebody's doing.
	of := func(digest string, gen int64, prune *bool, revision int) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.AppliedDigest, out.Status.AppliedGeneration = digest, gen
			out.Status.AutoPrune, out.Status.Revision = prune, revision
		}
	}
	tests := map[string]secretTest{
		"both were done":                      {all(holdsOld, pruning(leaves(1), leaves(1))), of("new", generation, new(true), 1)},
		"the pruning was refused":             {all(holdsOld, no, pruning(leaves(1), refused)), of("new", 1, new(false), 1)},
		"the end of the pruning is not known": {all(holdsOld, unreached, pruning(leaves(1), away)), of("new", 1, new(false), 1)},
		"nothing was made":                    {all(holdsOld, no, pruning(refused, plan.Outcome{NotTried: true})), of("old", 1, nil, 3)},
		"nobody knows whether it was made":    {all(holdsOld, unreached, pruning(away, plan.Outcome{NotTried: true})), of("", 1, nil, 3)},
	}
	for name, test := range tests {
		tests[name] = unspoken(test)
	}
	runSecretTests(t, tests)
}

func TestWhoIsSuspendedStaysAsReadyAsItWas(t *testing.T) {
	t.Parallel()
	type conditions = []metav1.Condition
	const suspended, until = v1alpha1.ReasonSuspended, "until spec.suspend is false"
	rests := func(state metav1.ConditionStatus, since time.Time, gen int64) conditions {
		return ofGeneration(gen, condition(readyCond, state, since, suspended, until))
	}
	event := normal(suspended, until)
	next := func(in *secretIn) { in.generation = 3 }
	runSecretTests(t, map[string]secretTest{
		"ready":                                 {tells(suspended, until), becomes(rests(yes, then, generation), event)},
		"ready, whatever generation that is":    {all(tells(suspended, until), next), becomes(rests(yes, then, 3), event)},
		"ready, for as long as it takes":        {given: all(was(rests(yes, then, generation)...), tells(suspended, until))},
		"ready, however often the spec changes": {all(was(rests(yes, then, generation)...), tells(suspended, until), next), becomes(rests(yes, then, 3))},
		"not ready, and nobody is waited for then": {
			all(was(condition(readyCond, no, then, noSource, "gone"), condition(reconciling, yes, then, noSource, "gone")), tells(suspended, until)),
			becomes(rests(no, then, generation), event),
		},
		"not ready, and no person is asked for": {
			all(was(condition(readyCond, no, then, v1alpha1.ReasonDrifted, "changed"), condition(stalled, yes, then, v1alpha1.ReasonDrifted, "changed")),
				tells(suspended, until)),
			becomes(rests(no, then, generation), event),
		},
		"not ready, if it never was": {all(was(), tells(suspended, until)), becomes(rests(no, now, generation), event)},
		"not ready any more, once it goes on": {
			all(was(ofGeneration(generation, condition(readyCond, yes, then, suspended, until))...), tells(noSource, "gone"), next),
			becomes(ofGeneration(3, condition(readyCond, no, now, noSource, "gone"), condition(reconciling, yes, now, noSource, "gone")), normal(noSource, "gone")),
		},
	})
}

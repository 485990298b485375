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

func TestConditionsFollowTheVerdict(t *testing.T) {
	t.Parallel()
	type conditions = []metav1.Condition
	missing := conditions{
		condition(readyCond, no, then, noSource, "gone"), condition(reconciling, yes, then, noSource, "gone"),
	}
	runSecretTests(t, map[string]secretTest{
		"nothing is new": {},
		"the first of them": {
			given: func(in *secretIn) { in.old = v1alpha1.JujuSecretStatus{} },
			want: all(becomes(conditions{condition(readyCond, yes, now, synced, inSync)}), func(out *secretOut) {
				out.Status.ModelUUID, out.Status.SecretID, out.Status.URI = modelUUID, dbID, "secret:"+dbID
				out.Status.Managed, out.Status.Revision = true, 3
			}),
		},
		"something to wait for": {
			given: tells(noSource, "gone"),
			want: becomes(conditions{
				condition(readyCond, no, now, noSource, "gone"), condition(reconciling, yes, now, noSource, "gone"),
			}, normal(noSource, "gone")),
		},
		"still the same": {
			given: all(was(missing...), tells(noSource, "gone")),
		},
		"the same in other words, which is no event": {
			given: all(was(missing...), tells(noSource, "another is gone")),
			want: becomes(conditions{
				condition(readyCond, no, then, noSource, "another is gone"),
				condition(reconciling, yes, then, noSource, "another is gone"),
			}),
		},
		"something else to wait for, since when it waits for anything": {
			given: all(was(missing...), tells(v1alpha1.ReasonControllerNotReady, "no controller")),
			want: becomes(conditions{
				condition(readyCond, no, then, v1alpha1.ReasonControllerNotReady, "no controller"),
				condition(reconciling, yes, then, v1alpha1.ReasonControllerNotReady, "no controller"),
			}, normal(v1alpha1.ReasonControllerNotReady, "no controller")),
		},
		"something for a person to do": {
			given: all(was(missing...), tells(v1alpha1.ReasonContentInvalid, "two keys")),
			want: becomes(conditions{
				condition(readyCond, no, then, v1alpha1.ReasonContentInvalid, "two keys"),
				condition(stalled, yes, now, v1alpha1.ReasonContentInvalid, "two keys"),
			}, warning(v1alpha1.ReasonContentInvalid, "two keys")),
		},
		"all is well again, which is no event": {
			given: was(missing...),
			want:  becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"all is well again, after a person did something": {
			given: was(condition(readyCond, no, then, v1alpha1.ReasonContentInvalid, "two keys"),
				condition(stalled, yes, then, v1alpha1.ReasonContentInvalid, "two keys")),
			want: becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"another generation of the spec, for which the same holds": {
			given: func(in *secretIn) { in.generation = 3 },
			want:  becomes(ofGeneration(3, condition(readyCond, yes, then, synced, inSync))),
		},
		"another generation of the spec, and something to wait for": {
			given: all(tells(noSource, "gone"), func(in *secretIn) { in.generation = 3 }),
			want: becomes(ofGeneration(3,
				condition(readyCond, no, now, noSource, "gone"), condition(reconciling, yes, now, noSource, "gone"),
			), normal(noSource, "gone")),
		},
		"never two besides Ready, nor one that is not true": {
			given: was(condition(readyCond, no, then, noSource, ""), condition(stalled, yes, then, noSource, ""),
				condition(reconciling, no, then, noSource, "")),
			want: becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"a condition of somebody else stays": {
			given: all(was(condition(elsewhere, yes, then, "Mine", ""), condition(readyCond, yes, then, synced, inSync)),
				tells(v1alpha1.ReasonTenantDenied, "no tenant")),
			want: becomes(conditions{
				condition(elsewhere, yes, then, "Mine", ""),
				condition(readyCond, no, now, v1alpha1.ReasonTenantDenied, "no tenant"),
				condition(stalled, yes, now, v1alpha1.ReasonTenantDenied, "no tenant"),
			}, warning(v1alpha1.ReasonTenantDenied, "no tenant")),
		},
	})
}

func TestReadyStaysAsItWasWhileNobodyCanTell(t *testing.T) {
	t.Parallel()
	type conditions = []metav1.Condition
	away := tells(unreachable, notConnected)
	event := warning(unreachable, notConnected)
	waiting := func(state metav1.ConditionStatus, since time.Time) conditions {
		return conditions{
			condition(readyCond, state, since, unreachable, notConnected),
			condition(reconciling, yes, now, unreachable, notConnected),
		}
	}
	runSecretTests(t, map[string]secretTest{
		"true, if this generation was in sync": {
			given: away,
			want:  becomes(waiting(yes, then), event),
		},
		"true, for as long as it takes": {
			given: all(was(waiting(yes, then)...), away),
		},
		"false, if this generation was never in sync": {
			given: all(was(ofGeneration(1, condition(readyCond, yes, then, synced, inSync))...), away),
			want:  becomes(waiting(no, now), event),
		},
		"false, once the spec changes meanwhile": {
			given: all(was(waiting(yes, then)...), away, func(in *secretIn) { in.generation = 3 }),
			want: becomes(ofGeneration(3, condition(readyCond, no, now, unreachable, notConnected),
				condition(reconciling, yes, now, unreachable, notConnected))),
		},
		"false, if it was": {
			given: all(was(condition(readyCond, no, then, noSource, "gone"), condition(reconciling, yes, then, noSource, "gone")), away),
			want: becomes(conditions{
				condition(readyCond, no, then, unreachable, notConnected), condition(reconciling, yes, then, unreachable, notConnected),
			}, event),
		},
		"false, if it was nothing": {
			given: all(was(), away),
			want:  becomes(waiting(no, now), event),
		},
		"then true again, as if nothing had been": {
			given: was(waiting(yes, then)...),
			want:  becomes(conditions{condition(readyCond, yes, then, synced, inSync)}),
		},
		"also while the model is busy, which nobody tells the end of": {
			given: tells(v1alpha1.ReasonModelBusy, "an upgrade"),
			want: all(becomes(conditions{
				condition(readyCond, yes, then, v1alpha1.ReasonModelBusy, "an upgrade"),
				condition(reconciling, yes, now, v1alpha1.ReasonModelBusy, "an upgrade"),
			}, warning(v1alpha1.ReasonModelBusy, "an upgrade")), looksAgain(time.Second)),
		},
	})
}

func looksAgain(after time.Duration) func(*secretOut) {
	return func(out *secretOut) { out.Report.LookAgain = after }
}

func TestTheNextLookIsAsFarAwayAsTheTroubleIsOld(t *testing.T) {
	t.Parallel()
	lasting := func(reason v1alpha1.Reason, also string, lasts time.Duration) secretTest {
		since := now.Add(-lasts)
		return secretTest{given: all(tells(reason, "no"), was(
			condition(readyCond, no, since, reason, "no"), condition(also, yes, since, reason, "no"),
		))}
	}
	after := func(d time.Duration, test secretTest) secretTest {
		test.want = looksAgain(d)
		return test
	}
	const notFound, failed, denied = v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonFailed, v1alpha1.ReasonPermissionDenied
	tests := map[string]secretTest{
		"at first":                        after(time.Second, lasting(failed, reconciling, 0)),
		"after less than a second":        after(time.Second, lasting(failed, reconciling, 300*time.Millisecond)),
		"after a second":                  after(time.Second, lasting(failed, reconciling, time.Second)),
		"after a while":                   after(7*time.Second, lasting(failed, reconciling, 7*time.Second)),
		"after a long while":              after(4*time.Minute, lasting(failed, reconciling, 4*time.Minute)),
		"at most in five minutes":         after(5*time.Minute, lasting(failed, reconciling, time.Hour)),
		"at most in a minute":             after(time.Minute, lasting(denied, stalled, 24*time.Hour)),
		"also where a person is asked":    after(9*time.Second, lasting(denied, stalled, 9*time.Second)),
		"soon, if the clock went back":    after(time.Second, lasting(failed, reconciling, -time.Hour)),
		"not at all, if something wakes":  after(0, lasting(noSource, reconciling, time.Minute)),
		"not at all, if a person must":    after(0, lasting(v1alpha1.ReasonRefused, stalled, time.Minute)),
		"not at all, while it is removed": after(0, lasting(v1alpha1.ReasonRemoving, reconciling, time.Minute)),
	}
	tests["at most in half a minute"] = secretTest{
		given: lasting(notFound, reconciling, time.Hour).given,
		want:  looksAgain(30 * time.Second),
	}
	tests["soon, if the reason is new, however long something is wrong already"] = secretTest{
		given: all(lasting(noSource, reconciling, time.Hour).given, tells(failed, "no")),
		want: all(becomes([]metav1.Condition{
			condition(readyCond, no, then, failed, "no"), condition(reconciling, yes, then, failed, "no"),
		}, warning(failed, "no")), looksAgain(time.Second)),
	}
	runSecretTests(t, tests)
}

func TestTheStatusSaysWhichSecretItIs(t *testing.T) {
	t.Parallel()
	secret := func(id string, revision int) *plan.UserSecret { return &plan.UserSecret{ID: id, Revision: revision} }
	is := func(id string, revision int, managed bool) func(*secretOut) {
		return func(out *secretOut) {
			out.Status.SecretID, out.Status.URI = id, "secret:"+id
			out.Status.Revision, out.Status.Managed = revision, managed
		}
	}
	nothing := func(out *secretOut) {
		out.Status.SecretID, out.Status.URI, out.Status.Revision, out.Status.Managed = "", "", 0, false
	}
	lost := func(in *secretIn) { in.plan.Lost = true }
	silently := func(reason v1alpha1.Reason, message string) func(*secretIn) {
		return all(tells(reason, message), func(in *secretIn) {
			also := condition(status.HandlingOf(reason).Also, yes, then, reason, message)
			in.old.Conditions = []metav1.Condition{condition(readyCond, no, then, reason, message), also}
		})
	}
	update := func(outcome plan.Outcome) func(*secretIn) {
		return func(in *secretIn) {
			in.plan.Steps, in.outcomes = []plan.Step{plan.Update{ID: dbID, Info: new("new")}}, []plan.Outcome{outcome}
		}
	}
	runSecretTests(t, map[string]secretTest{
		"as it was found": {
			given: func(in *secretIn) { in.plan.Secret = secret(otherID, 7) },
			want:  is(otherID, 7, true),
		},
		"as it is after the steps": {
			given: update(plan.Outcome{Secret: secret(dbID, 4)}),
			want: all(is(dbID, 4, true), func(out *secretOut) {
				out.Report.Events = append(out.Report.Events, normal(v1alpha1.ReasonUpdated,
					"updated info of secret:"+dbID+", now at revision 4"))
			}),
		},
		"as it last was in sync, before a step that failed": {
			given: all(silently(unreachable, notConnected), func(in *secretIn) { in.plan.Secret = secret(dbID, 5) },
				update(trouble(plan.Unreachable, notConnected))),
			want: is(dbID, 3, true),
		},
		"and that it is somebody else's": {
			given: func(in *secretIn) { in.plan.Foreign, in.plan.Secret = true, secret(otherID, 1) },
			want:  is(otherID, 1, false),
		},
		"the last one, while nobody can tell":         {given: silently(unreachable, notConnected)},
		"the last one, while its source is missing":   {given: silently(noSource, "gone")},
		"the last one, while there is no controller":  {given: silently(v1alpha1.ReasonControllerNotReady, "")},
		"the last one, while another is being made":   {given: silently(v1alpha1.ReasonRemoving, "")},
		"none, once the one that it observes is gone": {given: all(silently(v1alpha1.ReasonSecretNotFound, "no"), lost), want: all(nothing, looksAgain(30*time.Second))},
		"none, once another object has it":            {given: all(silently(v1alpha1.ReasonConflict, "no"), lost), want: all(nothing, looksAgain(time.Minute))},
		"the last one, while it cannot be renamed":    {given: silently(v1alpha1.ReasonConflict, "no"), want: looksAgain(time.Minute)},
		"the model, if it is known": {
			given: func(in *secretIn) { in.old.ModelUUID = "" },
			want:  func(out *secretOut) { out.Status.ModelUUID = modelUUID },
		},
		"another model, if the old one was destroyed": {
			given: func(in *secretIn) { in.plan.Model.Name, in.plan.ModelUUID = "prod/app", "f"+modelUUID[1:] },
			want: func(out *secretOut) {
				out.Status.ModelUUID = "f" + modelUUID[1:]
				out.Report.Events = []status.Event{warning(v1alpha1.ReasonModelReplaced, `model "prod/app" was removed and made again, with `+
					"the UUID f"+modelUUID[1:]+" instead of "+modelUUID+": what was made in it for this object went with it")}
			},
		},
	})
}

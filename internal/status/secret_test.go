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
		"no change": {},
		"the first conditions": {
			given: func(in *secretIn) { in.old = v1alpha1.JujuSecretStatus{} },
			want: all(becomes(conditions{condition(readyCond, yes, now, synced, inSync)}), func(out *secretOut) {
				out.Status.ModelUUID, out.Status.SecretID, out.Status.URI = modelUUID, dbID, "secret:"+dbID
				out.Status.Managed, out.Status.Revision = true, 3
			}),
		},
		"a wait": {
			given: verdict(noSource, "gone"),
			want: becomes(conditions{
				condition(readyCond, no, now, noSource, "gone"), condition(reconciling, yes, now, noSource, "gone"),
			}, normal(noSource, "gone")),
		},
		"the same wait": {
			given: all(was(missing...), verdict(noSource, "gone")),
		},
		"another message without an event": {
			given: all(was(missing...), verdict(noSource, "another is gone")),
			want: becomes(conditions{
				condition(readyCond, no, then, noSource, "another is gone"),
				condition(reconciling, yes, then, noSource, "another is gone"),
			}),
		},
		"another wait keeps the time": {
			given: all(was(missing...), verdict(v1alpha1.ReasonControllerNotReady, "no controller")),
			want: becomes(conditions{
				condition(readyCond, no, then, v1alpha1.ReasonControllerNotReady, "no controller"),
				condition(reconciling, yes, then, v1alpha1.ReasonControllerNotReady, "no controller"),
			}, normal(v1alpha1.ReasonControllerNotReady, "no controller")),
		},
		"a stall": {
			given: all(was(missing...), verdict(v1alpha1.ReasonInvalidContent, "two keys")),
			want: becomes(conditions{
				condition(readyCond, no, then, v1alpha1.ReasonInvalidContent, "two keys"),
				condition(stalled, yes, now, v1alpha1.ReasonInvalidContent, "two keys"),
			}, warning(v1alpha1.ReasonInvalidContent, "two keys")),
		},
		"in sync after a wait, without an event": {
			given: was(missing...),
			want:  becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"in sync after a stall": {
			given: was(condition(readyCond, no, then, v1alpha1.ReasonInvalidContent, "two keys"),
				condition(stalled, yes, then, v1alpha1.ReasonInvalidContent, "two keys")),
			want: becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"another generation in sync": {
			given: func(in *secretIn) { in.generation = 3 },
			want:  becomes(ofGeneration(3, condition(readyCond, yes, then, synced, inSync))),
		},
		"another generation with a wait": {
			given: all(verdict(noSource, "gone"), func(in *secretIn) { in.generation = 3 }),
			want: becomes(ofGeneration(3,
				condition(readyCond, no, now, noSource, "gone"), condition(reconciling, yes, now, noSource, "gone"),
			), normal(noSource, "gone")),
		},
		"other conditions are removed": {
			given: was(condition(readyCond, no, then, noSource, ""), condition(stalled, yes, then, noSource, ""),
				condition(reconciling, no, then, noSource, "")),
			want: becomes(conditions{condition(readyCond, yes, now, synced, inSync)}),
		},
		"a condition of another controller stays": {
			given: all(
				was(condition(elsewhere, yes, then, "Mine", ""), condition(readyCond, yes, then, synced, inSync)),
				verdict(v1alpha1.ReasonInvalidContent, "no value")),
			want: becomes(conditions{
				condition(elsewhere, yes, then, "Mine", ""),
				condition(readyCond, no, now, v1alpha1.ReasonInvalidContent, "no value"),
				condition(stalled, yes, now, v1alpha1.ReasonInvalidContent, "no value"),
			}, warning(v1alpha1.ReasonInvalidContent, "no value")),
		},
	})
}

func TestReadyIsKeptWhileJujuIsUnreachable(t *testing.T) {
	t.Parallel()
	type conditions = []metav1.Condition
	away := verdict(unreachable, notConnected)
	event := warning(unreachable, notConnected)
	waiting := func(state metav1.ConditionStatus, since time.Time) conditions {
		return conditions{
			condition(readyCond, state, since, unreachable, notConnected),
			condition(reconciling, yes, now, unreachable, notConnected),
		}
	}
	runSecretTests(t, map[string]secretTest{
		"true if this generation was in sync": {
			given: away,
			want:  becomes(waiting(yes, then), event),
		},
		"true for the whole outage": {
			given: all(was(waiting(yes, then)...), away),
		},
		"false if this generation was never in sync": {
			given: all(was(ofGeneration(1, condition(readyCond, yes, then, synced, inSync))...), away),
			want:  becomes(waiting(no, now), event),
		},
		"false after a change of the spec": {
			given: all(was(waiting(yes, then)...), away, func(in *secretIn) { in.generation = 3 }),
			want: becomes(ofGeneration(3, condition(readyCond, no, now, unreachable, notConnected),
				condition(reconciling, yes, now, unreachable, notConnected))),
		},
		"false after a change of the content": {
			given: all(was(waiting(yes, then)...), away, unapplied),
			want: becomes(conditions{
				condition(readyCond, no, now, unreachable, notConnected),
				condition(reconciling, yes, now, unreachable, notConnected),
			}),
		},
		"false until the next look after a change back": {
			given: all(was(waiting(no, then)...), away),
		},
		"false after a failed step": {
			given: all(away, func(in *secretIn) {
				in.plan.Condition = plan.Condition{Reason: synced, Message: inSync}
				in.plan.Steps = []plan.Step{plan.Update{ID: dbID, Info: new("new")}}
				in.outcomes = []plan.Outcome{failure(unreachable, notConnected)}
			}),
			want: becomes(waiting(no, now), event),
		},
		"false while the model is busy after a change of the content": {
			given: all(verdict(v1alpha1.ReasonModelUnavailable, "an upgrade"), unapplied),
			want: all(becomes(conditions{
				condition(readyCond, no, now, v1alpha1.ReasonModelUnavailable, "an upgrade"),
				condition(reconciling, yes, now, v1alpha1.ReasonModelUnavailable, "an upgrade"),
			}, warning(v1alpha1.ReasonModelUnavailable, "an upgrade")), looksAgain(time.Second)),
		},
		"false if it was false": {
			given: all(was(
				condition(readyCond, no, then, noSource, "gone"), condition(reconciling, yes, then, noSource, "gone"),
			), away),
			want: becomes(conditions{
				condition(readyCond, no, then, unreachable, notConnected),
				condition(reconciling, yes, then, unreachable, notConnected),
			}, event),
		},
		"false without conditions": {
			given: all(was(), away),
			want:  becomes(waiting(no, now), event),
		},
		"true after the outage": {
			given: was(waiting(yes, then)...),
			want:  becomes(conditions{condition(readyCond, yes, then, synced, inSync)}),
		},
		"true while the model is busy": {
			given: verdict(v1alpha1.ReasonModelUnavailable, "an upgrade"),
			want: all(becomes(conditions{
				condition(readyCond, yes, then, v1alpha1.ReasonModelUnavailable, "an upgrade"),
				condition(reconciling, yes, now, v1alpha1.ReasonModelUnavailable, "an upgrade"),
			}, warning(v1alpha1.ReasonModelUnavailable, "an upgrade")), looksAgain(time.Second)),
		},
	})
}

// unapplied sets a plan for a content that was not applied before.
func unapplied(in *secretIn) { in.plan.Unapplied = true }

func TestSuspendedObjectIsNotReady(t *testing.T) {
	t.Parallel()
	const suspended, why = v1alpha1.ReasonSuspended, "suspended"
	is := func(since time.Time) []metav1.Condition {
		return []metav1.Condition{condition(readyCond, no, since, suspended, why)}
	}
	event := normal(suspended, why)
	runSecretTests(t, map[string]secretTest{
		"in sync before": {
			given: all(was(ofGeneration(1, condition(readyCond, yes, then, synced, inSync))...), verdict(suspended, why)),
			want:  becomes(is(now), event),
		},
		"in an outage before": {
			given: all(was(condition(readyCond, yes, then, unreachable, notConnected),
				condition(reconciling, yes, then, unreachable, notConnected)), verdict(suspended, why)),
			want: becomes(is(now), event),
		},
		"never in sync": {given: all(was(), verdict(suspended, why)), want: becomes(is(now), event)},
		"stalled before": {
			given: all(was(condition(readyCond, no, then, v1alpha1.ReasonDrifted, "changed"),
				condition(stalled, yes, then, v1alpha1.ReasonDrifted, "changed")), verdict(suspended, why)),
			want: becomes(is(then), event),
		},
		"suspended before": {given: all(was(is(then)...), verdict(suspended, why))},
		"suspended with another generation": {
			given: all(was(is(then)...), verdict(suspended, why), func(in *secretIn) { in.generation = 3 }),
			want:  becomes(ofGeneration(3, is(then)...)),
		},
		"in an outage after it": {
			given: all(was(is(then)...), verdict(unreachable, notConnected)),
			want: becomes([]metav1.Condition{
				condition(readyCond, no, then, unreachable, notConnected),
				condition(reconciling, yes, now, unreachable, notConnected),
			}, warning(unreachable, notConnected)),
		},
	})
}

func TestGatheredUpdateWritesNoStatus(t *testing.T) {
	t.Parallel()
	gathers := func(in *secretIn) { in.plan.Condition, in.plan.Wait = plan.Condition{}, 300*time.Millisecond }
	updatesInfo := func(outcome plan.Outcome) func(*secretIn) {
		return func(in *secretIn) {
			in.plan.Steps, in.outcomes = []plan.Step{plan.Update{ID: dbID, Info: new("new")}}, []plan.Outcome{outcome}
		}
	}
	requeued := looksAgain(300 * time.Millisecond)
	runSecretTests(t, map[string]secretTest{
		"content": {gathers, requeued},
		"content of another generation": {
			all(gathers, func(in *secretIn) { in.generation = 3 }),
			all(requeued, func(out *secretOut) { out.Status.ObservedGeneration = generation }),
		},
		"content after another part": {
			all(gathers, updatesInfo(atRevision(3))), all(requeued, func(out *secretOut) {
				out.Report.Events = []status.Event{normal(v1alpha1.ReasonUpdated,
					"updated info of secret:"+dbID+", now at revision 3")}
			}),
		},
		"content after another part that failed": {
			all(gathers, updatesInfo(failure(v1alpha1.ReasonInvalidRequest, "no"))),
			all(becomes([]metav1.Condition{
				condition(readyCond, no, now, v1alpha1.ReasonInvalidRequest, "no"),
				condition(stalled, yes, now, v1alpha1.ReasonInvalidRequest, "no"),
			}, warning(v1alpha1.ReasonInvalidRequest, "no")), requeued),
		},
	})
}

// looksAgain sets the requeue.
func looksAgain(after time.Duration) func(*secretOut) {
	return func(out *secretOut) { out.Report.LookAgain = after }
}

func TestRequeueBacksOffWithTheAgeOfTheProblem(t *testing.T) {
	t.Parallel()
	lasting := func(reason v1alpha1.Reason, also string, lasts time.Duration) secretTest {
		since := now.Add(-lasts)
		return secretTest{given: all(verdict(reason, "no"), was(
			condition(readyCond, no, since, reason, "no"), condition(also, yes, since, reason, "no"),
		))}
	}
	after := func(d time.Duration, test secretTest) secretTest {
		test.want = looksAgain(d)
		return test
	}
	const notFound, failed = v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonFailed
	const denied = v1alpha1.ReasonPermissionDenied
	tests := map[string]secretTest{
		"at first": after(time.Second, lasting(failed, reconciling, 0)),
		"after less than a second": after(time.Second,
			lasting(failed, reconciling, 300*time.Millisecond)),
		"after a second":     after(time.Second, lasting(failed, reconciling, time.Second)),
		"after a while":      after(7*time.Second, lasting(failed, reconciling, 7*time.Second)),
		"after a long while": after(4*time.Minute, lasting(failed, reconciling, 4*time.Minute)),
		"after a second for a new conflict": after(time.Second,
			lasting(v1alpha1.ReasonConflict, stalled, time.Second)),
		"after five minutes for an old conflict": after(5*time.Minute,
			lasting(v1alpha1.ReasonConflict, stalled, 7*time.Second)),
		"at most five minutes":                  after(5*time.Minute, lasting(failed, reconciling, time.Hour)),
		"at most a minute":                      after(time.Minute, lasting(denied, stalled, 24*time.Hour)),
		"also when stalled":                     after(9*time.Second, lasting(denied, stalled, 9*time.Second)),
		"after a second if the clock went back": after(time.Second, lasting(failed, reconciling, -time.Hour)),
		"no requeue if an event wakes it":       after(0, lasting(noSource, reconciling, time.Minute)),
		"no requeue if the user must act": after(0,
			lasting(v1alpha1.ReasonInvalidRequest, stalled, time.Minute)),
		"during a removal": after(30*time.Second, lasting(v1alpha1.ReasonRemoving, reconciling, time.Minute)),
	}
	tests["at most half a minute"] = secretTest{
		given: lasting(notFound, reconciling, time.Hour).given,
		want:  looksAgain(30 * time.Second),
	}
	tests["after a second for a new reason"] = secretTest{
		given: all(lasting(noSource, reconciling, time.Hour).given, verdict(failed, "no")),
		want: all(becomes([]metav1.Condition{
			condition(readyCond, no, then, failed, "no"), condition(reconciling, yes, then, failed, "no"),
		}, warning(failed, "no")), looksAgain(time.Second)),
	}
	runSecretTests(t, tests)
}

func TestSecretStatusIdentifiesTheSecret(t *testing.T) {
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
	lost := func(in *secretIn) { in.plan.Owns = plan.Nothing }
	unchanged := func(reason v1alpha1.Reason, message string) func(*secretIn) {
		return all(verdict(reason, message), func(in *secretIn) {
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
		"the secret seen": {
			given: func(in *secretIn) { in.plan.Secret = secret(otherID, 7) },
			want:  is(otherID, 7, true),
		},
		"the secret after the steps": {
			given: update(plan.Outcome{Secret: secret(dbID, 4)}),
			want: all(is(dbID, 4, true), func(out *secretOut) {
				out.Report.Events = append(out.Report.Events, normal(v1alpha1.ReasonUpdated,
					"updated info of secret:"+dbID+", now at revision 4"))
			}),
		},
		"the last synced revision after a failed step": {
			given: all(unchanged(unreachable, notConnected), func(in *secretIn) { in.plan.Secret = secret(dbID, 5) },
				update(failure(v1alpha1.ReasonJujuUnreachable, notConnected))),
			want: is(dbID, 3, true),
		},
		"an observed secret": {
			given: func(in *secretIn) { in.plan.Owns, in.plan.Secret = plan.Observed, secret(otherID, 1) },
			want:  is(otherID, 1, false),
		},
		"the last secret while Juju is unreachable": {given: unchanged(unreachable, notConnected)},
		"the last secret while a source is missing": {given: unchanged(noSource, "gone")},
		"the last secret without a controller":      {given: unchanged(v1alpha1.ReasonControllerNotReady, "")},
		"the last secret during a removal": {
			given: unchanged(v1alpha1.ReasonRemoving, ""), want: looksAgain(30 * time.Second),
		},
		"no secret after the observed secret is gone": {
			given: all(unchanged(v1alpha1.ReasonSecretNotFound, "no"), lost),
			want:  all(nothing, looksAgain(30*time.Second)),
		},
		"no secret after another object owns it": {
			given: all(unchanged(v1alpha1.ReasonConflict, "no"), lost), want: all(nothing, looksAgain(5*time.Minute)),
		},
		"the last secret with a conflict": {
			given: unchanged(v1alpha1.ReasonConflict, "no"), want: looksAgain(5 * time.Minute),
		},
		"the model": {
			given: func(in *secretIn) { in.old.ModelUUID = "" },
			want:  func(out *secretOut) { out.Status.ModelUUID = modelUUID },
		},
		"another model": {
			given: func(in *secretIn) { in.plan.Model.Name, in.plan.ModelUUID = "prod/app", "f"+modelUUID[1:] },
			want: func(out *secretOut) {
				out.Status.ModelUUID = "f" + modelUUID[1:]
				out.Report.Events = []status.Event{warning(v1alpha1.ReasonModelReplaced,
					`model "prod/app" was removed and created again, with the UUID f`+modelUUID[1:]+
						" instead of "+modelUUID+": the secrets and grants of this object in the old model are gone")}
			},
		},
	})
}

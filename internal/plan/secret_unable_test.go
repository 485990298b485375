// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestASecretThatMayNotUseItsModelIsLeftAlone(t *testing.T) {
	t.Parallel()
	runSecretTests(t, map[string]secretTest{
		"a namespace that is no tenant": {
			given: func(s *plan.SecretSeen) { s.Tenancy, s.World = denied(), plan.World{} },
			want:  tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"a controller object that does not exist": {
			given: func(s *plan.SecretSeen) { s.Tenancy, s.World = plan.NoController("default"), plan.World{} },
			want:  tells(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"whatever the model is known to hold": {
			given: func(s *plan.SecretSeen) { s.Tenancy, s.Content = denied(), wanting("new") },
			want:  tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"and nobody is told what is wrong with Juju, or with its content": {
			given: func(s *plan.SecretSeen) {
				s.Tenancy, s.World = denied(), troubled(plan.Unreachable)
				s.Content = content.Desired{State: content.Invalid, Problem: "no"}
			},
			want: tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"one that only looks": {
			given: func(s *plan.SecretSeen) { s.Tenancy, s.Want.Observe = denied(), true },
			want:  tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"one that was never made": {
			given: func(s *plan.SecretSeen) {
				s.Tenancy, s.Record, s.LastID, s.World = denied(), plan.Record{}, "", plan.World{}
			},
			want: tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
	})
}

func TestNothingIsDoneAboutAModelThatWasNotSeen(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{
		"nobody asked": {
			given: func(s *plan.SecretSeen) { s.World = plan.World{} },
			want:  tells(v1alpha1.ReasonFailed, nobodyLooked),
		},
		"nobody asked, and it is deleted": {
			given: func(s *plan.SecretSeen) { s.Want.Deleting, s.World = true, plan.World{} },
			want:  tells(v1alpha1.ReasonFailed, nobodyLooked),
		},
		"facts of a world that is not known are none": {
			given: func(s *plan.SecretSeen) {
				s.World.Known, s.World.Trouble, s.Content = false, in(plan.Unreachable), wanting("new")
			},
			want: tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"it is new": {
			given: func(s *plan.SecretSeen) {
				s.Record, s.LastID, s.World = plan.Record{}, "", troubled(plan.Unreachable)
			},
			want: tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"its creation may have been cut off": {
			given: func(s *plan.SecretSeen) { s.LastID, s.World = "", troubled(plan.Busy) },
			want:  tells(v1alpha1.ReasonModelBusy, "Juju answered: no"),
		},
		"the source is missing too, which is told once Juju is back": {
			given: func(s *plan.SecretSeen) {
				s.World, s.Content = troubled(plan.Unreachable), content.Desired{State: content.Missing, Problem: "no"}
			},
			want: tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"it only looks": {
			given: func(s *plan.SecretSeen) { s.World, s.Want.Observe = troubled(plan.ModelNotFound), true },
			want:  tells(v1alpha1.ReasonModelNotFound, "Juju answered: no"),
		},
	}
	for kind, reason := range troubles() {
		tests[fmt.Sprintf("trouble: %s", reason)] = secretTest{
			given: func(s *plan.SecretSeen) { s.World = troubled(kind) },
			want:  tells(reason, "Juju answered: no"),
		}
		if kind == plan.ModelNotFound {
			continue // It took the secret with it.
		}
		tests[fmt.Sprintf("trouble while it is deleted: %s", reason)] = secretTest{
			given: func(s *plan.SecretSeen) { s.World, s.Want.Deleting = troubled(kind), true },
			want:  tells(reason, "Juju answered: no"),
		}
	}
	runSecretTests(t, tests)
}

func TestASecretOfSomebodyElseIsOnlyLookedAt(t *testing.T) {
	t.Parallel()
	observing := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Want.Observe, s.Record, s.Content = true, plan.Record{}, content.Desired{}
			holds(&s.World, nil, stranger())
			change(s)
		}
	}
	found := func(s *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Secret, p.Foreign, p.After, p.Digest = s, true, plan.Record{}, "" }
	}
	notFound := all(lost, tells(v1alpha1.ReasonSecretNotFound,
		`model "prod/app" has no user secret called "db": it is taken up when somebody adds it`),
		func(p *plan.Plan) { p.After = plan.Record{} })
	byID := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return observing(all(byItsID, change))
	}
	missing := func(reason v1alpha1.Reason, message string) func(*plan.Plan) {
		return all(notFound, tells(reason, message))
	}
	runSecretTests(t, map[string]secretTest{
		"by its ID, whatever it is called": {
			given: byID(func(s *plan.SecretSeen) { s.World.ByID.Name = "" }),
			want:  found(stranger(func(s *plan.UserSecret) { s.Name = "" })),
		},
		"by its ID, whoever manages it": {
			given: byID(rivals(plan.Rival{Older: true, SecretID: otherID})), want: found(stranger()),
		},
		"none has the ID": {
			given: byID(func(s *plan.SecretSeen) { s.World.ByID = nil }), want: missing(v1alpha1.ReasonSecretNotFound, noSuchID),
		},
		"that of the ID is being removed": {
			given: byID(func(s *plan.SecretSeen) { s.World.ByID.Removing = true }), want: missing(v1alpha1.ReasonSecretNotFound, noSuchID),
		},
		"that of the ID is a charm's": {
			given: byID(func(s *plan.SecretSeen) { s.World.ByID, s.World.CharmOwned = nil, true }),
			want:  missing(v1alpha1.ReasonCharmOwned, charmsOwn),
		},
		"it is told of": {
			given: observing(func(*plan.SecretSeen) {}),
			want:  found(stranger()),
		},
		"it may say what it likes": {
			given: observing(func(s *plan.SecretSeen) {
				s.Want.Info = "other"
				s.World.ByName.Checksum = content.Sealed[string]{}
				s.World.ByName.RevisionGone = true
			}),
			want: found(stranger(func(s *plan.UserSecret) { s.Checksum, s.RevisionGone = content.Sealed[string]{}, true })),
		},
		"it is not there yet": {
			given: observing(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }),
			want:  notFound,
		},
		"it is being removed": {
			given: observing(func(s *plan.SecretSeen) { holds(&s.World, nil, stranger(removing)) }),
			want:  notFound,
		},
		"one that was noted before does not count": {
			given: observing(func(s *plan.SecretSeen) { holds(&s.World, database(), nil) }),
			want:  notFound,
		},
		"one that the object managed until now is let go, and stays": {
			given: observing(func(s *plan.SecretSeen) { s.Record, s.World = creating("db", ""), secretInSync().World }),
			want:  found(database()),
		},
		"one that the object managed until now is not there": {
			given: observing(func(s *plan.SecretSeen) { s.Record, s.World.ByName = creating("db", ""), nil }),
			want:  notFound,
		},
	})
}

func TestASecretWithoutItsContentIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	lacking := func(state content.State, change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Content = content.Desired{State: state, Problem: "Secret db does not exist"}
			change(s)
		}
	}
	says := func(reason v1alpha1.Reason) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Verdict = plan.Verdict{Reason: reason, Message: "Secret db does not exist"} }
	}
	as := func(*plan.SecretSeen) {}
	runSecretTests(t, map[string]secretTest{
		"nobody read it": {
			func(s *plan.SecretSeen) { s.Content = content.Desired{} },
			func(p *plan.Plan) {
				p.Verdict = plan.Verdict{Reason: v1alpha1.ReasonFailed, Message: "nobody read the content"}
			},
		},
		"a source is missing": {lacking(content.Missing, as), says(v1alpha1.ReasonSourceNotFound)},
		"a rule is broken":    {lacking(content.Invalid, as), says(v1alpha1.ReasonContentInvalid)},
		"nothing is created": {
			lacking(content.Missing, func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, nil)
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"no other change is made": {
			lacking(content.Invalid, func(s *plan.SecretSeen) { s.Want.Info, s.Want.Name = "other", "other" }),
			says(v1alpha1.ReasonContentInvalid),
		},
		"a creation that was cut off stays on record": {
			lacking(content.Missing, func(s *plan.SecretSeen) {
				s.LastID = ""
				holds(&s.World, nil, database(firstRevision))
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"that is told before a name that is taken": {
			lacking(content.Missing, func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, stranger())
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"that is told before a secret that is being removed": {
			lacking(content.Missing, func(s *plan.SecretSeen) { holds(&s.World, database(removing), nil) }),
			says(v1alpha1.ReasonSourceNotFound),
		},
	})
}

func TestJujuIsAskedOnlyOnBehalfOfASecretThatMay(t *testing.T) {
	t.Parallel()
	deleting := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return func(s *plan.SecretSeen) {
			s.Want.Deleting = true
			change(s)
		}
	}
	tests := map[string]struct {
		given func(*plan.SecretSeen)
		want  bool
	}{
		"in sync":                               {func(*plan.SecretSeen) {}, true},
		"new":                                   {func(s *plan.SecretSeen) { s.Record, s.LastID = plan.Record{}, "" }, true},
		"only looking":                          {func(s *plan.SecretSeen) { s.Want.Observe = true }, true},
		"without content":                       {func(s *plan.SecretSeen) { s.Content = content.Desired{} }, true},
		"no tenant":                             {func(s *plan.SecretSeen) { s.Tenancy = denied() }, false},
		"no controller":                         {func(s *plan.SecretSeen) { s.Tenancy = plan.NoController("default") }, false},
		"deleted":                               {deleting(func(*plan.SecretSeen) {}), true},
		"deleted in the middle of its creation": {deleting(func(s *plan.SecretSeen) { s.LastID = "" }), true},
		"deleted, no tenant":                    {deleting(func(s *plan.SecretSeen) { s.Tenancy = denied() }), false},
		"deleted, let go already":               {deleting(func(s *plan.SecretSeen) { s.Record = plan.Record{} }), false},
		"deleted, to be retained":               {deleting(func(s *plan.SecretSeen) { s.Want.Deletion = v1alpha1.DeletionRetain }), false},
		"deleted, only looking":                 {deleting(func(s *plan.SecretSeen) { s.Want.Observe = true }), false},
		"suspended":                             {func(s *plan.SecretSeen) { s.Want.Suspended = true }, false},
		"suspended, deleted":                    {deleting(func(s *plan.SecretSeen) { s.Want.Suspended = true }), true},
		"deleted, abandoned":                    {deleting(func(s *plan.SecretSeen) { s.Want.Abandoned = true }), false},
		"abandoned, but not deleted":            {func(s *plan.SecretSeen) { s.Want.Abandoned = true }, true},
		"deleted, adopted":                      {deleting(func(s *plan.SecretSeen) { s.Adopted = true }), false},
		"deleted in the middle of an adoption": {
			deleting(func(s *plan.SecretSeen) { s.Record, s.LastID = adopting(dbID), "" }), false,
		},
		"deleted, adopted, to be removed": {
			deleting(func(s *plan.SecretSeen) { s.Adopted, s.Want.Deletion = true, v1alpha1.DeletionDelete }), true,
		},
		"deleted, never made": {
			deleting(func(s *plan.SecretSeen) { s.Record, s.LastID = plan.Record{Held: true}, "" }), false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			test.given(&seen)
			before := seen
			before.World = plan.World{}
			got := []bool{plan.MayLookForSecret(seen), plan.MayLookForSecret(before)}
			if diff := cmp.Diff([]bool{test.want, test.want}, got); diff != "" {
				t.Errorf("MayLookForSecret, with the model and without (-want +got):\n%s", diff)
			}
		})
	}
}

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

func TestTenantDeniedBlocksSecret(t *testing.T) {
	t.Parallel()
	runSecretTests(t, map[string]secretTest{
		"no tenant": {
			given: func(s *plan.SecretFacts) { s.Tenancy, s.View = denied(), plan.ModelView{} },
			want:  reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"controller object missing": {
			given: func(s *plan.SecretFacts) { s.Tenancy, s.View = plan.NoController("default"), plan.ModelView{} },
			want:  reports(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"no tenant, new content": {
			given: func(s *plan.SecretFacts) { s.Tenancy, s.Content = denied(), wanting("new") },
			want:  reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"no tenant, Juju unreachable, content invalid": {
			given: func(s *plan.SecretFacts) {
				s.Tenancy, s.View = denied(), unavailable(v1alpha1.ReasonJujuUnreachable)
				s.Content = content.Desired{State: content.Invalid, Problem: "no"}
			},
			want: reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"no tenant, Observe": {
			given: func(s *plan.SecretFacts) { s.Tenancy, s.Desired.Observe = denied(), true },
			want:  reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"no tenant, new": {
			given: func(s *plan.SecretFacts) {
				s.Tenancy, s.Record, s.LastID, s.View = denied(), plan.Record{}, "", plan.ModelView{}
			},
			want: reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
	})
}

// secretOfName is how messages name the secret of an object.
const secretOfName = `the secret "db" in model "prod/app"`

func TestUnavailableModelBlocksSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]secretTest{
		"not read": {
			given: func(s *plan.SecretFacts) { s.View = plan.ModelView{} },
			want:  reports(v1alpha1.ReasonFailed, notRead+secretOfName),
		},
		"not read, deleting": {
			given: func(s *plan.SecretFacts) { s.Desired.Deleting, s.View = true, plan.ModelView{} },
			want:  reports(v1alpha1.ReasonFailed, notRead+secretOfName),
		},
		"unreachable, with an old view": {
			given: func(s *plan.SecretFacts) {
				s.View.Known, s.View.Problem, s.Content = false, in(v1alpha1.ReasonJujuUnreachable), wanting("new")
			},
			want: reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"unreachable, new": {
			given: func(s *plan.SecretFacts) {
				s.Record, s.LastID, s.View = plan.Record{}, "", unavailable(v1alpha1.ReasonJujuUnreachable)
			},
			want: reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"unavailable, creation pending": {
			given: func(s *plan.SecretFacts) { s.LastID, s.View = "", unavailable(v1alpha1.ReasonModelUnavailable) },
			want:  reports(v1alpha1.ReasonModelUnavailable, "Juju answered: no"),
		},
		"unreachable, source missing": {
			given: func(s *plan.SecretFacts) {
				s.View, s.Content = unavailable(v1alpha1.ReasonJujuUnreachable), content.Desired{
					State: content.Missing, Problem: "no",
				}
			},
			want: reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"model not found, Observe": {
			given: func(s *plan.SecretFacts) { s.View, s.Desired.Observe = unavailable(v1alpha1.ReasonModelNotFound), true },
			want:  reports(v1alpha1.ReasonModelNotFound, "Juju answered: no"),
		},
		"model removed": {
			given: func(s *plan.SecretFacts) { s.View = gone() },
			want:  reports(v1alpha1.ReasonModelNotFound, "Juju answered: no"),
		},
	}
	for kind, reason := range problemReasons() {
		tests[fmt.Sprintf("problem: %s", reason)] = secretTest{
			given: func(s *plan.SecretFacts) { s.View = unavailable(kind) },
			want:  reports(reason, noAnswer(reason, secretOfName)),
		}
		tests[fmt.Sprintf("problem, deleting: %s", reason)] = secretTest{
			given: func(s *plan.SecretFacts) { s.View, s.Desired.Deleting = unavailable(kind), true },
			want:  reports(reason, noAnswer(reason, secretOfName)),
		}
	}
	runSecretTests(t, tests)
}

func TestObserveReportsSecret(t *testing.T) {
	t.Parallel()
	observing := func(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.Desired.Observe, s.Record, s.Content = true, plan.Record{}, content.Desired{}
			holds(&s.View, nil, stranger())
			change(s)
		}
	}
	found := func(s *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Secret, p.Owns, p.After, p.Digest = s, plan.Observed, plan.Record{}, "" }
	}
	notFound := all(lost, reports(v1alpha1.ReasonSecretNotFound,
		`model "prod/app" has no user secret "db": the object is reconciled when it is added`),
		func(p *plan.Plan) { p.After = plan.Record{} })
	byID := func(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return observing(all(byItsID, change))
	}
	missing := func(reason v1alpha1.Reason, message string) func(*plan.Plan) {
		return all(notFound, reports(reason, message))
	}
	runSecretTests(t, map[string]secretTest{
		"by ID, another name": {
			given: byID(func(s *plan.SecretFacts) { s.View.ByID.Name = "" }),
			want:  found(stranger(func(s *plan.UserSecret) { s.Name = "" })),
		},
		"by ID, owned by another object": {
			given: byID(competitors(plan.Competitor{Older: true, SecretID: otherID})), want: found(stranger()),
		},
		"by ID, no secret": {
			given: byID(func(s *plan.SecretFacts) { s.View.ByID = nil }), want: missing(
				v1alpha1.ReasonSecretIDNotFound, noSuchID,
			),
		},
		"by ID, being removed": {
			given: byID(func(s *plan.SecretFacts) { s.View.ByID.Removing = true }), want: missing(
				v1alpha1.ReasonSecretIDNotFound, noSuchID,
			),
		},
		"by ID, a charm owns it": {
			given: byID(func(s *plan.SecretFacts) { s.View.ByID, s.View.CharmOwned = nil, true }),
			want:  missing(v1alpha1.ReasonCharmOwned, charmsOwn),
		},
		"by name": {
			given: observing(func(*plan.SecretFacts) {}),
			want:  found(stranger()),
		},
		"by name, other content and info": {
			given: observing(func(s *plan.SecretFacts) {
				s.Desired.Info = "other"
				s.View.ByName.Checksum = content.Sealed[string]{}
				s.View.ByName.RevisionGone = true
			}),
			want: found(stranger(func(s *plan.UserSecret) { s.Checksum, s.RevisionGone = content.Sealed[string]{}, true })),
		},
		"by name, no secret": {
			given: observing(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }),
			want:  notFound,
		},
		"by name, being removed": {
			given: observing(func(s *plan.SecretFacts) { holds(&s.View, nil, stranger(removing)) }),
			want:  notFound,
		},
		"by name, owned before": {
			given: observing(func(s *plan.SecretFacts) { holds(&s.View, database(), nil) }),
			want:  notFound,
		},
		"managed before: released": {
			given: observing(func(s *plan.SecretFacts) { s.Record, s.View = creating("db", ""), secretInSync().View }),
			want:  found(database()),
		},
		"managed before, no secret": {
			given: observing(func(s *plan.SecretFacts) { s.Record, s.View.ByName = creating("db", ""), nil }),
			want:  notFound,
		},
	})
}

func TestSecretWithoutContentIsUnchanged(t *testing.T) {
	t.Parallel()
	lacking := func(state content.State, change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.Content = content.Desired{State: state, Problem: "Secret db does not exist"}
			change(s)
		}
	}
	says := func(reason v1alpha1.Reason) func(*plan.Plan) {
		return func(p *plan.Plan) { p.Condition = plan.Condition{Reason: reason, Message: "Secret db does not exist"} }
	}
	as := func(*plan.SecretFacts) {}
	runSecretTests(t, map[string]secretTest{
		"content not read": {
			func(s *plan.SecretFacts) { s.Content = content.Desired{} },
			func(p *plan.Plan) {
				p.Condition = plan.Condition{
					Reason: v1alpha1.ReasonFailed, Message: `the operator did not read the content of the secret "db"`,
				}
			},
		},
		"source missing":  {lacking(content.Missing, as), says(v1alpha1.ReasonSourceNotFound)},
		"content invalid": {lacking(content.Invalid, as), says(v1alpha1.ReasonInvalidContent)},
		"new": {
			lacking(content.Missing, func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, nil)
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"other changes": {
			lacking(content.Invalid, func(s *plan.SecretFacts) { s.Desired.Info, s.Desired.Name = "other", "other" }),
			says(v1alpha1.ReasonInvalidContent),
		},
		"creation pending": {
			lacking(content.Missing, func(s *plan.SecretFacts) {
				s.LastID = ""
				holds(&s.View, nil, database(firstRevision))
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"name taken": {
			lacking(content.Missing, func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, stranger())
			}),
			says(v1alpha1.ReasonSourceNotFound),
		},
		"being removed": {
			lacking(content.Missing, func(s *plan.SecretFacts) { holds(&s.View, database(removing), nil) }),
			says(v1alpha1.ReasonSourceNotFound),
		},
	})
}

func TestMayLookForSecretNeedsTenancy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*plan.SecretFacts)
		want  bool
	}{
		"in sync":                   {func(*plan.SecretFacts) {}, true},
		"new":                       {func(s *plan.SecretFacts) { s.Record, s.LastID = plan.Record{}, "" }, true},
		"Observe":                   {func(s *plan.SecretFacts) { s.Desired.Observe = true }, true},
		"without content":           {func(s *plan.SecretFacts) { s.Content = content.Desired{} }, true},
		"no tenant":                 {func(s *plan.SecretFacts) { s.Tenancy = denied() }, false},
		"no controller":             {func(s *plan.SecretFacts) { s.Tenancy = plan.NoController("default") }, false},
		"deleted":                   {deleting(func(*plan.SecretFacts) {}), true},
		"deleted, creation pending": {deleting(func(s *plan.SecretFacts) { s.LastID = "" }), true},
		"deleted, no tenant":        {deleting(func(s *plan.SecretFacts) { s.Tenancy = denied() }), true},
		"adopted, deleted, no tenant": {deleting(func(s *plan.SecretFacts) {
			s.Tenancy, s.Adopted, s.Desired.Deletion = denied(), true, v1alpha1.DeletionDelete
		}), false},
		"deleted, released": {deleting(func(s *plan.SecretFacts) { s.Record = plan.Record{} }), false},
		"deleted, Retain": {
			deleting(func(s *plan.SecretFacts) { s.Desired.Deletion = v1alpha1.DeletionRetain }), false,
		},
		"deleted, Observe":           {deleting(func(s *plan.SecretFacts) { s.Desired.Observe = true }), false},
		"suspended":                  {func(s *plan.SecretFacts) { s.Desired.Suspended = true }, false},
		"suspended, deleted":         {deleting(func(s *plan.SecretFacts) { s.Desired.Suspended = true }), true},
		"deleted, abandoned":         {deleting(func(s *plan.SecretFacts) { s.Desired.Abandoned = true }), false},
		"abandoned, but not deleted": {func(s *plan.SecretFacts) { s.Desired.Abandoned = true }, true},
		"deleted, adopted":           {deleting(func(s *plan.SecretFacts) { s.Adopted = true }), false},
		"deleted, adoption pending": {
			deleting(func(s *plan.SecretFacts) { s.Record, s.LastID = adopting(dbID), "" }), false,
		},
		"deleted, adopted, Delete": {
			deleting(func(s *plan.SecretFacts) { s.Adopted, s.Desired.Deletion = true, v1alpha1.DeletionDelete }), true,
		},
		"deleted, nothing created": {
			deleting(func(s *plan.SecretFacts) { s.Record, s.LastID = plan.Record{Held: true}, "" }), false,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			test.given(&facts)
			before := facts
			before.View = plan.ModelView{}
			got := []bool{plan.MayLookForSecret(facts), plan.MayLookForSecret(before)}
			if diff := cmp.Diff([]bool{test.want, test.want}, got); diff != "" {
				t.Errorf("MayLookForSecret, with the model and without (-want +got):\n%s", diff)
			}
		})
	}
}

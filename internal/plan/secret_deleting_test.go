// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// deleting returns a JujuSecret that is being deleted, with changes.
func deleting(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.Desired.Deleting = true
		change(s)
	}
}

func TestDeletionReleasesWithoutAskingJuju(t *testing.T) {
	t.Parallel()
	// The model is not known, or the object may not use it. Neither blocks the
	// deletion.
	unasked := func(change func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return deleting(func(s *plan.SecretFacts) {
			s.View, s.Tenancy = plan.ModelView{}, denied()
			change(s)
		})
	}
	const retained = `left the secret "db" in model "prod/app": deletionPolicy is Retain`
	runSecretTests(t, map[string]secretTest{
		"finalizer already removed": {
			given: unasked(func(s *plan.SecretFacts) { s.Record = plan.Record{} }),
			want:  reports(v1alpha1.ReasonRemoved, ""),
		},
		"no finalizer, another secret has the name": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.View, nil, stranger())
			}),
			want: reports(v1alpha1.ReasonRemoved, ""),
		},
		"nothing created": {
			given: unasked(func(s *plan.SecretFacts) { s.Record, s.LastID = plan.Record{Held: true}, "" }),
			want:  releases(""),
		},
		"Observe": {
			given: unasked(func(s *plan.SecretFacts) { s.Desired.Observe = true }),
			want:  releases(""),
		},
		"Retain": {
			given: unasked(func(s *plan.SecretFacts) { s.Desired.Deletion = v1alpha1.DeletionRetain }),
			want:  releases(retained),
		},
		"Retain, Juju unreachable": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Desired.Deletion, s.View = v1alpha1.DeletionRetain, unavailable(v1alpha1.ReasonJujuUnreachable)
			}),
			want: releases(retained),
		},
		"Retain, controller object missing": {
			given: unasked(func(s *plan.SecretFacts) {
				s.Desired.Deletion, s.Tenancy = v1alpha1.DeletionRetain, plan.NoController("default")
			}),
			want: releases(retained),
		},
		"Retain, creation pending": {
			given: unasked(func(s *plan.SecretFacts) { s.Desired.Deletion, s.LastID = v1alpha1.DeletionRetain, "" }),
			want:  releases(retained),
		},
		"Retain, nothing created": {
			given: unasked(func(s *plan.SecretFacts) {
				s.Desired.Deletion, s.Record, s.LastID = v1alpha1.DeletionRetain, plan.Record{Held: true}, ""
			}),
			want: releases(""),
		},
	})
}

func TestDeletionRemovesSecretAndWaits(t *testing.T) {
	t.Parallel()
	removes := func(secret *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Secret, p.Steps, p.Digest = secret, []plan.Step{plan.Remove{ID: secret.ID}}, ""
			p.Condition = plan.Condition{
				Reason:  v1alpha1.ReasonRemoving,
				Message: `waiting until Juju has removed the secret "` + secret.Name + `" from model "prod/app"`,
			}
		}
	}
	waits := func(secret *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) {
			removes(secret)(p)
			p.Steps = nil
		}
	}
	gone := releases("")
	runSecretTests(t, map[string]secretTest{
		"removed, and the finalizer stays": {
			given: deleting(func(*plan.SecretFacts) {}),
			want:  removes(database()),
		},
		"being removed: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.View.ByID.Removing = true }),
			want:  waits(database(removing)),
		},
		"removal completed": {
			given: deleting(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) }),
			want:  gone,
		},
		"removal completed, another secret has the name": {
			given: deleting(func(s *plan.SecretFacts) { holds(&s.View, nil, stranger()) }),
			want:  gone,
		},
		"another name in Juju": {
			given: deleting(func(s *plan.SecretFacts) {
				s.View.ByID.Name = "old"
				s.View.ByName = stranger()
			}),
			want: removes(database(func(s *plan.UserSecret) { s.Name = "old" })),
		},
		"sources already deleted": {
			given: deleting(func(s *plan.SecretFacts) { s.Content = content.Desired{State: content.Missing, Problem: "no"} }),
			want:  removes(database()),
		},
		"content invalid": {
			given: deleting(func(s *plan.SecretFacts) { s.Content = content.Desired{State: content.Invalid, Problem: "no"} }),
			want:  removes(database()),
		},
		"content changed in Juju": {
			given: deleting(func(s *plan.SecretFacts) { s.View.ByID.Checksum, s.View.ByID.Revision = content.Seal("x"), 9 }),
			want:  removes(database(func(s *plan.UserSecret) { s.Checksum, s.Revision = content.Seal("x"), 9 })),
		},
		"tenancy ended, secret in the record": {
			given: deleting(func(s *plan.SecretFacts) { s.Tenancy = denied() }),
			want:  removes(database()),
		},
		"no tenancy for a model that is not listed, adopted secret": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Tenancy, s.Adopted, s.Desired.Deletion = denied(), true, v1alpha1.DeletionDelete
				s.Tenancy.Unlisted = true
			}),
			want: releases(`left the secret "db" in model "prod/app", which was not created for this object: ` + deniedMessage),
		},
		"tenancy ended, creation interrupted": {
			given: deleting(cutOff(func(s *plan.SecretFacts) { s.Tenancy = denied() })),
			want:  removes(database(firstRevision)),
		},
		"creation interrupted": {
			given: deleting(cutOff(func(*plan.SecretFacts) {})),
			want:  removes(database(firstRevision)),
		},
		"creation of a replacement interrupted": {
			given: deleting(cutOff(func(s *plan.SecretFacts) { s.Record, s.LastID = creating("db", otherID), otherID })),
			want:  removes(database(firstRevision)),
		},
		"creation interrupted, content changed": {
			given: deleting(cutOff(func(s *plan.SecretFacts) { s.Content = wanting("new") })),
			want:  removes(database(firstRevision)),
		},
		"creation interrupted, source missing": {
			given: deleting(cutOff(func(s *plan.SecretFacts) {
				s.Content = content.Desired{State: content.Missing, Problem: "no"}
			})),
			want: removes(database(firstRevision)),
		},
		"creation interrupted, unproven secret is left": {
			given: deleting(cutOff(func(s *plan.SecretFacts) { s.View.ByName.Checksum = holding("other").Checksum() })),
			want: releases(`left the secret "db" (` + dbID + `) in model "prod/app": it may have been created for this ` +
				"object just before a crash, but nothing proves it"),
		},
		"creation under another name interrupted": {
			given: deleting(cutOff(func(s *plan.SecretFacts) {
				s.Desired.Name, s.Begun = "new", s.View.ByName
				holds(&s.View, nil, nil)
			})),
			want: removes(database(firstRevision)),
		},
		"creation never sent": {
			given: deleting(cutOff(func(s *plan.SecretFacts) { holds(&s.View, nil, nil) })),
			want:  gone,
		},
	})
}

func TestDeletionWaitsOnlyForTemporaryProblems(t *testing.T) {
	t.Parallel()
	runSecretTests(t, map[string]secretTest{
		"no tenant: adopted secret is left": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Tenancy, s.View, s.Adopted, s.Desired.Deletion = denied(), plan.ModelView{}, true, v1alpha1.DeletionDelete
			}),
			want: releases(`left the secret "db" in model "prod/app", which was not created for this object: ` + deniedMessage),
		},
		"record signed with another key": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Record, s.LastID, s.ForeignKey, s.View = plan.Record{Held: true}, "", true, plan.ModelView{}
			}),
			want: releases(`left the secret "db" in model "prod/app", if it exists: the object's record was signed with ` +
				`another ` +
				"installation key"),
		},
		"controller object missing: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.Tenancy, s.View = plan.NoController("default"), plan.ModelView{} }),
			want:  reports(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"Juju unreachable: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonJujuUnreachable) }),
			want:  reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"credentials rejected: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonCredentialsRejected) }),
			want:  reports(v1alpha1.ReasonCredentialsRejected, "Juju answered: no"),
		},
		"model removed: released": {
			given: deleting(func(s *plan.SecretFacts) { s.View = gone() }),
			want:  releases("left what was created for this object, unless it was removed with its model: Juju answered: no"),
		},
		"model not listed: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonModelNotFound) }),
			want:  reports(v1alpha1.ReasonModelNotFound, "Juju answered: no"),
		},
		"access to the model lost, entries of the other kind, adopted: waits": {
			given: deleting(func(s *plan.SecretFacts) {
				s.Tenancy = denied()
				s.Tenancy.Unlisted, s.Adopted, s.Desired.Deletion = true, true, v1alpha1.DeletionDelete
				s.View = unavailable(v1alpha1.ReasonPermissionDenied)
			}),
			want: reports(v1alpha1.ReasonPermissionDenied, "Juju answered: no"),
		},
		"access to the model lost: waits": {
			given: deleting(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonPermissionDenied) }),
			want:  reports(v1alpha1.ReasonPermissionDenied, "Juju answered: no"),
		},
	})
}

func TestDeletionKeepsUnprovenSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*plan.SecretFacts){
		"other content than recorded": cutOff(func(s *plan.SecretFacts) {
			s.View.ByName.Checksum = holding("other").Checksum()
		}),
		"no checksum":               cutOff(func(s *plan.SecretFacts) { s.View.ByName.Checksum = content.Seal("") }),
		"second revision":           cutOff(func(s *plan.SecretFacts) { s.View.ByName.Revision = 2 }),
		"another name":              cutOff(func(s *plan.SecretFacts) { s.Record = creating("old", "") }),
		"creation replaces another": cutOff(func(s *plan.SecretFacts) { s.Record = creating("db", otherID) }),
		"own secret replaced manually": func(s *plan.SecretFacts) {
			holds(&s.View, nil, stranger(firstRevision))
		},
	}
	for name, given := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			deleting(given)(&facts)
			digested(&facts)
			got := plan.ForSecret(facts)
			if len(got.Steps) > 0 || !got.After.Equal(plan.Record{}) {
				t.Errorf("steps %v, record %v, want none", got.Steps, got.After)
			}
		})
	}
}

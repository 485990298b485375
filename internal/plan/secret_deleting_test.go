// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// goes is a JujuSecret that is being deleted, with changes.
func goes(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
	return func(s *plan.SecretSeen) {
		s.Want.Deleting = true
		change(s)
	}
}

func TestASecretThatIsNobodysIsLetGoWithoutAskingJuju(t *testing.T) {
	t.Parallel()
	// Nothing is known of the model, or the object may not use it: neither may hold it up.
	unasked := func(change func(*plan.SecretSeen)) func(*plan.SecretSeen) {
		return goes(func(s *plan.SecretSeen) {
			s.World, s.Tenancy = plan.World{}, denied()
			change(s)
		})
	}
	const retained = `left the secret "db" in model "prod/app", as deletionPolicy: Retain says`
	runSecretTests(t, map[string]secretTest{
		"the finalizer is gone already": {
			given: unasked(func(s *plan.SecretSeen) { s.Record = plan.Record{} }),
			want:  tells(v1alpha1.ReasonRemoved, ""),
		},
		"there never was one, and somebody else has the name": {
			given: goes(func(s *plan.SecretSeen) {
				s.Record, s.LastID = plan.Record{}, ""
				holds(&s.World, nil, stranger())
			}),
			want: tells(v1alpha1.ReasonRemoved, ""),
		},
		"nothing was ever made": {
			given: unasked(func(s *plan.SecretSeen) { s.Record, s.LastID = plan.Record{Held: true}, "" }),
			want:  letsGo(""),
		},
		"it was only looked at": {
			given: unasked(func(s *plan.SecretSeen) { s.Want.Observe = true }),
			want:  letsGo(""),
		},
		"it is to be retained": {
			given: unasked(func(s *plan.SecretSeen) { s.Want.Deletion = v1alpha1.DeletionRetain }),
			want:  letsGo(retained),
		},
		"it is to be retained, and Juju is away": {
			given: goes(func(s *plan.SecretSeen) {
				s.Want.Deletion, s.World = v1alpha1.DeletionRetain, troubled(plan.Unreachable)
			}),
			want: letsGo(retained),
		},
		"it is to be retained, and its controller object is gone": {
			given: unasked(func(s *plan.SecretSeen) {
				s.Want.Deletion, s.Tenancy = v1alpha1.DeletionRetain, plan.NoController("default")
			}),
			want: letsGo(retained),
		},
		"it is to be retained, if its creation got through": {
			given: unasked(func(s *plan.SecretSeen) { s.Want.Deletion, s.LastID = v1alpha1.DeletionRetain, "" }),
			want:  letsGo(retained),
		},
		"it is to be retained, but nothing was ever made": {
			given: unasked(func(s *plan.SecretSeen) {
				s.Want.Deletion, s.Record, s.LastID = v1alpha1.DeletionRetain, plan.Record{Held: true}, ""
			}),
			want: letsGo(""),
		},
	})
}

func TestASecretThatGoesIsRemovedAndWaitedFor(t *testing.T) {
	t.Parallel()
	removes := func(secret *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Secret, p.Steps, p.Digest = secret, []plan.Step{plan.Remove{ID: secret.ID}}, ""
			p.Verdict = plan.Verdict{
				Reason:  v1alpha1.ReasonRemoving,
				Message: `Juju has yet to remove the secret "` + secret.Name + `" from model "prod/app"`,
			}
		}
	}
	waits := func(secret *plan.UserSecret) func(*plan.Plan) {
		return func(p *plan.Plan) {
			removes(secret)(p)
			p.Steps = nil
		}
	}
	gone := letsGo("")
	runSecretTests(t, map[string]secretTest{
		"it is removed, and the finalizer stays": {
			given: goes(func(*plan.SecretSeen) {}),
			want:  removes(database()),
		},
		"Juju has yet to do it": {
			given: goes(func(s *plan.SecretSeen) { s.World.ByID.Removing = true }),
			want:  waits(database(removing)),
		},
		"Juju has done it": {
			given: goes(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) }),
			want:  gone,
		},
		"Juju has done it, and somebody else has the name already": {
			given: goes(func(s *plan.SecretSeen) { holds(&s.World, nil, stranger()) }),
			want:  gone,
		},
		"under the name that it has in Juju": {
			given: goes(func(s *plan.SecretSeen) {
				s.World.ByID.Name = "old"
				s.World.ByName = stranger()
			}),
			want: removes(database(func(s *plan.UserSecret) { s.Name = "old" })),
		},
		"without its sources, which often go first": {
			given: goes(func(s *plan.SecretSeen) { s.Content = content.Desired{State: content.Missing, Problem: "no"} }),
			want:  removes(database()),
		},
		"without valid content": {
			given: goes(func(s *plan.SecretSeen) { s.Content = content.Desired{State: content.Invalid, Problem: "no"} }),
			want:  removes(database()),
		},
		"whatever its content is by now": {
			given: goes(func(s *plan.SecretSeen) { s.World.ByID.Checksum, s.World.ByID.Revision = content.Seal("x"), 9 }),
			want:  removes(database(func(s *plan.UserSecret) { s.Checksum, s.Revision = content.Seal("x"), 9 })),
		},
		"though its namespace is no tenant any more, as the operator itself noted it": {
			given: goes(func(s *plan.SecretSeen) { s.Tenancy, s.LastProven = denied(), true }),
			want:  all(removes(database()), proven),
		},
		"though its namespace is no tenant any more, after a creation that the operator itself noted and a crash cut off": {
			given: goes(cutOff(func(s *plan.SecretSeen) { s.Tenancy, s.BegunProven = denied(), true })),
			want:  all(removes(database(firstRevision)), proven),
		},
		"after a creation that a crash cut off": {
			given: goes(cutOff(func(*plan.SecretSeen) {})),
			want:  removes(database(firstRevision)),
		},
		"after a creation in its place that a crash cut off": {
			given: goes(cutOff(func(s *plan.SecretSeen) { s.Record, s.LastID = creating("db", otherID), otherID })),
			want:  removes(database(firstRevision)),
		},
		"whatever it shall hold by now": {
			given: goes(cutOff(func(s *plan.SecretSeen) { s.Content = wanting("new") })),
			want:  removes(database(firstRevision)),
		},
		"whatever has become of its sources": {
			given: goes(cutOff(func(s *plan.SecretSeen) {
				s.Content = content.Desired{State: content.Missing, Problem: "no"}
			})),
			want: removes(database(firstRevision)),
		},
		"but not if it cannot be proved to be ours, of which it tells": {
			given: goes(cutOff(func(s *plan.SecretSeen) { s.World.ByName.Checksum = holding("other").Checksum() })),
			want: letsGo(`left the secret "db" (` + dbID + `) in model "prod/app": it may have been made for this ` +
				"object just before a crash, but nothing proves it"),
		},
		"after a creation under another name that a crash cut off": {
			given: goes(cutOff(func(s *plan.SecretSeen) {
				s.Want.Name, s.Begun = "new", s.World.ByName
				holds(&s.World, nil, nil)
			})),
			want: removes(database(firstRevision)),
		},
		"after a creation that never got through": {
			given: goes(cutOff(func(s *plan.SecretSeen) { holds(&s.World, nil, nil) })),
			want:  gone,
		},
	})
}

func TestADeletionIsHeldUpOnlyByWhatCanPass(t *testing.T) {
	t.Parallel()
	runSecretTests(t, map[string]secretTest{
		"a namespace that is no tenant leaves what somebody may have written into the status, and says so": {
			given: goes(func(s *plan.SecretSeen) { s.Tenancy, s.World = denied(), plan.World{} }),
			want:  letsGo(`left the secret "db" in model "prod/app", as nothing proves it to be this object's: ` + deniedMessage),
		},
		"it leaves what may have been begun, unseen, as somebody may have written that into the record": {
			given: goes(cutOff(func(s *plan.SecretSeen) { s.Tenancy, s.World = denied(), plan.World{} })),
			want:  letsGo(`left the secret "db" in model "prod/app", as nothing proves it to be this object's: ` + deniedMessage),
		},
		"it leaves what it had, if somebody may have written besides that another was begun": {
			given: goes(func(s *plan.SecretSeen) {
				s.Tenancy, s.World, s.LastProven, s.Record = denied(), plan.World{}, true, creating("theirs", s.LastID)
			}),
			want: letsGo(`left the secret "db" in model "prod/app", as nothing proves it to be this object's: ` + deniedMessage),
		},
		"a controller object that is missing is waited for": {
			given: goes(func(s *plan.SecretSeen) { s.Tenancy, s.World = plan.NoController("default"), plan.World{} }),
			want:  tells(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"Juju is waited for": {
			given: goes(func(s *plan.SecretSeen) { s.World = troubled(plan.Unreachable) }),
			want:  tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"a wrong password never looks like a missing model": {
			given: goes(func(s *plan.SecretSeen) { s.World = troubled(plan.CredentialsRejected) }),
			want:  tells(v1alpha1.ReasonCredentialsRejected, "Juju answered: no"),
		},
		"a model that is gone took the secret with it": {
			given: goes(func(s *plan.SecretSeen) { s.World = troubled(plan.ModelNotFound) }),
			want:  letsGo("left whatever was made for this object, unless it went with its model: Juju answered: no"),
		},
	})
}

func TestADeletionRemovesNoSecretThatOnlyLooksLikeOurs(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*plan.SecretSeen){
		"other content than was announced": cutOff(func(s *plan.SecretSeen) {
			s.World.ByName.Checksum = holding("other").Checksum()
		}),
		"content that Juju does not tell": cutOff(func(s *plan.SecretSeen) { s.World.ByName.Checksum = content.Seal("") }),
		"a second revision":               cutOff(func(s *plan.SecretSeen) { s.World.ByName.Revision = 2 }),
		"another name":                    cutOff(func(s *plan.SecretSeen) { s.Record = creating("old", "") }),
		"a creation for another one":      cutOff(func(s *plan.SecretSeen) { s.Record = creating("db", otherID) }),
		"somebody else's, since ours is gone": func(s *plan.SecretSeen) {
			holds(&s.World, nil, stranger(firstRevision))
		},
	}
	for name, given := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			goes(given)(&seen)
			digested(&seen)
			got := plan.ForSecret(seen)
			if len(got.Steps) > 0 || !got.After.Equal(plan.Record{}) {
				t.Errorf("steps %v, record %v: want none, so that the object goes", got.Steps, got.After)
			}
		})
	}
}

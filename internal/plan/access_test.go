// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// inJuju sets the applications that are granted the secret in Juju.
func inJuju(apps ...string) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.View.ByID.Granted = apps }
}

// all applies several changes.
func all[T any](changes ...func(*T)) func(*T) {
	return func(v *T) {
		for _, change := range changes {
			change(v)
		}
	}
}

func wants(apps ...string) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.Applications = apps }
}

func recorded(record plan.Record) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.Record = record }
}

// records sets the record before the steps, and the record after them.
func records(before, after plan.Record, steps ...plan.Step) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Before, p.After, p.Steps = before, after, steps }
}

func TestGrantAddsMissingGrants(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"in sync": {},
		"new: all, recorded before the grant": {
			given: all(recorded(plan.Record{}), inJuju()),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}),
		},
		"additional application": {
			given: wants("app1", "app2", "app3"),
			want: records(granted("app1", "app2", "app3"), granted("app1", "app2", "app3"),
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"redeployed application, which lost its grant": {
			given: inJuju("app1"),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"in the order of the manifest, recorded in the order of names": {
			given: all(recorded(plan.Record{}), inJuju(), wants("app9", "app10", "app1")),
			want: records(granted("app1", "app10", "app9"), granted("app1", "app10", "app9"),
				plan.Grant{ID: dbID, Applications: []string{"app9", "app10", "app1"}}),
		},
		"manual grant is used and not recorded": {
			given: recorded(plan.Record{}),
			want:  records(granted(), granted()),
		},
		"manual grant, and a missing one": {
			given: all(recorded(plan.Record{}), inJuju("app1")),
			want: records(granted("app2"), granted("app2"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"grant of another object is recorded too": {
			given: all(recorded(plan.Record{}), func(s *plan.AccessFacts) { s.GrantedByOthers = []string{"app2", "app3"} }),
			want:  records(granted("app2"), granted("app2")),
		},
		"grant of two other objects, and a missing one": {
			given: all(recorded(granted("app1")), wants("app1", "app2", "app3"), func(s *plan.AccessFacts) {
				s.GrantedByOthers = []string{"app2", "app9", "app2", "app1"}
			}),
			want: records(granted("app1", "app2", "app3"), granted("app1", "app2", "app3"),
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"grant that others want is not recorded": {
			given: all(recorded(plan.Record{}), func(s *plan.AccessFacts) { s.WantedByOthers = []string{"app1", "app2"} }),
			want:  records(granted(), granted()),
		},
		"grants of others are left": {
			given: inJuju("app1", "app2", "app3", "app4"),
			want:  leavesOthers("app3", "app4"),
		},
		"after a crash: recorded and not granted": {
			given: inJuju(),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}),
		},
		"another secret of the same name": {
			given: func(s *plan.AccessFacts) {
				s.Record.SecretID = otherID
				s.View.ByID.Granted = []string{"app1"}
			},
			want: func(p *plan.Plan) {
				records(granted("app2"), granted("app2"), plan.Grant{ID: dbID, Applications: []string{"app2"}})(p)
			},
		},
		"by name": {
			given: func(s *plan.AccessFacts) {
				s.Target.Query = plan.Query{Name: "db"}
				s.View.ByID, s.View.ByName = nil, database(func(s *plan.UserSecret) { s.Granted = nil })
			},
			want: func(p *plan.Plan) {
				p.Secret = database(func(s *plan.UserSecret) { s.Granted = nil })
				p.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}}
			},
		},
		"by ID, another secret has the name": {
			given: func(s *plan.AccessFacts) { s.View.ByName = stranger(func(s *plan.UserSecret) { s.Granted = nil }) },
		},
	})
}

func TestRevokeRemovesOnlyRecordedGrants(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"removed from the spec": {
			given: wants("app1"),
			want: records(granted("app1", "app2"), granted("app1"),
				plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
		"all replaced in the spec": {
			given: wants("app3"),
			want: records(granted("app1", "app2", "app3"), granted("app3"),
				plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}},
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"no longer granted in Juju: only removed from the record": {
			given: all(wants("app1"), inJuju("app1")),
			want:  records(granted("app1", "app2"), granted("app1")),
		},
		"granted on another secret of the same name: kept": {
			given: all(wants("app1"), func(s *plan.AccessFacts) { s.Record.SecretID = otherID }),
			want:  all(records(granted(), granted()), leavesOthers("app2")),
		},
		"manual grant: kept": {
			given: all(wants("app1"), recorded(granted("app1"))),
			want:  leavesOthers("app2"),
		},
		"manual grant kept, recorded grant revoked": {
			given: all(wants("app1"), inJuju("app1", "app2", "app3")),
			want: all(records(granted("app1", "app2"), granted("app1"),
				plan.Revoke{ID: dbID, Applications: []string{"app2"}}), leavesOthers("app3")),
		},
	})
}

func TestRevokeKeepsGrantsThatOthersWant(t *testing.T) {
	t.Parallel()
	others := func(apps ...string) func(*plan.AccessFacts) {
		return func(s *plan.AccessFacts) { s.WantedByOthers, s.GrantedByOthers = apps, apps }
	}
	tests := map[string]struct {
		given func(*plan.AccessFacts)
		want  []plan.Step
	}{
		"the only grant": {
			given: all(wants("app1"), others("app2")),
		},
		"one of two grants": {
			given: all(wants("app3"), others("app2", "app3")),
			want: []plan.Step{
				plan.Revoke{ID: dbID, Applications: []string{"app1"}},
				plan.Grant{ID: dbID, Applications: []string{"app3"}},
			},
		},
		"deletion": {
			given: leaves(others("app1", "app2")),
		},
		"deletion, one grant wanted": {
			given: leaves(others("app1", "app9")),
			want:  []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app2"}}},
		},
		"deletion of both objects: both revoke": {
			given: leaves(func(s *plan.AccessFacts) { s.GrantedByOthers = []string{"app1", "app2"} }),
			want:  []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			test.given(&facts)
			if diff := cmp.Diff(test.want, plan.ForAccess(facts).Steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// leaves returns a JujuSecretAccess that is being deleted, with changes.
func leaves(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) {
		s.Deleting = true
		all(changes...)(s)
	}
}

func TestAccessDeletionRevokesGrants(t *testing.T) {
	t.Parallel()
	revokes := func(apps ...string) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.After, p.Condition = plan.Record{}, plan.Condition{Reason: v1alpha1.ReasonRevoked}
			if len(apps) > 0 {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: apps}}
			}
		}
	}
	unknown := func(s *plan.AccessFacts) { s.View = plan.ModelView{} }
	runAccessTests(t, map[string]accessTest{
		"all":                       {leaves(), revokes("app1", "app2")},
		"manual grant kept":         {leaves(recorded(granted("app2"))), revokes("app2")},
		"lost in Juju":              {leaves(inJuju("app1", "app9")), revokes("app1")},
		"on another secret":         {leaves(func(s *plan.AccessFacts) { s.Record.SecretID = otherID }), revokes()},
		"all lost in Juju":          {leaves(inJuju("app9")), revokes()},
		"not in the spec":           {leaves(wants("app9")), revokes("app1", "app2")},
		"finalizer already removed": {leaves(unknown, recorded(plan.Record{})), revokes()},
		"nothing granted: Juju is not asked": {
			given: leaves(unknown, recorded(granted())),
			want:  releases(""),
		},
		"deletionPolicy Retain: Juju is not asked": {
			given: leaves(unknown, retaining),
			want:  releases(leftGrants + ": deletionPolicy is Retain"),
		},
		"abandoned: Juju is not asked": {
			given: leaves(unknown, abandoned),
			want:  releases(leftGrants + ": the annotation jujusecrets.io/abandon is set"),
		},
		"abandoned and Retain: the annotation is reported": {
			given: leaves(retaining, abandoned),
			want:  releases(leftGrants + ": the annotation jujusecrets.io/abandon is set"),
		},
		"abandoned, controller object missing": {
			given: leaves(unknown, abandoned, func(s *plan.AccessFacts) { s.Tenancy = plan.NoController("default") }),
			want:  releases(leftGrants + ": the annotation jujusecrets.io/abandon is set"),
		},
		"Retain: the message has the model of the grants": {
			given: leaves(unknown, retaining, recorded(grantedIn(otherApp, "app1"))),
			want: releases(
				"left the grants of secret:" + dbID + ` to app1 in model "` + modelUUID + `": deletionPolicy is Retain`,
			),
		},
		"nothing granted, Retain and abandoned": {
			given: leaves(unknown, retaining, abandoned, recorded(granted())),
			want:  releases(""),
		},
		"controller object is being deleted too": {leaves(), revokes("app1", "app2")},
		"secret removed": {
			given: leaves(func(s *plan.AccessFacts) { s.View.ByID = nil }),
			want:  releases(""),
		},
		"secret is being removed": {
			given: leaves(func(s *plan.AccessFacts) { s.View.ByID.Removing = true }),
			want:  releases(""),
		},
		"model removed": {
			given: leaves(func(s *plan.AccessFacts) { s.View = gone() }),
			want:  releases("left what was created for this object, unless it was removed with its model: Juju answered: no"),
		},
		"model not listed: waits": {
			given: leaves(func(s *plan.AccessFacts) { s.View = unavailable(v1alpha1.ReasonModelNotFound) }),
			want:  reports(v1alpha1.ReasonModelNotFound, "Juju answered: no"),
		},
		"access to the model lost: waits": {
			given: leaves(func(s *plan.AccessFacts) { s.View = unavailable(v1alpha1.ReasonPermissionDenied) }),
			want:  reports(v1alpha1.ReasonPermissionDenied, "Juju answered: no"),
		},
		"record signed with another key": {
			given: leaves(func(s *plan.AccessFacts) {
				s.Record, s.ForeignKey, s.View = plan.Record{Held: true}, true, plan.ModelView{}
			}),
			want: releases(
				"left the grants that were made for this object: its record was signed with another installation key",
			),
		},
		"tenancy ended: recorded grants are revoked": {
			given: leaves(func(s *plan.AccessFacts) { s.Tenancy = denied() }),
			want:  revokes("app1", "app2"),
		},
		"controller object missing: waits": {
			given: leaves(unknown, func(s *plan.AccessFacts) { s.Tenancy = plan.NoController("default") }),
			want:  reports(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"Juju unreachable: waits": {
			given: leaves(func(s *plan.AccessFacts) { s.View = unavailable(v1alpha1.ReasonJujuUnreachable) }),
			want:  reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
	})
}

// secretOfID is how messages name the secret of an access.
const secretOfID = "secret:" + dbID + ` in model "prod/app"`

const leftGrants = "left the grants of secret:" + dbID + ` to app1, app2 in model "prod/app"`

func retaining(s *plan.AccessFacts) { s.Retain = true }

func abandoned(s *plan.AccessFacts) { s.Abandoned = true }

func TestDeletionPolicyHasNoEffectBeforeAccessDeletion(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"Retain":    {given: retaining},
		"abandoned": {given: abandoned},
		"a grant that is no longer in the spec is revoked": {
			given: all(retaining, abandoned, wants("app1")),
			want:  records(granted("app1", "app2"), granted("app1"), plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
	})
}

// moved returns an access that granted another secret, in another model, than
// its present one.
func moved(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) {
		s.Record = grantedIn(otherApp, "app1", "app2")
		s.Record.SecretID = otherID
		s.FormerView = plan.ModelView{Known: true, ByID: stranger()}
		all(changes...)(s)
	}
}

func TestMoveRevokesGrantsOnFormerSecret(t *testing.T) {
	t.Parallel()
	moves := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Model, p.Secret, p.After, p.Steps = otherApp, nil, granted(), steps
			p.Condition = plan.Condition{
				Reason: v1alpha1.ReasonTransferringGrants, Message: "moving the grants from the former secret:" + otherID +
					" to the present secret",
			}
		}
	}
	revokes := func(apps ...string) plan.Step { return plan.Revoke{ID: otherID, Applications: apps} }
	others := func(s *plan.AccessFacts) { s.WantedByOthers, s.GrantedByOthers = []string{"app1"}, []string{"app1"} }
	runAccessTests(t, map[string]accessTest{
		"all": {moved(), moves(revokes("app1", "app2"))},
		"not grants that another object wants and has recorded": {moved(others), moves(revokes("app2"))},
		"not grants that are lost in Juju": {
			moved(func(s *plan.AccessFacts) { s.Former().Granted = []string{"app1", "app9"} }), moves(revokes("app1")),
		},
		"nothing if all are lost in Juju": {moved(func(s *plan.AccessFacts) { s.Former().Granted = nil }), moves()},
		"before the grants on the present secret": {
			moved(func(s *plan.AccessFacts) { s.View.ByID.Granted = nil }), moves(revokes("app1", "app2")),
		},
		"while the present secret does not exist": {
			moved(func(s *plan.AccessFacts) { s.View.ByID = nil }), moves(revokes("app1", "app2")),
		},
		"former secret removed: the present secret is granted": {
			moved(inJuju(), func(s *plan.AccessFacts) { s.FormerView.ByID = nil }),
			records(
				granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}},
			),
		},
		"former secret is being removed": {
			moved(func(s *plan.AccessFacts) { s.Former().Removing = true }), records(granted(), granted()),
		},
		"waits for the present model": {
			moved(func(s *plan.AccessFacts) { s.View = unavailable(v1alpha1.ReasonJujuUnreachable) }),
			reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"waits for the former model": {
			moved(func(s *plan.AccessFacts) { s.FormerView = unavailable(v1alpha1.ReasonJujuUnreachable) }),
			all(reports(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"), func(p *plan.Plan) { p.Secret = nil }),
		},
		"former model removed": {
			moved(inJuju(), func(s *plan.AccessFacts) { s.FormerView = gone() }),
			records(
				granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}},
			),
		},
		"access to the former model lost: waits": {
			moved(func(s *plan.AccessFacts) { s.FormerView = unavailable(v1alpha1.ReasonPermissionDenied) }),
			all(reports(v1alpha1.ReasonPermissionDenied, "Juju answered: no"), func(p *plan.Plan) { p.Secret = nil }),
		},
		"former model not listed: waits": {
			moved(func(s *plan.AccessFacts) { s.FormerView = unavailable(v1alpha1.ReasonModelNotFound) }),
			all(reports(v1alpha1.ReasonModelNotFound, "Juju answered: no"), func(p *plan.Plan) { p.Secret = nil }),
		},
		"former model not listed, and a login is refused: waits": {
			moved(func(s *plan.AccessFacts) {
				s.FormerTenancy, s.FormerView = denied(), unavailable(v1alpha1.ReasonPermissionDenied)
				s.FormerTenancy.Unlisted = true
			}),
			all(reports(v1alpha1.ReasonPermissionDenied, "Juju answered: no"), func(p *plan.Plan) { p.Secret = nil }),
		},
		"former model not listed, and a login succeeds: its grants stay": {
			moved(inJuju(), func(s *plan.AccessFacts) {
				s.FormerTenancy = denied()
				s.FormerTenancy.Unlisted = true
			}),
			records(
				granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}},
			),
		},
		"waits for the former controller object": {
			moved(func(s *plan.AccessFacts) { s.FormerTenancy, s.FormerView = plan.NoController("gone"), plan.ModelView{} }),
			func(p *plan.Plan) { p.Secret, p.Condition = nil, *plan.NoController("gone").Problem },
		},
		"tenancy of the former model ended": {
			moved(inJuju(), func(s *plan.AccessFacts) { s.FormerTenancy, s.FormerView = denied(), plan.ModelView{} }),
			records(
				granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}},
			),
		},
	})
}

func TestFormerIDIsTheSecretInTheRecord(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.AccessFacts)
		want  string
	}{
		"present secret":           {func(*plan.AccessFacts) {}, ""},
		"another secret":           {moved(), otherID},
		"nothing granted":          {recorded(granted()), ""},
		"present secret not known": {moved(func(s *plan.AccessFacts) { s.View = plan.ModelView{} }), ""},
		"granted secret removed": {
			func(s *plan.AccessFacts) { s.View.ByID = nil }, dbID,
		},
		"deletion": {leaves(moved()), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			test.given(&facts)
			if got := facts.FormerID(); got != test.want {
				t.Errorf("FormerID is %q, want %q", got, test.want)
			}
		})
	}
}

func TestAccessWaitsWithoutChanges(t *testing.T) {
	t.Parallel()
	const noSuchID = `model "prod/app" has no user secret with the ID "` + dbID +
		`", and Juju never reuses an ID: compare it with ` +
		"juju secrets; spec.secret cannot be changed, so create another JujuSecretAccess with the right id, or with a " +
		"name, and delete this one"
	const replacing = `model "prod/app" has no user secret with the ID "` + dbID +
		`": waiting for JujuSecret "db" to create it again, ` +
		"check its status"
	const notReady = `JujuSecret "db" does not exist, or has no secret in Juju yet: check its status`
	tests := map[string]accessTest{
		"JujuSecret not ready": {
			given: func(s *plan.AccessFacts) {
				s.Target, s.View = plan.UnreadySecret("db", plan.ModelRef{}, false), plan.ModelView{}
			},
			want: reports(v1alpha1.ReasonJujuSecretNotReady, notReady),
		},
		"JujuSecret not ready, no tenant": {
			given: func(s *plan.AccessFacts) {
				s.Target, s.Tenancy = plan.UnreadySecret("db", plan.ModelRef{}, false), denied()
			},
			want: reports(v1alpha1.ReasonJujuSecretNotReady, notReady),
		},
		"no secret of the ID": {
			given: func(s *plan.AccessFacts) { s.View.ByID, s.View.ByName = nil, stranger() },
			want:  all(reports(v1alpha1.ReasonSecretIDNotFound, noSuchID), lost),
		},
		"no secret of the ID that the JujuSecret had": {
			given: func(s *plan.AccessFacts) { s.View.ByID, s.Target.JujuSecret = nil, "db" },
			want:  all(reports(v1alpha1.ReasonSecretNotFound, replacing), lost),
		},
		"no secret of the name": {
			given: func(s *plan.AccessFacts) { s.Target.Query = plan.Query{Name: "db"} },
			want: all(lost, reports(v1alpha1.ReasonSecretNotFound,
				`model "prod/app" has no user secret "db": it is granted when it is added`)),
		},
		"secret of the ID is being removed": {
			given: func(s *plan.AccessFacts) { s.View.ByID.Removing = true },
			want:  all(reports(v1alpha1.ReasonSecretIDNotFound, noSuchID), lost),
		},
		"a charm owns the secret of the ID": {
			given: func(s *plan.AccessFacts) { s.View.ByID, s.View.CharmOwned = nil, true },
			want: all(lost, reports(v1alpha1.ReasonCharmOwned, "a charm owns secret:"+dbID+", and only that charm can change, "+
				"grant and remove it: name a user secret")),
		},
		"no tenant": {
			given: func(s *plan.AccessFacts) { s.Tenancy, s.View = denied(), plan.ModelView{} },
			want:  reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"no tenant, Juju unreachable": {
			given: func(s *plan.AccessFacts) { s.Tenancy, s.View = denied(), unavailable(v1alpha1.ReasonJujuUnreachable) },
			want:  reports(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"controller object missing": {
			given: func(s *plan.AccessFacts) { s.Tenancy, s.View = plan.NoController("default"), plan.ModelView{} },
			want:  reports(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"controller object is being deleted": {
			given: func(s *plan.AccessFacts) { s.Tenancy, s.View = plan.ControllerDeleting("default"), plan.ModelView{} },
			want:  reports(v1alpha1.ReasonControllerDeleting, deletingMessage),
		},
		"model not read": {
			given: func(s *plan.AccessFacts) { s.View = plan.ModelView{} },
			want:  reports(v1alpha1.ReasonFailed, "the operator did not read "+secretOfID),
		},
		"model unavailable, with an old view": {
			given: func(s *plan.AccessFacts) { s.View.Known, s.View.Problem = false, in(v1alpha1.ReasonModelUnavailable) },
			want:  reports(v1alpha1.ReasonModelUnavailable, "Juju answered: no"),
		},
	}
	for kind, reason := range problemReasons() {
		tests[fmt.Sprintf("model unavailable: %s", reason)] = accessTest{
			given: func(s *plan.AccessFacts) { s.View = unavailable(kind) },
			want:  reports(reason, noAnswer(reason, secretOfID)),
		}
	}
	runAccessTests(t, tests)
}

func TestMayLookForAccessNeedsTenancy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*plan.AccessFacts)
		want  bool
	}{
		"in sync":       {func(*plan.AccessFacts) {}, true},
		"new":           {recorded(plan.Record{}), true},
		"no tenant":     {func(s *plan.AccessFacts) { s.Tenancy = denied() }, false},
		"no controller": {func(s *plan.AccessFacts) { s.Tenancy = plan.NoController("default") }, false},
		"no secret yet": {func(s *plan.AccessFacts) {
			s.Target = plan.UnreadySecret("db", plan.ModelRef{}, false)
		}, false},
		"deleted":            {leaves(), true},
		"deleted, no tenant": {leaves(func(s *plan.AccessFacts) { s.Tenancy = denied() }), true},
		"deleted, no secret": {
			leaves(func(s *plan.AccessFacts) { s.Target = plan.UnreadySecret("db", plan.ModelRef{}, false) }), false,
		},
		"deleted, released":        {leaves(recorded(plan.Record{})), false},
		"deleted, nothing granted": {leaves(recorded(granted())), false},
		"deleted, Retain":          {leaves(retaining), false},
		"deleted, abandoned":       {leaves(abandoned), false},
		"abandoned, not deleted":   {abandoned, true},
		"deleted, no finalizer":    {leaves(recorded(plan.Record{Granted: []string{"app1"}})), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			test.given(&facts)
			before := facts
			before.View = plan.ModelView{}
			got := []bool{plan.MayLookForAccess(facts), plan.MayLookForAccess(before)}
			if diff := cmp.Diff([]bool{test.want, test.want}, got); diff != "" {
				t.Errorf("MayLookForAccess, with the model and without (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForAccessDoesNotChangeItsFacts(t *testing.T) {
	t.Parallel()
	facts := accessInSync()
	facts.Applications = []string{"app9", "app3", "app1"}
	facts.WantedByOthers, facts.GrantedByOthers = []string{"app2"}, []string{"app9", "app2"}
	want, record := slices.Clone(facts.Applications), slices.Clone(facts.Record.Granted)
	plan.ForAccess(facts)
	facts.Deleting = true
	plan.ForAccess(facts)
	got := [][]string{
		facts.Applications, facts.Record.Granted, facts.View.ByID.Granted, facts.WantedByOthers,
		facts.GrantedByOthers,
	}
	if diff := cmp.Diff([][]string{want, record, {"app1", "app2"}, {"app2"}, {"app9", "app2"}}, got); diff != "" {
		t.Errorf("the facts (-want +got):\n%s", diff)
	}
}

func TestAccessMissesIDOfSpec(t *testing.T) {
	t.Parallel()
	missing := func(s *plan.AccessFacts) { s.View.ByID = nil }
	for name, test := range map[string]struct {
		given func(*plan.AccessFacts)
		want  bool
	}{
		"by ID, exists":       {func(*plan.AccessFacts) {}, false},
		"by ID, missing":      {missing, true},
		"by ID, deleting":     {leaves(missing), false},
		"by ID, not read":     {func(s *plan.AccessFacts) { s.View = plan.ModelView{} }, false},
		"by name, missing":    {all(missing, func(s *plan.AccessFacts) { s.Target.Query = plan.Query{Name: "db"} }), false},
		"JujuSecret, missing": {all(missing, func(s *plan.AccessFacts) { s.Target.JujuSecret = "db" }), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			test.given(&facts)
			if got := facts.MissesID(); got != test.want {
				t.Errorf("MissesID returned %t, want %t", got, test.want)
			}
		})
	}
}

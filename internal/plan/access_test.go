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

// inJuju sets who may use the secret in Juju.
func inJuju(apps ...string) func(*plan.AccessSeen) {
	return func(s *plan.AccessSeen) { s.World.ByID.Granted = apps }
}

// all applies several changes.
func all[T any](changes ...func(*T)) func(*T) {
	return func(v *T) {
		for _, change := range changes {
			change(v)
		}
	}
}

func wants(apps ...string) func(*plan.AccessSeen) {
	return func(s *plan.AccessSeen) { s.Want = apps }
}

func recorded(record plan.Record) func(*plan.AccessSeen) {
	return func(s *plan.AccessSeen) { s.Record = record }
}

// records sets the record before the steps, and the one after them.
func records(before, after plan.Record, steps ...plan.Step) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Before, p.After, p.Steps = before, after, steps }
}

func TestApplicationsAreGrantedWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"who has the grant already is left alone": {},
		"at first, everybody, and the record stands before the first grant": {
			given: all(recorded(plan.Record{}), inJuju()),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}),
		},
		"one that is new, and no other": {
			given: wants("app1", "app2", "app3"),
			want: records(granted("app1", "app2", "app3"), granted("app1", "app2", "app3"),
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"one that was deployed anew, and so lost its grant": {
			given: inJuju("app1"),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"in the order of the manifest, and noted in that of names": {
			given: all(recorded(plan.Record{}), inJuju(), wants("app9", "app10", "app1")),
			want: records(granted("app1", "app10", "app9"), granted("app1", "app10", "app9"),
				plan.Grant{ID: dbID, Applications: []string{"app9", "app10", "app1"}}),
		},
		"a grant made by hand serves too, and is not noted as ours": {
			given: recorded(plan.Record{}),
			want:  records(granted(), granted()),
		},
		"a grant made by hand, and one that is missing": {
			given: all(recorded(plan.Record{}), inJuju("app1")),
			want: records(granted("app2"), granted("app2"),
				plan.Grant{ID: dbID, Applications: []string{"app2"}}),
		},
		"a grant that another object made is this one's too": {
			given: all(recorded(plan.Record{}), func(s *plan.AccessSeen) { s.GrantedByOthers = []string{"app2", "app3"} }),
			want:  records(granted("app2"), granted("app2")),
		},
		"a grant that two others made, beside one that is missing": {
			given: all(recorded(granted("app1")), wants("app1", "app2", "app3"), func(s *plan.AccessSeen) {
				s.GrantedByOthers = []string{"app2", "app9", "app2", "app1"}
			}),
			want: records(granted("app1", "app2", "app3"), granted("app1", "app2", "app3"),
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"what others want does not make a grant this one's": {
			given: all(recorded(plan.Record{}), func(s *plan.AccessSeen) { s.WantedByOthers = []string{"app1", "app2"} }),
			want:  records(granted(), granted()),
		},
		"what others have is their business": {
			given: inJuju("app1", "app2", "app3", "app4"),
		},
		"after a crash, what was noted and not yet granted": {
			given: inJuju(),
			want: records(granted("app1", "app2"), granted("app1", "app2"),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}),
		},
		"again, on another secret of its name, where nothing is this one's yet": {
			given: func(s *plan.AccessSeen) {
				s.Record.SecretID = otherID
				s.World.ByID.Granted = []string{"app1"}
			},
			want: func(p *plan.Plan) {
				records(granted("app2"), granted("app2"), plan.Grant{ID: dbID, Applications: []string{"app2"}})(p)
			},
		},
		"a secret by its name": {
			given: func(s *plan.AccessSeen) {
				s.Target.Query = plan.Query{Name: "db"}
				s.World.ByID, s.World.ByName = nil, database(func(s *plan.UserSecret) { s.Granted = nil })
			},
			want: func(p *plan.Plan) {
				p.Secret = database(func(s *plan.UserSecret) { s.Granted = nil })
				p.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}}
			},
		},
		"a secret by its ID is no other that has its name": {
			given: func(s *plan.AccessSeen) { s.World.ByName = stranger(func(s *plan.UserSecret) { s.Granted = nil }) },
		},
	})
}

func TestOnlyGrantsOfThisObjectAreRevoked(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"one that the spec has no more": {
			given: wants("app1"),
			want: records(granted("app1", "app2"), granted("app1"),
				plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
		"all, for others": {
			given: wants("app3"),
			want: records(granted("app1", "app2", "app3"), granted("app3"),
				plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}},
				plan.Grant{ID: dbID, Applications: []string{"app3"}}),
		},
		"not one that Juju has no more, which is forgotten": {
			given: all(wants("app1"), inJuju("app1")),
			want:  records(granted("app1", "app2"), granted("app1")),
		},
		"not one that was made on another secret of its name": {
			given: all(wants("app1"), func(s *plan.AccessSeen) { s.Record.SecretID = otherID }),
			want:  records(granted(), granted()),
		},
		"not one that was made by hand": {
			given: all(wants("app1"), recorded(granted("app1"))),
		},
		"not one that was made by hand, beside one that was not": {
			given: all(wants("app1"), inJuju("app1", "app2", "app3")),
			want: records(granted("app1", "app2"), granted("app1"),
				plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
	})
}

func TestAGrantThatAnotherObjectWantsIsNotRevoked(t *testing.T) {
	t.Parallel()
	others := func(apps ...string) func(*plan.AccessSeen) {
		return func(s *plan.AccessSeen) { s.WantedByOthers, s.GrantedByOthers = apps, apps }
	}
	tests := map[string]struct {
		given func(*plan.AccessSeen)
		want  []plan.Step
	}{
		"the only one": {
			given: all(wants("app1"), others("app2")),
		},
		"one of two": {
			given: all(wants("app3"), others("app2", "app3")),
			want: []plan.Step{
				plan.Revoke{ID: dbID, Applications: []string{"app1"}},
				plan.Grant{ID: dbID, Applications: []string{"app3"}},
			},
		},
		"when the object goes": {
			given: leaves(others("app1", "app2")),
		},
		"when the object goes, but the others are": {
			given: leaves(others("app1", "app9")),
			want:  []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app2"}}},
		},
		"when another that has it on record goes too, both revoke it": {
			given: leaves(func(s *plan.AccessSeen) { s.GrantedByOthers = []string{"app1", "app2"} }),
			want:  []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := accessInSync()
			test.given(&seen)
			if diff := cmp.Diff(test.want, plan.ForAccess(seen).Steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// leaves is a JujuSecretAccess that is being deleted, with changes.
func leaves(changes ...func(*plan.AccessSeen)) func(*plan.AccessSeen) {
	return func(s *plan.AccessSeen) {
		s.Deleting = true
		all(changes...)(s)
	}
}

func TestAnAccessThatGoesTakesItsGrantsWithIt(t *testing.T) {
	t.Parallel()
	revokes := func(apps ...string) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.After, p.Verdict = plan.Record{}, plan.Verdict{Reason: v1alpha1.ReasonRevoked}
			if len(apps) > 0 {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: apps}}
			}
		}
	}
	unknown := func(s *plan.AccessSeen) { s.World = plan.World{} }
	runAccessTests(t, map[string]accessTest{
		"all of them":                  {leaves(), revokes("app1", "app2")},
		"not those made by hand":       {leaves(recorded(granted("app2"))), revokes("app2")},
		"not those that Juju lost":     {leaves(inJuju("app1", "app9")), revokes("app1")},
		"not those on another secret":  {leaves(func(s *plan.AccessSeen) { s.Record.SecretID = otherID }), revokes()},
		"none, if Juju lost them all":  {leaves(inJuju("app9")), revokes()},
		"also those not in the spec":   {leaves(wants("app9")), revokes("app1", "app2")},
		"the finalizer is gone before": {leaves(unknown, recorded(plan.Record{})), revokes()},
		"nothing was granted, so that Juju is not asked": {
			given: leaves(unknown, recorded(granted())),
			want:  letsGo(""),
		},
		"with deletionPolicy: Retain they stay, and Juju is not asked": {
			given: leaves(unknown, retaining),
			want:  letsGo(leftGrants + ", as deletionPolicy: Retain says"),
		},
		"who is abandoned leaves them, and Juju is not asked": {
			given: leaves(unknown, abandoned),
			want:  letsGo(leftGrants + ", as the annotation jujusecrets.io/abandon says"),
		},
		"who is abandoned and would retain them is told of the annotation": {
			given: leaves(retaining, abandoned),
			want:  letsGo(leftGrants + ", as the annotation jujusecrets.io/abandon says"),
		},
		"who is abandoned leaves them, whatever has become of its controller object": {
			given: leaves(unknown, abandoned, func(s *plan.AccessSeen) { s.Tenancy = plan.NoController("default") }),
			want:  letsGo(leftGrants + ", as the annotation jujusecrets.io/abandon says"),
		},
		"they are told of by the model that they are in": {
			given: leaves(unknown, retaining, recorded(grantedIn(otherApp, "app1"))),
			want:  letsGo("left the grants of secret:" + dbID + ` to app1 in model "` + modelUUID + `", as deletionPolicy: Retain says`),
		},
		"nothing was granted, and nothing is left": {
			given: leaves(unknown, retaining, abandoned, recorded(granted())),
			want:  letsGo(""),
		},
		"a controller object that goes does not hold up who goes first": {leaves(), revokes("app1", "app2")},
		"the secret is gone, and the grants with it": {
			given: leaves(func(s *plan.AccessSeen) { s.World.ByID = nil }),
			want:  letsGo(""),
		},
		"the secret is being removed, and the grants with it": {
			given: leaves(func(s *plan.AccessSeen) { s.World.ByID.Removing = true }),
			want:  letsGo(""),
		},
		"the model is gone, and the grants with it": {
			given: leaves(func(s *plan.AccessSeen) { s.World = troubled(plan.ModelNotFound) }),
			want:  letsGo("left whatever was made for this object, unless it went with its model: Juju answered: no"),
		},
		"of a namespace that is no tenant any more, as the operator itself noted them": {
			given: leaves(func(s *plan.AccessSeen) { s.Tenancy, s.Proven = denied(), true }),
			want:  all(revokes("app1", "app2"), proven),
		},
		"a namespace that is no tenant leaves what somebody may have noted, and says so": {
			given: leaves(unknown, func(s *plan.AccessSeen) { s.Tenancy = denied() }),
			want:  letsGo(`left the grants to app1, app2 in model "prod/app", as nothing proves it to be this object's: ` + deniedMessage),
		},
		"a controller object that is missing is waited for": {
			given: leaves(unknown, func(s *plan.AccessSeen) { s.Tenancy = plan.NoController("default") }),
			want:  tells(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"Juju is waited for": {
			given: leaves(func(s *plan.AccessSeen) { s.World = troubled(plan.Unreachable) }),
			want:  tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
	})
}

const leftGrants = "left the grants of secret:" + dbID + ` to app1, app2 in model "prod/app"`

func retaining(s *plan.AccessSeen) { s.Retain = true }

func abandoned(s *plan.AccessSeen) { s.Abandoned = true }

func TestBeforeItGoesAnAccessDoesNotCareHow(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"what is to be retained": {given: retaining},
		"who is abandoned":       {given: abandoned},
		"a grant is still taken away from who is not in the spec any more": {
			given: all(retaining, abandoned, wants("app1")),
			want:  records(granted("app1", "app2"), granted("app1"), plan.Revoke{ID: dbID, Applications: []string{"app2"}}),
		},
	})
}

// moved is an access that granted a secret in another model than the one it is about now.
func moved(changes ...func(*plan.AccessSeen)) func(*plan.AccessSeen) {
	return func(s *plan.AccessSeen) {
		s.Record = grantedIn(otherApp, "app1", "app2")
		s.Record.SecretID = otherID
		s.Former = stranger()
		all(changes...)(s)
	}
}

func TestGrantsOnAFormerSecretAreTakenAwayWhereTheyWereMade(t *testing.T) {
	t.Parallel()
	moves := func(steps ...plan.Step) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Model, p.Secret, p.After, p.Steps = otherApp, nil, granted(), steps
			p.Verdict = plan.Verdict{
				Reason: v1alpha1.ReasonHandingOver, Message: "the grants move from the former secret " + otherID + " to the present one",
			}
		}
	}
	revokes := func(apps ...string) plan.Step { return plan.Revoke{ID: otherID, Applications: apps} }
	others := func(s *plan.AccessSeen) { s.WantedByOthers, s.GrantedByOthers = []string{"app1"}, []string{"app1"} }
	runAccessTests(t, map[string]accessTest{
		"all of them": {moved(), moves(revokes("app1", "app2"))},
		"not those that another object wants and has on record": {moved(others), moves(revokes("app2"))},
		"not those that Juju has no more": {
			moved(func(s *plan.AccessSeen) { s.Former.Granted = []string{"app1", "app9"} }), moves(revokes("app1")),
		},
		"nothing, if Juju has none of them": {moved(func(s *plan.AccessSeen) { s.Former.Granted = nil }), moves()},
		"before those on the present one": {
			moved(func(s *plan.AccessSeen) { s.World.ByID.Granted = nil }), moves(revokes("app1", "app2")),
		},
		"also while the present one is not there yet": {
			moved(func(s *plan.AccessSeen) { s.World.ByID = nil }), moves(revokes("app1", "app2")),
		},
		"not if the former one is gone, and then the present one is granted": {
			moved(inJuju(), func(s *plan.AccessSeen) { s.Former = nil }),
			records(granted("app1", "app2"), granted("app1", "app2"), plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}),
		},
		"not if the former one is being removed": {
			moved(func(s *plan.AccessSeen) { s.Former.Removing = true }), records(granted(), granted()),
		},
		"nothing while nothing is seen": {
			moved(func(s *plan.AccessSeen) { s.World = troubled(plan.Unreachable) }),
			tells(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
	})
}

func TestTheFormerSecretIsThatOfTheRecord(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*plan.AccessSeen)
		want  string
	}{
		"none, while it is the present one":            {func(*plan.AccessSeen) {}, ""},
		"another one":                                  {moved(), otherID},
		"none, if nothing was granted":                 {recorded(granted()), ""},
		"none, while it is not known which is present": {moved(func(s *plan.AccessSeen) { s.World = plan.World{} }), ""},
		"the one that was granted, if there is none by now": {
			func(s *plan.AccessSeen) { s.World.ByID = nil }, dbID,
		},
		"none, for who goes: then it is the present one": {leaves(moved()), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := accessInSync()
			test.given(&seen)
			if got := seen.FormerID(); got != test.want {
				t.Errorf("FormerID is %q, want %q", got, test.want)
			}
		})
	}
}

func TestAnAccessThatCannotBeGivenWaits(t *testing.T) {
	t.Parallel()
	const noSuchID = `model "prod/app" has no user secret with the ID "` + dbID + `"`
	const notReady = `JujuSecret "db" does not exist, or has no secret in Juju yet: look at its status`
	tests := map[string]accessTest{
		"for the JujuSecret": {
			given: func(s *plan.AccessSeen) { s.Target, s.World = plan.NotReady("db"), plan.World{} },
			want:  tells(v1alpha1.ReasonJujuSecretNotReady, notReady),
		},
		"for the JujuSecret first, whoever is a tenant": {
			given: func(s *plan.AccessSeen) { s.Target, s.Tenancy = plan.NotReady("db"), denied() },
			want:  tells(v1alpha1.ReasonJujuSecretNotReady, notReady),
		},
		"for a secret of that ID": {
			given: func(s *plan.AccessSeen) { s.World.ByID, s.World.ByName = nil, stranger() },
			want:  all(tells(v1alpha1.ReasonSecretNotFound, noSuchID), lost),
		},
		"for a secret of that name": {
			given: func(s *plan.AccessSeen) { s.Target.Query = plan.Query{Name: "db"} },
			want: all(lost, tells(v1alpha1.ReasonSecretNotFound,
				`model "prod/app" has no user secret called "db": it is granted when somebody adds it`)),
		},
		"for a secret that stays": {
			given: func(s *plan.AccessSeen) { s.World.ByID.Removing = true },
			want:  all(tells(v1alpha1.ReasonSecretNotFound, noSuchID), lost),
		},
		"for a user secret, if that of the ID is a charm's own": {
			given: func(s *plan.AccessSeen) { s.World.ByID, s.World.CharmOwned = nil, true },
			want: all(lost, tells(v1alpha1.ReasonCharmOwned, "secret:"+dbID+" belongs to a charm, which alone may change, grant and "+
				"remove it: name a user secret")),
		},
		"for somebody to name its namespace": {
			given: func(s *plan.AccessSeen) { s.Tenancy, s.World = denied(), plan.World{} },
			want:  tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"for somebody to name its namespace, and Juju is away": {
			given: func(s *plan.AccessSeen) { s.Tenancy, s.World = denied(), troubled(plan.Unreachable) },
			want:  tells(v1alpha1.ReasonTenantDenied, deniedMessage),
		},
		"for the controller object": {
			given: func(s *plan.AccessSeen) { s.Tenancy, s.World = plan.NoController("default"), plan.World{} },
			want:  tells(v1alpha1.ReasonControllerNotReady, noControllerMessage),
		},
		"for the controller object that goes to come again": {
			given: func(s *plan.AccessSeen) { s.Tenancy, s.World = plan.ControllerGoing("default"), plan.World{} },
			want:  tells(v1alpha1.ReasonControllerNotReady, goingMessage),
		},
		"for somebody to look": {
			given: func(s *plan.AccessSeen) { s.World = plan.World{} },
			want:  tells(v1alpha1.ReasonFailed, nobodyLooked),
		},
		"for Juju, whatever was known before": {
			given: func(s *plan.AccessSeen) { s.World.Known, s.World.Trouble = false, in(plan.Busy) },
			want:  tells(v1alpha1.ReasonModelBusy, "Juju answered: no"),
		},
	}
	for kind, reason := range troubles() {
		tests[fmt.Sprintf("for an end of %s", reason)] = accessTest{
			given: func(s *plan.AccessSeen) { s.World = troubled(kind) },
			want:  tells(reason, "Juju answered: no"),
		}
	}
	runAccessTests(t, tests)
}

func TestJujuIsAskedOnlyOnBehalfOfAnAccessThatMay(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given func(*plan.AccessSeen)
		want  bool
	}{
		"in sync":                   {func(*plan.AccessSeen) {}, true},
		"new":                       {recorded(plan.Record{}), true},
		"no tenant":                 {func(s *plan.AccessSeen) { s.Tenancy = denied() }, false},
		"no controller":             {func(s *plan.AccessSeen) { s.Tenancy = plan.NoController("default") }, false},
		"no secret yet":             {func(s *plan.AccessSeen) { s.Target = plan.NotReady("db") }, false},
		"deleted":                   {leaves(), true},
		"deleted, no tenant":        {leaves(func(s *plan.AccessSeen) { s.Tenancy = denied() }), false},
		"deleted, no secret":        {leaves(func(s *plan.AccessSeen) { s.Target = plan.NotReady("db") }), false},
		"deleted, let go already":   {leaves(recorded(plan.Record{})), false},
		"deleted, nothing granted":  {leaves(recorded(granted())), false},
		"deleted, to be retained":   {leaves(retaining), false},
		"deleted, abandoned":        {leaves(abandoned), false},
		"abandoned, not deleted":    {abandoned, true},
		"deleted, nothing and held": {leaves(recorded(plan.Record{Granted: []string{"app1"}})), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := accessInSync()
			test.given(&seen)
			before := seen
			before.World = plan.World{}
			got := []bool{plan.MayLookForAccess(seen), plan.MayLookForAccess(before)}
			if diff := cmp.Diff([]bool{test.want, test.want}, got); diff != "" {
				t.Errorf("MayLookForAccess, with the model and without (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADecisionChangesNothingThatItWasMadeOn(t *testing.T) {
	t.Parallel()
	seen := accessInSync()
	seen.Want = []string{"app9", "app3", "app1"}
	seen.WantedByOthers, seen.GrantedByOthers = []string{"app2"}, []string{"app9", "app2"}
	want, record := slices.Clone(seen.Want), slices.Clone(seen.Record.Granted)
	plan.ForAccess(seen)
	seen.Deleting = true
	plan.ForAccess(seen)
	got := [][]string{seen.Want, seen.Record.Granted, seen.World.ByID.Granted, seen.WantedByOthers, seen.GrantedByOthers}
	if diff := cmp.Diff([][]string{want, record, {"app1", "app2"}, {"app2"}, {"app9", "app2"}}, got); diff != "" {
		t.Errorf("what was seen (-want +got):\n%s", diff)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// exclusive makes an access the exclusive one, which has known all grants for
// long.
func exclusive(f *plan.AccessFacts) { f.Exclusive, f.UnlistedFor = true, time.Minute }

// listedByOthers sets the applications that other accesses list.
func listedByOthers(apps ...string) func(*plan.AccessFacts) {
	return func(f *plan.AccessFacts) { f.ListedByOthers = apps }
}

// revokesUnlisted sets a plan that revokes grants that no access lists.
func revokesUnlisted(apps ...string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Steps, p.Unlisted = []plan.Step{plan.Revoke{ID: dbID, Applications: apps}}, apps
	}
}

// leavesOthers sets the grants that no access lists and that stay.
func leavesOthers(apps ...string) func(*plan.Plan) {
	return func(p *plan.Plan) { p.OtherGrants = apps }
}

const conflictOfExclusive = `JujuSecretAccess "team-b/first" is exclusive for secret:` + dbID + " already, so this " +
	"object revokes no grants of others: set exclusive on one of the two objects only"

func TestExclusiveAccessRevokesUnlistedGrants(t *testing.T) {
	t.Parallel()
	has := inJuju("app1", "app2", "app8", "app9")
	conflict := func(f *plan.AccessFacts) { f.ExclusiveBefore = "team-b/first" }
	inConflict := func(p *plan.Plan) {
		p.Condition = plan.Condition{Reason: v1alpha1.ReasonConflict, Message: conflictOfExclusive}
	}
	leaving := func(f *plan.AccessFacts) { f.LeavingByOthers = []string{"app9"} }
	runAccessTests(t, map[string]accessTest{
		"exclusive, nothing to revoke":   {exclusive, nil},
		"exclusive":                      {all(has, exclusive), revokesUnlisted("app8", "app9")},
		"exclusive, others list a grant": {all(has, exclusive, listedByOthers("app8")), revokesUnlisted("app9")},
		"exclusive, others list all":     {all(has, exclusive, listedByOthers("app8", "app9")), nil},
		"exclusive, others want a grant": {
			all(has, exclusive, func(f *plan.AccessFacts) { f.WantedByOthers = []string{"app8"} }), revokesUnlisted("app9"),
		},
		"exclusive, an access that is deleted granted it": {
			all(has, exclusive, leaving), revokesUnlisted("app8"),
		},
		"exclusive, a listed grant exists and was not recorded": {
			all(has, exclusive, recorded(granted("app1"))), revokesUnlisted("app8", "app9"),
		},
		"exclusive, one revoke with the surplus": {
			all(has, exclusive, wants("app2")), func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app8", "app9"}}}
				p.Unlisted, p.After = []string{"app8", "app9"}, granted("app2")
			},
		},
		"exclusive, the revoke is before the grant": {
			all(inJuju("app1", "app9"), exclusive), func(p *plan.Plan) {
				p.Unlisted = []string{"app9"}
				p.Steps = []plan.Step{
					plan.Revoke{ID: dbID, Applications: []string{"app9"}},
					plan.Grant{ID: dbID, Applications: []string{"app2"}},
				}
			},
		},
		"exclusive, new grants wait": {
			all(has, exclusive, func(f *plan.AccessFacts) { f.UnlistedFor = 500 * time.Millisecond }),
			func(p *plan.Plan) {
				p.Condition, p.Secret, p.Wait = plan.Condition{}, nil, 1500*time.Millisecond
			},
		},
		"exclusive, another one was first": {
			all(has, exclusive, conflict), all(leavesOthers("app8", "app9"), inConflict),
		},
		"exclusive, another one was first, nothing to revoke": {all(exclusive, conflict), inConflict},
		"exclusive, another one was first, new grants": {
			all(has, exclusive, conflict, func(f *plan.AccessFacts) { f.UnlistedFor = 0 }),
			all(leavesOthers("app8", "app9"), inConflict),
		},
		"exclusive, another one was first, grants what it lists": {
			all(inJuju("app1", "app9"), exclusive, conflict), all(leavesOthers("app9"), inConflict, func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app2"}}}
			}),
		},
		"not exclusive": {has, leavesOthers("app8", "app9")},
		"not exclusive, others list a grant": {
			all(has, listedByOthers("app8")), leavesOthers("app9"),
		},
		"not exclusive, an access that is deleted granted it": {all(has, leaving), leavesOthers("app8")},
		"deleted, exclusive": {
			all(has, exclusive, func(f *plan.AccessFacts) { f.Deleting = true }), func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}}
				p.After, p.Condition = plan.Record{}, plan.Condition{Reason: v1alpha1.ReasonRevoked}
			},
		},
		"moving, exclusive": {
			all(exclusive, func(f *plan.AccessFacts) {
				f.View.ByID = stranger(func(s *plan.UserSecret) { s.Granted = []string{"app9"} })
				f.Target.Query.ID = otherID
				f.FormerView = plan.ModelView{Known: true, ModelUUID: modelUUID, ByID: database(func(s *plan.UserSecret) {
					s.Granted = []string{"app1", "app2", "app9"}
				})}
			}), func(p *plan.Plan) {
				p.Secret, p.After = nil, plan.Record{Held: true}
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}}
				p.Condition = plan.Condition{
					Reason:  v1alpha1.ReasonTransferringGrants,
					Message: "moving the grants from the former secret:" + dbID + " to the present secret",
				}
			},
		},
		"denied, exclusive": {
			all(has, exclusive, func(f *plan.AccessFacts) { f.Tenancy = denied() }), func(p *plan.Plan) {
				reports(v1alpha1.ReasonTenantDenied, deniedMessage)(p)
			},
		},
	})
}

func TestUnlistedGrantThatComesBackIsRevokedAfterThePause(t *testing.T) {
	t.Parallel()
	const cure = "list the application in a JujuSecretAccess"
	comesBack := func(inARow int, ago time.Duration, apps ...string) func(*plan.AccessFacts) {
		return all(exclusive, inJuju("app1", "app2", "app8", "app9"), func(f *plan.AccessFacts) {
			f.Corrections = plan.Corrections{}
			for _, app := range apps {
				f.Corrections["grant to "+app] = plan.Correction{InARow: inARow, Ago: ago}
			}
		})
	}
	pauses := func(apps, row, pause string, rest time.Duration) func(*plan.Plan) {
		return func(p *plan.Plan) {
			p.Condition = plan.Condition{Reason: v1alpha1.ReasonDrifted, Message: "another client granted secret:" + dbID +
				" to " + apps + " again, after " + row + " corrections in a row: the operator pauses for " + pause +
				". Find the other client and stop it: for example, remove the access from Terraform, or " + cure}
			p.Wait = rest
		}
	}
	runAccessTests(t, map[string]accessTest{
		"third":           {comesBack(2, time.Second, "app8", "app9"), revokesUnlisted("app8", "app9")},
		"fourth":          {comesBack(3, time.Minute, "app8", "app9"), pauses("app8, app9", "3", "2m0s", time.Minute)},
		"after the pause": {comesBack(3, 2*time.Minute, "app8", "app9"), revokesUnlisted("app8", "app9")},
		"one of two": {
			comesBack(4, time.Minute, "app9"), all(pauses("app9", "4", "4m0s", 3*time.Minute), revokesUnlisted("app8")),
		},
		"an application of this name, and an option": {
			all(comesBack(3, time.Minute), func(f *plan.AccessFacts) {
				f.Corrections = corrected(3, time.Minute, "app8", "app9", "exclusive/app8")
			}), revokesUnlisted("app8", "app9"),
		},
		"a grant that is missing pauses too": {
			all(comesBack(3, time.Minute, "app8", "app9"), inJuju("app2", "app8", "app9"), func(f *plan.AccessFacts) {
				f.LastGranted = []string{"app1", "app2"}
				f.Corrections["app1"] = plan.Correction{InARow: 4, Ago: time.Minute}
			}),
			func(p *plan.Plan) {
				secret := p.Secret
				waits("another client revoked secret:"+dbID+" from app1", "4", "4m0s", "remove the application from this object",
					time.Minute)(p)
				p.Secret = secret
			},
		},
	})
}

func TestRevokedUnlistedGrantsAreCorrections(t *testing.T) {
	t.Parallel()
	p := plan.Plan{
		Unlisted: []string{"app8", "app9"},
		Steps:    []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app1", "app8", "app9"}}},
	}
	for name, row := range map[string]struct {
		outcome plan.Outcome
		want    []string
	}{
		"revoked": {plan.Outcome{}, []string{"grant to app8", "grant to app9"}},
		"one failed": {
			plan.Outcome{Applications: map[string]plan.Problem{"app8": {}}}, []string{"grant to app9"},
		},
		"failed": {failed(v1alpha1.ReasonFailed), nil},
	} {
		got := plan.Restored(p, []plan.Outcome{row.outcome})
		if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: restored (-want +got):\n%s", name, diff)
		}
	}
	if p.OnlyTakesAway() {
		t.Error("a plan that revokes grants of others only takes away")
	}
}

func TestListingsDecideWhichAccessIsExclusive(t *testing.T) {
	t.Parallel()
	at := func(second int, namespace, name string, modify ...func(*plan.Listing)) plan.Listing {
		listing := plan.Listing{
			Identity:     plan.Identity{Namespace: namespace, Name: name, Created: time.Unix(int64(second), 0)},
			Applications: []string{"app8"}, Granted: []string{"app9"},
		}
		for _, change := range modify {
			change(&listing)
		}
		return listing
	}
	isExclusive := func(l *plan.Listing) { l.Exclusive = true }
	isDeleting := func(l *plan.Listing) { l.Deleting = true }
	self := at(5, "team-a", "db").Identity
	listed := []string{"app8", "app9"}
	for name, row := range map[string]struct {
		others          []plan.Listing
		listed, leaving []string
		before          string
	}{
		"no others":        {},
		"not exclusive":    {[]plan.Listing{at(1, "team-b", "a")}, listed, nil, ""},
		"exclusive, older": {[]plan.Listing{at(1, "team-b", "a", isExclusive)}, listed, nil, "team-b/a"},
		"exclusive, newer": {[]plan.Listing{at(9, "team-b", "a", isExclusive)}, listed, nil, ""},
		"of the same second, by name": {
			[]plan.Listing{at(5, "team-a", "a", isExclusive)}, listed, nil, "team-a/a",
		},
		"the first of several": {
			[]plan.Listing{
				at(3, "team-b", "a", isExclusive), at(2, "team-b", "b", isExclusive), at(4, "team-b", "c", isExclusive),
			},
			[]string{"app8", "app9", "app8", "app9", "app8", "app9"}, nil, "team-b/b",
		},
		"deleted": {[]plan.Listing{at(1, "team-b", "a", isExclusive, isDeleting)}, nil, []string{"app9"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := accessInSync().ConsiderListings(self, row.others)
			if diff := cmp.Diff(row.listed, got.ListedByOthers); diff != "" {
				t.Errorf("listed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.leaving, got.LeavingByOthers); diff != "" {
				t.Errorf("leaving (-want +got):\n%s", diff)
			}
			if got.ExclusiveBefore != row.before {
				t.Errorf("%q is exclusive before it, want %q", got.ExclusiveBefore, row.before)
			}
		})
	}
}

func TestAccessThatHasNotSeenTheSecretMayBeAboutIt(t *testing.T) {
	t.Parallel()
	query := func(id, name string, model plan.ModelRef) plan.Target {
		return plan.Target{Model: model, Query: plan.Query{ID: id, Name: name}}
	}
	another := plan.ModelRef{Controller: "default", Name: "prod/other"}
	for name, row := range map[string]struct {
		target    plan.Target
		modelUUID string
		want      bool
	}{
		"its ID":                            {query(dbID, "", another), "", true},
		"another ID":                        {query(otherID, "", prodApp), "", false},
		"its name":                          {query("", "db", prodApp), "", true},
		"another name":                      {query("", "other", prodApp), "", false},
		"its name in another model":         {query("", "db", another), "", false},
		"its name by UUID":                  {query("", "db", otherApp), "", true},
		"its name, seen in the same model":  {query("", "db", prodApp), modelUUID, true},
		"its name, seen in another model":   {query("", "db", prodApp), "another", false},
		"its name, another UUID":            {query("", "db", plan.ModelRef{UUID: "another"}), "", false},
		"a JujuSecret that has no secret":   {plan.UnreadySecret("db", prodApp, false), "", false},
		"a JujuSecret that does not exist":  {plan.MissingSecret("db", "default", 0, false), "", false},
		"its name at another controller":    {query("", "db", plan.ModelRef{Controller: "b", Name: "prod/app"}), "", true},
		"its name, seen there, not by name": {query("", "db", plan.ModelRef{UUID: modelUUID}), modelUUID, true},
	} {
		if got := accessInSync().MayBeTarget(row.target, row.modelUUID); got != row.want {
			t.Errorf("%s: it may be about the secret: %t, want %t", name, got, row.want)
		}
	}
}

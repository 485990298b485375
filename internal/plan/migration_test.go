// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	otherUUID = "87654321-4321-4321-8321-cba987654321"
	backTo    = `the secret was made through ClusterJujuController "former": set controllerRef back to it, or to the ` +
		`controller that has the model now`
	notThere  = `ClusterJujuController "default" does not have the model with the UUID ` + modelUUID
	otherName = `, and its model "prod/app" has the UUID ` + otherUUID
	unchanged = "; nothing was changed in Juju: "
)

// orLeave is the other cure for a deletion that waits.
func orLeave(what string) string {
	return `, or set the annotation ` + v1alpha1.AnnotationAbandon + ` to "true" to delete this object and leave ` + what +
		" in Juju"
}

// atAnother replaces the model in the view with another model of the same name,
// without the secret.
func atAnother(s *plan.SecretFacts) {
	s.View = plan.ModelView{Known: true, ModelUUID: otherUUID}
}

// migrating sets another controller object in the record than in the manifest.
func migrating(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
	return func(s *plan.SecretFacts) {
		s.RecordedController, s.LastModelUUID = "former", modelUUID
		all(changes...)(s)
	}
}

// stays is the plan of an object that waits at the former controller object.
func stays(reason v1alpha1.Reason, message string) func(*plan.Plan) {
	return all(reports(reason, message), func(p *plan.Plan) {
		p.Recorded.Controller, p.ModelUUID = "former", ""
	})
}

func TestMigratedSecretGoesOnAtTheNewController(t *testing.T) {
	t.Parallel()
	toLocal := func(from plan.ControllerKey) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) { s.RecordedController = from }
	}
	untrusted := `the secret was made through JujuController "juju", which cannot prove this to ClusterJujuController ` +
		`"default": set controllerRef back to it, or create another JujuSecret that adopts the secret, and delete this one ` +
		`with the annotation ` + v1alpha1.AnnotationAbandon
	apart := all(stays(v1alpha1.ReasonConflict, untrusted), func(p *plan.Plan) { p.Recorded.Controller = "team-a/juju" })
	runSecretTests(t, map[string]secretTest{
		"the same model": {given: migrating()},
		"the same model, new content": {
			given: migrating(func(s *plan.SecretFacts) { s.Content = wanting("new") }),
			want:  does(plan.Update{ID: dbID, Content: new(holding("new"))}),
		},
		"the same model, deleting": {
			given: migrating(func(s *plan.SecretFacts) { s.Desired.Deleting = true }),
			want: all(
				reports(v1alpha1.ReasonRemoving, `waiting until Juju has removed the secret "db" from model "prod/app"`),
				func(p *plan.Plan) { p.Secret, p.Steps = database(), []plan.Step{plan.Remove{ID: dbID}} },
			),
		},
		"another model of the name": {
			given: migrating(atAnother), want: stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo),
		},
		"another model of the name, deleting": {
			given: migrating(atAnother, func(s *plan.SecretFacts) { s.Desired.Deleting = true }),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo+orLeave("the secret")),
		},
		"another model of the name, drift is reported": {
			given: migrating(atAnother, func(s *plan.SecretFacts) { s.Desired.ReportDrift, s.SameSpec = true, true }),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo),
		},
		"another model of the name, creation pending": {
			given: migrating(atAnother, func(s *plan.SecretFacts) {
				s.LastID, s.LastModelUUID, s.SeenModelUUID = "", "", modelUUID
			}),
			want: stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo),
		},
		"the same model, creation pending": {
			given: migrating(func(s *plan.SecretFacts) {
				s.LastID, s.LastModelUUID, s.View.ByID, s.Record.ModelUUID = "", "", nil, modelUUID
				firstRevision(s.View.ByName)
			}),
			want: func(p *plan.Plan) { p.Secret = database(firstRevision) },
		},
		"no such model": {
			given: migrating(func(s *plan.SecretFacts) { s.View = gone() }),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+unchanged+backTo),
		},
		"no such model, deleting": {
			given: migrating(func(s *plan.SecretFacts) { s.View, s.Desired.Deleting = gone(), true }),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+unchanged+backTo+orLeave("the secret")),
		},
		"the UUID of the model is not known": {
			given: migrating(func(s *plan.SecretFacts) { s.LastModelUUID = "" }),
			want: stays(v1alpha1.ReasonModelNotFound, `ClusterJujuController "default" does not have the model of this object, `+
				`and its model "prod/app" has the UUID `+modelUUID+unchanged+backTo),
		},
		"the new controller does not answer": {
			given: migrating(func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonJujuUnreachable) }),
			want:  stays(v1alpha1.ReasonJujuUnreachable, "Juju answered: no"),
		},
		"no tenancy at the new controller": {
			given: migrating(func(s *plan.SecretFacts) { s.Tenancy, s.View = denied(), plan.ModelView{} }),
			want:  stays(v1alpha1.ReasonTenantDenied, deniedMessage+"; "+backTo),
		},
		"no tenancy at the new controller, deleting": {
			given: migrating(func(s *plan.SecretFacts) {
				s.Tenancy, s.View, s.Desired.Deleting = denied(), plan.ModelView{}, true
			}),
			want: stays(v1alpha1.ReasonTenantDenied, deniedMessage+"; "+backTo+orLeave("the secret")),
		},
		"made through a JujuController": {
			given: migrating(toLocal("team-a/juju"), func(s *plan.SecretFacts) { s.View = plan.ModelView{} }), want: apart,
		},
		"made through a JujuController, deleting": {
			given: migrating(toLocal("team-a/juju"), func(s *plan.SecretFacts) {
				s.View, s.Desired.Deleting = plan.ModelView{}, true
			}),
			want: apart,
		},
		"made through a JujuController, abandoned but not deleted": {
			given: migrating(toLocal("team-a/juju"), func(s *plan.SecretFacts) {
				s.View, s.Desired.Abandoned = plan.ModelView{}, true
			}),
			want: apart,
		},
		"only observed": {
			given: migrating(atAnother, func(s *plan.SecretFacts) {
				s.Desired.Observe, s.Record, s.LastID = true, plan.Record{}, ""
				s.View.ByName = stranger()
			}),
			want: func(p *plan.Plan) {
				p.Secret, p.Owns, p.After, p.Digest = stranger(), plan.Observed, plan.Record{}, ""
			},
		},
	})
}

const (
	madeAt      = "0a2f3c5e-8a51-4c4b-8f0d-2d1f6f5f3c11"
	answersNow  = "1b3e4d6f-9b62-4d5c-9a1e-3e2a7a6a4d22"
	backToMaker = `the secret was made at the Juju controller ` + madeAt + `: set spec.addresses and ` +
		`spec.controllerUUID of ClusterJujuController "default" back to it, or set controllerRef to the controller ` +
		`that has the model now`
)

// The addresses of a controller object can lead to another Juju controller, as
// a new controllerRef can.
func TestSecretOfAnotherJujuControllerIsKept(t *testing.T) {
	t.Parallel()
	swapped := func(changes ...func(*plan.SecretFacts)) func(*plan.SecretFacts) {
		return func(s *plan.SecretFacts) {
			s.RecordedController, s.LastModelUUID, s.Record.ControllerUUID = s.Model.Controller, modelUUID, madeAt
			all(changes...)(s)
			s.View.ControllerUUID = answersNow
		}
	}
	deleting := func(s *plan.SecretFacts) { s.Desired.Deleting = true }
	none := func(s *plan.SecretFacts) { s.View = gone() }
	notFound := func(another string) func(*plan.Plan) {
		return all(reports(v1alpha1.ReasonModelNotFound, notThere+another+unchanged+backToMaker),
			func(p *plan.Plan) { p.ModelUUID = "" })
	}
	leaving := func(want func(*plan.Plan)) func(*plan.Plan) {
		return all(want, func(p *plan.Plan) { p.Condition.Message += orLeave("the secret") })
	}
	runSecretTests(t, map[string]secretTest{
		"the model was migrated there":        {given: swapped()},
		"another model of the name":           {given: swapped(atAnother), want: notFound(otherName)},
		"another model of the name, deleting": {given: swapped(atAnother, deleting), want: leaving(notFound(otherName))},
		"no such model":                       {given: swapped(none), want: notFound("")},
		"no such model, deleting":             {given: swapped(none, deleting), want: leaving(notFound(""))},
		"no such model, the record is older, deleting": {
			given: swapped(none, deleting, func(s *plan.SecretFacts) { s.Record.ControllerUUID = "" }),
			want:  releases("left what was created for this object, unless it was removed with its model: Juju answered: no"),
		},
	})
}

func TestGrantsAtAnotherJujuControllerAreKept(t *testing.T) {
	t.Parallel()
	swapped := func(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
		return func(s *plan.AccessFacts) {
			s.LastModelUUID, s.Record.ControllerUUID = modelUUID, madeAt
			all(changes...)(s)
			s.View.ControllerUUID = answersNow
		}
	}
	another := func(s *plan.AccessFacts) { s.View = plan.ModelView{Known: true, ModelUUID: otherUUID} }
	none := func(s *plan.AccessFacts) { s.View = gone() }
	leaving := func(s *plan.AccessFacts) { s.Deleting = true }
	toAnotherSecret := func(former plan.ModelView) func(*plan.AccessFacts) {
		return func(s *plan.AccessFacts) {
			s.Record.SecretID, s.View.ModelUUID, s.FormerView = otherID, otherUUID, former
			s.FormerView.ControllerUUID = answersNow
		}
	}
	notFound := func(another string) func(*plan.Plan) {
		return all(reports(v1alpha1.ReasonModelNotFound, notThere+another+unchanged+backToMaker),
			func(p *plan.Plan) { p.ModelUUID = "" })
	}
	left := func(want func(*plan.Plan)) func(*plan.Plan) {
		return all(want, func(p *plan.Plan) { p.Condition.Message += orLeave("the grants") })
	}
	formerNotFound := func(another string) func(*plan.Plan) {
		return all(notFound(another), func(p *plan.Plan) { p.ModelUUID = otherUUID })
	}
	runAccessTests(t, map[string]accessTest{
		"the model was migrated there":        {given: swapped()},
		"another model of the name":           {given: swapped(another), want: notFound(otherName)},
		"another model of the name, deleting": {given: swapped(another, leaving), want: left(notFound(otherName))},
		"no such model, deleting":             {given: swapped(none, leaving), want: left(notFound(""))},
		"another secret, no former model":     {given: swapped(toAnotherSecret(gone())), want: formerNotFound("")},
		"another secret, another model of the former name": {
			given: swapped(toAnotherSecret(plan.ModelView{Known: true, ModelUUID: otherUUID})),
			want:  formerNotFound(otherName),
		},
	})
}

// The status has the UUID of the model only after the creation.
func TestRecordOfACreationNamesTheModel(t *testing.T) {
	t.Parallel()
	for name, adopt := range map[string]bool{"created": false, "adopted": true} {
		facts := secretInSync()
		facts.Record, facts.LastID, facts.Desired.Adopt, facts.View.ByID = plan.Record{}, "", adopt, nil
		if !adopt {
			facts.View.ByName = nil
		}
		if before := plan.ForSecret(facts).Before; before.ModelUUID != modelUUID {
			t.Errorf("%s: the record names the model %q, want %s", name, before.ModelUUID, modelUUID)
		}
	}
}

func TestRecordNamesTheJujuControllerOfTheModel(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ model, want string }{
		"the model was migrated there": {modelUUID, answersNow},
		"another model":                {otherUUID, madeAt},
	} {
		secret, access := secretInSync(), accessInSync()
		secret.RecordedController, secret.LastModelUUID, access.LastModelUUID = "default", modelUUID, modelUUID
		secret.Record.ControllerUUID, access.Record.ControllerUUID = madeAt, madeAt
		for _, view := range []*plan.ModelView{&secret.View, &access.View} {
			view.ModelUUID, view.ControllerUUID = row.model, answersNow
		}
		for _, after := range []plan.Record{plan.ForSecret(secret).After, plan.ForAccess(access).After} {
			if after.ControllerUUID != row.want {
				t.Errorf("%s: the record names the controller %s, want %s", name, after.ControllerUUID, row.want)
			}
		}
	}
}

// A migrated model is not gone: its secrets are at the other controller.
func TestMigratedModelBlocks(t *testing.T) {
	t.Parallel()
	away := func(s *plan.SecretFacts) { s.View = unavailable(v1alpha1.ReasonModelMigrated) }
	blocked := reports(v1alpha1.ReasonModelMigrated, "Juju answered: no")
	runSecretTests(t, map[string]secretTest{
		"applied":  {given: away, want: blocked},
		"deleting": {given: all(away, func(s *plan.SecretFacts) { s.Desired.Deleting = true }), want: blocked},
	})
}

func TestMigratedGrantsGoOnAtTheNewController(t *testing.T) {
	t.Parallel()
	former := plan.ModelRef{Controller: "former", Name: prodApp.Name}
	migrating := func(changes ...func(*plan.AccessFacts)) func(*plan.AccessFacts) {
		return func(s *plan.AccessFacts) {
			s.Record, s.LastModelUUID = grantedIn(former, "app1", "app2"), modelUUID
			all(changes...)(s)
		}
	}
	another := func(s *plan.AccessFacts) { s.View = plan.ModelView{Known: true, ModelUUID: otherUUID} }
	leaving := func(s *plan.AccessFacts) { s.Deleting = true }
	stays := func(reason v1alpha1.Reason, message string) func(*plan.Plan) {
		return all(reports(reason, message), func(p *plan.Plan) { p.ModelUUID, p.Secret = "", nil })
	}
	runAccessTests(t, map[string]accessTest{
		"the same model": {
			given: migrating(), want: records(granted("app1", "app2"), granted("app1", "app2")),
		},
		"another model of the name": {
			given: migrating(another), want: stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo),
		},
		"another model of the name, deleting": {
			given: migrating(another, leaving),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+otherName+unchanged+backTo+orLeave("the grants")),
		},
		"no such model, deleting": {
			given: migrating(leaving, func(s *plan.AccessFacts) { s.View = gone() }),
			want:  stays(v1alpha1.ReasonModelNotFound, notThere+unchanged+backTo+orLeave("the grants")),
		},
		"no tenancy at the new controller, deleting": {
			given: migrating(leaving, func(s *plan.AccessFacts) { s.Tenancy, s.View = denied(), plan.ModelView{} }),
			want:  stays(v1alpha1.ReasonTenantDenied, deniedMessage+"; "+backTo+orLeave("the grants")),
		},
		"still migrated away, nothing names the new controller": {
			given: migrating(leaving, func(s *plan.AccessFacts) {
				s.View, s.Target.Unnamed = unavailable(v1alpha1.ReasonModelMigrated), true
			}),
			want: stays(v1alpha1.ReasonModelMigrated, "Juju answered: no; this object has no controllerRef: create a "+
				"controller object for that Juju controller, and the operator revokes the grants there"+orLeave("the grants")),
		},
		"still migrated away": {
			given: migrating(leaving, func(s *plan.AccessFacts) { s.View = unavailable(v1alpha1.ReasonModelMigrated) }),
			want:  stays(v1alpha1.ReasonModelMigrated, "Juju answered: no"),
		},
	})
}

// A JujuController cannot vouch for what was granted elsewhere. Its grants are
// revoked there first.
func TestGrantsOfAJujuControllerDoNotMove(t *testing.T) {
	t.Parallel()
	facts := accessInSync()
	facts.Record = grantedIn(plan.ModelRef{Controller: "team-a/juju", Name: prodApp.Name}, "app1")
	facts.LastModelUUID = modelUUID
	if facts.Moved() || facts.FormerID() != dbID {
		t.Errorf("moved: %t, former secret %q, want the recorded one", facts.Moved(), facts.FormerID())
	}
}

func TestObjectAtAWrongControllerAsksForNothingThere(t *testing.T) {
	t.Parallel()
	facts := secretInSync()
	facts.Identity = plan.Identity{Namespace: "team-a", Name: "db"}
	for name, row := range map[string]struct {
		recorded plan.ControllerKey
		madeAt   string
		uuid     string
		wants    bool
	}{
		"the model of the record":                 {"former", "", modelUUID, true},
		"another model":                           {"former", "", otherUUID, false},
		"the same controller, a recreated model":  {"default", answersNow, otherUUID, true},
		"another Juju controller":                 {"default", madeAt, otherUUID, false},
		"another Juju controller, the same model": {"default", madeAt, modelUUID, true},
		"a record without the Juju controller":    {"default", "", otherUUID, true},
	} {
		other := plan.OtherSecret{
			Identity: plan.Identity{Namespace: "team-a", Name: "another"}, SpecName: "db", Model: prodApp,
			OwnedID: otherID, OwnedModelUUID: row.uuid, RecordedController: row.recorded,
			Record: plan.Record{ControllerUUID: row.madeAt},
		}
		facts.View.ControllerUUID = answersNow
		if got := plan.Competitors(facts, []plan.OtherSecret{other})[0].Wants; got != row.wants {
			t.Errorf("%s: the other object asks for the name: %t, want %t", name, got, row.wants)
		}
	}
}

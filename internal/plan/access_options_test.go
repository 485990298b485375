// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// The options of all tests.
var (
	dbSecret = plan.AppOption{Application: "app1", Name: "db-secret"}
	note     = plan.AppOption{Application: "app2", Name: "note"}
)

// setting returns an option to set to the URI, or to the ID.
func setting(option plan.AppOption, format ...v1alpha1.SecretFormat) plan.OptionSetting {
	format = append(format, v1alpha1.FormatURI)
	return plan.OptionSetting{AppOption: option, Format: format[0]}
}

// wantsOptions sets the options in the spec.
func wantsOptions(options ...plan.OptionSetting) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.Options = options }
}

// hasOption sets an option in Juju.
func hasOption(option plan.AppOption, has plan.Option) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) {
		if s.View.Applications == nil {
			s.View.Applications = map[string]plan.Application{}
		}
		app := s.View.Applications[option.Application]
		if app.Options == nil {
			app.Options = map[string]plan.Option{}
		}
		app.Options[option.Name] = has
		s.View.Applications[option.Application] = app
	}
}

// unset is an option without a value. namesSecret returns one that names a secret by its
// URI.
var unset = plan.Option{Type: "secret"}

func namesSecret(id string) plan.Option {
	return plan.Option{Type: "secret", IsSet: true, SecretID: id, Format: v1alpha1.FormatURI}
}

// recordedOptions adds options to the record.
func recordedOptions(options ...plan.AppOption) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.Record = withOptions(s.Record, options...) }
}

func withOptions(record plan.Record, options ...plan.AppOption) plan.Record {
	record.Options = options
	return record
}

// onlyOptions returns the record of an access that set options and granted
// nothing.
func onlyOptions(options ...plan.AppOption) plan.Record {
	return plan.Record{Held: true, SecretID: dbID, Model: prodApp, Options: options}
}

// lastNamed sets the options that named the secret before, by the status.
func lastNamed(options ...plan.AppOption) func(*plan.AccessFacts) {
	return func(s *plan.AccessFacts) { s.LastNamed = options }
}

func adoptsOptions(s *plan.AccessFacts) { s.Adopt = true }

// sets is the plan that sets options.
func sets(options ...plan.OptionSetting) plan.Step {
	return plan.SetOptions{ID: dbID, Options: options}
}

// resets is the plan that resets options.
func resets(id string, options ...plan.AppOption) plan.Step {
	return plan.ResetOptions{ID: id, Options: options}
}

// holdsOptions sets the options of the status.
func holdsOptions(options ...plan.AppOption) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Named = options }
}

// leavesOption reports a problem with the option of app1.
func leavesOption(reason v1alpha1.Reason, message string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Condition = plan.Condition{Reason: reason, Message: message}
		p.OptionProblems = map[string]string{"app1": message}
	}
}

const (
	optionOfApp1 = `the option "db-secret" of application "app1"`
	inUseBy      = ", which the operator did not set: to keep it, remove the option from this object; " +
		"to replace it, set adoptionPolicy: Adopt"
)

func TestOptionIsSetAfterTheGrantAndRecordedBefore(t *testing.T) {
	t.Parallel()
	both := granted("app1", "app2")
	runAccessTests(t, map[string]accessTest{
		"in sync": {
			given: all(wantsOptions(setting(dbSecret)), recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID))),
			want:  holdsOptions(dbSecret),
		},
		"with the first grant": {
			given: all(recorded(plan.Record{}), inJuju(), wantsOptions(setting(dbSecret)), hasOption(dbSecret, unset)),
			want: records(withOptions(both, dbSecret), withOptions(both, dbSecret),
				plan.Grant{ID: dbID, Applications: []string{"app1", "app2"}}, sets(setting(dbSecret))),
		},
		"several, of two applications": {
			given: all(wantsOptions(setting(dbSecret), setting(note, v1alpha1.FormatID)), hasOption(dbSecret, unset),
				hasOption(note, plan.Option{Type: "string"})),
			want: records(withOptions(both, dbSecret, note), withOptions(both, dbSecret, note),
				sets(setting(dbSecret), setting(note, v1alpha1.FormatID))),
		},
		"of an application that was granted manually": {
			given: all(recorded(plan.Record{}), wantsOptions(setting(dbSecret)), hasOption(dbSecret, unset)),
			want:  records(onlyOptions(dbSecret), onlyOptions(dbSecret), sets(setting(dbSecret))),
		},
		"in another format": {
			given: all(wantsOptions(setting(dbSecret)), recordedOptions(dbSecret), hasOption(dbSecret, plan.Option{
				Type: "string", IsSet: true, SecretID: dbID, Format: v1alpha1.FormatID,
			})),
			want: func(p *plan.Plan) { p.Steps = []plan.Step{sets(setting(dbSecret))} },
		},
		"after a crash: recorded and not set": {
			given: all(wantsOptions(setting(dbSecret)), recordedOptions(dbSecret), hasOption(dbSecret, unset)),
			want:  func(p *plan.Plan) { p.Steps = []plan.Step{sets(setting(dbSecret))} },
		},
		"to the new ID of a secret that was created again": {
			given: all(wantsOptions(setting(dbSecret)), recordedOptions(dbSecret), lastNamed(dbSecret),
				hasOption(dbSecret, namesSecret(otherID)), func(s *plan.AccessFacts) { s.Record.SecretID = otherID }),
			want: records(onlyOptions(dbSecret), onlyOptions(dbSecret), sets(setting(dbSecret))),
		},
		"application that is not deployed": {
			given: all(inJuju("app2"), wantsOptions(setting(dbSecret)), func(s *plan.AccessFacts) {
				s.View.Applications = map[string]plan.Application{"app1": {Problem: in(v1alpha1.ReasonApplicationNotFound)}}
			}),
			want: all(leavesOption(v1alpha1.ReasonApplicationNotFound, "Juju answered: no"), func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Grant{ID: dbID, Applications: []string{"app1"}}}
			}),
		},
	})
}

func TestOptionThatCannotNameTheSecretIsLeft(t *testing.T) {
	t.Parallel()
	wanted := wantsOptions(setting(dbSecret), setting(note))
	free := hasOption(note, plan.Option{Type: "string"})
	tests := map[string]struct {
		given   func(*plan.AccessFacts)
		reason  v1alpha1.Reason
		message string
	}{
		"unknown": {
			hasOption(plan.AppOption{Application: "app1", Name: "other"}, unset), v1alpha1.ReasonConfigOptionInvalid,
			`the charm of application "app1" has no option "db-secret": compare the name with juju config app1`,
		},
		"of type int": {
			hasOption(dbSecret, plan.Option{Type: "int"}), v1alpha1.ReasonConfigOptionInvalid,
			optionOfApp1 + " has the type int: only an option of type secret or string can name a secret",
		},
		"of type secret, as an ID": {
			all(wantsOptions(setting(dbSecret, v1alpha1.FormatID), setting(note)), hasOption(dbSecret, unset)),
			v1alpha1.ReasonConfigOptionInvalid,
			optionOfApp1 + " has the type secret, which takes only the URI: set format: URI",
		},
		"set to another secret": {
			hasOption(dbSecret, namesSecret(otherID)), v1alpha1.ReasonConfigOptionInUse,
			optionOfApp1 + " has secret:" + otherID + inUseBy,
		},
		"set to another value": {
			hasOption(dbSecret, plan.Option{Type: "string", IsSet: true}), v1alpha1.ReasonConfigOptionInUse,
			optionOfApp1 + " has another value" + inUseBy,
		},
		"set by another access": {
			all(hasOption(dbSecret, namesSecret(otherID)), func(s *plan.AccessFacts) {
				s.OptionOwners = map[plan.AppOption]string{dbSecret: `JujuSecretAccess "team-b/db"`}
			}),
			v1alpha1.ReasonConfigOptionInUse,
			`JujuSecretAccess "team-b/db" sets ` + optionOfApp1 + ": remove the option from one of the two objects",
		},
		"of the secret, in another format": {
			hasOption(dbSecret, plan.Option{Type: "string", IsSet: true, SecretID: dbID, Format: v1alpha1.FormatID}),
			v1alpha1.ReasonConfigOptionInUse, optionOfApp1 + " has the secret in another format" + inUseBy,
		},
		"that cannot be read": {
			func(s *plan.AccessFacts) {
				s.View.Applications["app1"] = plan.Application{Problem: in(v1alpha1.ReasonFailed)}
			},
			v1alpha1.ReasonFailed, "Juju answered: no",
		},
	}
	rows := map[string]accessTest{}
	for name, test := range tests {
		rows[name] = accessTest{all(wanted, free, test.given), all(
			records(withOptions(granted("app1", "app2"), note), withOptions(granted("app1", "app2"), note), sets(setting(note))),
			leavesOption(test.reason, test.message),
		)}
	}
	runAccessTests(t, rows)
}

func TestOptionThatNamesTheSecretIsTakenOverOnlyWithAdopt(t *testing.T) {
	t.Parallel()
	runAccessTests(t, map[string]accessTest{
		"Never: used, and not recorded": {
			given: all(wantsOptions(setting(dbSecret)), hasOption(dbSecret, namesSecret(dbID))),
			want:  holdsOptions(dbSecret),
		},
		"Adopt: recorded": {
			given: all(wantsOptions(setting(dbSecret)), hasOption(dbSecret, namesSecret(dbID)), adoptsOptions),
			want:  all(holdsOptions(dbSecret), remembers(withOptions(granted("app1", "app2"), dbSecret))),
		},
		"Adopt: another value is replaced": {
			given: all(wantsOptions(setting(dbSecret)), hasOption(dbSecret, namesSecret(otherID)), adoptsOptions),
			want: records(withOptions(granted("app1", "app2"), dbSecret), withOptions(granted("app1", "app2"), dbSecret),
				sets(setting(dbSecret))),
		},
		"Adopt: the option of another access is left": {
			given: all(wantsOptions(setting(dbSecret)), hasOption(dbSecret, namesSecret(otherID)), adoptsOptions,
				func(s *plan.AccessFacts) { s.OptionOwners = map[plan.AppOption]string{dbSecret: "another access"} }),
			want: leavesOption(v1alpha1.ReasonConfigOptionInUse,
				"another access sets "+optionOfApp1+": remove the option from one of the two objects"),
		},
	})
}

func TestOptionIsResetBeforeTheRevokeWhileItNamesTheSecret(t *testing.T) {
	t.Parallel()
	both := granted("app1", "app2")
	deleting := func(s *plan.AccessFacts) { s.Deleting = true }
	unread := func(s *plan.AccessFacts) {
		s.View.Applications = map[string]plan.Application{"app1": {Problem: in(v1alpha1.ReasonFailed)}}
	}
	revoked := func(p *plan.Plan) {
		p.After, p.Condition = plan.Record{}, plan.Condition{Reason: v1alpha1.ReasonRevoked}
	}
	revoke := plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}
	runAccessTests(t, map[string]accessTest{
		"no longer listed": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID))),
			want:  records(withOptions(both, dbSecret), both, resets(dbID, dbSecret)),
		},
		"no longer listed, with its application": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID)), wants("app2")),
			want: records(withOptions(both, dbSecret), granted("app2"), resets(dbID, dbSecret),
				plan.Revoke{ID: dbID, Applications: []string{"app1"}}),
		},
		"no longer listed, set to another secret by another client": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(otherID))),
			want:  records(withOptions(both, dbSecret), both),
		},
		"no longer listed, removed by a refresh of the charm": {
			given: all(recordedOptions(dbSecret), hasOption(note, unset)),
			want:  records(withOptions(both, dbSecret), both),
		},
		"deleted": {
			given: all(recordedOptions(dbSecret), wantsOptions(setting(dbSecret)), hasOption(dbSecret, namesSecret(dbID)),
				deleting),
			want: all(revoked, func(p *plan.Plan) { p.Steps = []plan.Step{resets(dbID, dbSecret), revoke} }),
		},
		"deleted, set to another secret by another client": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(otherID)), deleting),
			want:  all(revoked, func(p *plan.Plan) { p.Steps = []plan.Step{revoke} }),
		},
		"deleted, with a secret that is gone": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID)), deleting,
				func(s *plan.AccessFacts) { s.View.ByID = nil }),
			want: all(releases(""), func(p *plan.Plan) { p.Steps = []plan.Step{resets(dbID, dbSecret)} }),
		},
		"no longer listed, with its application, while the option cannot be read": {
			given: all(recordedOptions(dbSecret), unread, wants("app2")),
			want:  remembers(withOptions(both, dbSecret)),
		},
		"deleted, while the option cannot be read": {
			given: all(recordedOptions(dbSecret), deleting, unread),
			want: func(p *plan.Plan) {
				p.Steps = []plan.Step{plan.Revoke{ID: dbID, Applications: []string{"app2"}}}
				p.Condition = plan.Condition{Reason: v1alpha1.ReasonFailed, Message: "Juju answered: no"}
				p.After.Granted = []string{"app1"}
			},
		},
		"deleted, after the end of the tenancy": {
			given: all(recorded(onlyOptions(dbSecret)), hasOption(dbSecret, namesSecret(dbID)), deleting,
				func(s *plan.AccessFacts) { s.Tenancy = denied() }),
			want: all(revoked, func(p *plan.Plan) { p.Steps = []plan.Step{resets(dbID, dbSecret)} }),
		},
		"in a format that the option does not take": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID)),
				wantsOptions(setting(dbSecret, v1alpha1.FormatID))),
			want: leavesOption(v1alpha1.ReasonConfigOptionInvalid,
				optionOfApp1+" has the type secret, which takes only the URI: set format: URI"),
		},
		"deleted, with Retain": {
			given: all(recordedOptions(dbSecret), hasOption(dbSecret, namesSecret(dbID)), deleting,
				func(s *plan.AccessFacts) { s.Retain = true }),
			want: all(releases(`left the grants of secret:`+dbID+` to app1, app2 and the options app1/db-secret, `+
				`which name secret:`+dbID+` in model "prod/app": deletionPolicy is Retain`),
				func(p *plan.Plan) { p.ModelUUID = modelUUID }),
		},
	})
}

func TestOptionIsResetBeforeTheGrantsMoveToAnotherSecret(t *testing.T) {
	t.Parallel()
	facts := accessInSync()
	facts.Options, facts.Record = []plan.OptionSetting{setting(dbSecret)}, withOptions(facts.Record, dbSecret)
	facts.View.ByID = stranger(func(s *plan.UserSecret) { s.Granted = nil })
	facts.Target.Query.ID = otherID
	facts.FormerView = plan.ModelView{Known: true, ModelUUID: modelUUID, ByID: database()}
	hasOption(dbSecret, namesSecret(dbID))(&facts)
	facts.FormerView.Applications = facts.View.Applications
	want := []plan.Step{resets(dbID, dbSecret), plan.Revoke{ID: dbID, Applications: []string{"app1", "app2"}}}
	if diff := cmp.Diff(want, plan.ForAccess(facts).Steps); diff != "" {
		t.Errorf("while the former secret exists, the steps (-want +got):\n%s", diff)
	}
	facts.FormerView.ByID, facts.FormerView.ModelUUID = nil, "another model"
	if diff := cmp.Diff(want[:1], plan.ForAccess(facts).Steps); diff != "" {
		t.Errorf("after the former secret was removed from another model, the steps (-want +got):\n%s", diff)
	}
}

func TestChangedOptionIsSetAgainUntilAnotherPartyManagesIt(t *testing.T) {
	t.Parallel()
	corrected := func(inARow int, ago time.Duration) func(*plan.AccessFacts) {
		return func(s *plan.AccessFacts) {
			s.Corrections = plan.Corrections{"app1/db-secret": {InARow: inARow, Ago: ago}}
		}
	}
	drifted := all(wantsOptions(setting(dbSecret)), recordedOptions(dbSecret), lastNamed(dbSecret),
		hasOption(dbSecret, unset))
	again := func(p *plan.Plan) {
		p.Steps, p.Reconfigures = []plan.Step{sets(setting(dbSecret))}, []plan.AppOption{dbSecret}
	}
	runAccessTests(t, map[string]accessTest{
		"reset":                 {given: drifted, want: again},
		"set to another secret": {given: all(drifted, hasOption(dbSecret, namesSecret(otherID))), want: again},
		"reset after two corrections": {
			given: all(drifted, corrected(2, time.Second)), want: again,
		},
		"reset after three corrections": {
			given: all(drifted, corrected(3, time.Second)),
			want: func(p *plan.Plan) {
				p.Wait = 2*time.Minute - time.Second
				p.Condition = plan.Condition{Reason: v1alpha1.ReasonDrifted, Message: "another client changed the options " +
					"app1/db-secret again, after 3 corrections in a row: the operator pauses for 2m0s. Find the other client and " +
					"stop it: for example, set ignore_changes = [config] in the lifecycle of the juju_application in Terraform, or " +
					"remove the option from this object"}
			},
		},
		"reset, after the pause": {given: all(drifted, corrected(3, 3*time.Minute)), want: again},
	})
}

func TestOptionBelongsToTheAccessThatSetItOrToTheOldest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		recorded bool
		other    plan.OtherOption
		owned    bool
	}{
		"both want it, the other is older":    {false, plan.OtherOption{Wants: true, Before: true}, true},
		"both want it, the other is younger":  {false, plan.OtherOption{Wants: true}, false},
		"the younger one set it":              {false, plan.OtherOption{Wants: true, Recorded: true}, true},
		"this one set it, the other is older": {true, plan.OtherOption{Wants: true, Before: true}, false},
		"both set it, the other is older": {
			true, plan.OtherOption{Wants: true, Recorded: true, Before: true}, true,
		},
		"both set it, the other is younger":              {true, plan.OtherOption{Wants: true, Recorded: true}, false},
		"the other gives it up, and has not reset it":    {false, plan.OtherOption{Recorded: true}, true},
		"the other is being deleted, and did not set it": {false, plan.OtherOption{Before: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			if row.recorded {
				facts.Record = withOptions(facts.Record, dbSecret)
			}
			row.other.Option, row.other.Object = dbSecret, "another access"
			if _, owned := facts.OwnersOfOptions([]plan.OtherOption{row.other})[dbSecret]; owned != row.owned {
				t.Errorf("the other access has the option: %v, want %v", owned, row.owned)
			}
		})
	}
}

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

// controllerTest is a row about ForController: what is different from a controller object whose credentials are right.
type controllerTest struct {
	given func(*plan.ControllerSeen)
	want  func(*plan.ControllerPlan)
}

func runControllerTests(t *testing.T, tests map[string]controllerTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := plan.ControllerSeen{
				Held: true, CredentialsSecret: "juju-secrets/juju-user", CredentialsFound: true, CredentialsHeld: true,
				Connection: content.Connection{
					Addresses: []string{"10.0.0.5:17070"}, CACertificate: "PEM",
					Username: "operator", Password: content.Seal("hunter2"),
				},
			}
			if test.given != nil {
				test.given(&seen)
			}
			want := plan.ControllerPlan{
				Held: true, Connect: true,
				Verdict: plan.Verdict{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"},
			}
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, plan.ForController(seen)); diff != "" {
				t.Errorf("ForController (-want +got):\n%s", diff)
			}
		})
	}
}

// lacks is the plan of a controller object whose credentials cannot be used.
func lacks(what string) func(*plan.ControllerPlan) {
	return func(p *plan.ControllerPlan) {
		p.Connect, p.Verdict = false, plan.Verdict{
			Reason: v1alpha1.ReasonSourceNotFound,
			Message: "the credentials Secret juju-secrets/juju-user " + what +
				": create it with the keys username and password",
		}
	}
}

func noCredentials(s *plan.ControllerSeen) {
	s.CredentialsFound, s.CredentialsHeld, s.Connection = false, false, content.Connection{}
}

func TestAControllerIsConnectedToOnceItsCredentialsAreThere(t *testing.T) {
	t.Parallel()
	runControllerTests(t, map[string]controllerTest{
		"they are there": {},
		"whether they are right is for Juju to say": {
			given: func(s *plan.ControllerSeen) {
				s.Connection = content.Connection{Username: "?", Password: content.Seal(" ")}
			},
		},
		"the Secret does not exist": {noCredentials, lacks("does not exist")},
		"the Secret has no username": {
			func(s *plan.ControllerSeen) { s.Connection.Username = "" }, lacks(`has no key "username"`),
		},
		"the Secret has no password": {
			func(s *plan.ControllerSeen) { s.Connection.Password = content.Sealed[string]{} }, lacks(`has no key "password"`),
		},
		"an empty password is none": {
			func(s *plan.ControllerSeen) { s.Connection.Password = content.Seal("") }, lacks(`has no key "password"`),
		},
		"the Secret has neither, one after the other": {
			func(s *plan.ControllerSeen) { s.Connection = content.Connection{} }, lacks(`has no key "username"`),
		},
	})
}

func TestCredentialsAreHeldBeforeAnythingIsMadeWithThem(t *testing.T) {
	t.Parallel()
	unheld := func(s *plan.ControllerSeen) { s.CredentialsHeld = false }
	going := func(s *plan.ControllerSeen) { s.CredentialsGoing = true }
	holds := func(p *plan.ControllerPlan) { p.HoldCredentials = true }
	kept := func(p *plan.ControllerPlan) {
		p.Verdict.Message += "; the credentials Secret juju-secrets/juju-user is being deleted, and kept as long as it is needed: to " +
			"replace it name another one in spec.credentials, or change its keys"
	}
	runControllerTests(t, map[string]controllerTest{
		"the finalizer comes on the Secret": {unheld, holds},
		"also on one that lacks a key, which may come": {
			all(unheld, func(s *plan.ControllerSeen) { s.Connection.Username = "" }), all(lacks(`has no key "username"`), holds),
		},
		"not on one that is going, which takes none any more": {all(unheld, going), kept},
		"not on one that does not exist":                      {noCredentials, lacks("does not exist")},
		"one that is going serves as long as it is there":     {going, kept},
		"of one that is going and of no use, that is told": {
			all(going, func(s *plan.ControllerSeen) { s.Connection.Username = "" }), lacks(`has no key "username"`),
		},
	})
}

func TestAControllerStaysUntilNothingWasMadeThroughIt(t *testing.T) {
	t.Parallel()
	goes := func(user string) func(*plan.ControllerSeen) {
		return func(s *plan.ControllerSeen) { s.Deleting, s.User = true, user }
	}
	gone := func(p *plan.ControllerPlan) {
		*p = plan.ControllerPlan{Verdict: plan.Verdict{Reason: v1alpha1.ReasonRemoved}}
	}
	inUse := func(p *plan.ControllerPlan) {
		p.Verdict = plan.Verdict{
			Reason: v1alpha1.ReasonInUse,
			Message: "kept until nothing in Juju was made through it any more, for example for team-a/db: delete that, or let it go " +
				"with the annotation jujusecrets.io/abandon",
		}
	}
	runControllerTests(t, map[string]controllerTest{
		"one that is used and not deleted is as ever":                             {given: func(s *plan.ControllerSeen) { s.User = "team-a/db" }},
		"one that nobody uses goes":                                               {goes(""), gone},
		"it goes without its credentials":                                         {all(goes(""), noCredentials), gone},
		"one that is used stays, connected, so that what was made can be removed": {goes("team-a/db"), inUse},
		"one that lost the finalizer gets none any more": {
			all(goes("team-a/db"), func(s *plan.ControllerSeen) { s.Held = false }), all(inUse, func(p *plan.ControllerPlan) { p.Held = false }),
		},
		"its Secret is held too": {
			all(goes("team-a/db"), func(s *plan.ControllerSeen) { s.CredentialsHeld = false }),
			all(inUse, func(p *plan.ControllerPlan) { p.HoldCredentials = true }),
		},
		"one that is used and has no credentials says that first": {all(goes("team-a/db"), noCredentials), lacks("does not exist")},
		"its Secret goes with it, and is told of": {
			all(goes("team-a/db"), func(s *plan.ControllerSeen) { s.CredentialsGoing = true }),
			all(inUse, func(p *plan.ControllerPlan) {
				p.Verdict.Message += "; the credentials Secret juju-secrets/juju-user is being deleted, and kept as long as it is needed: to " +
					"replace it name another one in spec.credentials, or change its keys"
			}),
		},
	})
}

func TestCredentialsAreHeldWhileSomethingMayHaveToBeRemovedWithThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seen plan.CredentialsSeen
		want bool
	}{
		"a controller names them":                                {plan.CredentialsSeen{Named: true}, true},
		"and something was made":                                 {plan.CredentialsSeen{Named: true, InUse: true}, true},
		"they are going, and something was made":                 {plan.CredentialsSeen{Named: true, InUse: true, Deleting: true}, true},
		"they are going, and nothing was made":                   {plan.CredentialsSeen{Named: true, Deleting: true}, false},
		"no controller names them any more":                      {plan.CredentialsSeen{}, false},
		"no controller names them any more, and they are going":  {plan.CredentialsSeen{Deleting: true}, false},
		"whatever else is in use does not matter, if none names": {plan.CredentialsSeen{InUse: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plan.ForCredentials(test.seen); got != test.want {
				t.Errorf("they are held: %t, want %t", got, test.want)
			}
		})
	}
}

func TestTheHealthOfAControllerIsToldAsItIs(t *testing.T) {
	t.Parallel()
	well := plan.Verdict{Reason: v1alpha1.ReasonInUse, Message: "kept"}
	type row struct {
		health plan.Health
		want   plan.Verdict
	}
	tests := map[string]row{
		"logged in, so that the plan has the word":          {plan.Health{ControllerUUID: modelUUID, Version: "4.0.12"}, well},
		"not connected on purpose, so that the plan has it": {plan.Health{}, well},
	}
	for kind, reason := range troubles() {
		tests[fmt.Sprintf("trouble: %s", reason)] = row{
			plan.Health{Trouble: in(kind)}, plan.Verdict{Reason: reason, Message: "Juju answered: no"},
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, plan.ForHealth(well, test.health)); diff != "" {
				t.Errorf("ForHealth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATroubleThatNobodyForesawIsAFailure(t *testing.T) {
	t.Parallel()
	want := plan.Verdict{Reason: v1alpha1.ReasonFailed, Message: "?"}
	for _, kind := range []plan.Kind{0, -1, plan.Refused + 1} {
		got := plan.ForHealth(plan.Verdict{}, plan.Health{Trouble: &plan.Trouble{Kind: kind, Message: "?"}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", kind, diff)
		}
	}
}

func TestAModelIsCalledAsTheManifestCallsIt(t *testing.T) {
	t.Parallel()
	got := []string{
		plan.ModelRef{Controller: "default", Name: "prod/app"}.String(),
		plan.ModelRef{Controller: "default", UUID: modelUUID}.String(),
	}
	if diff := cmp.Diff([]string{"prod/app", modelUUID}, got); diff != "" {
		t.Errorf("String (-want +got):\n%s", diff)
	}
}

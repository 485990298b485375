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

func TestAControllerIsConnectedToOnceItsCredentialsAreThere(t *testing.T) {
	t.Parallel()
	type answer struct {
		Verdict plan.Verdict
		Connect bool
	}
	lacks := func(what string) answer {
		return answer{Verdict: plan.Verdict{
			Reason: v1alpha1.ReasonSourceNotFound,
			Message: "the credentials Secret juju-secrets/juju-user " + what +
				": create it with the keys username and password",
		}}
	}
	tests := map[string]struct {
		given func(*plan.ControllerSeen)
		want  answer
	}{
		"they are there": {
			func(*plan.ControllerSeen) {}, answer{Connect: true},
		},
		"whether they are right is for Juju to say": {
			func(s *plan.ControllerSeen) {
				s.Connection = content.Connection{Username: "?", Password: content.Seal(" ")}
			},
			answer{Connect: true},
		},
		"the Secret does not exist": {
			func(s *plan.ControllerSeen) { s.CredentialsFound, s.Connection = false, content.Connection{} },
			lacks("does not exist"),
		},
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
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := plan.ControllerSeen{
				CredentialsSecret: "juju-secrets/juju-user", CredentialsFound: true,
				Connection: content.Connection{
					Addresses: []string{"10.0.0.5:17070"}, CACertificate: "PEM",
					Username: "operator", Password: content.Seal("hunter2"),
				},
			}
			test.given(&seen)
			verdict, connect := plan.ForController(seen)
			if diff := cmp.Diff(test.want, answer{verdict, connect}); diff != "" {
				t.Errorf("ForController (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheHealthOfAControllerIsToldAsItIs(t *testing.T) {
	t.Parallel()
	type row struct {
		health plan.Health
		want   plan.Verdict
	}
	tests := map[string]row{
		"logged in": {
			plan.Health{ControllerUUID: modelUUID, Version: "4.0.12"},
			plan.Verdict{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"},
		},
	}
	for kind, reason := range troubles() {
		tests[fmt.Sprintf("trouble: %s", reason)] = row{
			plan.Health{Trouble: in(kind)}, plan.Verdict{Reason: reason, Message: "Juju answered: no"},
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, plan.ForHealth(test.health)); diff != "" {
				t.Errorf("ForHealth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATroubleThatNobodyForesawIsAFailure(t *testing.T) {
	t.Parallel()
	want := plan.Verdict{Reason: v1alpha1.ReasonFailed, Message: "?"}
	for _, kind := range []plan.Kind{0, -1, plan.Refused + 1} {
		got := plan.ForHealth(plan.Health{Trouble: &plan.Trouble{Kind: kind, Message: "?"}})
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

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
				Held: true,
				Credentials: plan.CredentialsSecret{
					Name: "juju-secrets/juju-user", Found: true, Held: true, Keys: []string{"username", "password"},
				},
				Connection: content.Connection{
					Addresses: []string{"10.0.0.5:17070"}, CACertificate: "PEM",
					Username: "operator", Password: content.Seal("hunter2"),
				},
			}
			if test.given != nil {
				test.given(&seen)
			}
			want := plan.ControllerPlan{
				Held: true, Connect: true, CACertificate: "PEM",
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
		p.Connect, p.CACertificate, p.Verdict = false, "", plan.Verdict{
			Reason: v1alpha1.ReasonSourceNotFound,
			Message: "the credentials Secret juju-secrets/juju-user " + what +
				": create it with the keys username and password",
		}
	}
}

// lacking makes the credentials lack some keys.
func lacking(keys ...string) func(*plan.ControllerSeen) {
	return func(s *plan.ControllerSeen) { s.Credentials.Lacking = keys }
}

// certified takes the certificate from a ConfigMap.
func certified(found bool) func(*plan.ControllerSeen) {
	return func(s *plan.ControllerSeen) {
		s.Certificate = &plan.CertificateSource{Object: "ConfigMap juju-secrets/juju-ca", Key: "ca.crt", Found: found}
		if !found {
			s.Connection.CACertificate = "nothing"
		}
	}
}

// keptFrom lets the status have a certificate of the last login.
func keptFrom(s *plan.ControllerSeen) { s.Certificate.Kept = "KEPT" }

// lacksCertificate is the plan of a controller object whose certificate is not where it should be.
func lacksCertificate(p *plan.ControllerPlan) {
	p.Connect, p.CACertificate, p.Verdict = false, "", plan.Verdict{
		Reason: v1alpha1.ReasonSourceNotFound,
		Message: `ConfigMap juju-secrets/juju-ca, which spec.caCertificateFrom names, does not exist or has nothing under the ` +
			`key "ca.crt": put the controller's CA certificate there`,
	}
}

// inUse is the plan of a controller object that goes, and through which something was made for team-a/db.
func inUse(p *plan.ControllerPlan) {
	p.Verdict = plan.Verdict{
		Reason: v1alpha1.ReasonInUse,
		Message: "kept until nothing in Juju was made through it any more, for example for team-a/db: delete that, or let it go " +
			"with the annotation jujusecrets.io/abandon",
	}
}

// tellsOfCredentials is about credentials that are going.
func tellsOfCredentials(p *plan.ControllerPlan) {
	p.Verdict.Message += "; the credentials Secret juju-secrets/juju-user is being deleted, and kept as long as it is needed: to " +
		"replace it name another one in spec.credentials, or change its keys"
}

func noCredentials(s *plan.ControllerSeen) {
	s.Credentials.Found, s.Credentials.Held, s.Credentials.Lacking, s.Connection = false, false, s.Credentials.Keys, content.Connection{}
}

func TestAControllerIsConnectedToOnceItsCredentialsAreThere(t *testing.T) {
	t.Parallel()
	runControllerTests(t, map[string]controllerTest{
		"they are there": {},
		"whether they are right is for Juju to say": {
			given: func(s *plan.ControllerSeen) {
				s.Connection.Username, s.Connection.Password = "?", content.Seal(" ")
			},
		},
		"the Secret does not exist": {noCredentials, lacks("does not exist")},
		"the Secret has no username": {
			lacking("username"), lacks(`has no key "username"`),
		},
		"the Secret has no password": {lacking("password"), lacks(`has no key "password"`)},
		"the Secret has neither, one after the other": {
			lacking("username", "password"), lacks(`has no key "username"`),
		},
		"a service account has other keys": {
			func(s *plan.ControllerSeen) {
				s.Credentials.Keys, s.Credentials.Lacking = []string{"client-id", "client-secret"}, []string{"client-secret"}
			},
			func(p *plan.ControllerPlan) {
				p.Connect, p.CACertificate, p.Verdict = false, "", plan.Verdict{
					Reason: v1alpha1.ReasonSourceNotFound,
					Message: `the credentials Secret juju-secrets/juju-user has no key "client-secret": create it with the keys ` +
						"client-id and client-secret",
				}
			},
		},
		"the certificate is there":     {given: certified(true)},
		"the certificate is not there": {certified(false), lacksCertificate},
		"that of another class is left alone, going or not": {
			func(s *plan.ControllerSeen) { s.Elsewhere, s.Deleting = true, true },
			func(p *plan.ControllerPlan) { *p = plan.ControllerPlan{Leave: true} },
		},
	})
}

func TestCredentialsAreHeldBeforeAnythingIsMadeWithThem(t *testing.T) {
	t.Parallel()
	unheld := func(s *plan.ControllerSeen) { s.Credentials.Held = false }
	going := func(s *plan.ControllerSeen) { s.Credentials.Going = true }
	holds := func(p *plan.ControllerPlan) { p.HoldCredentials = true }
	runControllerTests(t, map[string]controllerTest{
		"the finalizer comes on the Secret": {unheld, holds},
		"also on one that lacks a key, which may come": {
			all(unheld, lacking("username")), all(lacks(`has no key "username"`), holds),
		},
		"not on one that is going, which takes none any more": {all(unheld, going), tellsOfCredentials},
		"not on one that does not exist":                      {noCredentials, lacks("does not exist")},
		"one that is going serves as long as it is there":     {going, tellsOfCredentials},
		"of one that is going and of no use, that is told": {
			all(going, lacking("username")), lacks(`has no key "username"`),
		},
	})
}

func TestAControllerStaysUntilNothingWasMadeThroughIt(t *testing.T) {
	t.Parallel()
	goes := func(user string) func(*plan.ControllerSeen) {
		return func(s *plan.ControllerSeen) { s.Deleting, s.User = true, user }
	}
	gone := func(p *plan.ControllerPlan) {
		*p = plan.ControllerPlan{ReleaseCredentials: true, Verdict: plan.Verdict{Reason: v1alpha1.ReasonRemoved}}
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
			all(goes("team-a/db"), func(s *plan.ControllerSeen) { s.Credentials.Held = false }),
			all(inUse, func(p *plan.ControllerPlan) { p.HoldCredentials = true }),
		},
		"one that is used and has no credentials says that first": {all(goes("team-a/db"), noCredentials), lacks("does not exist")},
		"its Secret goes with it, and is told of": {
			all(goes("team-a/db"), func(s *plan.ControllerSeen) { s.Credentials.Going = true }),
			all(inUse, tellsOfCredentials),
		},
	})
}

func TestTheCertificateOfTheLastLoginServesOnlyWhatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	goes := func(s *plan.ControllerSeen) { s.Deleting, s.User = true, "team-a/db" }
	serves := func(p *plan.ControllerPlan) {
		p.CACertificate = "KEPT"
		p.Verdict.Message += "; ConfigMap juju-secrets/juju-ca, which spec.caCertificateFrom names, has no certificate any more: that in " +
			"status.caCertificate serves"
	}
	going := func(s *plan.ControllerSeen) { s.Credentials.Going = true }
	runControllerTests(t, map[string]controllerTest{
		"its source is there":                        {all(certified(true), keptFrom), nil},
		"its source is there, and it goes":           {all(certified(true), keptFrom, goes), inUse},
		"its source is gone":                         {all(certified(false), keptFrom), lacksCertificate},
		"its source is gone, and it goes":            {all(certified(false), keptFrom, goes), all(inUse, serves)},
		"its source is gone, it goes, and none kept": {all(certified(false), goes), lacksCertificate},
		"its source is gone, it goes, and so do its credentials": {
			all(certified(false), keptFrom, goes, going), all(inUse, serves, tellsOfCredentials),
		},
		"its source is gone, it goes, and has no credentials": {
			all(certified(false), keptFrom, goes, noCredentials), lacks("does not exist"),
		},
		"nobody uses it": {
			all(certified(false), keptFrom, func(s *plan.ControllerSeen) { s.Deleting = true }),
			func(p *plan.ControllerPlan) {
				*p = plan.ControllerPlan{ReleaseCredentials: true, Verdict: plan.Verdict{Reason: v1alpha1.ReasonRemoved}}
			},
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
			if diff := cmp.Diff(test.want, plan.ForHealth(well, test.health, nil)); diff != "" {
				t.Errorf("ForHealth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMoreAccessThanNeededIsToldWithTheModels(t *testing.T) {
	t.Parallel()
	const loggedIn = "logged in to the controller"
	model := func(name, access string) v1alpha1.ModelStatus {
		return v1alpha1.ModelStatus{Name: name, Access: access}
	}
	more := func(what string) string {
		return loggedIn + "; the user operator has more access than it needs, " + what + ": write access is enough"
	}
	for name, test := range map[string]struct {
		models []v1alpha1.ModelStatus
		want   string
	}{
		"no model":                       {nil, loggedIn},
		"what is not known yet":          {[]v1alpha1.ModelStatus{model("prod/a", "")}, loggedIn},
		"just enough, and less":          {[]v1alpha1.ModelStatus{model("prod/a", "write"), model("prod/b", "read")}, loggedIn},
		"more in one of two":             {[]v1alpha1.ModelStatus{model("prod/a", "write"), model("prod/b", "admin")}, more("admin of prod/b")},
		"more in both, by name":          {[]v1alpha1.ModelStatus{model("prod/b", "admin"), model("prod/a", "admin")}, more("admin of prod/a, admin of prod/b")},
		"a superuser, as the login told": {[]v1alpha1.ModelStatus{model("prod/a", "admin"), model("prod/b", "superuser")}, more("that of a superuser of the controller")},
		"more in many": {
			[]v1alpha1.ModelStatus{model("1", "admin"), model("2", "admin"), model("3", "admin"), model("4", "admin"), model("5", "admin")},
			more("admin of 1, admin of 2, admin of 3, and 2 models more"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.ForHealth(plan.Verdict{Reason: v1alpha1.ReasonConnected, Message: loggedIn}, plan.Health{User: "operator"}, test.models)
			if diff := cmp.Diff(plan.Verdict{Reason: v1alpha1.ReasonConnected, Message: test.want}, got); diff != "" {
				t.Errorf("ForHealth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATroubleThatNobodyForesawIsAFailure(t *testing.T) {
	t.Parallel()
	want := plan.Verdict{Reason: v1alpha1.ReasonFailed, Message: "?"}
	for _, kind := range []plan.Kind{0, -1, plan.Refused + 1} {
		got := plan.ForHealth(plan.Verdict{}, plan.Health{Trouble: &plan.Trouble{Kind: kind, Message: "?"}}, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", kind, diff)
		}
	}
}

func TestAControllerObjectIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	type parts struct{ Namespace, Name, Object string }
	for key, want := range map[plan.ControllerKey]parts{
		"default":     {"", "default", `ClusterJujuController "default"`},
		"team-a/juju": {"team-a", "juju", `JujuController "juju"`},
		"a/a":         {"a", "a", `JujuController "a"`},
	} {
		if diff := cmp.Diff(want, parts{key.Namespace(), key.Name(), key.Object()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
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

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// controllerTest is a row about ForController: how the facts and the plan
// differ from a controller object with correct credentials.
type controllerTest struct {
	given func(*plan.ControllerFacts)
	want  func(*plan.ControllerPlan)
}

func runControllerTests(t *testing.T, tests map[string]controllerTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := plan.ControllerFacts{
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
				test.given(&facts)
			}
			want := plan.ControllerPlan{
				Held: true, Connect: true, CACertificate: "PEM",
				Condition: plan.Condition{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"},
			}
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, plan.ForController(facts)); diff != "" {
				t.Errorf("ForController (-want +got):\n%s", diff)
			}
		})
	}
}

// lacks returns the plan of a controller object with unusable credentials.
func lacks(what string) func(*plan.ControllerPlan) {
	return func(p *plan.ControllerPlan) {
		p.Connect, p.CACertificate, p.Condition = false, "", plan.Condition{
			Reason: v1alpha1.ReasonSourceNotFound,
			Message: "the credentials Secret juju-secrets/juju-user " + what +
				": it needs the keys username and password",
		}
	}
}

// lacking removes keys from the credentials.
func lacking(keys ...string) func(*plan.ControllerFacts) {
	return func(s *plan.ControllerFacts) { s.Credentials.Lacking = keys }
}

// certified makes a ConfigMap the source of the certificate.
func certified(found bool) func(*plan.ControllerFacts) {
	return func(s *plan.ControllerFacts) {
		s.Certificate = &plan.CertificateSource{Object: "ConfigMap juju-secrets/juju-ca", Key: "ca.crt", Found: found}
		if !found {
			s.Connection.CACertificate = "nothing"
		}
	}
}

// keptFrom sets a certificate of the last login in the status.
func keptFrom(s *plan.ControllerFacts) { s.Certificate.Kept = "KEPT" }

// lacksCertificate is the plan of a controller object without its certificate.
func lacksCertificate(p *plan.ControllerPlan) {
	p.Connect, p.CACertificate, p.Condition = false, "", plan.Condition{
		Reason: v1alpha1.ReasonSourceNotFound,
		Message: `ConfigMap juju-secrets/juju-ca in spec.caCertificateFrom does not exist, or has no key "ca.crt": ` +
			`add the controller's CA certificate there`,
	}
}

// inUse is the plan of a controller object that is being deleted and that
// team-a/db uses.
func inUse(p *plan.ControllerPlan) {
	p.Condition = plan.Condition{
		Reason: v1alpha1.ReasonInUse,
		Message: "being deleted, but serves its objects until none of them has anything in Juju, for example team-a/db: " +
			"to keep this controller object, remove its finalizer and apply its manifest again, which changes nothing in " +
			"Juju; if the Juju controller no longer exists, delete its objects with the annotation jujusecrets.io/abandon",
	}
}

// reportsCredentials adds the message about credentials that are being deleted.
func reportsCredentials(p *plan.ControllerPlan) {
	p.Condition.Message += "; the credentials Secret juju-secrets/juju-user is being deleted: create it again, or name " +
		"another Secret in spec.credentials"
}

func noCredentials(s *plan.ControllerFacts) {
	s.Credentials.Found, s.Credentials.Held, s.Credentials.Lacking = false, false, s.Credentials.Keys
	s.Connection = content.Connection{}
}

func TestControllerConnectsOnceCredentialsExist(t *testing.T) {
	t.Parallel()
	runControllerTests(t, map[string]controllerTest{
		"complete": {},
		"wrong: only Juju can check them": {
			given: func(s *plan.ControllerFacts) {
				s.Connection.Username, s.Connection.Password = "?", content.Seal(" ")
			},
		},
		"no Secret": {noCredentials, lacks("does not exist")},
		"no username": {
			lacking("username"), lacks(`has no key "username"`),
		},
		"no password": {lacking("password"), lacks(`has no key "password"`)},
		"neither: the first is reported": {
			lacking("username", "password"), lacks(`has no key "username"`),
		},
		"client credentials": {
			func(s *plan.ControllerFacts) {
				s.Credentials.Keys, s.Credentials.Lacking = []string{"client-id", "client-secret"}, []string{"client-secret"}
			},
			func(p *plan.ControllerPlan) {
				p.Connect, p.CACertificate, p.Condition = false, "", plan.Condition{
					Reason: v1alpha1.ReasonSourceNotFound,
					Message: `the credentials Secret juju-secrets/juju-user has no key "client-secret": it needs the keys ` +
						"client-id and client-secret",
				}
			},
		},
		"certificate exists":  {given: certified(true)},
		"certificate missing": {certified(false), lacksCertificate},
	})
}

func TestCredentialsGetFinalizerBeforeUse(t *testing.T) {
	t.Parallel()
	unheld := func(s *plan.ControllerFacts) { s.Credentials.Held = false }
	deletingSecret := func(s *plan.ControllerFacts) { s.Credentials.Deleting = true }
	holds := func(p *plan.ControllerPlan) { p.HoldCredentials = true }
	runControllerTests(t, map[string]controllerTest{
		"Secret without the finalizer": {unheld, holds},
		"Secret without a key": {
			all(unheld, lacking("username")), all(lacks(`has no key "username"`), holds),
		},
		"Secret is being deleted, without the finalizer": {all(unheld, deletingSecret), reportsCredentials},
		"no Secret":                           {noCredentials, lacks("does not exist")},
		"Secret is being deleted: still used": {deletingSecret, reportsCredentials},
		"Secret is being deleted, without a key": {
			all(deletingSecret, lacking("username")), lacks(`has no key "username"`),
		},
	})
}

func TestControllerDeletionWaitsWhileInUse(t *testing.T) {
	t.Parallel()
	deleted := func(user string) func(*plan.ControllerFacts) {
		return func(s *plan.ControllerFacts) { s.Deleting, s.User = true, user }
	}
	gone := func(p *plan.ControllerPlan) {
		*p = plan.ControllerPlan{ReleaseCredentials: true, Condition: plan.Condition{Reason: v1alpha1.ReasonRemoved}}
	}
	runControllerTests(t, map[string]controllerTest{
		"in use, not deleted":        {given: func(s *plan.ControllerFacts) { s.User = "team-a/db" }},
		"not in use":                 {deleted(""), gone},
		"not in use, no credentials": {all(deleted(""), noCredentials), gone},
		"in use: stays connected":    {deleted("team-a/db"), inUse},
		"in use, without the finalizer": {
			all(deleted("team-a/db"), func(s *plan.ControllerFacts) { s.Held = false }), all(
				inUse, func(p *plan.ControllerPlan) { p.Held = false },
			),
		},
		"in use, Secret without the finalizer": {
			all(deleted("team-a/db"), func(s *plan.ControllerFacts) { s.Credentials.Held = false }),
			all(inUse, func(p *plan.ControllerPlan) { p.HoldCredentials = true }),
		},
		"in use, no credentials": {all(deleted("team-a/db"), noCredentials), lacks("does not exist")},
		"in use, Secret is being deleted": {
			all(deleted("team-a/db"), func(s *plan.ControllerFacts) { s.Credentials.Deleting = true }), inUse,
		},
	})
}

func TestCertificateOfLastLoginIsUsedOnlyDuringDeletion(t *testing.T) {
	t.Parallel()
	deleted := func(s *plan.ControllerFacts) { s.Deleting, s.User = true, "team-a/db" }
	serves := func(p *plan.ControllerPlan) {
		p.CACertificate = "KEPT"
		p.Condition.Message += "; ConfigMap juju-secrets/juju-ca in spec.caCertificateFrom no longer has a certificate: " +
			"the operator uses status.caCertificate"
	}
	deletingSecret := func(s *plan.ControllerFacts) { s.Credentials.Deleting = true }
	runControllerTests(t, map[string]controllerTest{
		"source exists":                                {all(certified(true), keptFrom), nil},
		"source exists, deleted":                       {all(certified(true), keptFrom, deleted), inUse},
		"source missing":                               {all(certified(false), keptFrom), lacksCertificate},
		"source missing, deleted":                      {all(certified(false), keptFrom, deleted), all(inUse, serves)},
		"source missing, deleted, no certificate kept": {all(certified(false), deleted), lacksCertificate},
		"source missing, deleted, Secret is being deleted": {
			all(certified(false), keptFrom, deleted, deletingSecret), all(inUse, serves),
		},
		"source missing, deleted, no credentials": {
			all(certified(false), keptFrom, deleted, noCredentials), lacks("does not exist"),
		},
		"not in use": {
			all(certified(false), keptFrom, func(s *plan.ControllerFacts) { s.Deleting = true }),
			func(p *plan.ControllerPlan) {
				*p = plan.ControllerPlan{ReleaseCredentials: true, Condition: plan.Condition{Reason: v1alpha1.ReasonRemoved}}
			},
		},
	})
}

func TestCredentialsKeepFinalizerUntilTheyCanBeReplaced(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seen  plan.CredentialsFacts
		want  bool
		again time.Duration
	}{
		"named":                {plan.CredentialsFacts{Named: true}, true, 0},
		"named, in use":        {plan.CredentialsFacts{Named: true, InUse: true}, true, 0},
		"named, being deleted": {plan.CredentialsFacts{Named: true, Deleting: true}, false, 0},
		"named, being deleted with its controller object": {
			plan.CredentialsFacts{Named: true, Deleting: true, LastUse: true}, false, 0,
		},
		"in use, just deleted": {
			plan.CredentialsFacts{Named: true, InUse: true, Deleting: true}, true, 10 * time.Second,
		},
		"in use, deleted a moment ago": {
			plan.CredentialsFacts{Named: true, InUse: true, Deleting: true, Age: 9 * time.Second}, true, time.Second,
		},
		"in use, deleted alone": {
			plan.CredentialsFacts{Named: true, InUse: true, Deleting: true, Age: 10 * time.Second}, false, 0,
		},
		"in use, deleted alone long ago": {
			plan.CredentialsFacts{Named: true, InUse: true, Deleting: true, Age: time.Hour}, false, 0,
		},
		"in use, deleted with its controller object": {
			plan.CredentialsFacts{Named: true, InUse: true, Deleting: true, Age: time.Hour, LastUse: true}, true, 0,
		},
		"in use, controller object is being deleted": {
			plan.CredentialsFacts{Named: true, InUse: true, LastUse: true}, true, 0,
		},
		"not named":                {plan.CredentialsFacts{}, false, 0},
		"not named, being deleted": {plan.CredentialsFacts{Deleting: true}, false, 0},
		"not named, in use":        {plan.CredentialsFacts{InUse: true}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, again := plan.ForCredentials(test.seen); got != test.want || again != test.again {
				t.Errorf("ForCredentials returned %t and %v, want %t and %v", got, again, test.want, test.again)
			}
		})
	}
}

func TestForHealthReportsProblems(t *testing.T) {
	t.Parallel()
	well := plan.Condition{Reason: v1alpha1.ReasonInUse, Message: "kept"}
	type row struct {
		health plan.Health
		want   plan.Condition
	}
	tests := map[string]row{
		"logged in":     {plan.Health{ControllerUUID: modelUUID, Version: "4.0.12"}, well},
		"not connected": {plan.Health{}, well},
	}
	for kind, reason := range problemReasons() {
		tests[fmt.Sprintf("problem: %s", reason)] = row{
			plan.Health{Problem: in(kind)}, plan.Condition{Reason: reason, Message: "Juju answered: no"},
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

func TestForHealthReportsExcessiveAccess(t *testing.T) {
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
		"no model":         {nil, loggedIn},
		"access not known": {[]v1alpha1.ModelStatus{model("prod/a", "")}, loggedIn},
		"write, and read":  {[]v1alpha1.ModelStatus{model("prod/a", "write"), model("prod/b", "read")}, loggedIn},
		"admin of one": {
			[]v1alpha1.ModelStatus{model("prod/a", "write"), model("prod/b", "admin")}, more("admin of prod/b"),
		},
		"admin of both, sorted": {
			[]v1alpha1.ModelStatus{model("prod/b", "admin"), model("prod/a", "admin")},
			more("admin of prod/a, admin of prod/b"),
		},
		"superuser": {
			[]v1alpha1.ModelStatus{model("prod/a", "admin"), model("prod/b", "superuser")},
			more("superuser of the controller"),
		},
		"admin of many": {
			[]v1alpha1.ModelStatus{
				model("1", "admin"), model("2", "admin"), model("3", "admin"), model("4", "admin"), model("5", "admin"),
			},
			more("admin of 1, admin of 2, admin of 3, and 2 more models"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.ForHealth(
				plan.Condition{Reason: v1alpha1.ReasonConnected, Message: loggedIn}, plan.Health{User: "operator"},
				test.models,
			)
			if diff := cmp.Diff(plan.Condition{Reason: v1alpha1.ReasonConnected, Message: test.want}, got); diff != "" {
				t.Errorf("ForHealth (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownProblemIsFailed(t *testing.T) {
	t.Parallel()
	want := plan.Condition{Reason: v1alpha1.ReasonFailed, Message: "?"}
	for _, kind := range []v1alpha1.Reason{"", "Nonsense", v1alpha1.ReasonSynced} {
		got := plan.ForHealth(plan.Condition{}, plan.Health{Problem: &plan.Problem{Reason: kind, Message: "?"}}, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reason %q (-want +got):\n%s", kind, diff)
		}
	}
}

func TestControllerKeyNamesObject(t *testing.T) {
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

func TestModelRefStringIsNameOrUUID(t *testing.T) {
	t.Parallel()
	got := []string{
		plan.ModelRef{Controller: "default", Name: "prod/app"}.String(),
		plan.ModelRef{Controller: "default", UUID: modelUUID}.String(),
	}
	if diff := cmp.Diff([]string{"prod/app", modelUUID}, got); diff != "" {
		t.Errorf("String (-want +got):\n%s", diff)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	modelUUID = "6f3b1a52-8f0e-4f3c-8d38-6f1f4a1c9d01"
	dbID      = "9m4e2mr0ui3e8a215n4g"
	otherID   = "9m4e2mr0ui3e8a215n50"
)

// The model of all tests, unless modified otherwise, and another model.
var (
	prodApp  = plan.ModelRef{Controller: "default", Name: "prod/app"}
	otherApp = plan.ModelRef{Controller: "other", UUID: modelUUID}
)

// sameValues compares sealed values by the value. Contents and Records have an
// Equal method.
var sameValues = cmp.Comparer(func(a, b content.Sealed[string]) bool { return a.Open() == b.Open() })

// exceptUnapplied leaves out Unapplied, which has its own tests.
var exceptUnapplied = cmpopts.IgnoreFields(plan.Plan{}, "Unapplied")

// holding returns content with one key.
func holding(value string) content.Content {
	return content.New(map[string][]byte{"password": []byte(value)})
}

// wanting returns desired content with one key.
func wanting(value string) content.Desired {
	return content.Desired{State: content.Ready, Content: holding(value)}
}

// database returns the user secret in Juju of all tests, unless modified
// otherwise.
func database(modify ...func(*plan.UserSecret)) *plan.UserSecret {
	secret := &plan.UserSecret{
		ID: dbID, Name: "db", Info: "the database", Revision: 3,
		Checksum: holding("hunter2").Checksum(), Granted: []string{"app1", "app2"},
	}
	for _, change := range modify {
		change(secret)
	}
	return secret
}

// stranger returns a user secret with the same name and content that the object
// does not own.
func stranger(modify ...func(*plan.UserSecret)) *plan.UserSecret {
	return database(append([]func(*plan.UserSecret){func(s *plan.UserSecret) { s.ID = otherID }}, modify...)...)
}

func removing(s *plan.UserSecret) { s.Removing = true }

func firstRevision(s *plan.UserSecret) { s.Revision = 1 }

// creating returns the record of a creation, with the default content or with
// other contents.
func creating(name, replaces string, values ...string) plan.Record {
	if len(values) == 0 {
		values = []string{"hunter2"}
	}
	var digests []string
	for _, value := range values {
		digests = append(digests, digestOf(holding(value)))
	}
	slices.Sort(digests)
	return plan.Record{Held: true, Creating: &plan.Creation{Name: name, Replaces: replaces, Digests: digests}}
}

// adopting returns the record of an adoption.
func adopting(id string) plan.Record { return plan.Record{Held: true, Adopting: id} }

// digestOf returns the digest of a content under the key of the tests.
func digestOf(c content.Content) string { return digestOfSum(c.Checksum()) }

func digestOfSum(checksum content.Sealed[string]) string {
	return content.Key{Sealed: content.Seal([]byte("key"))}.DigestOf("uid", checksum)
}

// digested sets the digests of the facts, as package controllers does.
func digested(facts *plan.SecretFacts) {
	facts.Digest, facts.CandidateDigest, facts.HeldDigest = "", "", ""
	if facts.Content.State == content.Ready {
		facts.Digest = digestOf(facts.Content.Content)
	}
	if candidate := facts.Candidate(); candidate != nil && candidate.Checksum.Open() != "" {
		facts.CandidateDigest = digestOfSum(candidate.Checksum)
	}
	if own := facts.View.ByID; own != nil && own.ID == facts.LastID && own.Checksum.Open() != "" {
		facts.HeldDigest = digestOfSum(own.Checksum)
	}
}

// holds sets the only secrets of a model.
func holds(world *plan.ModelView, byID, byName *plan.UserSecret) {
	world.ByID, world.ByName = byID, byName
}

// releases returns the plan of a deletion that changes nothing in Juju.
func releases(message string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		reports(v1alpha1.ReasonOrphaned, message)(p)
		p.After = plan.Record{}
	}
}

// reports sets the condition and removes the steps.
func reports(reason v1alpha1.Reason, message string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Steps, p.Secret, p.Condition, p.Digest = nil, nil, plan.Condition{Reason: reason, Message: message}, ""
	}
}

// lost is the plan of an object without a secret.
func lost(p *plan.Plan) { p.Owns = plan.Nothing }

// remembers sets the record before the steps and after them.
func remembers(record plan.Record) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Before, p.After = record, record }
}

// recognised sets the ID in the record of the creation, as is done before the
// secret is changed.
func recognised(p *plan.Plan) {
	creation := *p.Before.Creating
	creation.ID = p.Secret.ID
	p.Before.Creating, p.After.Creating = &creation, &creation
}

// secretTest is a row about ForSecret: how the facts and the plan differ from a
// JujuSecret in sync.
type secretTest struct {
	given func(*plan.SecretFacts)
	want  func(*plan.Plan)
}

// secretInSync returns a JujuSecret that was created before and is in sync.
func secretInSync() plan.SecretFacts {
	secret := database()
	return plan.SecretFacts{
		Desired: plan.Desired{Name: "db", Info: "the database"},
		Model:   prodApp,
		Content: wanting("hunter2"),
		Record:  creating("db", ""),
		LastID:  dbID,
		View:    plan.ModelView{Known: true, ModelUUID: modelUUID, ByID: secret, ByName: secret},
	}
}

func runSecretTests(t *testing.T, tests map[string]secretTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := secretInSync()
			if test.given != nil {
				test.given(&facts)
			}
			digested(&facts)
			want := plan.Plan{
				Model: facts.Model, Recorded: facts.Model, Before: facts.Record, After: facts.Record,
				Secret: facts.View.ByID, ModelUUID: facts.View.ModelUUID,
				Condition: plan.Condition{Reason: v1alpha1.ReasonSynced, Message: inSync},
				Digest:    facts.Digest,
			}
			if test.want != nil {
				test.want(&want)
			}
			creates := len(want.Steps) > 0 && kindsOf(want.Steps[:1])[0] == "plan.Create"
			if (want.Secret != nil || creates) && want.Owns == 0 {
				want.Owns = plan.Own
			}
			if diff := cmp.Diff(want, plan.ForSecret(facts), sameValues, exceptUnapplied); diff != "" {
				t.Errorf("ForSecret (-want +got):\n%s", diff)
			}
		})
	}
}

// accessTest is a row about ForAccess: how the facts and the plan differ from a
// JujuSecretAccess in sync.
type accessTest struct {
	given func(*plan.AccessFacts)
	want  func(*plan.Plan)
}

// granted returns the record of grants on the secret.
func granted(apps ...string) plan.Record { return grantedIn(prodApp, apps...) }

// grantedIn returns the record of grants on the secret in a model.
func grantedIn(model plan.ModelRef, apps ...string) plan.Record {
	if len(apps) == 0 {
		return plan.Record{Held: true}
	}
	return plan.Record{Held: true, SecretID: dbID, Model: model, Granted: apps}
}

// accessInSync returns a JujuSecretAccess that granted the secret to two
// applications.
func accessInSync() plan.AccessFacts {
	return plan.AccessFacts{
		Applications: []string{"app1", "app2"},
		Target:       plan.Target{Model: prodApp, Query: plan.Query{ID: dbID}},
		Record:       granted("app1", "app2"),
		View:         plan.ModelView{Known: true, ModelUUID: modelUUID, ByID: database()},
	}
}

func runAccessTests(t *testing.T, tests map[string]accessTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := accessInSync()
			if test.given != nil {
				test.given(&facts)
			}
			want := plan.Plan{
				Model: facts.Target.Model, Before: facts.Record, After: facts.Record, Secret: facts.View.ByID,
				ModelUUID: facts.View.ModelUUID,
				Condition: plan.Condition{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"},
			}
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, plan.ForAccess(facts), sameValues, exceptUnapplied); diff != "" {
				t.Errorf("ForAccess (-want +got):\n%s", diff)
			}
		})
	}
}

// denied returns the tenancy of a namespace that is not listed.
func denied() plan.Tenancy {
	return plan.Admit(nil, plan.Namespace{Name: "team-a"}, prodApp, plan.ListedModel{})
}

const (
	deniedMessage = `ClusterJujuController "default" does not list namespace "team-a" in spec.tenants: ` +
		"ask its administrator for an entry"
	noControllerMessage = `ClusterJujuController "default" does not exist: create it`
	notRead             = "the operator did not read "
	deletingMessage     = `ClusterJujuController "default" is being deleted, and serves only objects that already have ` +
		`a secret or grants in Juju through it: use another controller object, or create ClusterJujuController ` +
		`"default" again when it is gone`
	strangerHasIt = `model "prod/app" has a user secret "db" (` + otherID + `) that this object did not create: `
	oursHasIt     = `model "prod/app" has a user secret "db" (` + dbID + `) that this object did not create: `
	adoptIt       = "reference it with managementPolicy: Observe, choose another spec.name, or adopt it with " +
		"adoptionPolicy: Adopt"
	removeIt = "choose another spec.name, or remove that secret"
)

// problemReasons returns the reasons of problems with Juju and the reasons that
// users see for them.
func problemReasons() map[v1alpha1.Reason]v1alpha1.Reason {
	return map[v1alpha1.Reason]v1alpha1.Reason{
		v1alpha1.ReasonFailed:                 v1alpha1.ReasonFailed,
		v1alpha1.ReasonJujuUnreachable:        v1alpha1.ReasonJujuUnreachable,
		v1alpha1.ReasonModelUnavailable:       v1alpha1.ReasonModelUnavailable,
		v1alpha1.ReasonControllerNotReady:     v1alpha1.ReasonControllerNotReady,
		v1alpha1.ReasonCredentialsRejected:    v1alpha1.ReasonCredentialsRejected,
		v1alpha1.ReasonCertificateMismatch:    v1alpha1.ReasonCertificateMismatch,
		v1alpha1.ReasonPermissionDenied:       v1alpha1.ReasonPermissionDenied,
		v1alpha1.ReasonModelNotFound:          v1alpha1.ReasonModelNotFound,
		v1alpha1.ReasonModelMigrated:          v1alpha1.ReasonModelMigrated,
		v1alpha1.ReasonUnsupportedJujuVersion: v1alpha1.ReasonUnsupportedJujuVersion,
		v1alpha1.ReasonNameTaken:              v1alpha1.ReasonNameTaken,
		v1alpha1.ReasonSecretNotFound:         v1alpha1.ReasonSecretNotFound,
		v1alpha1.ReasonApplicationNotFound:    v1alpha1.ReasonApplicationNotFound,
		v1alpha1.ReasonInvalidRequest:         v1alpha1.ReasonInvalidRequest,
	}
}

// in returns a problem with a reason.
func in(reason v1alpha1.Reason) *plan.Problem {
	return &plan.Problem{Reason: reason, Message: "Juju answered: no"}
}

// unavailable returns the view of a model with a problem.
func unavailable(reason v1alpha1.Reason) plan.ModelView { return plan.ModelView{Problem: in(reason)} }

// gone returns the view of a model that does not exist.
func gone() plan.ModelView {
	view := unavailable(v1alpha1.ReasonModelNotFound)
	view.Problem.Gone = true
	return view
}

// noAnswer returns the message about a model that cannot be read.
func noAnswer(reason v1alpha1.Reason, subject string) string {
	if reason == v1alpha1.ReasonFailed {
		return "cannot read " + subject + ": Juju answered: no"
	}
	return "Juju answered: no"
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	modelUUID = "6f3b1a52-8f0e-4f3c-8d38-6f1f4a1c9d01"
	dbID      = "9m4e2mr0ui3e8a215n4g"
	otherID   = "9m4e2mr0ui3e8a215n50"
)

// The model that everything here is in, unless modified otherwise, and another one.
var (
	prodApp  = plan.ModelRef{Controller: "default", Name: "prod/app"}
	otherApp = plan.ModelRef{Controller: "other", UUID: modelUUID}
)

// sameValues compares what is sealed by its value. Contents and Records have their own idea of being equal.
var sameValues = cmp.Comparer(func(a, b content.Sealed[string]) bool { return a.Open() == b.Open() })

// holding is content with one key.
func holding(value string) content.Content {
	return content.New(map[string][]byte{"password": []byte(value)})
}

// wanting is desired content with one key.
func wanting(value string) content.Desired {
	return content.Desired{State: content.Ready, Content: holding(value)}
}

// database is the user secret in Juju that everything here is about, unless modified otherwise.
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

// stranger is somebody else's user secret of the same name and content.
func stranger(modify ...func(*plan.UserSecret)) *plan.UserSecret {
	return database(append([]func(*plan.UserSecret){func(s *plan.UserSecret) { s.ID = otherID }}, modify...)...)
}

func proven(p *plan.Plan) { p.Proven = true }

func removing(s *plan.UserSecret) { s.Removing = true }

func firstRevision(s *plan.UserSecret) { s.Revision = 1 }

// creating is the record of a creation, with the content that is wanted here or with others.
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

// adopting is the record of an adoption.
func adopting(id string) plan.Record { return plan.Record{Held: true, Adopting: id} }

// digestOf is the digest of a content under the key of the tests.
func digestOf(c content.Content) string { return digestOfSum(c.Checksum()) }

func digestOfSum(checksum content.Sealed[string]) string {
	return content.Key{Sealed: content.Seal([]byte("key"))}.DigestOf("uid", checksum)
}

// digested fills in the digests of what is seen, as package controllers does.
func digested(seen *plan.SecretSeen) {
	seen.Digest, seen.CandidateDigest, seen.HeldDigest = "", "", ""
	if seen.Content.State == content.Ready {
		seen.Digest = digestOf(seen.Content.Content)
	}
	if candidate := seen.Candidate(); candidate != nil && candidate.Checksum.Open() != "" {
		seen.CandidateDigest = digestOfSum(candidate.Checksum)
	}
	if own := seen.World.ByID; own != nil && own.ID == seen.LastID && own.Checksum.Open() != "" {
		seen.HeldDigest = digestOfSum(own.Checksum)
	}
}

// holds puts a secret into a model that has no other.
func holds(world *plan.World, byID, byName *plan.UserSecret) {
	world.ByID, world.ByName = byID, byName
}

// letsGo is the plan of an object that goes and leaves Juju as it is.
func letsGo(message string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		tells(v1alpha1.ReasonLetGo, message)(p)
		p.After = plan.Record{}
	}
}

// tells sets a verdict and takes the steps away.
func tells(reason v1alpha1.Reason, message string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Steps, p.Secret, p.Verdict, p.Digest = nil, nil, plan.Verdict{Reason: reason, Message: message}, ""
	}
}

// lost tells that there is no secret that is the object's.
func lost(p *plan.Plan) { p.Lost = true }

// remembers sets the record before the steps and after them.
func remembers(record plan.Record) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Before, p.After = record, record }
}

// recognised puts the ID of the secret into the record of its creation, as is done before that is changed.
func recognised(p *plan.Plan) {
	creation := *p.Before.Creating
	creation.ID = p.Secret.ID
	p.Before.Creating, p.After.Creating = &creation, &creation
}

// secretTest is a row about ForSecret: what is different from a JujuSecret in sync, in what is seen and in the plan.
type secretTest struct {
	given func(*plan.SecretSeen)
	want  func(*plan.Plan)
}

// secretInSync is a JujuSecret that was created a while ago and that Juju holds as it should.
func secretInSync() plan.SecretSeen {
	secret := database()
	return plan.SecretSeen{
		Want:    plan.SecretWant{Name: "db", Info: "the database"},
		Model:   prodApp,
		Content: wanting("hunter2"),
		Record:  creating("db", ""),
		LastID:  dbID,
		World:   plan.World{Known: true, ModelUUID: modelUUID, ByID: secret, ByName: secret},
	}
}

func runSecretTests(t *testing.T, tests map[string]secretTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := secretInSync()
			if test.given != nil {
				test.given(&seen)
			}
			digested(&seen)
			want := plan.Plan{
				Model: seen.Model, Before: seen.Record, After: seen.Record, Secret: seen.World.ByID, ModelUUID: seen.World.ModelUUID,
				Verdict: plan.Verdict{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"}, Digest: seen.Digest,
			}
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, plan.ForSecret(seen), sameValues); diff != "" {
				t.Errorf("ForSecret (-want +got):\n%s", diff)
			}
		})
	}
}

// accessTest is a row about ForAccess: what is different from a JujuSecretAccess in sync, in what is seen and in the
// plan.
type accessTest struct {
	given func(*plan.AccessSeen)
	want  func(*plan.Plan)
}

// granted is the record of grants on the secret.
func granted(apps ...string) plan.Record { return grantedIn(prodApp, apps...) }

// grantedIn is the record of grants on the secret in a model.
func grantedIn(model plan.ModelRef, apps ...string) plan.Record {
	if len(apps) == 0 {
		return plan.Record{Held: true}
	}
	return plan.Record{Held: true, SecretID: dbID, Model: model, Granted: apps}
}

// accessInSync is a JujuSecretAccess whose two applications it granted itself a while ago.
func accessInSync() plan.AccessSeen {
	return plan.AccessSeen{
		Want:   []string{"app1", "app2"},
		Target: plan.Target{Model: prodApp, Query: plan.Query{ID: dbID}},
		Record: granted("app1", "app2"),
		World:  plan.World{Known: true, ModelUUID: modelUUID, ByID: database()},
	}
}

func runAccessTests(t *testing.T, tests map[string]accessTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := accessInSync()
			if test.given != nil {
				test.given(&seen)
			}
			want := plan.Plan{
				Model: seen.Target.Model, Before: seen.Record, After: seen.Record, Secret: seen.World.ByID,
				ModelUUID: seen.World.ModelUUID,
				Verdict:   plan.Verdict{Reason: v1alpha1.ReasonSynced, Message: "Juju holds what the spec asks for"},
			}
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, plan.ForAccess(seen), sameValues); diff != "" {
				t.Errorf("ForAccess (-want +got):\n%s", diff)
			}
		})
	}
}

// denied is the tenancy of a namespace that nobody named.
func denied() plan.Tenancy {
	return plan.Admit(nil, plan.Namespace{Name: "team-a"}, prodApp)
}

const (
	deniedMessage = `ClusterJujuController "default" does not name namespace "team-a" in spec.tenants: ` +
		"ask whoever manages it for an entry"
	noControllerMessage = `ClusterJujuController "default" does not exist: create it, or name another in controllerRef`
	nobodyLooked        = "nobody looked at the model"
	goingMessage        = `ClusterJujuController "default" is being deleted, and only waits for what was made through it to be removed: ` +
		"delete this object, and make it again with another controller or once that is there again"
	strangerHasIt = `model "prod/app" has a user secret called "db" (` + otherID + `) that this object did not make: `
	oursHasIt     = `model "prod/app" has a user secret called "db" (` + dbID + `) that this object did not make: `
	adoptIt       = "set adoptionPolicy: Adopt to take it over, reference it with managementPolicy: Observe, or choose another spec.name"
	removeIt      = "remove that secret, or choose another spec.name"
)

// troubles are the kinds of trouble with Juju and the reasons that users see for them.
func troubles() map[plan.Kind]v1alpha1.Reason {
	return map[plan.Kind]v1alpha1.Reason{
		plan.Failed:              v1alpha1.ReasonFailed,
		plan.Unreachable:         v1alpha1.ReasonJujuUnreachable,
		plan.Busy:                v1alpha1.ReasonModelBusy,
		plan.NotConnected:        v1alpha1.ReasonControllerNotReady,
		plan.CredentialsRejected: v1alpha1.ReasonCredentialsRejected,
		plan.CertificateMismatch: v1alpha1.ReasonCertificateMismatch,
		plan.PermissionDenied:    v1alpha1.ReasonPermissionDenied,
		plan.ModelNotFound:       v1alpha1.ReasonModelNotFound,
		plan.TooOld:              v1alpha1.ReasonJujuTooOld,
		plan.NameTaken:           v1alpha1.ReasonNameTaken,
		plan.SecretNotFound:      v1alpha1.ReasonSecretNotFound,
		plan.ApplicationNotFound: v1alpha1.ReasonApplicationNotFound,
		plan.Refused:             v1alpha1.ReasonRefused,
	}
}

// in is a trouble of a kind.
func in(kind plan.Kind) *plan.Trouble { return &plan.Trouble{Kind: kind, Message: "Juju answered: no"} }

// troubled makes a model unknown for a reason.
func troubled(kind plan.Kind) plan.World { return plan.World{Trouble: in(kind)} }

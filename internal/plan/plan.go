// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// Plan is what to do about one object, in this order: write Before to its metadata, carry out Steps, write what Settle
// says to its metadata, and tell Verdict.
type Plan struct {
	// Model is where the Steps go.
	Model ModelRef
	// Before is the record that must stand in the object before the first step, so that a crash after any step leaves
	// enough to finish the job.
	Before Record
	// Steps are to be carried out in order, each only if those before it succeeded.
	Steps []Step
	// Proven tells that the object is being deleted, and what the steps take away is proven to be its own: they stand though its
	// tenancy ends before their turn.
	Proven bool
	// After is the record to leave behind once all steps succeeded.
	After Record
	// Refused is the record to leave behind if Juju certainly did not carry out a Create.
	Refused Record
	// Verdict is what to tell if all steps succeed.
	Verdict Verdict
	// Secret is the user secret in Juju as it was before the steps, nil if there is none or it is not known.
	Secret *UserSecret
	// Foreign: Secret is somebody else's, and only looked at.
	Foreign bool
	// Adopted: Secret is the object's, and somebody else made it.
	Adopted bool
	// Lost: there is no secret that is the object's any more, or that it looks at.
	Lost bool
	// ModelUUID is the model's UUID, empty if it is not known.
	ModelUUID string
	// Digest is that of the content which Juju holds if all steps succeed, empty if the plan is not about that.
	Digest string
	// Corrects tells that the steps undo what somebody else did.
	Corrects bool
	// Silent tells that the verdict is not worth a word, as another is about to come.
	Silent bool
}

// Verdict is how things stand. Message is one sentence that tells what is, and what to do about it.
type Verdict struct {
	Reason  v1alpha1.Reason
	Message string
}

// Record is what the operator keeps in an object's metadata, for itself alone.
type Record struct {
	// Held: the finalizer is on the object, since something in Juju is, or is about to be, its.
	Held bool
	// Creating says which creation is, or was, about to be sent. JujuSecrets only.
	Creating *Creation
	// Adopting is the ID of the secret that is, or was, about to be taken over. JujuSecrets only.
	Adopting string
	// Granted are the applications that were, or are about to be, granted the secret of SecretID in Model on the object's
	// behalf, sorted. JujuSecretAccesses only.
	Granted  []string
	SecretID string
	Model    ModelRef
}

// Equal tells whether two records say the same.
func (r Record) Equal(o Record) bool {
	return r.Held == o.Held && r.Creating.Equal(o.Creating) && r.Adopting == o.Adopting &&
		r.SecretID == o.SecretID && r.Model == o.Model && slices.Equal(r.Granted, o.Granted)
}

// Creation announces that a secret of a name is about to be created, at a time when the model had none of that name.
type Creation struct {
	// Name is the secret's name in Juju.
	Name string `json:"name"`
	// Replaces is the secret ID in the object's status at that time. Once the status has another one the creation is
	// over.
	Replaces string `json:"replaces,omitempty"`
	// Digests are those of the contents with which it was asked for since nobody knows how that ended, mostly one. They are
	// keyed, so that they tell nothing of the contents.
	Digests []string `json:"digests,omitempty"`
	// ID is that of the secret in which the creation was recognised after a crash. It is noted before that is changed, since
	// nothing else tells what it was afterwards.
	ID string `json:"id,omitempty"`
	// Proof is a keyed digest of the ID, by which it is told from one that a person wrote here.
	Proof string `json:"proof,omitempty"`
}

// Equal tells whether two creations are the same, or both nil.
func (c *Creation) Equal(o *Creation) bool {
	if c == nil || o == nil {
		return c == o
	}
	return c.Name == o.Name && c.Replaces == o.Replaces && c.ID == o.ID && c.Proof == o.Proof && slices.Equal(c.Digests, o.Digests)
}

// OnlyTakesAway tells that the steps remove and revoke, and do nothing else.
func (p Plan) OnlyTakesAway() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool {
		switch s.(type) {
		case Remove, Revoke:
			return false
		}
		return true
	})
}

// Step is one change in Juju: a Create, Update, Remove, Grant or Revoke.
type Step interface{ step() }

// Create adds a user secret.
type Create struct {
	Name, Info string
	Content    content.Content
}

// Update changes what is not nil of a user secret. Without an ID it is about the one that the step before it creates.
type Update struct {
	ID         string
	Name, Info *string
	Content    *content.Content
	AutoPrune  *bool
}

// Parts names what an Update changes.
func (u Update) Parts() string {
	var parts []string
	if u.Name != nil {
		parts = append(parts, "name")
	}
	if u.Info != nil {
		parts = append(parts, "info")
	}
	if u.Content != nil {
		parts = append(parts, "content")
	}
	if u.AutoPrune != nil {
		parts = append(parts, "auto-prune")
	}
	return strings.Join(parts, ", ")
}

// Remove removes a user secret with all its revisions. One that is gone already is a success.
type Remove struct{ ID string }

// Grant lets applications use a user secret.
type Grant struct {
	ID           string
	Applications []string
}

// Revoke takes a grant away from applications. One that never had it, or is gone, is a success.
type Revoke struct {
	ID           string
	Applications []string
}

func (Create) step() {}
func (Update) step() {}
func (Remove) step() {}
func (Grant) step()  {}
func (Revoke) step() {}

// Outcome is how one step ended.
type Outcome struct {
	// Trouble is nil if the step succeeded, for Grant and Revoke as far as Applications does not say otherwise.
	Trouble *Trouble
	// NotTried: an earlier step failed.
	NotTried bool
	// Secret is what is true after a Create or an Update.
	Secret *UserSecret
	// Applications are those of a Grant or Revoke that failed, and why.
	Applications map[string]Trouble
}

// Settle says which record to leave in the object after the steps ended as they did.
func Settle(p Plan, outcomes []Outcome) Record {
	for i, outcome := range outcomes {
		switch p.Steps[i].(type) {
		case Create:
			if outcome.Trouble != nil && outcome.Trouble.Kind.Definite() {
				return p.Refused
			}
		case Revoke:
			if len(outcome.Applications) > 0 {
				return p.Before
			}
		case Update, Remove, Grant:
			// An application that was not granted stays on record: it will be tried again.
		}
		if outcome.Trouble != nil || outcome.NotTried {
			return p.Before
		}
	}
	return p.After
}

// Conclude is the verdict on a plan whose steps ended as they did: the plan's own, or the first trouble.
func Conclude(p Plan, outcomes []Outcome) Verdict {
	for _, outcome := range outcomes {
		if outcome.Trouble != nil {
			return outcome.Trouble.verdict()
		}
		if len(outcome.Applications) > 0 {
			return worst(outcome.Applications).verdict()
		}
	}
	return p.Verdict
}

// worst picks from several applications' troubles what to tell first: anything before an application that is only not
// there yet. The message tells of all.
func worst(troubles map[string]Trouble) Trouble {
	kind := ApplicationNotFound
	var messages []string
	for _, app := range slices.Sorted(maps.Keys(troubles)) {
		trouble := troubles[app]
		if kind == ApplicationNotFound {
			kind = trouble.Kind
		}
		messages = append(messages, trouble.Message)
	}
	return Trouble{Kind: kind, Message: strings.Join(messages, "; ")}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// MaxResync is the longest time until an object that is not in sync is
// reconciled again. A wake-up can come just before the status says that the
// object waits, and then has no effect.
const MaxResync = 5 * time.Minute

// Plan is what to do about one object, in this order: write Before to its
// metadata, carry out Steps, write the record that Settle returns, and report
// Condition.
type Plan struct {
	// Model is the model that the Steps change.
	Model ModelRef
	// Recorded is the model that the record of a JujuSecret is for. It names the
	// former controller object until the model was found at the present one.
	Recorded ModelRef
	// Before is the record to write before the first step. After a crash at any
	// step it is enough to complete the change.
	Before Record
	// Steps are carried out in order, each only if the steps before it
	// succeeded.
	Steps []Step
	// After is the record to write once all steps succeeded.
	After Record
	// Refused is the record to write if Juju certainly did not carry out a
	// Create.
	Refused Record
	// Condition is reported if all steps succeed. A plan without one changes no
	// status.
	Condition Condition
	// Secret is the user secret in Juju before the steps. It is nil if there is
	// none, and if it is not known.
	Secret *UserSecret
	// Owns is what the status reports about ownership after the steps.
	Owns Owns
	// ModelUUID is the model's UUID, empty if it is not known.
	ModelUUID string
	// Digest is the digest of the content that Juju holds once all steps
	// succeeded, empty if the plan is not about content.
	Digest string
	// KeepsContent is true when the secret may have any content.
	KeepsContent bool
	// Corrects is true when the steps revert a change that the operator did not
	// make.
	Corrects bool
	// Unapplied is true when the model is not known, and the object or its
	// sources ask for something that was not applied before.
	Unapplied bool
	// Regrants are the applications that the steps grant again, because another
	// client revoked their grants or removed the applications.
	Regrants []string
	// Unlisted are the applications that the steps revoke the secret from because
	// no JujuSecretAccess lists them. OtherGrants are such applications that the
	// steps leave as they are.
	Unlisted, OtherGrants []string
	// Reconfigures are the options that the steps set again, because another
	// client changed them.
	Reconfigures []AppOption
	// Named are the wanted options that name the secret before the steps.
	// OptionProblems are messages about the wanted options that the steps leave
	// as they are, by application.
	Named          []AppOption
	OptionProblems map[string]string
	// Wait is the time until a change that is left out may be made, 0 for none:
	// the content of a secret that was just updated, or a correction that
	// another client undid. A plan without the content has no condition, because
	// the object is about to change.
	Wait time.Duration
}

// Owns is what a plan says about the object's own secret.
type Owns int

// The answers. The zero Owns leaves the status as it is.
const (
	// Nothing: the object owns no secret and observes none.
	Nothing Owns = iota + 1
	// Observed: the object observes Secret and does not own it.
	Observed
	// Own: the object owns Secret, which was created for it. Without a Secret
	// it owns the secret that the first step creates.
	Own
	// Adopted: the object owns Secret and did not create it, or it revokes a
	// grant of Secret that it adopted.
	Adopted
)

// Condition is the state to report. Message says in one sentence what the state
// is and what to do about it.
type Condition struct {
	Reason  v1alpha1.Reason
	Message string
}

// Record is what the operator stores in an object's metadata for its own use.
type Record struct {
	// Held is true when the object has the finalizer, because it owns something
	// in Juju or is about to.
	Held bool
	// Creating is the creation that was sent, or is about to be sent. It is
	// only for JujuSecrets.
	Creating *Creation
	// Adopting is the ID of the secret that was adopted, or is about to be
	// adopted. It is only for JujuSecrets.
	Adopting string
	// Granted are the applications that were granted, or are about to be
	// granted, the secret SecretID in Model on the object's behalf, sorted.
	// They are only for JujuSecretAccesses.
	Granted  []string
	SecretID string
	Model    ModelRef
	// ModelUUID is the UUID of Model, and the UUID of the model of a creation or
	// an adoption. It is empty in older records.
	ModelUUID string
	// ControllerUUID is the UUID of the Juju controller that the record was
	// written for. It is empty in older records.
	ControllerUUID string
	// Adopted are the applications in Granted that had access before the object
	// took their grants over, sorted.
	Adopted []string
	// Options are the options that were set, or are about to be set, to the
	// secret on the object's behalf, sorted.
	Options []AppOption
}

// Equal reports whether two records are the same. The UUIDs of the model and of
// the controller are not compared: they belong to the secret.
func (r Record) Equal(o Record) bool {
	return r.Held == o.Held && r.Creating.Equal(o.Creating) && r.Adopting == o.Adopting &&
		r.SecretID == o.SecretID && r.Model == o.Model && slices.Equal(r.Granted, o.Granted) &&
		slices.Equal(r.Adopted, o.Adopted) && slices.Equal(r.Options, o.Options)
}

// Creation records that a secret is about to be created, while the model has no
// secret of that name.
type Creation struct {
	// Name is the secret's name in Juju.
	Name string `json:"name"`
	// Replaces is the secret ID in the object's status when the creation was
	// recorded. Once the status has another ID, the creation is complete.
	Replaces string `json:"replaces,omitempty"`
	// Digests are the digests of all contents that were sent since the last
	// creation with a known result, usually one. They are keyed, so they do not
	// reveal the content.
	Digests []string `json:"digests,omitempty"`
	// ID is the ID of the secret that was recognised as this creation after a
	// crash. It is recorded before that secret is changed, because a changed
	// secret can no longer be recognised.
	ID string `json:"id,omitempty"`
}

// Equal reports whether two creations are the same, or both nil.
func (c *Creation) Equal(o *Creation) bool {
	if c == nil || o == nil {
		return c == o
	}
	return c.Name == o.Name && c.Replaces == o.Replaces && c.ID == o.ID && slices.Equal(c.Digests, o.Digests)
}

// OnlyTakesAway reports whether the steps only remove, revoke and reset what the
// operator made or adopted.
func (p Plan) OnlyTakesAway() bool {
	return len(p.Unlisted) == 0 && !slices.ContainsFunc(p.Steps, func(s Step) bool {
		switch s.(type) {
		case Remove, Revoke, ResetOptions:
			return false
		}
		return true
	})
}

// Step is one change in Juju: a Create, Update, Remove, Grant, Revoke,
// SetOptions or ResetOptions.
type Step interface{ step() }

// Create adds a user secret.
type Create struct {
	Name, Info string
	Content    content.Content
}

// Update changes the fields of a user secret that are not nil. Without an ID it
// changes the secret that the step before it creates.
type Update struct {
	ID         string
	Name, Info *string
	Content    *content.Content
	AutoPrune  *bool
}

// Parts returns the names of the fields that an Update changes, for messages.
func (u Update) Parts() string { return strings.Join(u.fields(), ", ") }

// fields returns the names of the fields that an Update changes.
func (u Update) fields() []string {
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
	return parts
}

// Remove removes a user secret with all its revisions. A secret that no longer
// exists is a success.
type Remove struct{ ID string }

// Grant grants a user secret to applications.
type Grant struct {
	ID           string
	Applications []string
}

// Revoke revokes a user secret from applications. An application without the
// grant, or a secret that no longer exists, is a success.
type Revoke struct {
	ID           string
	Applications []string
}

// AppOption is an option of an application.
type AppOption struct {
	Application string `json:"application"`
	Name        string `json:"name"`
}

// OptionSetting is an option to set to a secret, in a format.
type OptionSetting struct {
	AppOption

	Format v1alpha1.SecretFormat
}

// option returns the option itself.
func (o AppOption) option() AppOption { return o }

// keysOf returns the keys of options.
func keysOf[O interface{ option() AppOption }](options []O) []string {
	var keys []string
	for _, o := range options {
		keys = append(keys, o.option().key())
	}
	return keys
}

// ApplicationsOf returns the applications of options, sorted.
func ApplicationsOf[O interface{ option() AppOption }](options []O) []string {
	var apps []string
	for _, o := range options {
		apps = append(apps, o.option().Application)
	}
	return union(apps, nil)
}

// optionsOf returns the options of one application.
func optionsOf[O interface{ option() AppOption }](app string, options []O) []O {
	return slices.DeleteFunc(slices.Clone(options), func(o O) bool { return o.option().Application != app })
}

// SetOptions sets options of applications to a user secret. An application with
// a problem in an earlier step of the plan is left out, and keeps that problem.
type SetOptions struct {
	ID      string
	Options []OptionSetting
}

// ResetOptions resets options of applications that name a user secret. An option
// that names another one, or that does not exist any more, is left unchanged,
// which is a success.
type ResetOptions struct {
	ID      string
	Options []AppOption
}

func (Create) step()       {}
func (Update) step()       {}
func (Remove) step()       {}
func (Grant) step()        {}
func (Revoke) step()       {}
func (SetOptions) step()   {}
func (ResetOptions) step() {}

// Outcome is the result of one step.
type Outcome struct {
	// Problem is nil if the step succeeded. For a step about applications,
	// Applications may still have problems.
	Problem *Problem
	// NotTried is true when an earlier step failed.
	NotTried bool
	// Secret is the secret after a Create or an Update.
	Secret *UserSecret
	// Applications are the applications for which the step failed, with the
	// problem of each.
	Applications map[string]Problem
}

// Settle returns the record to write to the object after the steps.
func Settle(p Plan, outcomes []Outcome) Record {
	for i, outcome := range outcomes {
		switch p.Steps[i].(type) {
		case Create:
			if outcome.Problem != nil && outcome.Problem.Definite() {
				return p.Refused
			}
		case Revoke, ResetOptions:
			if len(outcome.Applications) > 0 {
				return p.Before
			}
		case Update, Remove, Grant, SetOptions:
			// An application that was not granted stays in the record, because
			// the grant is retried. So does an option.
		}
		if outcome.Problem != nil || outcome.NotTried {
			return p.Before
		}
	}
	return p.After
}

// Ownership returns the secret that a JujuSecret owns after the steps, nil if
// it owns none. Known is false when the plan says nothing about ownership, so
// that it is unchanged.
func Ownership(p Plan, outcomes []Outcome) (own *UserSecret, known bool) {
	own = p.Secret
	for _, outcome := range outcomes {
		if outcome.Secret != nil {
			own = outcome.Secret
		}
	}
	if p.Owns == Observed || own == nil {
		return nil, p.Owns == Observed || p.Owns == Nothing
	}
	return own, true
}

// Conclude returns the condition after the steps: the condition of the plan, or
// the first problem.
func Conclude(p Plan, outcomes []Outcome) Condition {
	for i, outcome := range outcomes {
		if outcome.Problem != nil {
			return failedStep(p.Steps[i], *outcome.Problem).condition()
		}
		if len(outcome.Applications) > 0 {
			return worst(p.Steps[i], outcome.Applications).condition()
		}
	}
	return p.Condition
}

// failedStep returns the problem of a step. A failure names the secret, and the
// applications if there are any: Juju's error may name neither.
func failedStep(step Step, problem Problem) Problem {
	if problem.condition().Reason == v1alpha1.ReasonFailed {
		problem.Message = fmt.Sprintf("cannot %s: %s", describe(step), problem.Message)
	}
	return problem
}

// describe returns what a step does, for messages.
func describe(step Step) string {
	switch step := step.(type) {
	case Create:
		return fmt.Sprintf("create the secret %q", step.Name)
	case Update:
		if step.ID == "" {
			return "update the secret that was just created"
		}
		return "update secret:" + step.ID
	case Remove:
		return "remove secret:" + step.ID
	case Grant:
		return fmt.Sprintf("grant secret:%s to %s", step.ID, strings.Join(step.Applications, ", "))
	case Revoke:
		return fmt.Sprintf("revoke secret:%s from %s", step.ID, strings.Join(step.Applications, ", "))
	case SetOptions:
		return fmt.Sprintf("set %s to secret:%s", strings.Join(keysOf(step.Options), ", "), step.ID)
	case ResetOptions:
		return fmt.Sprintf("reset %s, which name secret:%s", strings.Join(keysOf(step.Options), ", "), step.ID)
	}
	return "change the secret"
}

// forApplication returns a step for one application only.
func forApplication(step Step, app string) Step {
	switch step := step.(type) {
	case Grant:
		return Grant{ID: step.ID, Applications: []string{app}}
	case Revoke:
		return Revoke{ID: step.ID, Applications: []string{app}}
	case SetOptions:
		return SetOptions{ID: step.ID, Options: optionsOf(app, step.Options)}
	case ResetOptions:
		return ResetOptions{ID: step.ID, Options: optionsOf(app, step.Options)}
	}
	return step
}

// worst returns the problem to report for several applications.
// ApplicationNotFound comes last, because it ends without a user. The message
// has the messages of all.
func worst(step Step, problems map[string]Problem) Problem {
	reason := v1alpha1.ReasonApplicationNotFound
	var messages []string
	for _, app := range slices.Sorted(maps.Keys(problems)) {
		problem := failedStep(forApplication(step, app), problems[app])
		if reason == v1alpha1.ReasonApplicationNotFound {
			reason = problem.Reason
		}
		messages = append(messages, problem.Message)
	}
	return Problem{Reason: reason, Message: strings.Join(messages, "; ")}
}

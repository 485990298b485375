// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides which options of charms a JujuSecretAccess sets and resets.
// An option is set after the grant and reset before the revoke. The record has
// what was set, so an option that another client set is neither changed nor
// reset.

// key returns the option as application/name, for messages and as the field of a
// correction.
func (o AppOption) key() string { return o.Application + "/" + o.Name }

// String returns the option for messages.
func (o AppOption) String() string {
	return fmt.Sprintf("the option %q of application %q", o.Name, o.Application)
}

// compareOptions orders options by application and name.
func compareOptions(a, b AppOption) int {
	return cmp.Or(strings.Compare(a.Application, b.Application), strings.Compare(a.Name, b.Name))
}

// SortOptions returns the options sorted, without duplicates.
func SortOptions(options []AppOption) []AppOption {
	return slices.Compact(slices.SortedFunc(slices.Values(options), compareOptions))
}

// ConfiguredApplications returns the applications with an option that is wanted
// or recorded, sorted.
func (facts AccessFacts) ConfiguredApplications() []string {
	return union(ApplicationsOf(facts.Options), ApplicationsOf(facts.Record.Options))
}

// configuration is what to do about the options of one access.
type configuration struct {
	set   []OptionSetting
	reset []AppOption
	// before and after are the options to record.
	before, after []AppOption
	// named are the wanted options that name the secret already.
	named []AppOption
	// drifted are the options that another client changed.
	drifted []OptionSetting
	// problems are the problems of the options that are left as they are.
	problems map[AppOption]Condition
}

// configure returns what to do about the options once the secret is granted.
func (facts AccessFacts) configure(secret *UserSecret) configuration {
	c := configuration{before: facts.Record.Options, problems: map[AppOption]Condition{}}
	for _, option := range facts.Record.Options {
		if !facts.wantsOption(option) {
			c.release(option, facts.View, facts.Record.SecretID)
		}
	}
	for _, setting := range facts.Options {
		facts.configureOne(&c, setting, secret)
	}
	c.before, c.after = SortOptions(append(c.after, c.before...)), SortOptions(c.after)
	return c
}

// wantsOption reports whether the spec lists an option.
func (facts AccessFacts) wantsOption(option AppOption) bool {
	return slices.ContainsFunc(facts.Options, func(s OptionSetting) bool { return s.AppOption == option })
}

// release gives up a recorded option. It is reset only if it still names the
// secret. While that is not known, it stays in the record.
func (c *configuration) release(option AppOption, view ModelView, secretID string) {
	app := view.Applications[option.Application]
	switch {
	case app.Problem != nil && app.Problem.Reason == v1alpha1.ReasonApplicationNotFound:
	case app.Problem != nil || !view.Known:
		c.after = append(c.after, option)
	case secretID != "" && app.Options[option.Name].SecretID == secretID:
		c.reset = append(c.reset, option)
	}
}

// configureOne decides about one wanted option.
func (facts AccessFacts) configureOne(c *configuration, wanted OptionSetting, secret *UserSecret) {
	option, app := wanted.AppOption, facts.View.Applications[wanted.Application]
	recorded := slices.Contains(facts.Record.Options, option)
	has, exists := app.Options[option.Name]
	names := has.SecretID == secret.ID && has.Format == wanted.Format
	switch problem := facts.optionProblem(wanted, has, exists); {
	case app.Problem != nil:
		if recorded {
			c.after = append(c.after, option)
		}
		c.problems[option] = app.Problem.condition()
	case problem != nil:
		if owned := facts.OptionOwners[option] != ""; recorded && !owned && has.SecretID == facts.Record.SecretID && exists {
			c.after = append(c.after, option) // It still has to be reset.
		}
		c.problems[option] = *problem
	case names:
		c.named = append(c.named, option)
		if recorded || facts.Adopt {
			c.after = append(c.after, option)
		}
	case recorded && facts.changedByOthers(option, has):
		c.after, c.drifted = append(c.after, option), append(c.drifted, wanted)
	case recorded, !has.IsSet, facts.Adopt:
		c.after, c.set = append(c.after, option), append(c.set, wanted)
	default:
		c.problems[option] = inUse(option, has, secret)
	}
}

// optionProblem returns why an option cannot name the secret, nil if it can.
func (facts AccessFacts) optionProblem(wanted OptionSetting, has Option, exists bool) *Condition {
	invalid := func(format string, args ...any) *Condition {
		return &Condition{Reason: v1alpha1.ReasonConfigOptionInvalid, Message: fmt.Sprintf(format, args...)}
	}
	option := wanted.AppOption
	owner, owned := facts.OptionOwners[option]
	switch {
	case !exists:
		return invalid("the charm of application %q has no option %q: compare the name with juju config %s",
			option.Application, option.Name, option.Application)
	case has.Type != "secret" && has.Type != "string":
		return invalid("%s has the type %s: only an option of type secret or string can name a secret", option, has.Type)
	case has.Type == "secret" && wanted.Format == v1alpha1.FormatID:
		return invalid("%s has the type secret, which takes only the URI: set format: URI", option)
	case owned:
		return &Condition{Reason: v1alpha1.ReasonConfigOptionInUse, Message: fmt.Sprintf(
			"%s sets %s: remove the option from one of the two objects", owner, option)}
	}
	return nil
}

// inUse returns the problem of an option that another client set.
func inUse(option AppOption, has Option, secret *UserSecret) Condition {
	value := "another value"
	if has.SecretID == secret.ID {
		value = "the secret in another format"
	} else if has.SecretID != "" && has.Format != v1alpha1.FormatID { // A password can look like an ID.
		value = "secret:" + has.SecretID
	}
	return Condition{Reason: v1alpha1.ReasonConfigOptionInUse, Message: fmt.Sprintf(
		"%s has %s, which the operator did not set: to keep it, remove the option from this object; to replace it, set "+
			"adoptionPolicy: Adopt", option, value)}
}

// changedByOthers reports whether another client changed an option since the
// operator set it. An option that still names the former secret was not changed.
func (facts AccessFacts) changedByOthers(option AppOption, has Option) bool {
	if has.SecretID != "" && has.SecretID == facts.Record.SecretID {
		return false
	}
	return slices.Contains(facts.LastNamed, option) || facts.Corrections[option.key()].InARow > 0
}

// resetRecorded returns the step that resets the recorded options that still
// name their secret in a view, none if there is nothing to reset. left are the
// options that could not be read, with the problem of the first.
func (facts AccessFacts) resetRecorded(view ModelView) (steps []Step, left []AppOption, unread *Problem) {
	var c configuration
	for _, option := range facts.Record.Options {
		c.release(option, view, facts.Record.SecretID)
	}
	if len(c.reset) > 0 {
		steps = []Step{ResetOptions{ID: facts.Record.SecretID, Options: c.reset}}
	}
	if len(c.after) > 0 {
		unread = view.Applications[c.after[0].Application].Problem
	}
	return steps, c.after, unread
}

// unresettable returns the applications that have a recorded option that could
// not be read. Their grants stay until the option is reset.
func (facts AccessFacts) unresettable(view ModelView, apps []string) []string {
	_, left, _ := facts.resetRecorded(view)
	return slices.DeleteFunc(slices.Clone(apps), func(app string) bool {
		return !slices.Contains(ApplicationsOf(left), app)
	})
}

// addReset adds the reset of all recorded options to the plan of a deletion, as
// the first step. The object waits for the options that could not be read.
func (facts AccessFacts) addReset(plan Plan) Plan {
	reset, left, unread := facts.resetRecorded(facts.View)
	plan.Steps = append(reset, plan.Steps...)
	if unread != nil {
		kept := facts.Record
		kept.Granted = union(plan.After.Granted, facts.unresettable(facts.View, facts.Record.Granted))
		_, kept.Adopted = facts.Record.split(kept.Granted)
		kept.Options = left
		plan.After, plan.Condition = kept, unread.condition()
	}
	return plan
}

// addTo adds the options to a plan that grants a secret: their steps, and their
// part of the record and of the status.
func (c configuration) addTo(plan *Plan, facts AccessFacts, secret *UserSecret) {
	if len(c.reset) > 0 {
		plan.Steps = append([]Step{ResetOptions{ID: facts.Record.SecretID, Options: c.reset}}, plan.Steps...)
	}
	contest := facts.Corrections.contested(keysOf(c.drifted))
	for _, wanted := range c.drifted {
		if !slices.Contains(contest.fields, wanted.key()) {
			c.set, plan.Reconfigures = append(c.set, wanted), append(plan.Reconfigures, wanted.AppOption)
		}
	}
	if len(c.set) > 0 {
		plan.Steps = append(plan.Steps, SetOptions{ID: secret.ID, Options: c.set})
	}
	plan.Named, plan.OptionProblems = c.named, c.byApplication()
	switch ready := plan.Condition.Reason == v1alpha1.ReasonSynced; {
	case ready && len(c.problems) > 0:
		plan.Condition = c.combined()
	case ready && contest.left > 0:
		what := "another client changed the options " + strings.Join(contest.fields, ", ")
		plan.Condition = contest.condition(what, "set ignore_changes = [config] in the lifecycle of the juju_application in "+
			"Terraform, or remove the option from this object")
	}
	if contest.left > 0 && (plan.Wait == 0 || contest.left < plan.Wait) {
		plan.Wait = contest.left
	}
}

// combined returns the condition to report. The first reason counts, and the
// message has all messages.
func (c configuration) combined() Condition {
	var all Condition
	for _, option := range c.problemOptions() {
		problem := c.problems[option]
		if all.Reason == "" {
			all = problem
		} else {
			all.Message += "; " + problem.Message
		}
	}
	return all
}

// problemOptions returns the options with a problem, sorted.
func (c configuration) problemOptions() []AppOption {
	var options []AppOption
	for option := range c.problems {
		options = append(options, option)
	}
	return SortOptions(options)
}

// byApplication returns the messages of the problems by application.
func (c configuration) byApplication() map[string]string {
	if len(c.problems) == 0 {
		return nil
	}
	messages := map[string]string{}
	for _, option := range c.problemOptions() {
		if before := messages[option.Application]; before != "" {
			messages[option.Application] = before + "; " + c.problems[option].Message
		} else {
			messages[option.Application] = c.problems[option].Message
		}
	}
	return messages
}

// OtherOption is another JujuSecretAccess that wants or has set an option in the
// same model.
type OtherOption struct {
	// Object names the other access, for messages.
	Object string
	Option AppOption
	// Recorded is true when its record has the option.
	Recorded bool
	// Before is true when it was created before the object that is reconciled.
	Before bool
	// Wants is true when its spec lists the option, it is not being deleted, and
	// it may use the model.
	Wants bool
}

// OwnersOfOptions returns the options that other accesses have, with their
// names. The access that has set an option keeps it. Otherwise the oldest one
// gets it.
func (facts AccessFacts) OwnersOfOptions(others []OtherOption) map[AppOption]string {
	owners := map[AppOption]string{}
	for _, other := range others {
		recorded := slices.Contains(facts.Record.Options, other.Option)
		mine := recorded && !other.Recorded || recorded == other.Recorded && !other.Before
		if (other.Recorded || other.Wants) && !mine {
			owners[other.Option] = other.Object
		}
	}
	return owners
}

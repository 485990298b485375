// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// NextSecret returns the new status of a JujuSecret after a plan with its
// outcomes.
func NextSecret(
	old v1alpha1.JujuSecretStatus, generation int64, p plan.Plan, outcomes []plan.Outcome, now time.Time,
) (v1alpha1.JujuSecretStatus, Report) {
	verdict := plan.Conclude(p, outcomes)
	next := old
	report := Report{LookAgain: p.Wait}
	if verdict.Reason != "" {
		next.ObservedGeneration = generation
		next.Conditions, report = concluded(old.Conditions, generation, p, verdict, now)
	}
	if p.ModelUUID != "" {
		next.ModelUUID = p.ModelUUID
	}
	events := append(modelReplaced(p, old.ModelUUID), stepEvents(p, outcomes, true)...)
	secret, sure := p.Secret, verdict.Reason == v1alpha1.ReasonSynced
	for _, outcome := range outcomes {
		if outcome.Secret != nil {
			secret, sure = outcome.Secret, true
		}
	}
	switch {
	case secret != nil:
		another := secret.ID != old.SecretID || old.Managed == (p.Owns == plan.Observed)
		if sure || another {
			next.Revision = secret.Revision // Otherwise the last synced revision stays, to detect a lost one.
		}
		next.SecretID, next.URI = secret.ID, "secret:"+secret.ID
		next.Revisions = int32(min(secret.Revisions, 1<<31-1)) //nolint:gosec // It is bounded.
		next.Managed, next.Adopted = p.Owns != plan.Observed, p.Owns == plan.Adopted
		if another {
			next.AppliedDigest, next.AppliedGeneration, next.AutoPrune = "", 0, nil
		}
		if another && p.Owns == plan.Adopted {
			events = append([]Event{done(v1alpha1.ReasonAdopted, "adopted "+next.URI)}, events...)
		}
	case p.Owns == plan.Nothing:
		next.SecretID, next.URI, next.Revision, next.Revisions = "", "", 0, 0
		next.Managed, next.Adopted, next.AutoPrune = false, false, nil
	}
	report.Events = append(events, report.Events...)
	return applied(next, generation, p, outcomes, verdict), report
}

// concluded returns the conditions for the verdict of a plan, and when to
// reconcile the object again.
func concluded(
	old []metav1.Condition, generation int64, p plan.Plan, verdict plan.Condition, now time.Time,
) ([]metav1.Condition, Report) {
	next, report := conditions(old, generation, verdict, handlingFor(verdict, p), now)
	report.LookAgain = lookAgain(next, cmp.Or(min(p.Wait, plan.MaxResync), report.LookAgain))
	return next, report
}

// applied sets the parts of the status that Juju does not report: the digest of
// the content, the generation of the spec and the auto-prune setting that were
// sent.
func applied(
	next v1alpha1.JujuSecretStatus, generation int64, p plan.Plan, outcomes []plan.Outcome, verdict plan.Condition,
) v1alpha1.JujuSecretStatus {
	if contentUnknown(p, outcomes) {
		next.AppliedDigest = "" // Otherwise content that was sent would count as an external change.
	}
	if p.Digest != "" && !contentFailed(p, outcomes) {
		next.AppliedDigest = p.Digest
	}
	if verdict.Reason == v1alpha1.ReasonSynced && (p.Digest != "" || p.KeepsContent) {
		next.AppliedGeneration = generation
	}
	for i, outcome := range outcomes {
		if outcome.Problem != nil || outcome.NotTried {
			continue
		}
		switch step := p.Steps[i].(type) {
		case plan.Create:
			next.AutoPrune = new(bool)
		case plan.Update:
			if step.AutoPrune != nil {
				next.AutoPrune = step.AutoPrune
			}
		}
	}
	return next
}

// contentUnknown reports whether a step with content has an unknown outcome.
func contentUnknown(p plan.Plan, outcomes []plan.Outcome) bool {
	for i, outcome := range outcomes {
		if outcome.Problem == nil || outcome.Problem.Definite() {
			continue
		}
		switch step := p.Steps[i].(type) {
		case plan.Create:
			return true
		case plan.Update:
			return step.Content != nil
		}
	}
	return false
}

// contentFailed reports whether a step with content failed or was not tried.
func contentFailed(p plan.Plan, outcomes []plan.Outcome) bool {
	for i, outcome := range outcomes {
		update, isUpdate := p.Steps[i].(plan.Update)
		if (outcome.Problem != nil || outcome.NotTried) && (!isUpdate || update.Content != nil) {
			return true
		}
	}
	return false
}

// maxOtherGrants bounds the list of other grants in a status.
const maxOtherGrants = 256

// NextAccess returns the new status of a JujuSecretAccess after a plan with its
// outcomes.
func NextAccess(
	old v1alpha1.JujuSecretAccessStatus, generation int64, facts plan.AccessFacts, p plan.Plan,
	outcomes []plan.Outcome, now time.Time,
) (v1alpha1.JujuSecretAccessStatus, Report) {
	if p.Condition.Reason == "" {
		return old, Report{LookAgain: cmp.Or(facts.Target.Wait, p.Wait)}
	}
	next := old
	next.ObservedGeneration = generation
	var report Report
	verdict := plan.Conclude(p, outcomes)
	next.Conditions, report = concluded(old.Conditions, generation, p, verdict, now)
	if facts.Target.Problem == nil {
		next.Controller, next.Model = string(facts.Target.Model.Controller), facts.Target.Model.Name
	}
	if p.ModelUUID != "" {
		next.ModelUUID = p.ModelUUID
	}
	switch {
	case p.Secret != nil:
		next.SecretID = p.Secret.ID
	case p.Owns == plan.Nothing:
		next.SecretID = ""
	}
	if p.Owns == plan.Nothing || p.Secret != nil && !facts.Deleting {
		next.OtherGrants = p.OtherGrants[:min(len(p.OtherGrants), maxOtherGrants)]
	}
	next.Applications = nil
	granted := 0
	for _, app := range slices.Sorted(slices.Values(facts.Applications)) {
		application := applicationStatus(app, old, p, outcomes, verdict)
		if application.State == v1alpha1.ApplicationGranted {
			granted++
		}
		next.Applications = append(next.Applications, application)
	}
	next.Granted = fmt.Sprintf("%d/%d", granted, len(facts.Applications))
	if sameModel := old.Controller == next.Controller && old.Model == next.Model; sameModel {
		report.Events = append(modelReplaced(p, old.ModelUUID), report.Events...)
	}
	first := len(facts.Record.Granted) == 0
	report.Events = slices.Concat(adoptedGrants(facts, p), stepEvents(p, outcomes, first), report.Events)
	return next, report
}

// adoptedGrants returns an event for the grants that the object adopts.
func adoptedGrants(facts plan.AccessFacts, p plan.Plan) []Event {
	adopted := slices.DeleteFunc(slices.Clone(p.After.Adopted), func(app string) bool {
		return facts.Record.SecretID == p.After.SecretID && slices.Contains(facts.Record.Adopted, app)
	})
	if len(adopted) == 0 {
		return nil
	}
	message := fmt.Sprintf("adopted the grants of secret:%s to %s", p.After.SecretID, strings.Join(adopted, ", "))
	return []Event{done(v1alpha1.ReasonAdopted, message)}
}

// applicationStatus returns the new status of an application of a
// JujuSecretAccess.
func applicationStatus(
	app string, old v1alpha1.JujuSecretAccessStatus, p plan.Plan, outcomes []plan.Outcome, verdict plan.Condition,
) v1alpha1.ApplicationStatus {
	waits := v1alpha1.ApplicationStatus{Name: app, State: v1alpha1.ApplicationPending, Message: verdict.Message}
	if HandlingOf(verdict.Reason).Also == v1alpha1.ConditionStalled && p.Secret != nil {
		waits.State = v1alpha1.ApplicationFailed
	}
	if p.Secret == nil {
		// Without a view of the secret the last state is the best guess.
		if last := grantedBefore(app, old); last != nil && p.Owns != plan.Nothing {
			return *last
		}
		return waits
	}
	holds := slices.Contains(p.Secret.Granted, app)
	for i, step := range p.Steps {
		if !slices.Contains(accessStep(step), app) || outcomes[i].Problem != nil || outcomes[i].NotTried {
			continue
		}
		problem, failed := outcomes[i].Applications[app]
		if _, grants := step.(plan.Grant); !failed {
			holds = grants
			continue
		}
		waits.State, waits.Message = v1alpha1.ApplicationFailed, problem.Message
		if problem.Reason == v1alpha1.ReasonApplicationNotFound {
			waits.State = v1alpha1.ApplicationPending
		}
	}
	if !holds {
		return waits
	}
	granted := v1alpha1.ApplicationStatus{Name: app, State: v1alpha1.ApplicationGranted}
	granted.ConfigOptions, granted.Message = optionsOf(app, p, outcomes)
	return granted
}

// grantedBefore returns the status of an application that had access, nil if it
// had none.
func grantedBefore(app string, old v1alpha1.JujuSecretAccessStatus) *v1alpha1.ApplicationStatus {
	for i := range old.Applications {
		if last := &old.Applications[i]; last.Name == app && last.State == v1alpha1.ApplicationGranted {
			return last
		}
	}
	return nil
}

// optionsOf returns the names of the options of an application that name the
// secret after the steps, sorted, and a message about the ones that do not.
func optionsOf(app string, p plan.Plan, outcomes []plan.Outcome) (names []string, message string) {
	message = p.OptionProblems[app]
	for _, option := range p.Named {
		if option.Application == app {
			names = append(names, option.Name)
		}
	}
	for i, step := range p.Steps {
		set, ok := step.(plan.SetOptions)
		if !ok || outcomes[i].Problem != nil || outcomes[i].NotTried {
			continue
		}
		if problem, failed := outcomes[i].Applications[app]; failed {
			message = problem.Message
			continue
		}
		for _, setting := range set.Options {
			if setting.Application == app {
				names = append(names, setting.Name)
			}
		}
	}
	slices.Sort(names)
	return names, message
}

// accessStep returns the applications that a step grants or revokes.
func accessStep(step plan.Step) []string {
	switch step := step.(type) {
	case plan.Grant:
		return step.Applications
	case plan.Revoke:
		return step.Applications
	}
	return nil
}

// modelReplaced returns an event if the model has another UUID than before.
func modelReplaced(p plan.Plan, before string) []Event {
	if before == "" || p.ModelUUID == "" || p.ModelUUID == before {
		return nil
	}
	return []Event{{Type: corev1.EventTypeWarning, Reason: v1alpha1.ReasonModelReplaced, Message: shortened(fmt.Sprintf(
		"model %q was removed and created again, with the UUID %s instead of %s: "+
			"the secrets and grants of this object in the old model are gone",
		p.Model, p.ModelUUID, before))}}
}

// stepEvents returns events for the steps that succeeded and for an orphaned
// secret. The first secret of an object and its first grants are only logged:
// the condition reports them, and an event would be a third write to Kubernetes
// for each new object. first is true when the object had granted nothing before,
// by its record.
func stepEvents(p plan.Plan, outcomes []plan.Outcome, first bool) []Event {
	var events []Event
	for i, outcome := range outcomes {
		if outcome.Problem != nil || outcome.NotTried {
			continue
		}
		switch step := p.Steps[i].(type) {
		case plan.Create:
			message := fmt.Sprintf("created %q as secret:%s", step.Name, outcome.Secret.ID) + newURI(p, outcome.Secret.ID)
			events = append(events, onlyLoggedIf(!replaces(p), done(reasonOf(p, v1alpha1.ReasonCreated), message)))
		case plan.Update:
			message := fmt.Sprintf("updated %s of secret:%s, now at revision %d",
				step.Parts(), outcome.Secret.ID, outcome.Secret.Revision)
			completes := step.ID == "" && !replaces(p)
			events = append(events, onlyLoggedIf(completes, done(reasonOf(p, v1alpha1.ReasonUpdated), message)))
		case plan.Remove:
			events = append(events, done(v1alpha1.ReasonRemoved, "asked Juju to remove secret:"+step.ID))
		case plan.Grant:
			for _, event := range forApplications(v1alpha1.ReasonGranted, "granted secret:"+step.ID+" to ",
				step.Applications, outcome) {
				events = append(events, onlyLoggedIf(first, event))
			}
		case plan.Revoke:
			events = append(events, forApplications(v1alpha1.ReasonRevoked, "revoked secret:"+step.ID+" from ",
				step.Applications, outcome)...)
		case plan.SetOptions, plan.ResetOptions:
			events = append(events, optionEvents(p, step, outcome, first)...)
		}
	}
	if p.Condition.Reason == v1alpha1.ReasonOrphaned && p.Condition.Message != "" {
		events = append(events, done(v1alpha1.ReasonOrphaned, p.Condition.Message))
	}
	return events
}

// optionEvents returns the event for a step that sets or resets options.
func optionEvents(p plan.Plan, step plan.Step, outcome plan.Outcome, first bool) []Event {
	switch step := step.(type) {
	case plan.SetOptions:
		reason := v1alpha1.ReasonConfigured
		if len(p.Reconfigures) > 0 {
			reason = v1alpha1.ReasonCorrected
		}
		what := "set options to secret:" + step.ID + " for "
		events := forApplications(reason, what, plan.ApplicationsOf(step.Options), outcome)
		for i := range events {
			events[i] = onlyLoggedIf(first, events[i])
		}
		return events
	case plan.ResetOptions:
		return forApplications(v1alpha1.ReasonConfigured, "reset the options that named secret:"+step.ID+" for ",
			plan.ApplicationsOf(step.Options), outcome)
	}
	return nil
}

// replaces reports whether a plan creates a secret in the place of another one.
func replaces(p plan.Plan) bool {
	return p.Before.Creating != nil && p.Before.Creating.Replaces != ""
}

// newURI returns the part of a message about a secret that replaces another one:
// the URI changed. It is empty if the secret replaces none.
func newURI(p plan.Plan, id string) string {
	if !replaces(p) {
		return ""
	}
	return fmt.Sprintf("; the URI changed from secret:%s to secret:%s: update what uses the old URI, for example charm "+
		"options and references to status.uri", p.Before.Creating.Replaces, id)
}

// reasonOf returns the reason of the event for a step. A plan that reverts an
// external change has the reason Corrected.
func reasonOf(p plan.Plan, normal v1alpha1.Reason) v1alpha1.Reason {
	if p.Corrects {
		return v1alpha1.ReasonCorrected
	}
	return normal
}

// forApplications returns an event for the applications that succeeded, if any.
func forApplications(reason v1alpha1.Reason, what string, apps []string, outcome plan.Outcome) []Event {
	succeeded := slices.DeleteFunc(slices.Clone(apps), func(app string) bool {
		_, failed := outcome.Applications[app]
		return failed
	})
	if len(succeeded) == 0 {
		return nil
	}
	return []Event{done(reason, what+strings.Join(succeeded, ", "))}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// NextSecret is the status of a JujuSecret of a generation after a plan was carried out with these outcomes.
func NextSecret(old v1alpha1.JujuSecretStatus, generation int64, p plan.Plan, outcomes []plan.Outcome, now time.Time) (v1alpha1.JujuSecretStatus, Report) {
	if p.Silent {
		return old, Report{}
	}
	verdict := plan.Conclude(p, outcomes)
	next := old
	next.ObservedGeneration = generation
	var report Report
	next.Conditions, report = conditions(old.Conditions, generation, verdict, HandlingOf(verdict.Reason), now)
	if p.ModelUUID != "" {
		next.ModelUUID = p.ModelUUID
	}
	events := append(modelReplaced(p, old.ModelUUID), stepEvents(p, outcomes)...)
	secret, sure := p.Secret, verdict.Reason == v1alpha1.ReasonSynced
	for _, outcome := range outcomes {
		if outcome.Secret != nil {
			secret, sure = outcome.Secret, true
		}
	}
	switch {
	case secret != nil:
		another := secret.ID != old.SecretID || old.Managed == p.Foreign
		if sure || another {
			next.Revision = secret.Revision // Otherwise it is the last that was in sync, which a lost one is missed by.
		}
		next.SecretID, next.URI = secret.ID, "secret:"+secret.ID
		next.Managed, next.Adopted = !p.Foreign, p.Adopted
		if another {
			next.AppliedDigest, next.AppliedGeneration, next.AutoPrune = "", 0, nil
		}
		if another && p.Adopted {
			events = append([]Event{done(v1alpha1.ReasonAdopted, "took over "+next.URI)}, events...)
		}
	case p.Lost:
		next.SecretID, next.URI, next.Revision = "", "", 0
		next.Managed, next.Adopted, next.AutoPrune = false, false, nil
	}
	report.Events = append(events, report.Events...)
	return applied(next, generation, p, outcomes, verdict), report
}

// applied notes what of a plan Juju does not tell back: by which content, and which generation of the spec, it was asked.
func applied(next v1alpha1.JujuSecretStatus, generation int64, p plan.Plan, outcomes []plan.Outcome, verdict plan.Verdict) v1alpha1.JujuSecretStatus {
	if contentUnknown(p, outcomes) {
		next.AppliedDigest = "" // Or what was perhaps put there would be taken for somebody else's.
	}
	if p.Digest != "" && !contentFailed(p, outcomes) {
		next.AppliedDigest = p.Digest
		if verdict.Reason == v1alpha1.ReasonSynced {
			next.AppliedGeneration = generation
		}
	}
	for i, outcome := range outcomes {
		if outcome.Trouble != nil || outcome.NotTried {
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

// contentUnknown tells that nobody knows whether a content was put into Juju.
func contentUnknown(p plan.Plan, outcomes []plan.Outcome) bool {
	for i, outcome := range outcomes {
		if outcome.Trouble == nil || outcome.Trouble.Kind.Definite() {
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

// contentFailed tells that a step that has a content was not carried out.
func contentFailed(p plan.Plan, outcomes []plan.Outcome) bool {
	for i, outcome := range outcomes {
		update, isUpdate := p.Steps[i].(plan.Update)
		if (outcome.Trouble != nil || outcome.NotTried) && (!isUpdate || update.Content != nil) {
			return true
		}
	}
	return false
}

// NextAccess is the status of a JujuSecretAccess of a generation after a plan was carried out with these outcomes.
func NextAccess(old v1alpha1.JujuSecretAccessStatus, generation int64, seen plan.AccessSeen, p plan.Plan, outcomes []plan.Outcome, now time.Time) (v1alpha1.JujuSecretAccessStatus, Report) {
	if p.Silent {
		return old, Report{}
	}
	next := old
	next.ObservedGeneration = generation
	var report Report
	verdict := plan.Conclude(p, outcomes)
	next.Conditions, report = conditions(old.Conditions, generation, verdict, HandlingOf(verdict.Reason), now)
	if seen.Target.Verdict == nil {
		next.Controller, next.Model = string(seen.Target.Model.Controller), seen.Target.Model.Name
	}
	if p.ModelUUID != "" {
		next.ModelUUID = p.ModelUUID
	}
	switch {
	case p.Secret != nil:
		next.SecretID = p.Secret.ID
	case p.Lost:
		next.SecretID = ""
	}
	next.Applications = nil
	granted := 0
	for _, app := range slices.Sorted(slices.Values(seen.Want)) {
		application := applicationStatus(app, old, p, outcomes, verdict)
		if application.State == v1alpha1.ApplicationGranted {
			granted++
		}
		next.Applications = append(next.Applications, application)
	}
	next.Granted = fmt.Sprintf("%d/%d", granted, len(seen.Want))
	if sameModel := old.Controller == next.Controller && old.Model == next.Model; sameModel {
		report.Events = append(modelReplaced(p, old.ModelUUID), report.Events...)
	}
	report.Events = append(stepEvents(p, outcomes), report.Events...)
	return next, report
}

func applicationStatus(app string, old v1alpha1.JujuSecretAccessStatus, p plan.Plan, outcomes []plan.Outcome, verdict plan.Verdict) v1alpha1.ApplicationStatus {
	granted := v1alpha1.ApplicationStatus{Name: app, State: v1alpha1.ApplicationGranted}
	waits := v1alpha1.ApplicationStatus{Name: app, State: v1alpha1.ApplicationPending, Message: verdict.Message}
	if HandlingOf(verdict.Reason).Also == v1alpha1.ConditionStalled && p.Secret != nil {
		waits.State = v1alpha1.ApplicationFailed
	}
	switch {
	case p.Secret == nil && slices.Contains(old.Applications, granted) && !p.Lost:
		return granted // Nothing was seen, so what was true last is the best guess.
	case p.Secret == nil:
		return waits
	}
	holds := slices.Contains(p.Secret.Granted, app)
	for i, step := range p.Steps {
		apps := accessStep(step)
		if !slices.Contains(apps, app) || outcomes[i].Trouble != nil || outcomes[i].NotTried {
			continue
		}
		trouble, failed := outcomes[i].Applications[app]
		if _, grants := step.(plan.Grant); !failed {
			holds = grants
			continue
		}
		waits.State, waits.Message = v1alpha1.ApplicationFailed, trouble.Message
		if trouble.Kind == plan.ApplicationNotFound {
			waits.State = v1alpha1.ApplicationPending
		}
	}
	if holds {
		return granted
	}
	return waits
}

// accessStep are the applications that a step grants or revokes.
func accessStep(step plan.Step) []string {
	switch step := step.(type) {
	case plan.Grant:
		return step.Applications
	case plan.Revoke:
		return step.Applications
	}
	return nil
}

// modelReplaced tells that the model's name is that of another one by now.
func modelReplaced(p plan.Plan, before string) []Event {
	if before == "" || p.ModelUUID == "" || p.ModelUUID == before {
		return nil
	}
	return []Event{{Type: corev1.EventTypeWarning, Reason: v1alpha1.ReasonModelReplaced, Message: shortened(fmt.Sprintf(
		"model %q was removed and made again, with the UUID %s instead of %s: what was made in it for this object went with it",
		p.Model, p.ModelUUID, before))}}
}

// stepEvents tells of the steps that were done, and of what was let go.
func stepEvents(p plan.Plan, outcomes []plan.Outcome) []Event {
	var events []Event
	for i, outcome := range outcomes {
		if outcome.Trouble != nil || outcome.NotTried {
			continue
		}
		switch step := p.Steps[i].(type) {
		case plan.Create:
			events = append(events, done(reasonOf(p, v1alpha1.ReasonCreated), fmt.Sprintf("added %q as secret:%s", step.Name, outcome.Secret.ID)))
		case plan.Update:
			events = append(events, done(reasonOf(p, v1alpha1.ReasonUpdated), fmt.Sprintf("updated %s of secret:%s, now at revision %d",
				step.Parts(), outcome.Secret.ID, outcome.Secret.Revision)))
		case plan.Remove:
			events = append(events, done(v1alpha1.ReasonRemoved, "told Juju to remove secret:"+step.ID))
		case plan.Grant:
			events = appendApplications(events, v1alpha1.ReasonGranted, "granted secret:"+step.ID+" to ", step.Applications, outcome)
		case plan.Revoke:
			events = appendApplications(events, v1alpha1.ReasonRevoked, "revoked secret:"+step.ID+" from ", step.Applications, outcome)
		}
	}
	if p.Verdict.Reason == v1alpha1.ReasonLetGo && p.Verdict.Message != "" {
		events = append(events, done(v1alpha1.ReasonLetGo, p.Verdict.Message))
	}
	return events
}

// reasonOf is the reason of the event for a step of a plan, unless the plan corrects what somebody else did.
func reasonOf(p plan.Plan, ordinary v1alpha1.Reason) v1alpha1.Reason {
	if p.Corrects {
		return v1alpha1.ReasonCorrected
	}
	return ordinary
}

func appendApplications(events []Event, reason v1alpha1.Reason, what string, apps []string, outcome plan.Outcome) []Event {
	succeeded := slices.DeleteFunc(slices.Clone(apps), func(app string) bool {
		_, failed := outcome.Applications[app]
		return failed
	})
	if len(succeeded) == 0 {
		return events
	}
	return append(events, done(reason, what+strings.Join(succeeded, ", ")))
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides what another Juju controller means: a new controllerRef, or
// a controller object with the addresses of another Juju controller. Juju can
// migrate a model to another controller. The model keeps its UUID, and its
// secrets keep their IDs. Until the model at the present controller has the
// recorded UUID, the record stays as it is, nothing is changed in Juju, and a
// deletion waits.

// Carries reports whether a record for one controller object also counts for
// another one. The creator of a JujuController decides which server answers, so
// a record for a JujuController counts only in its namespace.
func Carries(from, to ControllerKey) bool {
	return from == to || from.Namespace() == "" || from.Namespace() == to.Namespace()
}

// elsewhere reports whether another Juju controller answered than the one that
// the record was written for. It is false while one of them is not known.
func (r Record) elsewhere(view ModelView) bool {
	return r.ControllerUUID != "" && view.ControllerUUID != "" && r.ControllerUUID != view.ControllerUUID
}

// moved reports whether the manifest leads to another controller than the
// record.
func (facts SecretFacts) moved() bool {
	another := facts.RecordedController != facts.Model.Controller || facts.Record.elsewhere(facts.View)
	return facts.RecordedController != "" && another && !facts.Desired.Observe
}

// arrived reports whether the object's model is the model in the manifest. It is
// always true while the manifest leads to the controller in the record.
func (facts SecretFacts) arrived() bool {
	before := facts.formerUUID()
	return !facts.moved() || facts.View.Known && before != "" && facts.View.ModelUUID == before
}

// formerUUID returns the UUID of the model that the object was in before, by its
// record or by its status. It is empty if neither has it.
func (facts SecretFacts) formerUUID() string {
	return cmp.Or(facts.LastModelUUID, facts.Record.ModelUUID, facts.SeenModelUUID)
}

// wayBack returns the step that undoes the change of the controller, for
// messages.
func (facts SecretFacts) wayBack() string {
	return wayBack(facts.RecordedController, facts.Model, facts.Record)
}

func wayBack(former ControllerKey, present ModelRef, record Record) string {
	if former == present.Controller {
		return fmt.Sprintf("the secret was made at the Juju controller %s: set spec.addresses and spec.controllerUUID of %s "+
			"back to it, or set controllerRef to the controller that has the model now", record.ControllerUUID, former.Object())
	}
	return fmt.Sprintf("the secret was made through %s: set controllerRef back to it, or to the controller that has "+
		"the model now", former.Object())
}

// orAbandon returns the other cure for a deletion that waits: to leave what is in
// Juju. It is empty for an object that is not being deleted.
func orAbandon(deleting bool, what string) string {
	if !deleting {
		return ""
	}
	return fmt.Sprintf(", or set the annotation %s to \"true\" to delete this object and leave %s in Juju",
		v1alpha1.AnnotationAbandon, what)
}

func secretApart(facts SecretFacts) (Plan, bool) {
	if !facts.moved() || Carries(facts.RecordedController, facts.Model.Controller) ||
		facts.Desired.Abandoned && facts.Desired.Deleting {
		return Plan{}, false
	}
	return Plan{Before: facts.Record, After: facts.Record, Condition: Condition{
		Reason: v1alpha1.ReasonConflict,
		Message: fmt.Sprintf("the secret was made through %s, which cannot prove this to %s: set controllerRef back to it, "+
			"or create another JujuSecret that adopts the secret, and delete this one with the annotation %s",
			facts.RecordedController.Object(), facts.Model.Controller.Object(), v1alpha1.AnnotationAbandon),
	}}, true
}

func secretMoved(facts SecretFacts) (Plan, bool) {
	gone := facts.View.Problem != nil && facts.View.Problem.Gone
	if facts.arrived() || !facts.View.Known && !gone {
		return Plan{}, false
	}
	back := facts.wayBack() + orAbandon(facts.Desired.Deleting, "the secret")
	condition := elsewhere(facts.Model, facts.formerUUID(), back, facts.View)
	return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
}

// elsewhere returns the condition of an object whose model is not at the
// controller that the manifest leads to.
func elsewhere(model ModelRef, uuid, wayBack string, view ModelView) Condition {
	which := "the model of this object"
	if uuid != "" {
		which = "the model with the UUID " + uuid
	}
	another := ""
	if view.Known {
		another = fmt.Sprintf(", and its model %q has the UUID %s", model, view.ModelUUID)
	}
	return Condition{Reason: v1alpha1.ReasonModelNotFound, Message: fmt.Sprintf(
		"%s does not have %s%s; nothing was changed in Juju: %s", model.Controller.Object(), which, another, wayBack)}
}

// Moved reports whether the manifest leads to another controller than the record
// for the same model and secret.
func (facts AccessFacts) Moved() bool {
	recorded, target := facts.Record, facts.Target
	another := recorded.Model.Controller != target.Model.Controller || recorded.elsewhere(facts.View)
	return recorded.SecretID != "" && another &&
		Carries(recorded.Model.Controller, target.Model.Controller) &&
		recorded.Model.Name == target.Model.Name && recorded.Model.UUID == target.Model.UUID &&
		(target.Query.ID == recorded.SecretID || target.Query.ID == "")
}

// FormerModel returns the model of the recorded grants, at the controller object
// where it is now.
func (facts AccessFacts) FormerModel() ModelRef {
	former := facts.Record.Model
	sameModel := facts.SameModel() && Carries(former.Controller, facts.Target.Model.Controller)
	if facts.Moved() || sameModel {
		former.Controller = facts.Target.Model.Controller
	}
	return former
}

// arrived reports whether the model of the grants is the model in the manifest.
func (facts AccessFacts) arrived() bool { return !facts.Moved() || facts.SameModel() }

// SameModel reports whether the view is a view of the model of the grants.
func (facts AccessFacts) SameModel() bool {
	return facts.View.Known && facts.LastModelUUID != "" && facts.View.ModelUUID == facts.LastModelUUID
}

// MigratedTo returns the UUID of the Juju controller that has the model of the
// grants now, if only Juju names it. It is empty if the manifest names a
// controller object, or if the model was not migrated.
func (facts AccessFacts) MigratedTo() string {
	if !facts.Target.Unnamed || facts.View.Problem == nil {
		return ""
	}
	return facts.View.Problem.MigratedTo
}

func accessElsewhere(facts AccessFacts) (Plan, bool) {
	gone := facts.View.Problem != nil && facts.View.Problem.Gone
	if facts.arrived() || !facts.View.Known && !gone {
		return Plan{}, false
	}
	back := facts.wayBack() + orAbandon(facts.Deleting, "the grants")
	condition := elsewhere(facts.Target.Model, facts.LastModelUUID, back, facts.View)
	return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
}

// wayBack returns the step that undoes the change of the controller, for
// messages.
func (facts AccessFacts) wayBack() string {
	return wayBack(facts.Record.Model.Controller, facts.Target.Model, facts.Record)
}

// formerElsewhere reports whether the controller object of the former secret
// leads to another Juju controller, which does not have the former model.
func (facts AccessFacts) formerElsewhere() bool {
	view := facts.FormerView
	arrived := view.Known && facts.LastModelUUID != "" && view.ModelUUID == facts.LastModelUUID
	return facts.Record.elsewhere(view) && !arrived
}

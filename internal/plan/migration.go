// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides what a new controllerRef means. Juju can migrate a model to
// another controller. The model keeps its UUID, and its secrets keep their IDs.
// The manifest then names another controller object for the same model.
// Until the model at that controller object has the recorded UUID, the record
// stays as it is, nothing is changed in Juju, and a deletion waits.

// Carries reports whether a record for one controller object also counts for
// another one. The creator of a JujuController decides which server answers, so
// a record for a JujuController counts only in its namespace.
func Carries(from, to ControllerKey) bool {
	return from == to || from.Namespace() == "" || from.Namespace() == to.Namespace()
}

// moved reports whether the manifest names another controller object than the
// record.
func (facts SecretFacts) moved() bool {
	return facts.RecordedController != "" && facts.RecordedController != facts.Model.Controller &&
		!facts.Desired.Observe
}

// arrived reports whether the object's model is the model in the manifest. It is
// always true while the manifest names the controller object in the record.
func (facts SecretFacts) arrived() bool {
	before := cmp.Or(facts.LastModelUUID, facts.SeenModelUUID)
	return !facts.moved() || facts.View.Known && before != "" && facts.View.ModelUUID == before
}

// wayBack returns the step that undoes a new controllerRef, for messages.
func (facts SecretFacts) wayBack() string { return wayBack(facts.RecordedController) }

func wayBack(former ControllerKey) string {
	return fmt.Sprintf("the secret was made through %s: set controllerRef back to it, or to the controller that has "+
		"the model now", former.Object())
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
	uuid := cmp.Or(facts.LastModelUUID, facts.SeenModelUUID)
	condition := elsewhere(facts.Model, uuid, facts.RecordedController, facts.View)
	return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
}

// elsewhere returns the condition of an object whose model is not at the
// controller object in the manifest.
func elsewhere(model ModelRef, uuid string, former ControllerKey, view ModelView) Condition {
	which := "the model of this object"
	if uuid != "" {
		which = "the model with the UUID " + uuid
	}
	another := ""
	if view.Known {
		another = fmt.Sprintf(", and its model %q has the UUID %s", model, view.ModelUUID)
	}
	return Condition{Reason: v1alpha1.ReasonModelNotFound, Message: fmt.Sprintf(
		"%s does not have %s%s; nothing was changed in Juju: %s", model.Controller.Object(), which, another, wayBack(former))}
}

// Moved reports whether the manifest names another controller object than the
// record for the same model and secret.
func (facts AccessFacts) Moved() bool {
	recorded, target := facts.Record, facts.Target
	return recorded.SecretID != "" && recorded.Model.Controller != target.Model.Controller &&
		Carries(recorded.Model.Controller, target.Model.Controller) &&
		recorded.Model.Name == target.Model.Name && recorded.Model.UUID == target.Model.UUID &&
		(target.Query.ID == recorded.SecretID || target.Query.ID == "")
}

// FormerModel returns the model of the recorded grants, at the controller object
// where it is now.
func (facts AccessFacts) FormerModel() ModelRef {
	former := facts.Record.Model
	sameModel := facts.View.Known && facts.LastModelUUID != "" && facts.View.ModelUUID == facts.LastModelUUID &&
		Carries(former.Controller, facts.Target.Model.Controller)
	if facts.Moved() || sameModel {
		former.Controller = facts.Target.Model.Controller
	}
	return former
}

// arrived reports whether the model of the grants is the model in the manifest.
func (facts AccessFacts) arrived() bool {
	return !facts.Moved() ||
		facts.View.Known && facts.LastModelUUID != "" && facts.View.ModelUUID == facts.LastModelUUID
}

func accessElsewhere(facts AccessFacts) (Plan, bool) {
	gone := facts.View.Problem != nil && facts.View.Problem.Gone
	if facts.arrived() || !facts.View.Known && !gone {
		return Plan{}, false
	}
	former := facts.Record.Model.Controller
	condition := elsewhere(facts.Target.Model, facts.LastModelUUID, former, facts.View)
	return Plan{Before: facts.Record, After: facts.Record, Condition: condition}, true
}

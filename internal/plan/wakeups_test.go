// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestChangeConcernsObjects(t *testing.T) {
	t.Parallel()
	// waiting returns an object in sync, unless modified otherwise.
	waiting := func(modify ...func(*plan.Waiting)) plan.Waiting {
		w := plan.Waiting{ModelUUID: "model", SecretID: "secret", Settled: true, Reason: v1alpha1.ReasonSynced}
		for _, change := range modify {
			change(&w)
		}
		return w
	}
	unsettled := func(w *plan.Waiting) { w.Settled, w.Reason = false, v1alpha1.ReasonFailed }
	wantsApp := func(w *plan.Waiting) { w.Settled, w.Reason = false, v1alpha1.ReasonApplicationNotFound }
	reconciling := func(w *plan.Waiting) { w.Settled = false }
	nowhere := func(w *plan.Waiting) { w.ModelUUID, w.SecretID = "", "" }
	byName := func(w *plan.Waiting) { w.Model = plan.ModelRef{Controller: "default", Name: "prod/app"} }
	byUUID := func(w *plan.Waiting) { w.Model = plan.ModelRef{Controller: "default", UUID: "model"} }
	waits := func(reason v1alpha1.Reason) func(*plan.Waiting) {
		return func(w *plan.Waiting) { w.Settled, w.Reason = false, reason }
	}
	notFound, denied := waits(v1alpha1.ReasonModelNotFound), waits(v1alpha1.ReasonTenantDenied)
	forbidden, migrated := waits(v1alpha1.ReasonPermissionDenied), waits(v1alpha1.ReasonModelMigrated)
	moved := func(w *plan.Waiting) { w.Former = plan.ModelRef{Controller: "default", Name: "prod/former"} }
	owner := func(w *plan.Waiting) { w.Owner = true }
	access := func(apps ...string) func(*plan.Waiting) {
		return func(w *plan.Waiting) { w.Access, w.Applications = true, apps }
	}
	reports := func(apps ...string) func(*plan.Waiting) {
		return func(w *plan.Waiting) { w.OtherGrants = apps }
	}
	change := func(model string, ids ...string) plan.Change {
		return plan.Change{Controller: "default", ModelUUID: model, IDs: ids}
	}
	named := func(model, name string) plan.Change {
		return plan.Change{Controller: "default", ModelUUID: model, ModelName: name, IDs: []string{"other"}}
	}
	listed := func(models ...string) plan.Change { return plan.Change{Controller: "default", Listed: models} }
	all := func(model string) plan.Change { return plan.Change{Controller: "default", ModelUUID: model, All: true} }
	own := func(what plan.OwnChange, id string, apps ...string) plan.Change {
		return plan.Change{Controller: "default", ModelUUID: "model", IDs: []string{id}, Own: what, Applications: apps}
	}
	renamed := func(id string) plan.Change {
		change := own(plan.OwnUpdate, id)
		change.Renamed = true
		return change
	}
	health := plan.Change{Controller: "default", Health: true, All: true}
	for name, row := range map[string]struct {
		object plan.Waiting
		change plan.Change
		want   bool
	}{
		"its secret":                       {waiting(), change("model", "other", "secret"), true},
		"another secret":                   {waiting(), change("model", "other"), false},
		"its secret's ID in another model": {waiting(), change("another", "secret"), false},
		"a listing without differences":    {waiting(), change("model"), false},
		"all of its model":                 {waiting(), all("model"), true},
		"all of another model":             {waiting(), all("another"), false},
		"the connection":                   {waiting(), all(""), true},
		"the health":                       {waiting(), health, false},
		"the health, while unsettled":      {waiting(unsettled), health, false},
		"unsettled, another secret":        {waiting(unsettled), change("model", "other"), true},
		"unsettled, a listing":             {waiting(unsettled), change("model"), true},
		"unsettled, another model":         {waiting(unsettled), change("another", "other"), false},
		"unsettled, before its JujuSecret": {waiting(unsettled, nowhere), change("another", "other"), true},
		"unseen model, by its name":        {waiting(unsettled, nowhere, byName), named("model", "prod/app"), true},
		"unseen model, another name":       {waiting(unsettled, nowhere, byName), named("model", "prod/other"), false},
		"unseen model, by its UUID":        {waiting(unsettled, nowhere, byUUID), named("model", "prod/app"), true},
		"unseen model, another UUID":       {waiting(unsettled, nowhere, byUUID), named("another", "prod/app"), false},
		"unseen model, the connection":     {waiting(unsettled, nowhere, byName), change(""), true},
		"missing model, the connection":    {waiting(notFound, nowhere, byName), change(""), true},
		"missing model, it is listed":      {waiting(notFound, nowhere, byName), listed("prod/app", "model"), true},
		"missing model, listed by UUID":    {waiting(notFound, nowhere, byUUID), listed("prod/app", "model"), true},
		"missing model, another is listed": {waiting(notFound, nowhere, byName), listed("prod/other", "model"), false},
		"forbidden model, it is listed":    {waiting(forbidden, byName), listed("prod/app", "model"), true},
		"migrated model, it is back":       {waiting(migrated, byName), listed("prod/app", "model"), true},
		"former model, it is listed":       {waiting(forbidden, byName, moved), listed("prod/former", "model"), true},
		"former model, another is listed":  {waiting(forbidden, byName, moved), listed("prod/other", "model"), false},
		"denied model, it is listed":       {waiting(denied, nowhere, byUUID), listed("prod/app", "model"), true},
		"removed model, it is listed":      {waiting(notFound, byName), listed("prod/app", "another"), true},
		"removed model, it answers again":  {waiting(notFound, byName), change("model"), true},
		"access without a model, a list":   {waiting(notFound, nowhere), listed("prod/app", "model"), true},
		"in sync, its model is listed":     {waiting(byName), listed("prod/app", "model"), false},
		"unsettled, its model is listed":   {waiting(unsettled, byName), listed("prod/app", "model"), false},
		"reconciling, a listing":           {waiting(reconciling), change("model"), true},
		"application, another secret":      {waiting(wantsApp), change("model", "other"), false},
		"application, its secret":          {waiting(wantsApp), change("model", "secret"), true},
		"application, a listing":           {waiting(wantsApp), change("model"), true},
		"application, another model":       {waiting(wantsApp), change("another"), false},
		"update, by its owner":             {waiting(owner), own(plan.OwnUpdate, "secret"), false},
		"update, by another's owner":       {waiting(unsettled), own(plan.OwnUpdate, "other"), false},
		"rename, an object that waits": {
			waiting(unsettled, func(w *plan.Waiting) { w.Reason = v1alpha1.ReasonConflict }), renamed("other"), true,
		},
		"rename, an object that does not wait": {waiting(unsettled), renamed("other"), false},
		"update, an observer":                  {waiting(), own(plan.OwnUpdate, "secret"), true},
		"update, an access":                    {waiting(access("app")), own(plan.OwnUpdate, "secret"), false},
		"removal, by its owner":                {waiting(owner), own(plan.OwnRemoval, "secret"), false},
		"removal, an observer":                 {waiting(), own(plan.OwnRemoval, "secret"), true},
		"removal, an access":                   {waiting(access("app")), own(plan.OwnRemoval, "secret"), true},
		"removal, of another":                  {waiting(access("app")), own(plan.OwnRemoval, "other"), false},
		"removal, in another model": {
			waiting(func(w *plan.Waiting) { w.ModelUUID = "another" }), own(plan.OwnRemoval, "secret"), false,
		},
		"revocation, an access of the app": {
			waiting(access("app", "b")), own(plan.OwnRevoke, "secret", "a", "app"), true,
		},
		"revocation, an access of another": {waiting(access("b")), own(plan.OwnRevoke, "secret", "app"), false},
		"revocation, an access that reports the grant": {
			waiting(access("b"), reports("app", "c")), own(plan.OwnRevoke, "secret", "a", "app"), true,
		},
		"revocation, a JujuSecret":     {waiting(), own(plan.OwnRevoke, "secret", "app"), false},
		"revocation, another secret's": {waiting(access("app")), own(plan.OwnRevoke, "other", "app"), false},
		"an unknown change":            {waiting(access("app")), own(plan.OwnChange(99), "secret", "app"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.change.Concerns(row.object); got != row.want {
				t.Errorf("Concerns returned %t, want %t", got, row.want)
			}
		})
	}
}

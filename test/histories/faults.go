// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/juju-secrets/operator/test/wire"
)

// This file contains the faults of the operator and of its connections.

// crash draws a crash of the operator: now, at its next write to Kubernetes, or
// around a request to Juju. The next step triggers the write or the request in
// most cases.
func (d *draft) crash() {
	switch d.IntN(8) {
	case 0:
		d.add("crash now", func(h *history) (string, error) {
			h.site.operator.crash()
			return "", nil
		})
	case 1:
		d.add("crash at the next write to an object", func(h *history) (string, error) {
			h.ledger.atNextWrite(h.site.operator.crash)
			return "", nil
		})
		d.trigger("")
	default:
		method := d.someMethod()
		when, fault := "before", wire.CallBefore
		if d.chance(60) {
			when, fault = "after", wire.CallAfter
		}
		d.add("crash "+when+" the next "+method, func(h *history) (string, error) {
			h.proxy().On(method, fault(h.site.operator.crash))
			return "", nil
		})
		d.trigger(method)
	}
}

// cut draws the loss of all connections now, or of one connection around a
// request.
func (d *draft) cut() {
	if d.chance(12) {
		d.add("cut all connections", func(h *history) (string, error) {
			h.proxy().Silence()
			h.proxy().Speak()
			return "", nil
		})
		return
	}
	method := d.someMethod()
	when, fault := "before", wire.CutBefore
	switch d.IntN(3) {
	case 0:
		when, fault = "after", wire.CutAfter
	case 1:
		when, fault = "during", wire.CutDuring
	}
	d.add("cut the connection "+when+" the next "+method, func(h *history) (string, error) {
		h.proxy().On(method, fault())
		return "", nil
	})
	d.trigger(method)
}

// loseAccess draws that the operator's user loses the access to the model, one
// or two steps without it, and that the access is given back.
func (d *draft) loseAccess() {
	d.add("revoke the operator's access to the model", func(h *history) (string, error) {
		h.blocked = true
		return "", h.site.juju.RevokeModel(h.ctx, h.model, h.site.juju.Operator.Username, "read")
	})
	d.blocked("grant the operator access to the model again", func(h *history) (string, error) {
		h.blocked = false
		return "", h.site.juju.GrantModel(h.ctx, h.model, h.site.juju.Operator.Username, "write")
	})
}

// migrate draws that the model is migrated to the other controller, one or two
// steps before the objects follow it, and that they follow it.
func (d *draft) migrate() {
	d.add("migrate the model to the other controller", (*history).migrate)
	d.blocked("set controllerRef to the other controller", (*history).follow)
}

// blocked draws one or two steps while the operator cannot use the model, and
// the step that ends this.
func (d *draft) blocked(text string, end func(h *history) (string, error)) {
	begin := len(d.steps)
	for range 1 + d.IntN(2) {
		d.changeObjects()
	}
	d.add(text, end)
	for i := begin; i < len(d.steps); i++ {
		d.steps[i].settled = false // Without the model, there is no settled state.
	}
}

// changeObjects draws a change of the objects in Kubernetes.
func (d *draft) changeObjects() {
	[]func(){d.apply, d.changeContent, d.rename, d.delete, d.replace, d.changeAccess}[d.IntN(6)]()
}

// dropMetadata draws what kubectl replace does: an object loses its annotations
// and finalizers. It keeps its status, with a copy of the record.
func (d *draft) dropMetadata() {
	slot := d.live()
	if slot < 0 || d.objects[slot].suspended {
		return // A suspended object stays as it is.
	}
	d.add("replace the metadata of "+objectName(slot), func(h *history) (string, error) { return h.dropMetadata(slot) })
	// The annotation of a change in progress is the only record of it.
	d.steps[len(d.steps)-1].settled = true
}

// dropStatus draws a restore without the status: an object keeps its
// annotations, with the record.
func (d *draft) dropStatus() {
	slot := d.live()
	if slot < 0 || d.objects[slot].suspended || d.objects[slot].report {
		return // Such an object does not write all of its status again.
	}
	d.add("restore "+objectName(slot)+" without its status", func(h *history) (string, error) {
		return h.dropStatus(slot)
	})
	// The status of a change in progress is the only record of its result.
	d.steps[len(d.steps)-1].settled = true
}

func (d *draft) someMethod() string {
	return []string{
		createSecrets, createSecrets, createSecrets, updateSecrets, updateSecrets, updateSecrets,
		removeSecrets, removeSecrets, grantSecret, revokeSecret, listSecrets, setOptions, resetOptions,
	}[d.IntN(13)]
}

const (
	createSecrets = "Secrets.CreateSecrets"
	updateSecrets = "Secrets.UpdateSecrets"
	removeSecrets = "Secrets.RemoveSecrets"
	grantSecret   = "Secrets.GrantSecret"
	revokeSecret  = "Secrets.RevokeSecret"
	listSecrets   = "Secrets.ListSecrets"
	setOptions    = "Application.SetConfigs"
	resetOptions  = "Application.UnsetApplicationsConfig"
)

// trigger draws, in most cases, a step that makes the operator send a request
// with this method.
func (d *draft) trigger(method string) {
	if d.chance(20) {
		return
	}
	before := len(d.steps)
	switch method {
	case createSecrets:
		if d.apply(); len(d.steps) == before {
			d.replace()
		}
	case updateSecrets:
		d.changeContent()
	case removeSecrets:
		if d.chance(50) {
			d.delete()
		} else {
			d.replace()
		}
	case grantSecret, revokeSecret, setOptions, resetOptions:
		d.changeAccess()
	default:
		d.drawStep()
	}
	if len(d.steps) > before {
		// Waiting for a settled state would trigger the fault before this step.
		d.steps[before].settled = false
	}
}

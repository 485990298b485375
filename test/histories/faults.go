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
			h.site.proxy.On("Secrets."+method, fault(h.site.operator.crash))
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
			h.site.proxy.Silence()
			h.site.proxy.Speak()
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
		h.site.proxy.On("Secrets."+method, fault())
		return "", nil
	})
	d.trigger(method)
}

func (d *draft) someMethod() string {
	return []string{
		createSecrets, createSecrets, createSecrets, updateSecrets, updateSecrets, updateSecrets,
		removeSecrets, removeSecrets, grantSecret, revokeSecret, listSecrets,
	}[d.IntN(11)]
}

const (
	createSecrets = "CreateSecrets"
	updateSecrets = "UpdateSecrets"
	removeSecrets = "RemoveSecrets"
	grantSecret   = "GrantSecret"
	revokeSecret  = "RevokeSecret"
	listSecrets   = "ListSecrets"
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
	case grantSecret, revokeSecret:
		d.changeAccess()
	default:
		d.drawStep()
	}
	if len(d.steps) > before {
		// Waiting for a settled state would trigger the fault before this step.
		d.steps[before].settled = false
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/juju-secrets/operator/test/servers"
)

// This file contains the manual changes in Juju, and records their results.

// manually changes a secret, which may be removed already.
func manually(do func() error) (note string, done bool, err error) {
	err = do()
	switch {
	case err == nil:
		return "", true, nil
	case strings.Contains(err.Error(), "not found"):
		return "it was removed", false, nil
	case strings.Contains(err.Error(), "already exists"):
		return "the name is taken", false, nil
	}
	return "", false, err
}

// secretOf returns the ID of an object's secret in its status, or an empty
// string.
func (h *history) secretOf(slot int) string {
	o := h.objects[slot]
	if o == nil {
		return ""
	}
	obj := h.ledger.secret(o.uid)
	if obj == nil || !obj.Status.Managed {
		return ""
	}
	return obj.Status.SecretID
}

// driftWith changes the secret of an object manually.
func (h *history) driftWith(slot int, do func(id string) error) (note, id string, err error) {
	id = h.secretOf(slot)
	if id == "" {
		return "it has no secret", "", nil
	}
	note, done, err := manually(func() error { return do(id) })
	if !done {
		return note, "", err
	}
	h.memory.touched[id] = true
	h.memory.contested[id]++
	return "secret:" + id, id, nil
}

func (h *history) driftContent(slot, content int) (string, error) {
	note, id, err := h.driftWith(slot, func(id string) error { return h.setContent(id, content) })
	if id != "" {
		h.memory.setContent(id, h.content(content))
	}
	return note, err
}

func (h *history) setContent(id string, content int) error {
	return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "", h.values(content))
}

func (h *history) driftInfo(slot int) (string, error) {
	note, id, err := h.driftWith(slot, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "theirs", nil)
	})
	if id != "" {
		h.memory.change(id, func(s *servers.UserSecret) { s.Info = "theirs" })
	}
	return note, err
}

func (h *history) driftName(slot int, name string) (string, error) {
	note, id, err := h.driftWith(slot, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, name, "", nil)
	})
	if id != "" {
		h.memory.setName(id, name)
	}
	return note, err
}

func (h *history) driftRemove(slot int) (string, error) {
	note, id, err := h.driftWith(slot, func(id string) error { return h.site.juju.RemoveSecret(h.ctx, h.model, id) })
	if id != "" {
		h.memory.removed[id] = true
	}
	return note, err
}

// driftRevision removes the latest revision. This also removes a secret without
// other revisions.
func (h *history) driftRevision(slot int) (string, error) {
	now, err := h.inJuju()
	if err != nil {
		return "", err
	}
	was := now[h.secretOf(slot)]
	if was.Revision < 2 {
		return "it is the first revision", nil
	}
	note, id, err := h.driftWith(slot, func(id string) error {
		return h.site.juju.RemoveRevision(h.ctx, h.model, id, was.Revision)
	})
	switch {
	case err != nil:
	case id == "": // The secret existed just before.
		h.memory.removed[was.ID], h.memory.touched[was.ID] = true, true
	default:
		h.memory.masked[id] = len(h.ledger.claimers(id))
		h.memory.change(id, func(s *servers.UserSecret) { s.Revision-- })
	}
	return note, err
}

func (h *history) driftGrant(slot int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.driftWith(slot, func(id string) error { return h.site.juju.Grant(h.ctx, h.model, id, app) })
	if id != "" {
		h.memory.grant(id, app)
	}
	return note, err
}

func (h *history) driftRevoke(slot int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.driftWith(slot, func(id string) error { return h.site.juju.Revoke(h.ctx, h.model, id, app) })
	if id != "" {
		h.memory.revoke(id, app)
	}
	return note, err
}

func (h *history) addForeign(k int, name string, content int) (string, error) {
	var id string
	note, done, err := manually(func() (err error) {
		id, err = h.site.juju.AddSecret(h.ctx, h.model, name, "manual", h.values(content))
		return err
	})
	if !done {
		return note, err
	}
	h.memory.foreign[k] = id
	h.memory.add(servers.UserSecret{ID: id, Name: name, Info: "manual", Revision: 1, Content: h.content(content)})
	return "secret:" + id, nil
}

// withForeign changes the secret that a user added, whether an object owns it
// now or not.
func (h *history) withForeign(k int, do func(id string) error) (note, id string, err error) {
	id = h.memory.foreign[k]
	if id == "" {
		return notThere, "", nil
	}
	note, done, err := manually(func() error { return do(id) })
	if !done {
		return note, "", err
	}
	h.memory.touched[id] = true
	h.memory.contested[id]++
	return "secret:" + id, id, nil
}

func (h *history) foreignContent(k, content int) (string, error) {
	note, id, err := h.withForeign(k, func(id string) error { return h.setContent(id, content) })
	if id != "" {
		h.memory.setContent(id, h.content(content))
	}
	return note, err
}

func (h *history) foreignInfo(k int) (string, error) {
	note, id, err := h.withForeign(k, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "manual again", nil)
	})
	if id != "" {
		h.memory.change(id, func(s *servers.UserSecret) { s.Info = "manual again" })
	}
	return note, err
}

func (h *history) foreignName(k int, name string) (string, error) {
	note, id, err := h.withForeign(k, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, name, "", nil)
	})
	if id != "" {
		h.memory.setName(id, name)
	}
	return note, err
}

func (h *history) foreignRemove(k int) (string, error) {
	note, id, err := h.withForeign(k, func(id string) error { return h.site.juju.RemoveSecret(h.ctx, h.model, id) })
	if id != "" {
		h.memory.removed[id] = true
	}
	return note, err
}

func (h *history) foreignGrant(k int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.withForeign(k, func(id string) error { return h.site.juju.Grant(h.ctx, h.model, id, app) })
	if id != "" {
		h.memory.grant(id, app)
	}
	return note, err
}

func (h *history) removeApplication(app string) (string, error) {
	if !h.memory.deployed[app] {
		return notThere, nil
	}
	delete(h.memory.deployed, app)
	h.memory.forget(app)
	if app == configurable {
		h.memory.forgetOptions()
	}
	return "", h.site.juju.RemoveApplication(h.ctx, h.model, app)
}

func (h *history) deployApplication(app string) (string, error) {
	if h.memory.deployed[app] {
		return "it is deployed", nil
	}
	h.memory.deployed[app] = true
	if app == configurable {
		return "", h.site.juju.AddApplicationOf(h.ctx, h.model, app, servers.ConfigurableCharm)
	}
	return "", h.site.juju.AddApplication(h.ctx, h.model, app)
}

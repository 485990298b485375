// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/juju-secrets/operator/test/servers"
)

// This file has the steps that people make in Juju by hand, and notes what they leave behind.

// byHand does something to a secret, which may be gone by then.
func byHand(do func() error) (note string, done bool, err error) {
	err = do()
	switch {
	case err == nil:
		return "", true, nil
	case strings.Contains(err.Error(), "not found"):
		return "it is gone", false, nil
	case strings.Contains(err.Error(), "already exists"):
		return "the name is taken", false, nil
	}
	return "", false, err
}

// secretOf is the ID of the secret of an object, as far as its status tells.
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

// meddleWith does something to the secret of an object.
func (h *history) meddleWith(slot int, do func(id string) error) (note, id string, err error) {
	id = h.secretOf(slot)
	if id == "" {
		return "it has none", "", nil
	}
	note, done, err := byHand(func() error { return do(id) })
	if !done {
		return note, "", err
	}
	h.memory.touched[id] = true
	return "secret:" + id, id, nil
}

func (h *history) meddleContent(slot, content int) (string, error) {
	note, id, err := h.meddleWith(slot, func(id string) error { return h.setContent(id, content) })
	if id != "" {
		h.memory.setContent(id, h.content(content))
	}
	return note, err
}

func (h *history) setContent(id string, content int) error {
	return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "", h.values(content))
}

func (h *history) meddleInfo(slot int) (string, error) {
	note, id, err := h.meddleWith(slot, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "theirs", nil)
	})
	if id != "" {
		h.memory.change(id, func(s *servers.UserSecret) { s.Info = "theirs" })
	}
	return note, err
}

func (h *history) meddleName(slot int, name string) (string, error) {
	note, id, err := h.meddleWith(slot, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, name, "", nil)
	})
	if id != "" {
		h.memory.setName(id, name)
	}
	return note, err
}

func (h *history) meddleRemove(slot int) (string, error) {
	note, id, err := h.meddleWith(slot, func(id string) error { return h.site.juju.RemoveSecret(h.ctx, h.model, id) })
	if id != "" {
		h.memory.removed[id] = true
	}
	return note, err
}

// meddleRevision removes the latest revision, and with it a secret that was pruned of all others.
func (h *history) meddleRevision(slot int) (string, error) {
	now, err := h.inJuju()
	if err != nil {
		return "", err
	}
	was := now[h.secretOf(slot)]
	if was.Revision < 2 {
		return "it is the first", nil
	}
	note, id, err := h.meddleWith(slot, func(id string) error {
		return h.site.juju.RemoveRevision(h.ctx, h.model, id, was.Revision)
	})
	switch {
	case err != nil:
	case id == "": // It was there just before.
		h.memory.removed[was.ID], h.memory.touched[was.ID] = true, true
	default:
		h.memory.revisionsRemoved[id]++
		h.memory.masked[id] = len(h.ledger.claimers(id))
		h.memory.change(id, func(s *servers.UserSecret) { s.Revision-- })
	}
	return note, err
}

func (h *history) meddleGrant(slot int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.meddleWith(slot, func(id string) error { return h.site.juju.Grant(h.ctx, h.model, id, app) })
	if id != "" {
		h.memory.grant(id, app)
	}
	return note, err
}

func (h *history) meddleRevoke(slot int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.meddleWith(slot, func(id string) error { return h.site.juju.Revoke(h.ctx, h.model, id, app) })
	if id != "" {
		h.memory.revoke(id, app)
	}
	return note, err
}

func (h *history) addStranger(k int, name string, content int) (string, error) {
	var id string
	note, done, err := byHand(func() (err error) {
		id, err = h.site.juju.AddSecret(h.ctx, h.model, name, "by hand", h.values(content))
		return err
	})
	if !done {
		return note, err
	}
	h.memory.strangers[k] = id
	h.memory.add(servers.UserSecret{ID: id, Name: name, Info: "by hand", Revision: 1, Content: h.content(content)})
	return "secret:" + id, nil
}

// withStranger does something to the secret that a stranger added, whosever it is by now.
func (h *history) withStranger(k int, do func(id string) error) (note, id string, err error) {
	id = h.memory.strangers[k]
	if id == "" {
		return notThere, "", nil
	}
	note, done, err := byHand(func() error { return do(id) })
	if !done {
		return note, "", err
	}
	h.memory.touched[id] = true
	return "secret:" + id, id, nil
}

func (h *history) strangerContent(k, content int) (string, error) {
	note, id, err := h.withStranger(k, func(id string) error { return h.setContent(id, content) })
	if id != "" {
		h.memory.setContent(id, h.content(content))
	}
	return note, err
}

func (h *history) strangerInfo(k int) (string, error) {
	note, id, err := h.withStranger(k, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, "", "by hand again", nil)
	})
	if id != "" {
		h.memory.change(id, func(s *servers.UserSecret) { s.Info = "by hand again" })
	}
	return note, err
}

func (h *history) strangerName(k int, name string) (string, error) {
	note, id, err := h.withStranger(k, func(id string) error {
		return h.site.juju.UpdateSecret(h.ctx, h.model, id, name, "", nil)
	})
	if id != "" {
		h.memory.setName(id, name)
	}
	return note, err
}

func (h *history) strangerRemove(k int) (string, error) {
	note, id, err := h.withStranger(k, func(id string) error { return h.site.juju.RemoveSecret(h.ctx, h.model, id) })
	if id != "" {
		h.memory.removed[id] = true
	}
	return note, err
}

func (h *history) strangerGrant(k int, app string) (string, error) {
	if !h.memory.deployed[app] {
		return "there is no such application", nil
	}
	note, id, err := h.withStranger(k, func(id string) error { return h.site.juju.Grant(h.ctx, h.model, id, app) })
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
	return "", h.site.juju.RemoveApplication(h.ctx, h.model, app)
}

func (h *history) deployApplication(app string) (string, error) {
	if h.memory.deployed[app] {
		return "it is there", nil
	}
	h.memory.deployed[app] = true
	return "", h.site.juju.AddApplication(h.ctx, h.model, app)
}

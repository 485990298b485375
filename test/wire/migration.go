// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"net"
	"slices"
	"strings"
)

// Redirect is the controller that a model was migrated to.
type Redirect struct {
	// Address is host:port.
	Address                    string
	CACertificate              string
	ControllerUUID, Controller string
}

// Migrate makes the controller answer as if it had migrated a model to another
// controller: a login to the model is redirected, and the model is not listed.
// It cuts the connections to the model, as the end of a migration does. The
// server of this module's Juju cannot do this:
// domain/model/service.ModelRedirection of the version in go.mod always answers
// that there is no redirection.
func (p *Proxy) Migrate(modelUUID string, to Redirect) error {
	host, port, err := net.SplitHostPort(to.Address)
	if err != nil {
		return err
	}
	server := map[string]any{"value": host, "type": "ipv4", "scope": "public", "port": json.Number(port)}
	p.setMigrated(modelUUID, map[string]any{
		"servers": [][]any{{server}}, "ca-cert": to.CACertificate,
		"controller-tag": "controller-" + to.ControllerUUID, "controller-alias": to.Controller,
	})
	p.cut(func(c *client) bool { return strings.Contains(c.path, modelUUID) })
	return nil
}

// Return ends a Migrate: the model was migrated back to this controller.
func (p *Proxy) Return(modelUUID string) {
	p.changing.Lock()
	defer p.changing.Unlock()
	delete(p.migrated, modelUUID)
}

// setMigrated sets where a model was migrated to, as Juju's answer to a login
// says it.
func (p *Proxy) setMigrated(modelUUID string, to map[string]any) {
	p.changing.Lock()
	defer p.changing.Unlock()
	if p.migrated == nil {
		p.migrated = map[string]map[string]any{}
		p.changes[login] = append(p.changes[login], p.redirect)
		p.changes[listModels] = append(p.changes[listModels], p.hideMigrated)
	}
	p.migrated[modelUUID] = to
}

const listModels = "ModelManager.ListModels"

// redirect changes the answer to a login to a migrated model. The lock is held.
func (p *Proxy) redirect(answer *Answer) {
	tag, _ := answer.Response["model-tag"].(string)
	to := p.migrated[strings.TrimPrefix(tag, "model-")]
	if answer.Error != "" || to == nil {
		return
	}
	*answer = Answer{
		RequestID: answer.RequestID, Error: "redirection to alternative server required",
		ErrorCode: "redirection required", ErrorInfo: to,
	}
}

// hideMigrated removes migrated models from a list of models. The lock is held.
func (p *Proxy) hideMigrated(answer *Answer) {
	listed, _ := answer.Response["user-models"].([]any)
	if answer.Response == nil {
		return
	}
	answer.Response["user-models"] = slices.DeleteFunc(listed, func(entry any) bool {
		user, _ := entry.(map[string]any)
		model, _ := user["model"].(map[string]any)
		uuid, _ := model["uuid"].(string)
		return p.migrated[uuid] != nil
	})
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"net"
	"slices"
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
// It cuts all connections, as the end of a migration does. The server of this
// module's Juju cannot do this: domain/model/service.ModelRedirection of the
// version in go.mod always answers that there is no redirection.
func (p *Proxy) Migrate(modelUUID string, to Redirect) error {
	host, port, err := net.SplitHostPort(to.Address)
	if err != nil {
		return err
	}
	p.Rewrite(login, func(answer *Answer) {
		if answer.Error != "" || answer.Response["model-tag"] != "model-"+modelUUID {
			return
		}
		server := map[string]any{"value": host, "type": "ipv4", "scope": "public", "port": json.Number(port)}
		*answer = Answer{
			RequestID: answer.RequestID, Error: "redirection to alternative server required",
			ErrorCode: "redirection required",
			ErrorInfo: map[string]any{
				"servers": [][]any{{server}}, "ca-cert": to.CACertificate,
				"controller-tag": "controller-" + to.ControllerUUID, "controller-alias": to.Controller,
			},
		}
	})
	p.Rewrite("ModelManager.ListModels", func(answer *Answer) {
		listed, _ := answer.Response["user-models"].([]any)
		answer.Response["user-models"] = slices.DeleteFunc(listed, func(entry any) bool {
			user, _ := entry.(map[string]any)
			model, _ := user["model"].(map[string]any)
			return model["uuid"] == modelUUID
		})
	})
	p.cut(func(*client) bool { return true })
	return nil
}

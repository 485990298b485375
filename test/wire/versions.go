// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"slices"
	"strings"
)

// AsJuju36 makes a controller of Juju 4 answer like Juju 3.6, in everything
// that the operator uses. Its behaviour remains the behaviour of Juju 4: it
// removes secrets asynchronously.
func (p *Proxy) AsJuju36() {
	p.asVersion("3.6.9")
	for _, method := range []string{
		"Secrets.UpdateSecrets", "Secrets.RemoveSecrets", "Secrets.GrantSecret", "Secrets.RevokeSecret",
	} {
		p.Rewrite(method, func(answer *Answer) {
			for _, result := range answer.Items("results") {
				failure, _ := result["error"].(map[string]any)
				message, _ := failure["message"].(string)
				before, app, noApp := strings.Cut(message, `: application "`)
				switch {
				case noApp:
					failure["code"] = "not found"
					failure["message"] = before + `: invalid subject reference: saas application "` + app
				case failure["code"] == "secret not found":
					failure["code"] = "not found"
				}
			}
		})
	}
}

// AsJuju35 makes a controller answer like Juju 3.5, which reports no checksums
// of secrets.
func (p *Proxy) AsJuju35() {
	p.AsJuju36()
	p.asVersion("3.5.7")
	p.Rewrite("Secrets.ListSecrets", func(answer *Answer) {
		for _, secret := range answer.Items("results") {
			delete(secret, "latest-revision-checksum")
		}
	})
}

// asVersion makes the controller report another version. It also lists models
// in the form before Juju 4.
func (p *Proxy) asVersion(version string) {
	p.Rewrite("Admin.Login", func(answer *Answer) {
		if answer.Error != "" {
			return
		}
		answer.Response["server-version"] = version
		for _, facade := range answer.Items("facades") {
			if facade["name"] == "ModelManager" {
				versions, _ := facade["versions"].([]any)
				facade["versions"] = slices.DeleteFunc(versions, func(v any) bool { return v == json.Number("11") })
			}
		}
	})
}

// Items returns the objects in a list of an answer.
func (a *Answer) Items(key string) []map[string]any {
	list, _ := a.Response[key].([]any)
	var items []map[string]any
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			items = append(items, object)
		}
	}
	return items
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// ClientName is the name of the controller in the files of WriteClient.
const ClientName = "development"

// WriteClient makes dir a JUJU_DATA folder. With it, Juju's own command line
// connects to this server as the administrator. The default model is prod/test.
// The folder contains a password.
func (j *Juju) WriteClient(dir string) error {
	models := map[string]any{}
	for _, model := range j.Models {
		models[model.Name] = map[string]any{"uuid": model.UUID, "type": "iaas"}
	}
	one := func(details map[string]any) map[string]any { return map[string]any{ClientName: details} }
	for name, content := range map[string]map[string]any{
		"controllers.yaml": {
			"controllers": one(map[string]any{
				"uuid": j.ControllerUUID, "api-endpoints": j.Addresses, "ca-cert": j.CACertificate,
				"cloud": "dummy", "type": "dummy", "region": "dummy-region",
				"controller-machine-count": 0, "active-controller-machine-count": 0,
			}),
			"current-controller": ClientName,
		},
		"accounts.yaml": {
			"controllers": one(map[string]any{
				"user": j.Admin.Username, "password": j.Admin.Password, "last-known-access": "superuser",
			}),
		},
		"models.yaml": {
			"controllers": one(map[string]any{"models": models, "current-model": j.Models[0].Name}),
		},
	} {
		text, err := yaml.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

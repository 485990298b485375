// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// info holds the addresses and credentials of the server for the parent
// process. It contains passwords.
type info struct {
	Addresses      []string    `json:"addresses"`
	CACertificate  string      `json:"caCertificate"`
	ControllerUUID string      `json:"controllerUUID"`
	Control        string      `json:"control"`
	Admin          account     `json:"admin"`
	Operator       account     `json:"operator"`
	Models         []modelInfo `json:"models"`
}

// account is a Juju user with a password.
type account struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// modelInfo holds a model's name with its qualifier, and its UUID.
type modelInfo struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
}

// writeInfo writes the file atomically. When the file exists, the server is
// ready.
func writeInfo(path string, content info) error {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode the info file: %w", err)
	}
	// CreateTemp makes the file readable by its owner only.
	temporary, err := os.CreateTemp(filepath.Dir(path), ".jujuserver-*")
	if err != nil {
		return fmt.Errorf("cannot create the info file: %w", err)
	}
	_, err = temporary.Write(append(text, '\n'))
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("cannot write the info file: %w", err)
	}
	return nil
}

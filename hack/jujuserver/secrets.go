// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	secretservice "github.com/juju/juju/domain/secret/service"
)

// secretInfo holds the ID of a secret.
type secretInfo struct {
	ID string `json:"id"`
}

// addCharmSecret adds a secret that an application's charm owns. It imports the
// secret as a migration of a model does, because no charm runs here.
func (m *model) addCharmSecret(ctx context.Context, application, label string) (secretInfo, error) {
	value := coresecrets.SecretData{"key": "dmFsdWU="}
	checksum, err := coresecrets.NewSecretValue(value).Checksum()
	if err != nil {
		return secretInfo{}, fmt.Errorf("cannot compute the checksum of a secret: %w", err)
	}
	uri, now := coresecrets.NewURI(), time.Now()
	err = m.services.Secret().ImportSecrets(ctx, &secretservice.SecretImport{
		Secrets: []*coresecrets.SecretMetadata{{
			URI: uri, Version: 1, Label: label,
			Owner:      coresecrets.Owner{Kind: coresecrets.ApplicationOwner, ID: application},
			CreateTime: now, UpdateTime: now, LatestRevision: 1, LatestRevisionChecksum: checksum,
		}},
		Revisions: map[string][]*coresecrets.SecretRevisionMetadata{
			uri.ID: {{Revision: 1, CreateTime: now, UpdateTime: now}},
		},
		Content: map[string]map[int]coresecrets.SecretData{uri.ID: {1: value}},
	})
	if err != nil {
		return secretInfo{}, fmt.Errorf("cannot add a secret of application %q: %w", application, err)
	}
	return secretInfo{ID: uri.ID}, nil
}

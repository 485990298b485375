// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"testing"

	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/internal/content"
)

// Package content computes Juju's checksum without Juju's code; here both are held against each other.
func TestTheChecksumIsJujusOwn(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]map[string][]byte{
		"one key":            {"key": []byte("value")},
		"keys in any order":  {"zebra": []byte("1"), "ant": []byte("2"), "mule": []byte("3")},
		"an empty value":     {"key": {}},
		"bytes that no text": {"key": {0, 255, 254, '<', '>', '&'}},
		"nothing":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours := content.New(plain)
			theirs, err := coresecrets.NewSecretValue(ours.Encoded()).Checksum()
			if err != nil {
				t.Fatal(err)
			}
			if !ours.Matches(content.Seal(theirs)) {
				t.Error("the checksum differs from Juju's")
			}
		})
	}
}

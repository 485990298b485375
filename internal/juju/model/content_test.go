// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"testing"

	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/internal/content"
)

// Package content computes Juju's checksum without Juju's code. This test
// compares both.
func TestChecksumMatchesJuju(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]map[string][]byte{
		"one key":            {"key": []byte("value")},
		"keys in any order":  {"zebra": []byte("1"), "ant": []byte("2"), "mule": []byte("3")},
		"an empty value":     {"key": {}},
		"bytes not in UTF-8": {"key": {0, 255, 254, '<', '>', '&'}},
		"no keys":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := content.New(plain)
			want, err := coresecrets.NewSecretValue(c.Encoded()).Checksum()
			if err != nil {
				t.Fatal(err)
			}
			if !c.Matches(content.Seal(want)) {
				t.Error("the checksum differs from Juju's")
			}
		})
	}
}

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

// Charms, the command line and the Kubernetes backend read values through this
// type.
func TestJujuReadsReencodedContent(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]map[string][]byte{
		"one value":                             {"password": []byte("hunter2")},
		"a value with a length without padding": {"password": []byte("abc")},
		"an empty value":                        {"password": nil},
		"several values": {
			"user": []byte("admin"), "password": []byte("hunter2"), "binary": {0, 255, 10},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := coresecrets.NewSecretValue(content.New(plain).Reencoded().Encoded())
			values, err := read.Values()
			if err != nil || len(values) != len(plain) {
				t.Fatalf("Juju reads %d values: %v", len(values), err)
			}
			for key, want := range plain {
				single, err := read.KeyValue(key)
				if err != nil || values[key] != string(want) || single != string(want) {
					t.Errorf("Juju reads %q and %q of %s, want %q: %v", values[key], single, key, want, err)
				}
			}
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
)

// Content is the whole content of one revision of a user secret. It prints as REDACTED.
type Content struct{ Sealed[map[string]string] }

// New makes a Content of keys in Juju's spelling and their plain values. It checks nothing: Merge does.
func New(plain map[string][]byte) Content {
	encoded := make(map[string]string, len(plain))
	for key, value := range plain {
		encoded[key] = base64.StdEncoding.EncodeToString(value)
	}
	return Content{Seal(encoded)}
}

// Encoded returns the values in standard base64 by key, as Juju's API takes them.
func (c Content) Encoded() map[string]string { return c.Open() }

// With is this content and one key more.
func (c Content) With(key, value string) Content {
	encoded := maps.Clone(c.Open())
	if encoded == nil {
		encoded = map[string]string{}
	}
	encoded[key] = base64.StdEncoding.EncodeToString([]byte(value))
	return Content{Seal(encoded)}
}

// Checksum returns the checksum under which Juju lists this content: the hex SHA-256 of the encoded values as JSON
// with sorted keys (core/secrets/secretvalue.go in Juju 3.6 and 4). It is an unkeyed hash of secrets, so it travels
// sealed and must never be shown or stored.
func (c Content) Checksum() Sealed[string] {
	text, err := json.Marshal(c.Open())
	if err != nil {
		panic(fmt.Sprintf("encoding a map of strings: %v", err)) // Cannot happen: JSON has a form for every string.
	}
	sum := sha256.Sum256(text)
	return Seal(hex.EncodeToString(sum[:]))
}

// Matches tells whether Juju's checksum is that of this content.
func (c Content) Matches(checksum Sealed[string]) bool { return c.Checksum().Open() == checksum.Open() }

// Equal tells whether two contents are the same.
func (c Content) Equal(other Content) bool { return c.Matches(other.Checksum()) }

// Connection is all it takes to log in to a Juju controller. The password prints as REDACTED.
type Connection struct {
	Addresses []string
	// CACertificate is in PEM. Without it the system's own authorities count.
	CACertificate string
	// ControllerUUID is the UUID that the controller must have, empty for any.
	ControllerUUID string
	// ServiceAccount tells that Username and Password are the client ID and the client secret of one, for JAAS.
	ServiceAccount bool
	Username       string
	Password       Sealed[string]
}

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
	"slices"
)

// Content holds the keys and values of one revision of a user secret. It prints
// as REDACTED.
type Content struct{ Sealed[map[string]string] }

// New returns the content of keys in Juju's spelling and their plain values.
// Merge validates them, New does not.
func New(plain map[string][]byte) Content {
	encoded := make(map[string]string, len(plain))
	for key, value := range plain {
		encoded[key] = base64.StdEncoding.EncodeToString(value)
	}
	return Content{Seal(encoded)}
}

// Encoded returns the values in standard base64 by key, the format of Juju's
// API.
func (c Content) Encoded() map[string]string { return c.Open() }

// Reencoded returns the same keys and values with another checksum: it adds a
// line end to one encoded value. Juju decodes values with encoding/base64, which
// ignores line ends, and so do the Kubernetes backend and other decoders. Only
// a charm that reads the encoded value itself, as KEY#base64, sees the line end.
func (c Content) Reencoded() Content {
	encoded := maps.Clone(c.Open())
	for _, key := range slices.Sorted(maps.Keys(encoded))[:min(1, len(encoded))] {
		encoded[key] += "\n"
	}
	return Content{Seal(encoded)}
}

// Checksum returns the checksum that Juju lists for this content: the hex
// SHA-256 of the encoded values as JSON with sorted keys
// (core/secrets/secretvalue.go in Juju 3.6 and 4). It is an unkeyed hash of
// secrets, so it is sealed and must never be shown or stored.
func (c Content) Checksum() Sealed[string] {
	text, err := json.Marshal(c.Open())
	if err != nil {
		panic(fmt.Sprintf("encoding a map of strings: %v", err)) // JSON can encode every string.
	}
	sum := sha256.Sum256(text)
	return Seal(hex.EncodeToString(sum[:]))
}

// Matches reports whether a checksum from Juju is the checksum of this content.
func (c Content) Matches(checksum Sealed[string]) bool { return c.Checksum().Open() == checksum.Open() }

// Equal reports whether two contents are equal.
func (c Content) Equal(other Content) bool { return c.Matches(other.Checksum()) }

// Connection holds the parameters to log in to a Juju controller. The password
// prints as REDACTED.
type Connection struct {
	Addresses []string
	// CACertificate is in PEM. If it is empty, the system's authorities are
	// trusted.
	CACertificate string
	// ControllerUUID is the UUID that the controller must have, empty for any.
	ControllerUUID string
	// Auth is the login method for Username and Password.
	Auth     AuthMethod
	Username string
	Password Sealed[string]
}

// AuthMethod is a login method of a controller.
type AuthMethod int

const (
	// UserPass is a login with a user name and a password.
	UserPass AuthMethod = iota
	// ClientCredentials is a login to JAAS with the client ID and the client
	// secret of a service account.
	ClientCredentials
)

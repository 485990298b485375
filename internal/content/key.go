// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Key is the secret key of one installation of the operator. Without it,
// digests reveal nothing about the contents. It prints as REDACTED.
type Key struct{ Sealed[[]byte] }

// Digest returns the digest of an owner's content. Equal contents of the same
// owner and key have equal digests. Without the key a content cannot be guessed
// from its digest, and digests of different owners cannot be compared.
func (k Key) Digest(owner string, c Content) string { return k.DigestOf(owner, c.Checksum()) }

// DigestOf returns the Digest of a content with a checksum.
func (k Key) DigestOf(owner string, checksum Sealed[string]) string {
	return k.Mark() + "-" + k.MAC(owner+" "+checksum.Open())
}

// Made reports whether a digest was made with this key. Only digests of the
// same key can be compared.
func (k Key) Made(digest string) bool { return strings.HasPrefix(digest, k.Mark()+"-") }

// Mark returns an identifier of the key that does not reveal it.
func (k Key) Mark() string { return k.MAC("")[:8] }

// MAC returns a message authentication code, HMAC-SHA256 in hexadecimal.
// Different uses of the key have different prefixes in their texts.
func (k Key) MAC(text string) string {
	mac := hmac.New(sha256.New, k.Open())
	_, _ = mac.Write([]byte(text)) // Write never fails.
	return hex.EncodeToString(mac.Sum(nil))
}

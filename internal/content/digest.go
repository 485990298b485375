// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Key is the secret of one installation of the operator, without which its digests tell nothing of the contents. It prints
// as REDACTED.
type Key struct{ Sealed[[]byte] }

// Digest is that of an owner's content: the same for equal contents of the same owner under the same key. It is of no use
// without the key, nor beside the digest of another owner, so that nobody can find out a content by trying.
func (k Key) Digest(owner string, c Content) string { return k.DigestOf(owner, c.Checksum()) }

// DigestOf is the Digest of a content that only its checksum is known of.
func (k Key) DigestOf(owner string, checksum Sealed[string]) string {
	return k.mark() + k.mac(owner+" "+checksum.Open())
}

// Made tells whether a digest was made with this key, so that it can be compared with others of it.
func (k Key) Made(digest string) bool { return strings.HasPrefix(digest, k.mark()) }

// mark is what all digests of a key begin with.
func (k Key) mark() string { return k.mac("")[:8] + "-" }

func (k Key) mac(text string) string {
	mac := hmac.New(sha256.New, k.Open())
	_, _ = mac.Write([]byte(text)) // It never fails.
	return hex.EncodeToString(mac.Sum(nil))
}

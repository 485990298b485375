// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Key is the secret of one installation of the operator, without which its digests tell nothing of the contents. It prints
// as REDACTED.
type Key struct{ Sealed[[]byte] }

// Digest is that of a content: the same for equal contents under the same key, and of no use without the key.
func (k Key) Digest(c Content) string {
	mac := hmac.New(sha256.New, k.Open())
	_, _ = mac.Write([]byte(c.Checksum().Open())) // It never fails.
	return hex.EncodeToString(mac.Sum(nil))
}

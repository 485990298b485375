// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Certificates returns only the certificates of a PEM text. The text may also
// have a private key or other confidential text.
func Certificates(text string) string {
	var certificates strings.Builder
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			block.Headers = nil
			certificates.Write(pem.EncodeToMemory(block))
		}
	}
	return certificates.String()
}

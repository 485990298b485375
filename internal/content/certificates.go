// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Certificates are those of a text in PEM, and nothing else of it: beside them may stand a private key, or words that are not for
// everybody.
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

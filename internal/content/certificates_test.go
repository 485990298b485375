// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
)

// authority returns a certificate with a serial number and its key, both in
// PEM.
func authority(t *testing.T, number byte) (certificate, key string) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(number))}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", secret)
}

func block(kind string, text []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: text}))
}

func TestCertificatesReturnsOnlyCertificates(t *testing.T) {
	t.Parallel()
	one, key := authority(t, 1)
	two, _ := authority(t, 2)
	for name, row := range map[string]struct{ text, want string }{
		"one certificate":         {one, one},
		"a bundle":                {one + two, one + two},
		"without a final newline": {strings.TrimSpace(one), one},
		"other text around them":  {"password: hunter2\n" + one + "hunter2\n" + two + "hunter2", one + two},
		"with a private key":      {key + one, one},
		"only a private key":      {key, ""},
		"an invalid certificate":  {block("CERTIFICATE", []byte("hunter2")) + one, one},
		"trailing bytes":          {block("CERTIFICATE", append(der(t, one), "hunter2"...)), ""},
		"headers":                 {strings.Replace(one, "-----\n", "-----\npassword: hunter2\n\n", 1), one},
		"no certificate":          {"hunter2", ""},
		"an empty text":           {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, content.Certificates(row.text)); diff != "" {
				t.Errorf("Certificates (-want +got):\n%s", diff)
			}
		})
	}
}

// der returns the bytes of a PEM block.
func der(t *testing.T, text string) []byte {
	t.Helper()
	found, _ := pem.Decode([]byte(text))
	return found.Bytes
}

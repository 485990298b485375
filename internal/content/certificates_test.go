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

// authority makes the certificate of a number and the key to it, both in PEM.
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

func TestOfASourceOnlyTheCertificatesAreTaken(t *testing.T) {
	t.Parallel()
	one, key := authority(t, 1)
	two, _ := authority(t, 2)
	for name, row := range map[string]struct{ text, want string }{
		"one":                         {one, one},
		"a bundle":                    {one + two, one + two},
		"without the end of the line": {strings.TrimSpace(one), one},
		"words around them":           {"password: hunter2\n" + one + "hunter2\n" + two + "hunter2", one + two},
		"the private key beside it":   {key + one, one},
		"the private key alone":       {key, ""},
		"what only calls itself one":  {block("CERTIFICATE", []byte("hunter2")) + one, one},
		"one with more behind it":     {block("CERTIFICATE", append(der(t, one), "hunter2"...)), ""},
		"one with headers":            {strings.Replace(one, "-----\n", "-----\npassword: hunter2\n\n", 1), one},
		"no certificate":              {"hunter2", ""},
		"nothing":                     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, content.Certificates(row.text)); diff != "" {
				t.Errorf("Certificates (-want +got):\n%s", diff)
			}
		})
	}
}

// der is what a block of PEM is about.
func der(t *testing.T, text string) []byte {
	t.Helper()
	found, _ := pem.Decode([]byte(text))
	return found.Bytes
}

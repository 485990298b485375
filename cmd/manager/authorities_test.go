// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// askedAbout is the variable by which a test tells its child process the certificate to judge. A process reads the authorities of its
// system once.
const askedAbout = "MANAGER_TEST_CERTIFICATE"

// private is the certificate of an authority that nobody knows.
func private(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// public is the certificate of an authority that everybody knows.
func public(t *testing.T) []byte {
	t.Helper()
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			return root.Certificate
		}
	}
	t.Fatal("there is no public authority")
	return nil
}

func TestPublicAuthoritiesCountOnlyWhereTheSystemHasNone(t *testing.T) {
	if text := os.Getenv(askedAbout); text != "" {
		fmt.Println("trusted:", trusted(t, text))
		return
	}
	nothing, own := t.TempDir(), filepath.Join(t.TempDir(), "own.pem")
	known, unknown := public(t), private(t)
	if err := os.WriteFile(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: unknown}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		file        string
		certificate []byte
		want        bool
	}{
		"without any, a public one is known":         {filepath.Join(nothing, "none.pem"), known, true},
		"without any, a private one is not":          {filepath.Join(nothing, "none.pem"), unknown, false},
		"with the system's, these are known":         {own, unknown, true},
		"with the system's, a public one is not":     {own, known, false},
		"without any but an empty file, a public is": {os.DevNull, known, true},
	} {
		t.Run(name, func(t *testing.T) {
			//nolint:gosec // This very program.
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPublicAuthoritiesCountOnlyWhereTheSystemHasNone$")
			child.Env = append(os.Environ(), "SSL_CERT_FILE="+row.file, "SSL_CERT_DIR="+nothing,
				askedAbout+"="+base64.StdEncoding.EncodeToString(row.certificate))
			output, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			var got bool
			if _, err := fmt.Sscanf(string(output), "trusted: %t", &got); err != nil || got != row.want {
				t.Errorf("the certificate is trusted: %t (%v), want %t", got, err, row.want)
			}
		})
	}
}

// trusted tells whether this process takes a certificate for that of an authority, as a connection without a CA certificate does.
func trusted(t *testing.T, text string) bool {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	_, err = certificate.Verify(x509.VerifyOptions{
		CurrentTime: certificate.NotBefore.Add(time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

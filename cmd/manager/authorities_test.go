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

// certificateVariable is the environment variable that passes the certificate
// to a child process of the test. A process reads the authorities of its system
// once, so each case needs a process.
const certificateVariable = "MANAGER_TEST_CERTIFICATE"

// privateCertificate returns the certificate of an authority that is not in any
// bundle.
func privateCertificate(t *testing.T) []byte {
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

// publicCertificate returns the certificate of a public authority.
func publicCertificate(t *testing.T) []byte {
	t.Helper()
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			return root.Certificate
		}
	}
	t.Fatal("the bundle has no authority without a constraint")
	return nil
}

func TestPublicAuthoritiesAreFallback(t *testing.T) {
	if text := os.Getenv(certificateVariable); text != "" {
		fmt.Println("trusted:", trusted(t, text))
		return
	}
	nothing, own := t.TempDir(), filepath.Join(t.TempDir(), "own.pem")
	known, unknown := publicCertificate(t), privateCertificate(t)
	if err := os.WriteFile(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: unknown}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		file        string
		certificate []byte
		want        bool
	}{
		"no system authorities, public certificate":      {filepath.Join(nothing, "none.pem"), known, true},
		"no system authorities, private certificate":     {filepath.Join(nothing, "none.pem"), unknown, false},
		"system authorities, certificate of one of them": {own, unknown, true},
		"system authorities, public certificate":         {own, known, false},
		"empty file of system authorities, public":       {os.DevNull, known, true},
	} {
		t.Run(name, func(t *testing.T) {
			//nolint:gosec // The program of this test.
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPublicAuthoritiesAreFallback$")
			child.Env = append(os.Environ(), "SSL_CERT_FILE="+row.file, "SSL_CERT_DIR="+nothing,
				certificateVariable+"="+base64.StdEncoding.EncodeToString(row.certificate))
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

// trusted reports whether this process accepts the certificate as an authority,
// as a connection without a CA certificate does.
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

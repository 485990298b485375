// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// The image contains this program and no certificates. A JAAS on the Internet
// has a certificate of a public authority, so the public authorities are linked
// into the program. Go uses them only on a system without authorities. If an
// administrator provides authorities, in the system's files or with
// SSL_CERT_FILE and SSL_CERT_DIR, only these are used.
import _ "golang.org/x/crypto/x509roots/fallback"

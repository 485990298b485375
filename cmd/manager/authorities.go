// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

// The image holds this program and no certificates, and a JAAS on the Internet is known by an authority that everybody knows. So these
// authorities are part of the program. Only a system that has none gets them: where an administrator has put authorities, by a file
// of the system or by SSL_CERT_FILE and SSL_CERT_DIR, these count and no others.
import _ "golang.org/x/crypto/x509roots/fallback"

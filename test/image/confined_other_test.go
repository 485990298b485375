// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package image

// runConfined does nothing, because the image runs on Linux only.
func runConfined() {}

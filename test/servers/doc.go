// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package servers starts the real parts that the demo and the end-to-end tests run against, all on free loopback ports:
// a Kubernetes control plane, a Juju API server, and the operator itself as a process with the rights that it is
// deployed with. It also looks into Juju through Juju's own client, so that nobody has to take the operator's word.
//
// The programs are found by environment variables that the Makefile sets: KUBEBUILDER_ASSETS, KUBE_CONTROLLER_MANAGER,
// JUJUSERVER and MANAGER.
package servers

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package servers starts the real servers of the demo and the end-to-end tests,
// on free loopback ports: a Kubernetes control plane, a Juju API server, and
// the operator as a process with the rights of a deployment. It also reads Juju
// through Juju's own client, so that tests do not rely on the operator's view.
//
// Environment variables name the programs: KUBEBUILDER_ASSETS,
// KUBE_CONTROLLER_MANAGER, JUJUSERVER and MANAGER. The Makefile sets them.
package servers

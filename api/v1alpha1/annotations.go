// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationReconcileRequestedAt asks for a look at Juju now: on a JujuSecret or a JujuSecretAccess, any value that is not
// the one in status.lastHandledReconcileAt. By custom it is the time of the request.
const AnnotationReconcileRequestedAt = "jujusecrets.io/reconcile-requested-at"

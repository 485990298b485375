// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationReconcileRequestedAt asks for a look at Juju now: on a JujuSecret or a JujuSecretAccess, any value that is not
// the one in status.lastHandledReconcileAt. By custom it is the time of the request. On a controller object it asks for one more
// try of the logins that were refused.
const AnnotationReconcileRequestedAt = "jujusecrets.io/reconcile-requested-at"

// AnnotationAbandon lets a JujuSecret or a JujuSecretAccess that is being deleted go without touching anything in Juju, if its
// value is "true". It is for a controller that is gone for good; before the deletion it does nothing.
const AnnotationAbandon = "jujusecrets.io/abandon"

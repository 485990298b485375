// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationReconcileRequestedAt requests a reconciliation and a new listing of
// the model in Juju. The value is usually the time of the request. Any value that
// differs from status.lastHandledReconcileAt takes effect. The operator sets
// that field when the listing has succeeded. On a controller object, the
// annotation makes the operator retry logins that failed, and the field is set
// when the login has ended.
const AnnotationReconcileRequestedAt = "jujusecrets.io/reconcile-requested-at"

// AnnotationAbandon releases a JujuSecret or a JujuSecretAccess that is being
// deleted, without any change in Juju, if its value is "true". Use it for a
// controller that no longer exists. It has no effect before the deletion.
const AnnotationAbandon = "jujusecrets.io/abandon"

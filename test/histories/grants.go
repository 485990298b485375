// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// target returns the JujuSecret of an access, or nil if it does not exist or
// has no secret in Juju.
func (f *findings) target(a *access) *v1alpha1.JujuSecret {
	o := f.objects[a.of]
	if o == nil || f.present[o.uid].Status.SecretID == "" {
		return nil
	}
	return f.present[o.uid]
}

// checkAccess checks that an access has its grants, or reports why it does not.
func (f *findings) checkAccess(a *access) {
	want, why := f.expectedOf(a)
	ready := meta.FindStatusCondition(f.ledger.access(a.uid).Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != string(want) {
		f.fault(lost, "%s has the condition %+v, want %s: %s", accessName(a.slot), ready, want, why)
	}
}

// expectedOf returns the reason that an access must have, and why. It reports
// grants that are missing.
func (f *findings) expectedOf(a *access) (want v1alpha1.Reason, why string) {
	target := f.target(a)
	if target == nil {
		return v1alpha1.ReasonJujuSecretNotReady, "its JujuSecret has no secret in Juju"
	}
	secret, there := f.now[target.Status.SecretID]
	if !there {
		return v1alpha1.ReasonSecretNotFound, "the secret was removed"
	}
	want, why = v1alpha1.ReasonSynced, "all its grants exist"
	for _, app := range a.apps {
		switch {
		case !f.memory.deployed[app]:
			want, why = v1alpha1.ReasonApplicationNotFound, app+" is not deployed"
		case slices.Contains(secret.Granted, app):
		case f.memory.mayPause(app):
			want, why = v1alpha1.ReasonDrifted, "the grants to "+app+" were revoked again and again"
		default:
			f.fault(lost, "secret:%s is not granted to %s, but %s requests it", secret.ID, app, accessName(a.slot))
		}
	}
	if reason, because := f.expectedOfOptions(a, target.Status.URI); want == v1alpha1.ReasonSynced && reason != "" {
		want, why = reason, because
	}
	return want, why
}

// checkGrants checks that a secret has all manual grants, and no unexpected
// grants.
func (f *findings) checkGrants(secret servers.UserSecret) {
	for _, app := range secret.Granted {
		if !f.memory.granted[secret.ID][app] && !f.mayHave(secret.ID, app) {
			f.fault(lost, "a revocation: secret:%s is granted to %s without a request", secret.ID, app)
		}
	}
	for app := range f.memory.granted[secret.ID] {
		if !f.memory.wanted[app] && !slices.Contains(secret.Granted, app) {
			f.fault(touched, "the manual grant of secret:%s to %s was revoked", secret.ID, app)
		}
	}
}

// mayHave reports whether an access requests a grant, or retained it.
func (f *findings) mayHave(id, app string) bool {
	for _, a := range f.accesses {
		target := f.target(a)
		switch {
		case target != nil && target.Status.SecretID == id && slices.Contains(a.apps, app):
			return true
		case target == nil && f.onRecord(a, id, app):
			return true // The grant is revoked when the access has another secret.
		}
	}
	return slices.ContainsFunc(f.ended, func(a *access) bool { return a.retain && f.onRecord(a, id, app) })
}

// onRecord reports whether the operator made or adopted a grant for an access,
// according to its record.
func (f *findings) onRecord(a *access, id, app string) bool {
	obj := f.ledger.access(a.uid)
	if obj == nil {
		return false
	}
	grants := recordOf(obj).Grants
	return grants != nil && grants.SecretID == id && slices.Contains(slices.Concat(grants.Granted, grants.Adopted), app)
}

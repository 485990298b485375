// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// This file contains the checks of existing objects.

func readyOf(obj *v1alpha1.JujuSecret) metav1.Condition {
	if ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}

// expect checks that an object has one of the reasons.
func (f *findings) expect(o *object, why string, reasons ...v1alpha1.Reason) {
	ready := readyOf(f.present[o.uid])
	if !slices.Contains(reasons, v1alpha1.Reason(ready.Reason)) {
		f.fault(lost, "%s has the reason %s (%s), want one of %v: %s",
			objectName(o.slot), ready.Reason, ready.Message, reasons, why)
	}
	if ready.Reason == string(v1alpha1.ReasonSynced) && ready.Status != metav1.ConditionTrue {
		f.fault(lost, "%s is in sync but not Ready", objectName(o.slot))
	}
}

// checkObject checks that an object has the requested secret, or reports why it
// does not.
func (f *findings) checkObject(o *object) {
	obj := f.present[o.uid]
	own := claimed(obj)
	mine, has := f.now[own]
	owns := has && obj.Status.Managed && obj.Status.SecretID == own
	if owns && obj.Status.Adopted == f.madeFor(own, o) && !f.othersBegan(o, mine.Name) {
		f.fault(touched, "%s reports adopted secret:%s: %t", objectName(o.slot), own, obj.Status.Adopted)
	}
	switch {
	case o.suspended:
		f.expect(o, "it is suspended", v1alpha1.ReasonSuspended)
	case (o.report || f.memory.mayPause(own)) && f.memory.touched[own] &&
		readyOf(obj).Reason == string(v1alpha1.ReasonDrifted):
	case has:
		f.checkHeld(o, mine)
	default:
		f.checkWithout(o)
	}
}

// othersBegan reports whether a deleted object may have created a secret with a
// name.
func (f *findings) othersBegan(o *object, name string) bool {
	return slices.ContainsFunc(f.former, func(other *object) bool {
		return other.uid != o.uid && f.ledger.begun(other.uid, name)
	})
}

// checkHeld checks that an object's secret matches its manifest, except a name
// that another secret has.
func (f *findings) checkHeld(o *object, mine servers.UserSecret) {
	if mine.Content.Equal(f.content(f.wanted(o))) {
		delete(f.memory.masked, mine.ID)
	} else if !f.masked(mine.ID, o) {
		f.fault(lost, "secret:%s of %s does not have content %d", mine.ID, objectName(o.slot), f.wanted(o))
	}
	if mine.Info != o.info {
		f.fault(lost, "secret:%s of %s has the info %q, want %q", mine.ID, objectName(o.slot), mine.Info, o.info)
	}
	if o.name == "" || mine.Name == o.name {
		f.expect(o, "Juju has the requested secret", v1alpha1.ReasonSynced)
		if obj := f.present[o.uid]; obj.Status.Revision != mine.Revision {
			f.fault(lost, "%s reports revision %d, and secret:%s is at %d",
				objectName(o.slot), obj.Status.Revision, mine.ID, mine.Revision)
		}
		return
	}
	other, taken := f.byName[o.name]
	switch {
	case !taken && f.behind(o):
		f.expect(o, "another object has precedence for the name", v1alpha1.ReasonConflict)
	case !taken:
		f.fault(lost, "secret:%s of %s has the name %q, but the name %q is free",
			mine.ID, objectName(o.slot), mine.Name, o.name)
	case f.owner(other.ID) != nil:
		f.expect(o, "another object has the name", v1alpha1.ReasonConflict)
	default:
		f.expect(o, "a foreign secret has the name", v1alpha1.ReasonNameTaken)
	}
}

// masked reports whether an object took over a secret after its latest revision
// was removed. The object could not detect this.
func (f *findings) masked(id string, o *object) bool {
	claims, masked := f.memory.masked[id]
	claimers := f.ledger.claimers(id)
	return masked && slices.Contains(claimers[min(claims, len(claimers)):], o.uid)
}

// checkWithout checks that an object without a secret cannot have a secret.
func (f *findings) checkWithout(o *object) {
	wanted, there := f.byName[o.name]
	if o.id != "" {
		wanted, there = f.now[o.id]
	}
	switch {
	case o.report && len(f.ledger.claimedBy(o.uid)) > 0:
		// With driftPolicy: Report the operator does not restore a removed
		// secret.
		f.expect(o, "it was removed manually", v1alpha1.ReasonDrifted, v1alpha1.ReasonConflict,
			v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretIDNotFound)
	case !there && o.id != "":
		f.expect(o, "no secret has its ID", v1alpha1.ReasonSecretIDNotFound)
	case !there && !f.behind(o):
		f.fault(lost, "%s has no secret, but the name %q is free", objectName(o.slot), o.name)
	case !there:
		f.expect(o, "an older object requests the same secret", v1alpha1.ReasonConflict)
	case f.owner(wanted.ID) != nil:
		f.expect(o, "another object owns it", v1alpha1.ReasonConflict)
	case !o.adopt:
		f.expect(o, "it is a foreign secret", v1alpha1.ReasonNameTaken)
	case f.waits(o):
		f.expect(o, "an older object requests the same secret", v1alpha1.ReasonConflict)
	default:
		f.fault(lost, "%s did not adopt secret:%s, which has no owner", objectName(o.slot), wanted.ID)
	}
}

// competitors returns the other active objects that request the same secret.
func (f *findings) competitors(o *object) []*object {
	var competitors []*object
	for _, other := range f.objects {
		same := other.name != "" && other.name == o.name || other.id != "" && other.id == o.id
		if other.uid != o.uid && same && !other.suspended {
			competitors = append(competitors, other)
		}
	}
	return competitors
}

// behind reports whether another object has precedence for a free name or ID
// that both request: an object that already owns a secret to rename or, among
// equals, an older object.
func (f *findings) behind(o *object) bool {
	has := claimed(f.present[o.uid]) != ""
	return slices.ContainsFunc(f.competitors(o), func(other *object) bool {
		if otherHas := claimed(f.present[other.uid]) != ""; otherHas != has {
			return otherHas
		}
		return f.older(other.uid, o.uid)
	})
}

// waits reports whether an older object has precedence to adopt the secret that
// both request.
func (f *findings) waits(o *object) bool {
	return slices.ContainsFunc(f.competitors(o), func(other *object) bool {
		return other.adopt && claimed(f.present[other.uid]) == "" && f.older(other.uid, o.uid)
	})
}

func (f *findings) older(a, b types.UID) bool {
	x, y := f.present[a], f.present[b]
	return cmp.Or(
		x.CreationTimestamp.Compare(y.CreationTimestamp.Time),
		cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name),
	) < 0
}

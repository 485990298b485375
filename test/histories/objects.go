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

// This file has what must be true of the objects that there are.

func readyOf(obj *v1alpha1.JujuSecret) metav1.Condition {
	if ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}

// expect checks that an object says one of these.
func (f *findings) expect(o *object, why string, reasons ...v1alpha1.Reason) {
	ready := readyOf(f.present[o.uid])
	if !slices.Contains(reasons, v1alpha1.Reason(ready.Reason)) {
		f.fault(lost, "%s says %s (%s), want one of %v: %s", objectName(o.slot), ready.Reason, ready.Message, reasons, why)
	}
	if ready.Reason == string(v1alpha1.ReasonSynced) && ready.Status != metav1.ConditionTrue {
		f.fault(lost, "%s is in sync and not Ready", objectName(o.slot))
	}
}

// checkObject checks that an object has what it asks for, or says why it cannot.
func (f *findings) checkObject(o *object) {
	obj := f.present[o.uid]
	own := claimed(obj)
	mine, has := f.now[own]
	if obj.Status.Managed && obj.Status.SecretID == own && has && obj.Status.Adopted == f.madeFor(own, o) && !f.othersBegan(o, mine.Name) {
		f.fault(touched, "%s says that it adopted secret:%s: %t", objectName(o.slot), own, obj.Status.Adopted)
	}
	switch {
	case o.suspended:
		f.expect(o, "it is suspended", v1alpha1.ReasonSuspended)
	case o.report && f.memory.touched[own] && readyOf(obj).Reason == string(v1alpha1.ReasonDrifted):
	case has:
		f.checkHeld(o, mine)
	default:
		f.checkWithout(o)
	}
}

// othersBegan tells that an object which is gone may have made a secret of a name.
func (f *findings) othersBegan(o *object, name string) bool {
	return slices.ContainsFunc(f.former, func(other *object) bool { return other.uid != o.uid && f.ledger.begun(other.uid, name) })
}

// checkHeld checks that an object's secret is what its manifest says, but for a name that another one has.
func (f *findings) checkHeld(o *object, mine servers.UserSecret) {
	if mine.Content.Equal(f.content(f.wanted(o))) {
		delete(f.memory.masked, mine.ID)
	} else if !f.masked(mine.ID, o) {
		f.fault(lost, "secret:%s of %s does not hold content %d", mine.ID, objectName(o.slot), f.wanted(o))
	}
	if mine.Info != o.info {
		f.fault(lost, "secret:%s of %s has the info %q, want %q", mine.ID, objectName(o.slot), mine.Info, o.info)
	}
	if o.name == "" || mine.Name == o.name {
		f.expect(o, "Juju holds what it asks for", v1alpha1.ReasonSynced)
		if obj := f.present[o.uid]; obj.Status.Revision != mine.Revision {
			f.fault(lost, "%s says revision %d, and secret:%s is at %d", objectName(o.slot), obj.Status.Revision, mine.ID, mine.Revision)
		}
		return
	}
	other, taken := f.byName[o.name]
	switch {
	case !taken && f.behind(o):
		f.expect(o, "another object comes first to the name", v1alpha1.ReasonConflict)
	case !taken:
		f.fault(lost, "secret:%s of %s is called %q, and nobody has the name %q", mine.ID, objectName(o.slot), mine.Name, o.name)
	case f.owner(other.ID) != nil:
		f.expect(o, "another object has the name", v1alpha1.ReasonConflict)
	default:
		f.expect(o, "a stranger's secret has the name", v1alpha1.ReasonNameTaken)
	}
}

// masked tells that an object took over a secret whose latest revision had been removed, and could not know.
func (f *findings) masked(id string, o *object) bool {
	claims, masked := f.memory.masked[id]
	claimers := f.ledger.claimers(id)
	return masked && slices.Contains(claimers[min(claims, len(claimers)):], o.uid)
}

// checkWithout checks that an object without a secret cannot have one.
func (f *findings) checkWithout(o *object) {
	wanted, there := f.byName[o.name]
	if o.id != "" {
		wanted, there = f.now[o.id]
	}
	switch {
	case o.report && len(f.ledger.claimedBy(o.uid)) > 0:
		// Whoever only tells of a removal does nothing about it.
		f.expect(o, "it was removed by hand", v1alpha1.ReasonDrifted, v1alpha1.ReasonConflict, v1alpha1.ReasonSecretNotFound)
	case !there && o.id != "":
		f.expect(o, "there is no secret of its ID", v1alpha1.ReasonSecretNotFound)
	case !there && !f.behind(o):
		f.fault(lost, "%s has no secret, and nobody has the name %q", objectName(o.slot), o.name)
	case !there:
		f.expect(o, "an older object asks for the same", v1alpha1.ReasonConflict)
	case f.owner(wanted.ID) != nil:
		f.expect(o, "another object has it", v1alpha1.ReasonConflict)
	case !o.adopt:
		f.expect(o, "it is a stranger's", v1alpha1.ReasonNameTaken)
	case f.waits(o):
		f.expect(o, "an older object asks for the same", v1alpha1.ReasonConflict)
	default:
		f.fault(lost, "%s did not adopt secret:%s, which is nobody's", objectName(o.slot), wanted.ID)
	}
}

// rivals are the other objects that ask for the same and can act.
func (f *findings) rivals(o *object) []*object {
	var rivals []*object
	for _, other := range f.objects {
		same := other.name != "" && other.name == o.name || other.id != "" && other.id == o.id
		if other.uid != o.uid && same && !other.suspended {
			rivals = append(rivals, other)
		}
	}
	return rivals
}

// behind tells that another object comes first to what both ask for and nobody has: one that has a secret to call so, or,
// among equals, one that is older.
func (f *findings) behind(o *object) bool {
	has := claimed(f.present[o.uid]) != ""
	return slices.ContainsFunc(f.rivals(o), func(other *object) bool {
		if otherHas := claimed(f.present[other.uid]) != ""; otherHas != has {
			return otherHas
		}
		return f.older(other.uid, o.uid)
	})
}

// waits tells that an older object is to adopt what both ask for.
func (f *findings) waits(o *object) bool {
	return slices.ContainsFunc(f.rivals(o), func(other *object) bool {
		return other.adopt && claimed(f.present[other.uid]) == "" && f.older(other.uid, o.uid)
	})
}

func (f *findings) older(a, b types.UID) bool {
	x, y := f.present[a], f.present[b]
	return cmp.Or(
		x.CreationTimestamp.Compare(y.CreationTimestamp.Time), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name),
	) < 0
}

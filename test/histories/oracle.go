// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// kind is what must not be.
type kind int

const (
	lost kind = iota
	doubled
	touched
	needless
)

func (k kind) String() string {
	return [...]string{"lost", "doubled", "stranger touched", "needless revision"}[k]
}

// fault is something that must not be, and is.
type fault struct {
	kind kind
	text string
}

// settle waits until the operator is done and all is as it must be, and takes note of that state. What is not so to the end
// is a fault.
func (h *history) settle() error {
	pause, asked := time.Second, time.Time{}
	var since time.Time // When what is incurable was first seen; what is asked for one after the other may not fit together.
	var busy, faults []fault
	_, err := h.await(func() (string, error) {
		if time.Since(asked) > pause {
			if !asked.IsZero() {
				pause = min(2*pause, 10*time.Second)
			}
			asked = time.Now()
			if err := h.nudge(asked.Format(time.RFC3339Nano)); err != nil {
				return "", err
			}
		}
		if busy = h.busy(); len(busy) > 0 {
			return "the operator is not done", nil
		}
		now, err := h.inJuju()
		if err != nil {
			return err.Error(), nil // While secrets are being removed Juju's listing can fail.
		}
		found := h.look(now)
		if faults = found.faults; len(faults) > 0 {
			switch {
			case !incurable(faults):
				since = time.Time{}
			case since.IsZero():
				since = time.Now()
			case time.Since(since) > h.patience/4:
				return "", nil
			}
			return "something is not as it must be", nil
		}
		found.remember()
		return "", nil
	})
	if h.faults = faults; len(faults) == 0 {
		h.faults = busy
	}
	if err == nil && len(h.faults) == 0 {
		h.tell("    settled")
	}
	return err
}

// incurable tells that nothing that comes can make it good.
func incurable(faults []fault) bool {
	return !slices.ContainsFunc(faults, func(f fault) bool { return f.kind == lost })
}

// busy tells which objects the operator is not done with.
func (h *history) busy() []fault {
	var faults []fault
	wait := func(obj client.Object, what string) {
		faults = append(faults, fault{lost, fmt.Sprintf("%s/%s: %s", obj.GetNamespace(), obj.GetName(), what)})
	}
	for _, o := range h.objects {
		if obj := h.ledger.secret(o.uid); obj == nil {
			faults = append(faults, fault{lost, objectName(o.slot) + " was not seen"})
		} else if what := waits(obj, obj.Status.Conditions, o.generation, o.requested, obj.Status.LastHandledReconcileAt); what != "" {
			wait(obj, what)
		}
	}
	for _, a := range h.accesses {
		if obj := h.ledger.access(a.uid); obj == nil {
			faults = append(faults, fault{lost, accessName(a.slot) + " was not seen"})
		} else if what := waits(obj, obj.Status.Conditions, a.generation, a.requested, obj.Status.LastHandledReconcileAt); what != "" {
			wait(obj, what)
		}
	}
	for _, o := range h.former {
		if !h.ledger.isGone(o.uid) {
			faults = append(faults, fault{lost, fmt.Sprintf("%s/%s was deleted, and is not gone", o.ns, objectName(o.slot))})
		}
	}
	for _, a := range h.ended {
		if !h.ledger.isGone(a.uid) {
			faults = append(faults, fault{lost, fmt.Sprintf("%s/%s was deleted, and is not gone", a.ns, accessName(a.slot))})
		}
	}
	return faults
}

// waits tells what the operator has yet to do about an object, by its conditions.
func waits(obj client.Object, conditions []metav1.Condition, generation int64, requested, handled string) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case obj.GetGeneration() < generation:
		return "its newest version was not seen"
	case ready == nil:
		return "it has no status"
	case ready.ObservedGeneration < generation:
		return "its status is of an older generation"
	case handled != requested:
		return "the request for a look was not handled"
	}
	switch v1alpha1.Reason(ready.Reason) { //nolint:exhaustive // All others pass.
	case v1alpha1.ReasonSynced, v1alpha1.ReasonNameTaken, v1alpha1.ReasonConflict, v1alpha1.ReasonSuspended,
		v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonDrifted, v1alpha1.ReasonApplicationNotFound,
		v1alpha1.ReasonJujuSecretNotReady:
		return ""
	}
	return fmt.Sprintf("it is not done: %s: %s", ready.Reason, ready.Message)
}

// inJuju is what the model holds, by ID.
func (h *history) inJuju() (map[string]servers.UserSecret, error) {
	listed, err := h.site.juju.Secrets(h.ctx, h.model)
	now := map[string]servers.UserSecret{}
	for _, secret := range listed {
		now[secret.ID] = secret
	}
	return now, err
}

// findings are what a look at Kubernetes and Juju found, at a moment when the operator is done.
type findings struct {
	*history

	now    map[string]servers.UserSecret
	byName map[string]servers.UserSecret
	// present are the objects that there are, as Kubernetes has them.
	present map[types.UID]*v1alpha1.JujuSecret
	faults  []fault
}

func (h *history) look(now map[string]servers.UserSecret) *findings {
	f := &findings{
		history: h, now: now, byName: map[string]servers.UserSecret{}, present: map[types.UID]*v1alpha1.JujuSecret{},
	}
	for _, secret := range now {
		f.byName[secret.Name] = secret
	}
	for _, o := range h.objects {
		f.present[o.uid] = h.ledger.secret(o.uid)
	}
	f.checkOwners()
	for _, o := range h.objects {
		f.checkObject(o)
	}
	for _, secret := range now {
		if f.owner(secret.ID) == nil {
			f.checkUnowned(secret)
		}
		f.checkRevisions(secret)
		f.checkGrants(secret)
	}
	f.checkGone()
	for _, a := range h.accesses {
		f.checkAccess(a)
	}
	return f
}

func (f *findings) fault(k kind, format string, args ...any) {
	f.faults = append(f.faults, fault{k, fmt.Sprintf(format, args...)})
}

// owner is the object that has a secret, nil if none has.
func (f *findings) owner(id string) *object {
	for _, o := range f.objects {
		if id != "" && claimed(f.present[o.uid]) == id {
			return o
		}
	}
	return nil
}

// known is an object that there is or was.
func (f *findings) known(uid types.UID) *object {
	for _, o := range f.objects {
		if o.uid == uid {
			return o
		}
	}
	for _, o := range f.former {
		if o.uid == uid {
			return o
		}
	}
	return nil
}

// madeFor tells that the operator made a secret for an object: the first that had it, of those that ever were about to
// create one.
func (f *findings) madeFor(id string, o *object) bool {
	if f.memory.byHand[id] || f.memory.unclaimed[id] {
		return false
	}
	for _, uid := range f.ledger.claimers(id) {
		if f.ledger.begun(uid, "") {
			return uid == o.uid
		}
	}
	return false
}

// checkOwners checks that no two objects have one secret, and that all may have what they have.
func (f *findings) checkOwners() {
	owners := map[string][]string{}
	for _, o := range f.objects {
		if obj := f.present[o.uid]; obj.Status.Managed {
			owners[obj.Status.SecretID] = append(owners[obj.Status.SecretID], client.ObjectKeyFromObject(obj).String())
		}
	}
	for id, several := range owners {
		if len(several) > 1 {
			f.fault(doubled, "secret:%s is claimed by %v", id, several)
		}
	}
	for _, overlap := range f.ledger.overlapping() {
		f.fault(doubled, "%s", overlap)
	}
	for _, id := range f.ledger.claimedIDs() {
		for _, uid := range f.ledger.claimers(id) {
			o := f.known(uid)
			if o == nil || f.madeFor(id, o) {
				continue
			}
			asked := o.id == id
			for name := range o.called {
				asked = asked || f.memory.names[id][name]
			}
			if !o.adopter || f.memory.byHand[id] && !asked {
				f.fault(touched, "%s took secret:%s, which is not its own, and does not adopt it", objectName(o.slot), id)
			}
		}
	}
}

// checkUnowned checks a secret that no object has.
func (f *findings) checkUnowned(secret servers.UserSecret) {
	if f.memory.removed[secret.ID] {
		return // It is about to go.
	}
	if known := f.memory.left[secret.ID]; known != nil && known.claims == len(f.ledger.claimers(secret.ID)) {
		f.compare(known, secret)
		return
	}
	o := f.lastOwner(secret.ID)
	switch {
	case len(f.ledger.claimers(secret.ID)) == 0:
		f.checkUnclaimed(secret)
	case o == nil:
		f.fault(doubled, "secret:%s called %q was left behind by an object that is still there, or had another by then", secret.ID, secret.Name)
	case f.removes(o, secret.ID):
		f.fault(lost, "secret:%s called %q is an orphan: %s was deleted with the policy %q, and had it", secret.ID, secret.Name,
			objectName(o.slot), o.deletion)
	}
}

// compare checks that a secret of nobody is as the last hand left it.
func (f *findings) compare(known *leftover, secret servers.UserSecret) {
	want := known.UserSecret
	if want.Name != secret.Name || want.Info != secret.Info || want.Revision != secret.Revision || !want.Content.Equal(secret.Content) {
		f.fault(touched, "secret:%s was %+v, is %+v, content as before: %t", secret.ID, want, secret, want.Content.Equal(secret.Content))
	}
	if known.claims == 0 && f.memory.byHand[secret.ID] && fmt.Sprint(want.Granted) != fmt.Sprint(secret.Granted) {
		f.fault(touched, "secret:%s was granted to %v, is granted to %v", secret.ID, want.Granted, secret.Granted)
	}
}

// lastOwner is the object that was the last to have a secret when it was deleted, nil if none was.
func (f *findings) lastOwner(id string) *object {
	for _, uid := range slices.Backward(f.ledger.claimers(id)) {
		o := f.known(uid)
		if o != nil && o.deleted && claimed(f.ledger.secret(o.uid)) == id {
			return o
		}
	}
	return nil
}

// removes tells whether the deletion of an object removes a secret.
func (f *findings) removes(o *object, id string) bool {
	switch o.deletion {
	case v1alpha1.DeletionDelete:
		return true
	case v1alpha1.DeletionRetain:
		return false
	}
	return f.madeFor(id, o)
}

// checkUnclaimed checks a secret that the operator made, and nobody ever claimed. It may be there only if the object that it
// was made for cannot note it any more, or not yet.
func (f *findings) checkUnclaimed(secret servers.UserSecret) {
	for _, o := range f.former {
		if f.ledger.begun(o.uid, secret.Name) && o.deletion == v1alpha1.DeletionRetain {
			return
		}
	}
	if f.pending(secret) {
		return
	}
	for _, o := range f.objects {
		if !f.ledger.begun(o.uid, secret.Name) {
			continue
		}
		f.fault(doubled, "secret:%s called %q was made and never claimed, perhaps for %s", secret.ID, secret.Name, objectName(o.slot))
		return
	}
	f.fault(lost, "secret:%s called %q is an orphan: it was made and never claimed", secret.ID, secret.Name)
}

// pending tells that an object which rests was about to create a secret, so that this one may be its, which it will note when
// it goes on.
func (f *findings) pending(secret servers.UserSecret) bool {
	for _, o := range f.objects {
		creating := recordOf(f.present[o.uid]).Creating
		if o.suspended && creating != nil && creating.Name == secret.Name && len(f.ledger.claimers(secret.ID)) == 0 {
			return true
		}
	}
	return false
}

// checkGone checks that what is not there any more was to go.
func (f *findings) checkGone() {
	ids := f.ledger.claimedIDs()
	for id := range f.memory.byHand {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if _, there := f.now[id]; there || f.memory.removed[id] {
			continue
		}
		o := f.lastOwner(id)
		switch {
		case len(f.ledger.claimers(id)) == 0:
			f.fault(touched, "secret:%s of a stranger is gone", id)
		case o == nil || !f.removes(o, id):
			f.fault(lost, "secret:%s is gone, and nobody was to remove it", id)
		}
	}
}

// remember takes note of a settled state.
func (f *findings) remember() {
	m := &f.memory
	m.before, m.owners, m.claims = f.now, map[string]types.UID{}, map[string]int{}
	clear(m.added)
	clear(m.contents)
	clear(m.revisionsRemoved)
	for _, secret := range f.now {
		claims := len(f.ledger.claimers(secret.ID))
		m.claims[secret.ID] = claims
		m.setName(secret.ID, secret.Name)
		o := f.owner(secret.ID)
		if o == nil && f.pending(secret) && !m.byHand[secret.ID] {
			continue
		}
		if o == nil {
			m.left[secret.ID] = &leftover{UserSecret: secret, claims: claims}
			m.unclaimed[secret.ID] = m.unclaimed[secret.ID] || claims == 0 && !m.byHand[secret.ID]
			continue
		}
		m.owners[secret.ID] = o.uid
		if readyOf(f.present[o.uid]).Reason == string(v1alpha1.ReasonSynced) {
			delete(m.touched, secret.ID)
		}
	}
	for _, o := range f.objects {
		o.timeline = o.timeline[len(o.timeline)-1:]
	}
	for _, o := range f.former {
		o.timeline = o.timeline[len(o.timeline)-1:]
	}
}

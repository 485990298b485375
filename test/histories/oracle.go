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

// kind is a kind of fault.
type kind int

const (
	lost kind = iota
	duplicated
	touched
	needless
)

func (k kind) String() string {
	return [...]string{"lost", "duplicated", "foreign secret changed", "needless revision"}[k]
}

// fault is a violation of the expected state.
type fault struct {
	kind kind
	text string
}

// settle waits until the operator is done and the state is as expected, and
// records the state. A violation at the timeout is a fault.
func (h *history) settle() error {
	pause, asked := time.Second, time.Time{}
	// The first time of an incurable fault. The states of
	// Kubernetes and of Juju are read one after the other and may not match.
	var since time.Time
	var busy, faults []fault
	_, err := h.await(func() (string, error) {
		if time.Since(asked) > pause {
			if !asked.IsZero() {
				pause = min(2*pause, 10*time.Second)
			}
			asked = time.Now()
			if err := h.requestReconcile(asked.Format(time.RFC3339Nano)); err != nil {
				return "", err
			}
		}
		if busy = h.busy(); len(busy) > 0 {
			return "the operator is not done", nil
		}
		now, err := h.inJuju()
		if err != nil {
			return err.Error(), nil // Juju's listing can fail while secrets are being removed.
		}
		options, err := h.optionsInJuju()
		if err != nil {
			return err.Error(), nil
		}
		found := h.look(now, options)
		if faults = found.faults; len(faults) > 0 {
			switch {
			case !incurable(faults):
				since = time.Time{}
			case since.IsZero():
				since = time.Now()
			case time.Since(since) > h.patience/4:
				return "", nil
			}
			return "the state is not as expected", nil
		}
		found.remember()
		return "", nil
	})
	if h.faults = faults; len(faults) == 0 {
		h.faults = busy
	}
	if err == nil && len(h.faults) == 0 {
		h.logf("    settled")
	}
	return err
}

// incurable reports whether no further action of the operator can correct the
// faults.
func incurable(faults []fault) bool {
	return !slices.ContainsFunc(faults, func(f fault) bool { return f.kind == lost })
}

// busy returns the objects that the operator is not done with.
func (h *history) busy() []fault {
	var faults []fault
	wait := func(obj client.Object, what string) {
		faults = append(faults, fault{lost, fmt.Sprintf("%s/%s: %s", obj.GetNamespace(), obj.GetName(), what)})
	}
	for _, o := range h.objects {
		if obj := h.ledger.secret(o.uid); obj == nil {
			faults = append(faults, fault{lost, objectName(o.slot) + " was not observed"})
		} else if what := pending(
			obj, obj.Status.Conditions, o.generation, o.requested, obj.Status.LastHandledReconcileAt,
		); what != "" {
			wait(obj, what)
		}
	}
	for _, a := range h.accesses {
		if obj := h.ledger.access(a.uid); obj == nil {
			faults = append(faults, fault{lost, accessName(a.slot) + " was not observed"})
		} else if what := pending(
			obj, obj.Status.Conditions, a.generation, a.requested, obj.Status.LastHandledReconcileAt,
		); what != "" {
			wait(obj, what)
		}
	}
	for _, o := range h.former {
		if !h.ledger.isGone(o.uid) {
			faults = append(faults, fault{lost, fmt.Sprintf("%s/%s was deleted but still exists", o.ns, objectName(o.slot))})
		}
	}
	for _, a := range h.ended {
		if !h.ledger.isGone(a.uid) {
			faults = append(faults, fault{lost, fmt.Sprintf("%s/%s was deleted but still exists", a.ns, accessName(a.slot))})
		}
	}
	return faults
}

// unlooked holds the reasons of objects for which the operator does not look at
// Juju. It does not handle their reconcile requests.
var unlooked = []v1alpha1.Reason{v1alpha1.ReasonSuspended, v1alpha1.ReasonJujuSecretNotReady}

// pending returns what the operator has yet to do for an object, according to
// its conditions.
func pending(obj client.Object, conditions []metav1.Condition, generation int64, requested, handled string) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case obj.GetGeneration() < generation:
		return "its newest version was not observed"
	case ready == nil:
		return "it has no status"
	case ready.ObservedGeneration < generation:
		return "its status has an older generation"
	case handled != requested && !slices.Contains(unlooked, v1alpha1.Reason(ready.Reason)):
		return "the requested reconcile was not handled"
	}
	switch v1alpha1.Reason(ready.Reason) { //nolint:exhaustive // All other reasons are pending.
	case v1alpha1.ReasonSynced, v1alpha1.ReasonNameTaken, v1alpha1.ReasonConflict, v1alpha1.ReasonSuspended,
		v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretIDNotFound, v1alpha1.ReasonDrifted,
		v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonJujuSecretNotReady, v1alpha1.ReasonConfigOptionInUse:
		return ""
	}
	return fmt.Sprintf("it is not finished: %s: %s", ready.Reason, ready.Message)
}

// inJuju returns the secrets of the model by ID.
func (h *history) inJuju() (map[string]servers.UserSecret, error) {
	listed, err := h.site.juju.Secrets(h.ctx, h.model)
	now := map[string]servers.UserSecret{}
	for _, secret := range listed {
		now[secret.ID] = secret
	}
	return now, err
}

// findings holds the state of Kubernetes and Juju when the operator is done,
// and the faults.
type findings struct {
	*history

	now    map[string]servers.UserSecret
	byName map[string]servers.UserSecret
	// present holds the existing objects as they are in Kubernetes.
	present map[types.UID]*v1alpha1.JujuSecret
	// options holds the options of configurable that are set, by name.
	options map[string]string
	faults  []fault
}

func (h *history) look(now map[string]servers.UserSecret, options map[string]string) *findings {
	f := &findings{
		history: h, now: now, options: options,
		byName: map[string]servers.UserSecret{}, present: map[types.UID]*v1alpha1.JujuSecret{},
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
	f.checkOptions()
	for _, a := range h.accesses {
		f.checkAccess(a)
	}
	return f
}

func (f *findings) fault(k kind, format string, args ...any) {
	f.faults = append(f.faults, fault{k, fmt.Sprintf(format, args...)})
}

// owner returns the object that owns a secret, or nil.
func (f *findings) owner(id string) *object {
	for _, o := range f.objects {
		if id != "" && claimed(f.present[o.uid]) == id {
			return o
		}
	}
	return nil
}

// known returns an existing or deleted object.
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

// madeFor reports whether the operator created a secret for an object: the
// first owner of the secret that was ever about to create a secret.
func (f *findings) madeFor(id string, o *object) bool {
	if f.memory.manual[id] || f.memory.unclaimed[id] {
		return false
	}
	for _, uid := range f.ledger.claimers(id) {
		if f.ledger.begun(uid, "") {
			return uid == o.uid
		}
	}
	return false
}

// checkOwners checks that no two objects own one secret, and that every owner
// may own its secret.
func (f *findings) checkOwners() {
	owners := map[string][]string{}
	for _, o := range f.objects {
		if obj := f.present[o.uid]; obj.Status.Managed {
			owners[obj.Status.SecretID] = append(owners[obj.Status.SecretID], client.ObjectKeyFromObject(obj).String())
		}
	}
	for id, several := range owners {
		if len(several) > 1 {
			f.fault(duplicated, "secret:%s is claimed by %v", id, several)
		}
	}
	for _, overlap := range f.ledger.overlapping() {
		f.fault(duplicated, "%s", overlap)
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
			if !o.adopter || f.memory.manual[id] && !asked {
				f.fault(touched, "%s took the foreign secret:%s without adoptionPolicy: Adopt", objectName(o.slot), id)
			}
		}
	}
}

// checkUnowned checks a secret without an owner.
func (f *findings) checkUnowned(secret servers.UserSecret) {
	if f.memory.removed[secret.ID] {
		return // It is about to be removed.
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
		f.fault(duplicated, "secret:%s with the name %q was orphaned by an object that exists or owns another secret",
			secret.ID, secret.Name)
	case f.removes(o, secret.ID):
		f.fault(lost, "secret:%s with the name %q is an orphan: its owner %s was deleted with the policy %q",
			secret.ID, secret.Name, objectName(o.slot), o.deletion)
	}
}

// compare checks that a secret without an owner is as the last manual change
// left it.
func (f *findings) compare(known *leftover, secret servers.UserSecret) {
	want := known.UserSecret
	sameContent := want.Content.Equal(secret.Content)
	if want.Name != secret.Name || want.Info != secret.Info || want.Revision != secret.Revision || !sameContent {
		f.fault(touched, "secret:%s was %+v, is %+v, same content: %t", secret.ID, want, secret, sameContent)
	}
	if known.claims == 0 && f.memory.manual[secret.ID] && fmt.Sprint(want.Granted) != fmt.Sprint(secret.Granted) {
		f.fault(touched, "secret:%s was granted to %v, is granted to %v", secret.ID, want.Granted, secret.Granted)
	}
}

// lastOwner returns the object that owned a secret last and was deleted with
// it, or nil.
func (f *findings) lastOwner(id string) *object {
	for _, uid := range slices.Backward(f.ledger.claimers(id)) {
		o := f.known(uid)
		if o != nil && o.deleted && claimed(f.ledger.secret(o.uid)) == id {
			return o
		}
	}
	return nil
}

// removes reports whether the deletion of an object removes a secret.
func (f *findings) removes(o *object, id string) bool {
	switch o.deletion {
	case v1alpha1.DeletionDelete:
		return true
	case v1alpha1.DeletionRetain:
		return false
	}
	return f.madeFor(id, o)
}

// checkUnclaimed checks a secret that the operator created and no object
// claimed. This is expected only if the object was deleted with Retain, or is
// suspended.
func (f *findings) checkUnclaimed(secret servers.UserSecret) {
	for _, o := range f.former {
		if f.ledger.begun(o.uid, secret.Name) && o.deletion == v1alpha1.DeletionRetain {
			return
		}
	}
	if f.mayClaim(secret) {
		return
	}
	for _, o := range f.objects {
		if !f.ledger.begun(o.uid, secret.Name) {
			continue
		}
		f.fault(duplicated, "secret:%s with the name %q was created and never claimed, possibly for %s",
			secret.ID, secret.Name, objectName(o.slot))
		return
	}
	f.fault(lost, "secret:%s with the name %q is an orphan: it was created and never claimed", secret.ID, secret.Name)
}

// mayClaim reports whether a suspended object was about to create a secret with
// this name. The object may claim the secret when it is resumed.
func (f *findings) mayClaim(secret servers.UserSecret) bool {
	for _, o := range f.objects {
		creating := recordOf(f.present[o.uid]).Creating
		if o.suspended && creating != nil && creating.Name == secret.Name && len(f.ledger.claimers(secret.ID)) == 0 {
			return true
		}
	}
	return false
}

// checkGone checks that every missing secret had to be removed.
func (f *findings) checkGone() {
	ids := f.ledger.claimedIDs()
	for id := range f.memory.manual {
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
			f.fault(touched, "the foreign secret:%s was removed", id)
		case o == nil || !f.removes(o, id):
			f.fault(lost, "secret:%s was removed without a request", id)
		}
	}
}

// remember records a settled state.
func (f *findings) remember() {
	m := &f.memory
	m.before, m.owners, m.claims = f.now, map[string]types.UID{}, map[string]int{}
	clear(m.added)
	clear(m.contents)
	for _, secret := range f.now {
		claims := len(f.ledger.claimers(secret.ID))
		m.claims[secret.ID] = claims
		m.setName(secret.ID, secret.Name)
		o := f.owner(secret.ID)
		if o == nil && f.mayClaim(secret) && !m.manual[secret.ID] {
			continue
		}
		if o == nil {
			m.left[secret.ID] = &leftover{UserSecret: secret, claims: claims}
			m.unclaimed[secret.ID] = m.unclaimed[secret.ID] || claims == 0 && !m.manual[secret.ID]
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

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// This file has the steps that are about objects in Kubernetes.

const notThere = "it is not there"

func (h *history) apply(w wish) (string, error) {
	id := ""
	if w.stranger >= 0 {
		if id = h.memory.strangers[w.stranger]; id == "" {
			return "there is no such stranger", nil
		}
	}
	obj := w.manifest(h, id)
	if err := h.create(obj); err != nil || len(h.faults) > 0 {
		return "", err
	}
	o := &object{
		wish: w, uid: obj.UID, id: id, ns: obj.Namespace, generation: obj.Generation, adopter: w.adopt,
		called: map[string]bool{w.name: true},
	}
	o.timeline = []int{h.wanted(o)}
	h.objects[w.slot] = o
	return "", nil
}

// revise changes the spec of an object.
func (h *history) revise(w wish) (string, error) {
	o := h.objects[w.slot]
	if o == nil {
		return notThere, nil
	}
	obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
	w.stranger = o.stranger
	// What the object asks for is noted before, as the operator may be faster.
	o.wish, o.adopter = w, o.adopter || w.adopt
	o.called[w.name] = true
	h.note(o)
	err := h.change(obj, func() { w.spec(h, &obj.Spec, o.id) })
	o.generation = obj.Generation
	return "", err
}

// note enters the content that an object asks for into its timeline.
func (h *history) note(o *object) {
	if now := h.wanted(o); now != o.timeline[len(o.timeline)-1] {
		o.timeline = append(o.timeline, now)
	}
}

// change changes an object as it is in Kubernetes now.
func (h *history) change(obj client.Object, how func()) error {
	if err := h.site.kube.Client.Get(h.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return err
	}
	before := obj.DeepCopyObject().(client.Object)
	how()
	return h.site.kube.Client.Patch(h.ctx, obj, client.MergeFrom(before))
}

func (h *history) changeSource(town, content int) (string, error) {
	h.sources[town] = content
	for _, o := range h.objects {
		if h.townOf(o.slot) == town {
			h.note(o)
		}
	}
	for _, o := range h.former { // The operator may learn of the deletion last.
		if h.townOf(o.slot) == town && !h.ledger.isGone(o.uid) {
			h.note(o)
		}
	}
	source := gen.Secret(h.towns[town], sourceName, nil)
	return "", h.change(source, func() {
		source.Data = map[string][]byte{}
		for key, value := range h.values(content) {
			source.Data[key] = []byte(value)
		}
	})
}

func (h *history) delete(slot int) (string, error) {
	o := h.objects[slot]
	if o == nil {
		return notThere, nil
	}
	delete(h.objects, slot)
	o.deleted = true
	h.former = append(h.former, o)
	return "", h.remove(&v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(slot)}})
}

// remove deletes an object as it is in Kubernetes now. A deletion of whatever version there is can remove an object past a
// finalizer that it gets at that moment, and nobody would learn of it: https://github.com/kubernetes/kubernetes/issues/77988.
func (h *history) remove(obj client.Object) error {
	for {
		if err := h.site.kube.Client.Get(h.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
			return err
		}
		uid, version := obj.GetUID(), obj.GetResourceVersion()
		err := h.site.kube.Client.Delete(h.ctx, obj, client.Preconditions{UID: &uid, ResourceVersion: &version})
		if !apierrors.IsConflict(err) {
			return err
		}
	}
}

func (h *history) applyAccess(w grantWish) (string, error) {
	obj := w.manifest(h)
	if err := h.create(obj); err != nil || len(h.faults) > 0 {
		return "", err
	}
	h.accesses[w.slot] = &access{grantWish: w, uid: obj.UID, ns: obj.Namespace, generation: obj.Generation}
	h.memory.noteWanted(w.apps)
	return "", nil
}

func (h *history) reviseAccess(w grantWish) (string, error) {
	a := h.accesses[w.slot]
	if a == nil {
		return notThere, nil
	}
	obj := &v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: accessName(a.slot)}}
	a.grantWish = w
	h.memory.noteWanted(w.apps)
	err := h.change(obj, func() { obj.Spec = w.manifest(h).Spec })
	a.generation = obj.Generation
	return "", err
}

func (h *history) deleteAccess(slot int) (string, error) {
	a := h.accesses[slot]
	if a == nil {
		return notThere, nil
	}
	delete(h.accesses, slot)
	a.deleted = true
	h.ended = append(h.ended, a)
	return "", h.remove(&v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: accessName(slot)}})
}

// nudge asks the operator to look at every object now, and not when its interval is over.
func (h *history) nudge(at string) error {
	for _, o := range h.objects {
		obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
		o.requested = at
		if err := h.annotate(obj, at); err != nil {
			return err
		}
	}
	for _, a := range h.accesses {
		obj := &v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: accessName(a.slot)}}
		a.requested = at
		if err := h.annotate(obj, at); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) annotate(obj client.Object, at string) error {
	return h.change(obj, func() {
		annotations := maps.Clone(obj.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.AnnotationReconcileRequestedAt] = at
		obj.SetAnnotations(annotations)
	})
}

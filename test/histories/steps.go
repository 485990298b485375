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
	"github.com/juju-secrets/operator/test/wire"
)

// This file contains the steps on objects in Kubernetes.

const (
	notThere   = "it does not exist"
	notCreated = "the deletion of the old one waits"
)

func (h *history) apply(w desired) (string, error) {
	id := ""
	if w.foreign >= 0 {
		if id = h.memory.foreign[w.foreign]; id == "" {
			return "there is no such foreign secret", nil
		}
	}
	obj := w.manifest(h, id)
	if created, err := h.create(obj); err != nil || !created {
		return notCreated, err
	}
	o := &object{
		desired: w, uid: obj.UID, id: id, ns: obj.Namespace, generation: obj.Generation, adopter: w.adopt,
		called: map[string]bool{w.name: true},
	}
	o.timeline = []int{h.wanted(o)}
	h.objects[w.slot] = o
	return "", nil
}

// revise changes the spec of an object.
func (h *history) revise(w desired) (string, error) {
	o := h.objects[w.slot]
	if o == nil {
		return notThere, nil
	}
	obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
	w.foreign = o.foreign
	// Record the requested content first, because the operator may be faster.
	o.desired, o.adopter = w, o.adopter || w.adopt
	o.called[w.name] = true
	h.note(o)
	err := h.change(obj, func() { w.spec(h, &obj.Spec, o.id) })
	o.generation = obj.Generation
	return "", err
}

// note adds the requested content of an object to its timeline.
func (h *history) note(o *object) {
	if now := h.wanted(o); now != o.timeline[len(o.timeline)-1] {
		o.timeline = append(o.timeline, now)
	}
}

// change patches an object after reading it from Kubernetes.
func (h *history) change(obj client.Object, how func()) error {
	if err := h.site.kube.Client.Get(h.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return err
	}
	before := obj.DeepCopyObject().(client.Object)
	how()
	return h.site.kube.Client.Patch(h.ctx, obj, client.MergeFrom(before))
}

func (h *history) changeSource(index, content int) (string, error) {
	h.sources[index] = content
	for _, o := range h.objects {
		if h.namespaceIndex(o.slot) == index {
			h.note(o)
		}
	}
	for _, o := range h.former { // The operator may observe the deletion last.
		if h.namespaceIndex(o.slot) == index && !h.ledger.isGone(o.uid) {
			h.note(o)
		}
	}
	source := gen.Secret(h.namespaces[index], sourceName, nil)
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

// remove deletes the current version of an object. A deletion without a
// precondition can remove an object although it gets a finalizer at the same
// moment, and no controller would notice:
// https://github.com/kubernetes/kubernetes/issues/77988.
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

// dropMetadata removes the annotations and the finalizers of an object, and waits
// until the operator has added its finalizer again. An object that is deleted
// before that leaves its secret in Juju.
func (h *history) dropMetadata(slot int) (string, error) {
	o := h.objects[slot]
	if o == nil {
		return notThere, nil
	}
	held := false
	obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(slot)}}
	err := h.change(obj, func() {
		held = len(obj.Finalizers) > 0
		obj.Annotations, obj.Finalizers = nil, nil
	})
	if err != nil || !held {
		return "", err
	}
	missing, err := h.await(func() (string, error) {
		err := h.site.kube.Client.Get(h.ctx, client.ObjectKeyFromObject(obj), obj)
		if err == nil && len(obj.Finalizers) == 0 {
			return "the finalizer of " + obj.Name, nil
		}
		return "", err
	})
	if missing != "" {
		h.faults = append(h.faults, fault{lost, missing})
	}
	return "", err
}

// dropStatus removes the status of an object, and waits until the operator has
// read its record.
func (h *history) dropStatus(slot int) (string, error) {
	o := h.objects[slot]
	if o == nil {
		return notThere, nil
	}
	obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
	if err := h.site.kube.Client.Get(h.ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return "", err
	}
	before := obj.DeepCopy()
	obj.Status = v1alpha1.JujuSecretStatus{}
	if err := h.site.kube.Client.Status().Patch(h.ctx, obj, client.MergeFrom(before)); err != nil {
		return "", err
	}
	return "", h.settle()
}

// migrate migrates the model to the other controller.
func (h *history) migrate() (string, error) {
	from, to := h.at, 1-h.at
	uuids := []string{h.site.juju.ControllerUUID, secondUUID}
	h.blocked, h.at = true, to
	h.site.proxies[to].Return(h.model.UUID)
	return "", h.site.proxies[from].Migrate(h.model.UUID, wire.Redirect{
		Address: h.site.proxies[to].Address, CACertificate: h.site.proxies[to].CACertificate,
		ControllerUUID: uuids[to], Controller: controllers()[to],
	})
}

// follow sets the controllerRef of all objects to the controller that has the
// model.
func (h *history) follow() (string, error) {
	h.blocked, h.through = false, h.at
	through := gen.Through(controllers()[h.through])
	for _, o := range h.objects {
		obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
		if err := h.change(obj, func() { through(obj) }); err != nil {
			return "", err
		}
		o.generation = obj.Generation
	}
	for _, o := range h.former { // A deletion that waits for the model.
		if h.ledger.isGone(o.uid) {
			continue
		}
		obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: objectName(o.slot)}}
		err := h.change(obj, func() { through(obj) })
		if client.IgnoreNotFound(err) != nil {
			return "", err
		}
	}
	return "", nil
}

func (h *history) applyAccess(w desiredAccess) (string, error) {
	obj := w.manifest(h)
	if created, err := h.create(obj); err != nil || !created {
		return notCreated, err
	}
	h.accesses[w.slot] = &access{desiredAccess: w, uid: obj.UID, ns: obj.Namespace, generation: obj.Generation}
	h.accesses[w.slot].noteOptions()
	h.memory.noteWanted(w.apps)
	return "", nil
}

func (h *history) reviseAccess(w desiredAccess) (string, error) {
	a := h.accesses[w.slot]
	if a == nil {
		return notThere, nil
	}
	obj := &v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: accessName(a.slot)}}
	a.desiredAccess = w
	a.noteOptions()
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

// requestReconcile requests a reconcile of every object now, without waiting
// for the interval.
func (h *history) requestReconcile(at string) error {
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

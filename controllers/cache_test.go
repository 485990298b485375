// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestCacheHoldsNoLastAppliedConfiguration(t *testing.T) {
	t.Parallel()
	annotations := func() map[string]string {
		return map[string]string{corev1.LastAppliedConfigAnnotation: "hunter2", "other": "stays"}
	}
	meta := metav1.ObjectMeta{Name: "db", Annotations: annotations(), ManagedFields: []metav1.ManagedFieldsEntry{{}}}
	for _, obj := range []client.Object{
		&v1alpha1.JujuSecret{ObjectMeta: *meta.DeepCopy()},
		&v1alpha1.JujuSecretAccess{ObjectMeta: *meta.DeepCopy()},
		&v1alpha1.JujuController{ObjectMeta: *meta.DeepCopy()},
		&v1alpha1.ClusterJujuController{ObjectMeta: *meta.DeepCopy()},
	} {
		cached, err := withoutUnusedFields(obj)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{corev1.LastAppliedConfigAnnotation: "", "other": "stays"}
		if diff := cmp.Diff(want, cached.(client.Object).GetAnnotations()); diff != "" {
			t.Errorf("annotations of %T (-want +got):\n%s", obj, diff)
		}
		if len(cached.(client.Object).GetManagedFields()) > 0 {
			t.Errorf("the cache holds the managed fields of %T", obj)
		}
	}
	without, err := withoutUnusedFields(&v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Name: "db"}})
	if err != nil || without.(client.Object).GetAnnotations() != nil {
		t.Errorf("an object without annotations has %v, %v", without.(client.Object).GetAnnotations(), err)
	}
}

// patchRecorder is a client that stores the last patch.
type patchRecorder struct {
	client.Client

	patch string
}

func (p *patchRecorder) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
	text, err := patch.Data(obj)
	p.patch = string(text)
	return err
}

func (p *patchRecorder) Status() client.SubResourceWriter { return statusRecorder{p} }

// statusRecorder stores the last patch of a status.
type statusRecorder struct{ *patchRecorder }

func (s statusRecorder) Create(context.Context, client.Object, client.Object, ...client.SubResourceCreateOption) error {
	return errors.ErrUnsupported
}

func (s statusRecorder) Update(context.Context, client.Object, ...client.SubResourceUpdateOption) error {
	return errors.ErrUnsupported
}

func (s statusRecorder) Apply(context.Context, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
	return errors.ErrUnsupported
}

func (s statusRecorder) Patch(
	ctx context.Context, obj client.Object, patch client.Patch, _ ...client.SubResourcePatchOption,
) error {
	return s.patchRecorder.Patch(ctx, obj, patch)
}

func TestPatchHasOnlyWhatTheOperatorWrites(t *testing.T) {
	t.Parallel()
	store := new(patchRecorder)
	b := newTestBase(store, nil)
	obj := named("db")
	obj.Spec.Value = map[string]string{"key": "hunter2"}
	obj.Labels, obj.Annotations = map[string]string{"team": "a"}, map[string]string{"other": "stays"}
	expect := func(want string) {
		t.Helper()
		if store.patch != want {
			t.Errorf("the patch is %s, want %s", store.patch, want)
		}
	}
	state := b.recordOf(obj)
	err := b.writeRecord(t.Context(), obj, &state, plan.Record{Held: true}, placement.ModelOfSecret(obj), false)
	if err != nil {
		t.Fatal(err)
	}
	expect(`{"metadata":{"annotations":{"jujusecrets.io/record":null},` +
		`"finalizers":["jujusecrets.io/finalizer"],"resourceVersion":"42"}}`)
	before := obj.DeepCopy()
	obj.Status.Revision = 4
	if err := b.report(t.Context(), before, obj, nil); err != nil {
		t.Fatal(err)
	}
	expect(`{"status":{"revision":4}}`)
}

// The record is the only other annotation, so its removal must not remove the
// map.
func TestRecordWriteKeepsLastAppliedConfiguration(t *testing.T) {
	t.Parallel()
	store := new(patchRecorder)
	b := newTestBase(store, nil)
	obj := named("db")
	obj.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "hunter2"}
	if _, err := withoutUnusedFields(obj); err != nil {
		t.Fatal(err)
	}
	state := b.recordOf(obj)
	for _, record := range []plan.Record{
		{Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"one"}}}, {},
	} {
		if err := b.writeRecord(t.Context(), obj, &state, record, placement.ModelOfSecret(obj), false); err != nil {
			t.Fatal(err)
		}
		if store.patch == "" || strings.Contains(store.patch, "last-applied") ||
			strings.Contains(store.patch, `"annotations":null`) {
			t.Errorf("after the record %+v the patch is %s", record, store.patch)
		}
		store.patch = ""
	}
}

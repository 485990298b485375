// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// expected is what the tools shall say of an object with each reason.
var expected = map[v1alpha1.Reason]verdict{
	v1alpha1.ReasonSynced: well, v1alpha1.ReasonConnected: well,

	v1alpha1.ReasonCreated: well, v1alpha1.ReasonAdopted: well, v1alpha1.ReasonUpdated: well, v1alpha1.ReasonCorrected: well,
	v1alpha1.ReasonRemoved: well, v1alpha1.ReasonGranted: well, v1alpha1.ReasonRevoked: well, v1alpha1.ReasonModelReplaced: well,
	v1alpha1.ReasonLetGo: well,

	v1alpha1.ReasonSourceNotFound: waiting, v1alpha1.ReasonControllerNotReady: waiting, v1alpha1.ReasonJujuSecretNotReady: waiting,
	v1alpha1.ReasonApplicationNotFound: waiting, v1alpha1.ReasonSecretNotFound: waiting, v1alpha1.ReasonJujuUnreachable: waiting,
	v1alpha1.ReasonModelBusy: waiting, v1alpha1.ReasonRemoving: waiting, v1alpha1.ReasonInUse: waiting,
	v1alpha1.ReasonHandingOver: waiting, v1alpha1.ReasonFailed: waiting,

	v1alpha1.ReasonSuspended: resting, // Or restingBefore.

	v1alpha1.ReasonContentInvalid: failed, v1alpha1.ReasonNameTaken: failed, v1alpha1.ReasonConflict: failed,
	v1alpha1.ReasonCharmOwned: failed, v1alpha1.ReasonDrifted: failed, v1alpha1.ReasonTenantDenied: failed,
	v1alpha1.ReasonModelNotFound: failed, v1alpha1.ReasonCredentialsRejected: failed, v1alpha1.ReasonCertificateMismatch: failed,
	v1alpha1.ReasonControllerChanged: failed, v1alpha1.ReasonPermissionDenied: failed, v1alpha1.ReasonRefused: failed,
	v1alpha1.ReasonJujuTooOld: failed,
}

// reasonConstant finds the reasons in the source of package v1alpha1.
var reasonConstant = regexp.MustCompile(`(?m)^\tReason\w+\s+Reason = "(\w+)"$`)

func TestEveryReasonIsJudged(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "api", "v1alpha1", "reasons.go"))
	if err != nil {
		t.Fatal(err)
	}
	var reasons []v1alpha1.Reason
	for _, match := range reasonConstant.FindAllSubmatch(text, -1) {
		reasons = append(reasons, v1alpha1.Reason(match[1]))
	}
	slices.Sort(reasons)
	if diff := cmp.Diff(reasons, slices.Sorted(maps.Keys(expected))); diff != "" {
		t.Errorf("the reasons that there are, and those that the test expects something of (-there +expected):\n%s", diff)
	}
}

// generation is that of each object that the operator made a status of.
const generation = 3

// kind is how the operator makes a status of the kind.
type kind struct {
	name string
	// after is the object once the operator found a reason on it; it had one before, or none.
	after func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object
}

func kinds() []kind {
	now := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	found := func(reason v1alpha1.Reason) plan.Plan {
		return plan.Plan{Verdict: plan.Verdict{Reason: reason, Message: "this is so"}}
	}
	controller := func(old v1alpha1.JujuControllerStatus, generation int64, reason v1alpha1.Reason) v1alpha1.JujuControllerStatus {
		done := plan.ControllerPlan{Verdict: found(reason).Verdict}
		next, _ := status.NextController(old, &v1alpha1.JujuControllerSpec{}, generation, done, plan.Health{}, nil, now)
		return next
	}
	return []kind{
		{"JujuSecret", func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object {
			obj := new(v1alpha1.JujuSecret)
			if before != nil {
				obj = before.DeepCopyObject().(*v1alpha1.JujuSecret)
			}
			obj.Generation = generation
			obj.Status, _ = status.NextSecret(obj.Status, generation, found(reason), nil, now)
			return obj
		}},
		{"JujuSecretAccess", func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object {
			obj := new(v1alpha1.JujuSecretAccess)
			if before != nil {
				obj = before.DeepCopyObject().(*v1alpha1.JujuSecretAccess)
			}
			obj.Generation = generation
			obj.Status, _ = status.NextAccess(obj.Status, generation, plan.AccessSeen{Want: []string{"app1"}}, found(reason), nil, now)
			return obj
		}},
		{"JujuController", func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object {
			obj := new(v1alpha1.JujuController)
			if before != nil {
				obj = before.DeepCopyObject().(*v1alpha1.JujuController)
			}
			obj.Generation, obj.Status = generation, controller(obj.Status, generation, reason)
			return obj
		}},
		{"ClusterJujuController", func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object {
			obj := new(v1alpha1.ClusterJujuController)
			if before != nil {
				obj = before.DeepCopyObject().(*v1alpha1.ClusterJujuController)
			}
			obj.Generation, obj.Status = generation, controller(obj.Status, generation, reason)
			return obj
		}},
	}
}

// Whatever happens to an object in whatever order, what the operator writes makes both tools say the same as its reason does.
func TestEveryStatusIsJudgedByItsReason(t *testing.T) {
	t.Parallel()
	var names []string
	var objs []*unstructured.Unstructured
	var want []verdict
	add := func(name string, obj *unstructured.Unstructured, v verdict) {
		names, objs, want = append(names, name), append(objs, obj), append(want, v)
	}
	for _, kind := range kinds() {
		for before, old := range histories(kind) {
			for _, reason := range slices.Sorted(maps.Keys(expected)) {
				name := fmt.Sprintf("%s: %s after %s", kind.name, reason, before)
				obj := asSeen(t, kind.name, kind.after(old, generation, reason))
				add(name, obj, expectedAfter(reason, old))
				changed := obj.DeepCopy()
				changed.SetGeneration(generation + 1)
				add(name+", with a newer spec", changed, waiting)
				going := obj.DeepCopy()
				going.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
				add(name+", deleted", going, leaving)
			}
		}
	}
	for i, got := range judge(t, objs...) {
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", names[i], diff)
		}
	}
}

// histories are objects of a kind as something left them.
func histories(k kind) map[string]runtime.Object {
	return map[string]runtime.Object{
		"nothing":       nil,
		"all was well":  k.after(nil, generation, v1alpha1.ReasonSynced),
		"well long ago": k.after(nil, generation-1, v1alpha1.ReasonSynced),
		"waiting":       k.after(nil, generation, v1alpha1.ReasonSourceNotFound),
		"an outage":     k.after(k.after(nil, generation, v1alpha1.ReasonSynced), generation, v1alpha1.ReasonJujuUnreachable),
		"failure":       k.after(nil, generation, v1alpha1.ReasonRefused),
		"rest":          k.after(nil, generation, v1alpha1.ReasonSuspended),
	}
}

// expectedAfter is what the tools shall say of a reason on an object that was so before: rest leaves Ready as it was.
func expectedAfter(reason v1alpha1.Reason, before runtime.Object) verdict {
	wasReady := before != nil && meta.IsStatusConditionTrue(v1alpha1.ConditionsOf(before), v1alpha1.ConditionReady)
	if reason == v1alpha1.ReasonSuspended && !wasReady {
		return restingBefore
	}
	return expected[reason]
}

// asSeen is an object as a tool reads it from the API server.
func asSeen(t *testing.T, kind string, obj runtime.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	seen := &unstructured.Unstructured{Object: content}
	seen.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	seen.SetName("db")
	return seen
}

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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/status"
)

// expected maps each reason to the health that the tools must report.
var expected = map[v1alpha1.Reason]health{
	v1alpha1.ReasonSynced:    healthy,
	v1alpha1.ReasonConnected: healthy,

	v1alpha1.ReasonCreated:           healthy,
	v1alpha1.ReasonAdopted:           healthy,
	v1alpha1.ReasonUpdated:           healthy,
	v1alpha1.ReasonCorrected:         healthy,
	v1alpha1.ReasonRemoved:           healthy,
	v1alpha1.ReasonGranted:           healthy,
	v1alpha1.ReasonRevoked:           healthy,
	v1alpha1.ReasonModelReplaced:     healthy,
	v1alpha1.ReasonConfigured:        healthy,
	v1alpha1.ReasonFaultyJujuVersion: healthy,
	v1alpha1.ReasonOrphaned:          healthy,

	v1alpha1.ReasonSourceNotFound:      progressing,
	v1alpha1.ReasonControllerNotReady:  progressing,
	v1alpha1.ReasonJujuSecretNotReady:  progressing,
	v1alpha1.ReasonApplicationNotFound: progressing,
	v1alpha1.ReasonSecretNotFound:      progressing,
	v1alpha1.ReasonJujuUnreachable:     progressing,
	v1alpha1.ReasonModelUnavailable:    progressing,
	v1alpha1.ReasonRemoving:            progressing,
	v1alpha1.ReasonInUse:               progressing,
	v1alpha1.ReasonTransferringGrants:  progressing,
	v1alpha1.ReasonFailed:              progressing,

	v1alpha1.ReasonSuspended: suspended,

	v1alpha1.ReasonInvalidContent:         degraded,
	v1alpha1.ReasonNameTaken:              degraded,
	v1alpha1.ReasonConflict:               degraded,
	v1alpha1.ReasonSecretIDNotFound:       degraded,
	v1alpha1.ReasonControllerDeleting:     degraded,
	v1alpha1.ReasonCharmOwned:             degraded,
	v1alpha1.ReasonDrifted:                degraded,
	v1alpha1.ReasonConfigOptionInvalid:    degraded,
	v1alpha1.ReasonConfigOptionInUse:      degraded,
	v1alpha1.ReasonTenantDenied:           degraded,
	v1alpha1.ReasonModelNotFound:          degraded,
	v1alpha1.ReasonModelMigrated:          degraded,
	v1alpha1.ReasonCredentialsRejected:    degraded,
	v1alpha1.ReasonCertificateMismatch:    degraded,
	v1alpha1.ReasonControllerChanged:      degraded,
	v1alpha1.ReasonPermissionDenied:       degraded,
	v1alpha1.ReasonInvalidRequest:         degraded,
	v1alpha1.ReasonUnsupportedJujuVersion: degraded,
}

// reasonConstant matches the constants of the reasons in package v1alpha1.
var reasonConstant = regexp.MustCompile(`(?m)^\tReason\w+\s+Reason = "(\w+)"$`)

func TestAllReasonsHaveExpectedHealth(t *testing.T) {
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
		t.Errorf("reasons without an expected health (-reasons +expected):\n%s", diff)
	}
}

// generation is the generation of the objects that the test creates.
const generation = 3

// kind creates objects of one kind with a status.
type kind struct {
	name string
	// after returns the object after the operator found a reason. before is the
	// previous object, or nil.
	after func(before runtime.Object, generation int64, reason v1alpha1.Reason) runtime.Object
}

func kinds() []kind {
	now := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	found := func(reason v1alpha1.Reason) plan.Plan {
		return plan.Plan{Condition: plan.Condition{Reason: reason, Message: "a message"}}
	}
	controller := func(
		old v1alpha1.JujuControllerStatus, generation int64, reason v1alpha1.Reason,
	) v1alpha1.JujuControllerStatus {
		done := plan.ControllerPlan{Condition: found(reason).Condition}
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
			facts := plan.AccessFacts{Applications: []string{"app1"}}
			obj.Status, _ = status.NextAccess(obj.Status, generation, facts, found(reason), nil, now)
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

// The health must follow from the reason alone, whatever the previous state of
// the object is.
func TestHealthFollowsReason(t *testing.T) {
	t.Parallel()
	var names []string
	var objs []*unstructured.Unstructured
	var want []health
	add := func(name string, obj *unstructured.Unstructured, v health) {
		names, objs, want = append(names, name), append(objs, obj), append(want, v)
	}
	for _, kind := range kinds() {
		for before, old := range previousStates(kind) {
			for _, reason := range slices.Sorted(maps.Keys(expected)) {
				name := fmt.Sprintf("%s: %s after %s", kind.name, reason, before)
				obj := toUnstructured(t, kind.name, kind.after(old, generation, reason))
				add(name, obj, expected[reason])
				changed := obj.DeepCopy()
				changed.SetGeneration(generation + 1)
				add(name+", with a newer spec", changed, progressing)
				going := obj.DeepCopy()
				going.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
				add(name+", deleted", going, terminating)
			}
		}
	}
	for i, got := range healthOf(t, objs...) {
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", names[i], diff)
		}
	}
}

// previousStates returns objects of a kind in different states.
func previousStates(k kind) map[string]runtime.Object {
	return map[string]runtime.Object{
		"nothing":       nil,
		"in sync":       k.after(nil, generation, v1alpha1.ReasonSynced),
		"outdated sync": k.after(nil, generation-1, v1alpha1.ReasonSynced),
		"waiting":       k.after(nil, generation, v1alpha1.ReasonSourceNotFound),
		"outage": k.after(
			k.after(nil, generation, v1alpha1.ReasonSynced), generation, v1alpha1.ReasonJujuUnreachable),
		"failure":   k.after(nil, generation, v1alpha1.ReasonInvalidRequest),
		"suspended": k.after(nil, generation, v1alpha1.ReasonSuspended),
	}
}

// toUnstructured returns an object as a tool reads it from the API server.
func toUnstructured(t *testing.T, kind string, obj runtime.Object) *unstructured.Unstructured {
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

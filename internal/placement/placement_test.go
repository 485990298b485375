// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

var prodApp = plan.ModelRef{Controller: "default", Name: "prod/app"}

// secret returns a JujuSecret in prod/app with modifications.
func secret(modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := &v1alpha1.JujuSecret{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "db"}}
	obj.Spec.ControllerRef.Name, obj.Spec.Model = "default", "prod/app"
	for _, change := range modify {
		change(obj)
	}
	return obj
}

func local(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Kind = v1alpha1.KindJujuController }

func seen(s *v1alpha1.JujuSecret) {
	s.Status.ModelUUID, s.Status.SecretID, s.Status.Managed = "uuid", "one", true
}

// access returns a JujuSecretAccess without a status with modifications.
func access(modify ...func(*v1alpha1.JujuSecretAccess)) *v1alpha1.JujuSecretAccess {
	obj := &v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "db"}}
	obj.Spec.JujuSecretRef = &v1alpha1.JujuSecretReference{Name: "db"}
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// through sets the controller object in the status of an access to a
// JujuSecret.
func through(controller string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) { a.Status.Controller, a.Status.Model = controller, "prod/app" }
}

// direct sets a user secret in the spec of an access.
func direct(controller string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Spec.JujuSecretRef = nil
		a.Spec.Secret = &v1alpha1.UserSecretReference{
			ControllerRef: v1alpha1.ControllerReference{Name: controller}, Model: "prod/app",
		}
	}
}

func keys(keys ...plan.ControllerKey) []plan.ControllerKey { return keys }

func held(s record.State) record.State {
	s.Held = true
	return s
}

func unheld(s record.State) record.State {
	s.Held = false
	return s
}

// grants returns the record of an access that granted a secret through a
// controller.
func grants(controller plan.ControllerKey) record.State {
	return held(record.State{Record: plan.Record{
		Model: plan.ModelRef{Controller: controller, Name: "prod/app"}, SecretID: "one", Granted: []string{"app1"},
	}})
}

func owned() record.State { return record.State{Owned: &record.Owned{SecretID: "one"}} }

func TestControllersOfAnObject(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		obj      v1alpha1.RecordedObject
		recorded record.State
		want     []plan.ControllerKey
		// held are the controllers that were used to make something.
		held []plan.ControllerKey
	}{
		"a JujuSecret": {secret(), record.State{}, keys("default"), nil},
		"a JujuSecret with a JujuController": {
			secret(local), held(owned()), keys("team-a/default"), keys("team-a/default"),
		},
		"a JujuSecret that owns a secret":      {secret(), held(owned()), keys("default"), keys("default")},
		"a JujuSecret without the finalizer":   {secret(seen), owned(), keys("default"), nil},
		"a JujuSecret with only the finalizer": {secret(), held(record.State{}), keys("default"), nil},
		"a JujuSecret with only a status":      {secret(seen), held(record.State{}), keys("default"), nil},
		"a JujuSecret that is creating": {
			secret(), held(record.State{Record: plan.Record{Creating: &plan.Creation{Name: "db"}}}), keys("default"),
			keys("default"),
		},
		"a JujuSecret that is adopting": {
			secret(), held(record.State{Record: plan.Record{Adopting: "one"}}), keys("default"), keys("default"),
		},
		"a JujuSecret with a controller name like a key": {
			secret(func(s *v1alpha1.JujuSecret) { s.Spec.ControllerRef.Name = "team-a/default" }), held(owned()), nil,
			nil,
		},
		"an access without a status": {access(), record.State{}, nil, nil},
		"an access to a JujuSecret":  {access(through("one")), record.State{}, keys("one"), nil},
		"an access with grants":      {access(through("one")), grants("one"), keys("one"), keys("one")},
		"an access that is moving": {
			access(through("two")), grants("one"), keys("one", "two"), keys("one"),
		},
		"an access with grants and no status":    {access(), grants("one"), keys("one"), keys("one")},
		"an access to a user secret":             {access(direct("one")), record.State{}, keys("one"), nil},
		"an access with grants to a user secret": {access(direct("one")), grants("one"), keys("one"), keys("one")},
		"an access with a JujuController": {
			access(through("team-a/one")), grants("team-a/one"), keys("team-a/one"), keys("team-a/one"),
		},
		"an access with a JujuController of another namespace": {
			access(through("team-b/one")), grants("team-b/one"), nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := placement.Of(row.obj, row.recorded)
			got := [][]plan.ControllerKey{place.Controllers("team-a"), place.HeldControllers("team-a")}
			if diff := cmp.Diff([][]plan.ControllerKey{row.want, row.held}, got); diff != "" {
				t.Errorf("all controllers and the held controllers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestControllerThatAnObjectWasMadeThrough(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		obj      v1alpha1.RecordedObject
		recorded record.State
		want     plan.ControllerKey
	}{
		"a JujuSecret that owns a secret":                   {secret(), held(owned()), "default"},
		"a JujuSecret that lost its finalizer":              {secret(), owned(), "default"},
		"a JujuSecret with only the finalizer and a status": {secret(seen), held(record.State{}), ""},
		"an access with grants":                             {access(through("one")), grants("one"), "one"},
		"an access that lost its finalizer":                 {access(through("one")), unheld(grants("one")), "one"},
		"an access that is moving":                          {access(through("two")), grants("one"), "one"},
		"an access without grants":                          {access(through("one")), held(record.State{}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := placement.Of(row.obj, row.recorded)
			for _, key := range keys("default", "one", "two") {
				if got := place.MadeThrough(key); got != (key == row.want) {
					t.Errorf("made through %q: %t, want only %q", key, got, row.want)
				}
			}
		})
	}
}

func TestPlacementOfAnObject(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		obj      v1alpha1.RecordedObject
		recorded record.State
		want     placement.Placement
	}{
		"a JujuSecret": {secret(seen), held(owned()), placement.Placement{
			Model: prodApp, ModelUUID: "uuid", SecretID: "one", Owner: true, Made: true, Holds: true,
		}},
		"a JujuSecret in a model by its UUID": {
			secret(func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", "uuid" }), record.State{},
			placement.Placement{Model: plan.ModelRef{Controller: "default", UUID: "uuid"}},
		},
		"an access to a JujuSecret": {
			access(through("default"), func(a *v1alpha1.JujuSecretAccess) {
				a.Status.ModelUUID, a.Status.SecretID = "uuid", "one"
				a.Spec.Applications = []v1alpha1.ApplicationGrant{{Name: "app1"}, {Name: "app2"}}
			}), grants("other"),
			placement.Placement{
				Model:  prodApp,
				Former: plan.ModelRef{Controller: "other", Name: "prod/app"}, ModelUUID: "uuid", SecretID: "one",
				Made: true, Holds: true, Access: true, Applications: []string{"app1", "app2"},
			},
		},
		"an access to a JujuSecret in a model by its UUID": {
			access(func(a *v1alpha1.JujuSecretAccess) { a.Status.Controller, a.Status.ModelUUID = "default", "uuid" }),
			record.State{},
			placement.Placement{
				Model: plan.ModelRef{Controller: "default", UUID: "uuid"}, ModelUUID: "uuid", Access: true,
			},
		},
		"an access to a user secret with another status": {
			access(through("other"), direct("default")), record.State{},
			placement.Placement{Model: prodApp, Access: true},
		},
		"an access without the finalizer": {
			access(), unheld(grants("default")), placement.Placement{Former: prodApp, Made: true, Access: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, placement.Of(row.obj, row.recorded)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSettledIsReadyAndNotReconciling(t *testing.T) {
	t.Parallel()
	condition := func(kind string, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: string(v1alpha1.ReasonSynced)}
	}
	ready := condition(v1alpha1.ConditionReady, metav1.ConditionTrue)
	for name, row := range map[string]struct {
		conditions []metav1.Condition
		deleting   bool
		want       bool
		reason     v1alpha1.Reason
	}{
		"ready": {[]metav1.Condition{ready}, false, true, v1alpha1.ReasonSynced},
		"ready and reconciling": {
			[]metav1.Condition{ready, condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue)}, false, false,
			v1alpha1.ReasonSynced,
		},
		"ready and no longer reconciling": {
			[]metav1.Condition{ready, condition(v1alpha1.ConditionReconciling, metav1.ConditionFalse)}, false, true,
			v1alpha1.ReasonSynced,
		},
		"ready and deleting": {[]metav1.Condition{ready}, true, false, v1alpha1.ReasonSynced},
		"not ready": {
			[]metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionFalse)}, false, false,
			v1alpha1.ReasonSynced,
		},
		"unknown": {
			[]metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionUnknown)}, false, false,
			v1alpha1.ReasonSynced,
		},
		"without conditions": {nil, false, false, ""},
		"without a Ready condition": {
			[]metav1.Condition{condition(v1alpha1.ConditionStalled, metav1.ConditionTrue)}, false, false, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a := secret(), access()
			s.Status.Conditions, a.Status.Conditions = row.conditions, row.conditions
			for _, obj := range []v1alpha1.RecordedObject{s, a} {
				if row.deleting {
					obj.SetDeletionTimestamp(new(metav1.Now()))
				}
				place := placement.Of(obj, record.State{})
				if place.Settled != row.want || place.Reason != row.reason || place.Deleting != row.deleting {
					t.Errorf("%s: settled is %t, the reason %q and deleting %t", obj.RecordKind(), place.Settled,
						place.Reason, place.Deleting)
				}
			}
		})
	}
}

func TestControllerReferenceIsToTheClusterOrTheSameNamespace(t *testing.T) {
	t.Parallel()
	for want, ref := range map[plan.ControllerKey]v1alpha1.ControllerReference{
		"default":        {Name: "default"},
		"shared":         {Kind: v1alpha1.KindClusterJujuController, Name: "shared"},
		"team-a/default": {Kind: v1alpha1.KindJujuController, Name: "default"},
		"":               {Name: "team-a/default"},
	} {
		if got := plan.ReferencedController(ref, "team-a"); got != want {
			t.Errorf("%+v is %q, want %q", ref, got, want)
		}
	}
	other := v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "team-b/default"}
	if got := plan.ReferencedController(other, "team-a"); got != "" {
		t.Errorf("a JujuController of another namespace is %q", got)
	}
}

// Until the model was found at the new controller object, the former one is
// needed to undo the change.
func TestFormerControllerIsHeldUntilTheRecordNamesTheNewOne(t *testing.T) {
	t.Parallel()
	obj := new(v1alpha1.JujuSecret)
	obj.Namespace, obj.Name = "team-a", "db"
	obj.Spec.ControllerRef.Name, obj.Spec.Model = "present", "prod/app"
	owned := &record.Owned{ModelUUID: "uuid", SecretID: "one"}
	for name, row := range map[string]struct {
		recorded   plan.ControllerKey
		held, uses []plan.ControllerKey
	}{
		"the former": {
			"former", []plan.ControllerKey{"former"}, []plan.ControllerKey{"former", "present"},
		},
		"the new":                            {"present", []plan.ControllerKey{"present"}, []plan.ControllerKey{"present"}},
		"an old record without a controller": {"", []plan.ControllerKey{"present"}, []plan.ControllerKey{"present"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := placement.Of(obj, record.State{Record: plan.Record{Held: true}, Owned: owned, Controller: row.recorded})
			if got := place.HeldControllers("team-a"); !slices.Equal(got, row.held) {
				t.Errorf("held: %v, want %v", got, row.held)
			}
			if got := place.Controllers("team-a"); !slices.Equal(got, row.uses) {
				t.Errorf("used: %v, want %v", got, row.uses)
			}
		})
	}
}

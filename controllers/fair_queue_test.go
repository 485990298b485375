// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// queued returns a fair queue, and the names of the objects that it enqueued.
func queued() (queue *fairQueue, enqueued *[]string) {
	queue, enqueued = newFairQueue(), new([]string)
	queue.enqueue = func(request ctrl.Request) { *enqueued = append(*enqueued, request.Name) }
	return queue, enqueued
}

func request(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKey{Name: name}}
}

// fill takes slots until none is free, and returns a release function for each.
func fill(t *testing.T, queue *fairQueue, name string, quotas ...quota) (releases []func()) {
	t.Helper()
	for i := range 2 * concurrency {
		one := request(fmt.Sprintf("%s-%d", name, i))
		release, ok := queue.tryAcquire(one, quotas...)
		if !ok {
			queue.forget(one)
			return releases
		}
		releases = append(releases, release)
	}
	t.Fatalf("%s has more slots than there are workers", name)
	return nil
}

func model(controller plan.ControllerKey, name string) []quota {
	return quotasOf(plan.ModelRef{Controller: controller, Name: name})
}

func TestQueueLimitsSlots(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		full, other []quota
		want        int
		otherFits   bool
	}{
		"model, other model":      {model("shared", "prod/a"), model("shared", "prod/b"), slotsPerModel, true},
		"model, other controller": {model("shared", "prod/a"), model("another", "prod/a"), slotsPerModel, true},
		"namespace, other controller": {
			model("team-a/juju", "prod/a"), model("team-a/other", "prod/b"), slotsPerNamespace, false,
		},
		"namespace, other namespace": {
			model("team-a/juju", "prod/a"), model("team-b/juju", "prod/a"), slotsPerNamespace, true,
		},
		"namespace, shared controller": {
			model("team-a/juju", "prod/a"), model("shared", "prod/a"), slotsPerNamespace, true,
		},
		"controller, its models": {model("shared", ""), model("shared", "prod/a"), slotsPerController, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue, _ := queued()
			releases := fill(t, queue, "full", row.full...)
			if len(releases) != row.want {
				t.Errorf("%d slots, want %d", len(releases), row.want)
			}
			release, ok := queue.tryAcquire(request("other"), row.other...)
			if ok != row.otherFits {
				t.Errorf("the other object has a slot: %v, want %v", ok, row.otherFits)
			}
			if ok {
				releases = append(releases, release)
			} else {
				queue.forget(request("other"))
			}
			for _, release := range releases {
				release()
			}
			if len(queue.used) > 0 {
				t.Errorf("slots still used after all are released: %v", queue.used)
			}
		})
	}
}

func TestQueueLeavesSlotsForOtherControllers(t *testing.T) {
	t.Parallel()
	queue, _ := queued()
	all := 0
	for i := range 10 {
		all += len(fill(t, queue, fmt.Sprintf("model-%d", i), model("shared", fmt.Sprintf("prod/%d", i))...))
	}
	if all != slotsPerController {
		t.Errorf("ten models have %d slots, want %d", all, slotsPerController)
	}
}

// Slow controllers and namespaces use all slots that they can get. Another
// controller still has slots of its own, as has another namespace.
func TestQueueLeavesSlotsBesideManySlowControllers(t *testing.T) {
	t.Parallel()
	queue, _ := queued()
	used := 0
	for i := range 3 {
		controller := plan.ControllerKey(fmt.Sprintf("slow-%d", i))
		used += len(fill(t, queue, string(controller), quotasOf(plan.ModelRef{Controller: controller})...))
	}
	for i := range 10 {
		namespace := fmt.Sprintf("slow-%d", i)
		used += len(fill(t, queue, namespace, model(plan.ControllerKey(namespace+"/juju"), "prod/a")...))
	}
	if want := slotsInAll + 11*ownSlots; used != want || used > concurrency-2*ownSlots {
		t.Errorf("the slow controllers have %d slots of %d workers, want %d", used, concurrency, want)
	}
	for name, quotas := range map[string][]quota{
		"shared": model("quick", "prod/a"), "local": model("quick/juju", "prod/a"),
	} {
		if got := len(fill(t, queue, name, quotas...)); got != ownSlots {
			t.Errorf("the %s controller has %d slots, want %d", name, got, ownSlots)
		}
	}
}

func TestQueueEnqueuesOldestFirst(t *testing.T) {
	t.Parallel()
	queue, enqueued := queued()
	quotas := model("shared", "prod/a")
	releases := fill(t, queue, "first", quotas...)
	for _, name := range []string{"one", "two", "deleted", "three", "one"} { // "one" keeps its position.
		if _, ok := queue.tryAcquire(request(name), quotas...); ok {
			t.Fatalf("%s has a slot over the limit", name)
		}
	}
	queue.forget(request("deleted"))
	for _, release := range releases[:4] {
		release()
	}
	if want := []string{"one", "two", "three"}; !slices.Equal(*enqueued, want) {
		t.Errorf("enqueued %v, want %v", *enqueued, want)
	}
	for range 4 { // One slot is free, and three are reserved.
		queue.tryAcquire(request("late"), quotas...)
	}
	if _, ok := queue.tryAcquire(request("later"), quotas...); ok {
		t.Error("another object has a reserved slot")
	}
	for _, name := range *enqueued {
		if _, ok := queue.tryAcquire(request(name), quotas...); !ok {
			t.Errorf("%s was enqueued, and has no slot", name)
		}
	}
}

func TestQueuePassesOnUnusedSlots(t *testing.T) {
	t.Parallel()
	otherModel := model("another", "prod/a")
	for name, then := range map[string]func(t *testing.T, queue *fairQueue){
		"deleted": func(_ *testing.T, queue *fairQueue) { queue.forget(request("one")) },
		"moved":   func(_ *testing.T, queue *fairQueue) { queue.tryAcquire(request("one"), otherModel...) },
		"moved and waits there": func(t *testing.T, queue *fairQueue) {
			t.Helper()
			fill(t, queue, "other", otherModel...)
			queue.tryAcquire(request("one"), otherModel...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue, enqueued := queued()
			quotas := model("shared", "prod/a")
			releases := fill(t, queue, "first", quotas...)
			queue.tryAcquire(request("one"), quotas...)
			queue.tryAcquire(request("two"), quotas...)
			releases[0]()
			then(t, queue)
			if want := []string{"one", "two"}; !slices.Equal(*enqueued, want) {
				t.Errorf("enqueued %v, want %v", *enqueued, want)
			}
		})
	}
}

func TestQueueAlternatesBetweenModels(t *testing.T) {
	t.Parallel()
	queue, enqueued := queued()
	releases := fill(t, queue, "alone", quotasOf(plan.ModelRef{Controller: "shared"})...)
	for i := range 10 {
		queue.tryAcquire(request(fmt.Sprintf("big-%d", i)), model("shared", "prod/big")...)
	}
	queue.tryAcquire(request("small"), model("shared", "prod/small")...)
	releases[0]()
	releases[1]()
	if want := []string{"big-0", "small"}; !slices.Equal(*enqueued, want) {
		t.Errorf("enqueued %v, want %v", *enqueued, want)
	}
}

// Objects are deleted, and move to other models, at random. Each object gets a
// slot in the end, and an object that was enqueued has its slots.
func TestQueueServesEveryObject(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // The sequence must be reproducible.
		queue, enqueued := queued()
		const objects = 1000
		quotas := map[string][]quota{}
		todo := make([]string, objects)
		for i := range todo {
			todo[i] = fmt.Sprint(i)
			quotas[todo[i]] = model(plan.ControllerKey(fmt.Sprint(random.IntN(2))), fmt.Sprint(random.IntN(3)))
		}
		var working []func()
		served, waits, attempts := map[string]bool{}, map[string]bool{}, 0
		for len(todo) > 0 || len(working) > 0 {
			if len(todo) > 0 && random.IntN(3) > 0 && len(working) < concurrency {
				name := todo[0]
				todo = todo[1:]
				switch random.IntN(20) {
				case 0:
					queue.forget(request(name))
					served[name] = true
					continue
				case 1:
					quotas[name] = model("0", fmt.Sprint(random.IntN(3)))
					delete(waits, name)
				}
				attempts++
				release, ok := queue.tryAcquire(request(name), quotas[name]...)
				if ok {
					working = append(working, release)
					served[name] = true
				} else if waits[name] {
					t.Fatalf("seed %d: %s was enqueued without a slot", seed, name)
				}
				waits[name] = !ok
			} else if len(working) > 0 {
				i := random.IntN(len(working))
				working[i]()
				working = slices.Delete(working, i, i+1)
			}
			todo = append(todo, *enqueued...)
			*enqueued = nil
		}
		left := len(queue.used) + len(queue.queues) + len(queue.waiting) + len(queue.reserved)
		if len(served) != objects || left > 0 {
			t.Errorf("seed %d: served %d of %d; left are %v, %v, %v and %v", seed, len(served), objects,
				queue.used, queue.queues, queue.waiting, queue.reserved)
		}
		if attempts > 3*objects {
			t.Errorf("seed %d: it took %d attempts, want at most %d", seed, attempts, 3*objects)
		}
	}
}

func TestDeletionOfAnAccessWithAForeignRecordIsLeftToItsInstallation(t *testing.T) {
	t.Parallel()
	record := granting(plan.ModelRef{Controller: "shared", Name: "prod/app"}, "secret", "app1")
	status := func(a *v1alpha1.JujuSecretAccess) { a.Status.Controller = "shared" }
	for name, row := range map[string]struct {
		obj     *v1alpha1.JujuSecretAccess
		secrets []*v1alpha1.JujuSecret
		want    plan.ControllerKey
	}{
		"controller in the status":     {access(record, status), nil, "shared"},
		"controller of the JujuSecret": {access(record), []*v1alpha1.JujuSecret{named("db")}, "default"},
		"no controller":                {access(record), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.obj.DeletionTimestamp = new(metav1.Now())
			b := newTestBase(cluster{secrets: row.secrets}, nil)
			b.Key = content.Key{Sealed: content.Seal([]byte("another key"))}
			r := &AccessReconciler{b}
			state := r.recordOf(row.obj)
			target, err := r.target(t.Context(), row.obj, state.Record)
			if err != nil || !state.ForeignKey {
				t.Fatalf("the error is %v, the record is foreign: %t", err, state.ForeignKey)
			}
			if got := target.Model.Controller; got != row.want {
				t.Errorf("the controller is %q, want %q", got, row.want)
			}
		})
	}
}

// modelsOf returns the models that an access takes slots for.
func modelsOf(t *testing.T, cache cluster, obj *v1alpha1.JujuSecretAccess) []plan.ModelRef {
	t.Helper()
	r := &AccessReconciler{newTestBase(cache, nil)}
	state := r.recordOf(obj)
	target, err := r.target(t.Context(), obj, state.Record)
	if err != nil {
		t.Fatal(err)
	}
	return usable(obj.Namespace, []plan.ModelRef{target.Model, state.Model})
}

func TestQueueTakesSlotsForAllModelsOfAnAccess(t *testing.T) {
	t.Parallel()
	now := plan.ModelRef{Controller: "shared", Name: "prod/now"}
	before := plan.ModelRef{Controller: "shared", Name: "prod/before"}
	own := plan.ModelRef{Controller: "team-a/juju", Name: "prod/a"}
	foreign := plan.ModelRef{Controller: "team-b/juju", Name: "prod/b"}
	referenced := func(model plan.ModelRef) *v1alpha1.JujuSecret {
		return named("db", func(s *v1alpha1.JujuSecret) {
			s.Spec.ControllerRef.Name, s.Spec.Model = model.Controller.Name(), model.Name
			if model.Controller.Namespace() != "" {
				s.Spec.ControllerRef.Kind = v1alpha1.KindJujuController
			}
		})
	}
	for name, row := range map[string]struct {
		now, recorded plan.ModelRef
		direct        bool
		deleting      bool
		want          []plan.ModelRef
	}{
		"no grants":                {now: now, want: []plan.ModelRef{now}},
		"no grants, user secret":   {now: now, direct: true, want: []plan.ModelRef{now}},
		"grants in the same model": {now: now, recorded: now, want: []plan.ModelRef{now, now}},
		"moving":                   {now: now, recorded: before, want: []plan.ModelRef{now, before}},
		"moving, user secret": {
			now: now, recorded: before, direct: true, want: []plan.ModelRef{now, before},
		},
		"moving from a JujuController": {now: now, recorded: own, want: []plan.ModelRef{now, own}},
		"deleted": {
			now: now, recorded: before, deleting: true, want: []plan.ModelRef{before, before},
		},
		"deleted, no grants": {now: now, deleting: true, want: []plan.ModelRef{{Controller: "shared"}}},
		"secret missing":     {recorded: before, want: []plan.ModelRef{before}},
		"deleted, secret missing": {
			recorded: before, deleting: true, want: []plan.ModelRef{before, before},
		},
		"JujuController": {now: own, recorded: own, want: []plan.ModelRef{own, own}},
		"deleted, record names another namespace": {recorded: foreign, deleting: true},
		"moving, record names another namespace":  {now: own, recorded: foreign, want: []plan.ModelRef{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := access()
			cache := cluster{}
			switch {
			case row.direct:
				obj.Spec.JujuSecretRef = nil
				obj.Spec.Secret = &v1alpha1.UserSecretReference{
					ControllerRef: v1alpha1.ControllerReference{Name: row.now.Controller.Name()}, Model: row.now.Name,
				}
			case row.now.Controller != "":
				cache.secrets = []*v1alpha1.JujuSecret{referenced(row.now)}
			}
			if row.deleting {
				obj.DeletionTimestamp = new(metav1.Now())
			}
			if row.recorded.Controller != "" {
				granting(row.recorded, "secret", "app1")(obj)
			}
			got := modelsOf(t, cache, obj)
			if diff := cmp.Diff(row.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestQueueIgnoresModelsOfForgedRecords(t *testing.T) {
	t.Parallel()
	obj := access(granting(plan.ModelRef{Controller: "shared", Name: "prod/before"}, "secret", "app1"))
	obj.Name, obj.Spec.JujuSecretRef.Name = "copy", "db"
	got := modelsOf(t, cluster{secrets: []*v1alpha1.JujuSecret{named("db")}}, obj)
	if diff := cmp.Diff([]plan.ModelRef{{Controller: "default", Name: "prod/app"}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
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
	"github.com/juju-secrets/operator/internal/plan"
)

// queued are turns with those who were called.
func queued() (at *turns, called *[]string) {
	at, called = newTurns(), new([]string)
	at.call = func(who ctrl.Request) { *called = append(*called, who.Name) }
	return at, called
}

func request(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKey{Name: name}}
}

// fill takes turns until there is none left, and returns who has them.
func fill(t *testing.T, at *turns, name string, claims ...claim) (ends []func()) {
	t.Helper()
	for i := range 2 * concurrency {
		end, ok := at.take(request(fmt.Sprintf("%s-%d", name, i)), claims...)
		if !ok {
			at.forget(request(fmt.Sprintf("%s-%d", name, i)))
			return ends
		}
		ends = append(ends, end)
	}
	t.Fatalf("%s has all workers and more", name)
	return nil
}

func model(controller plan.ControllerKey, name string) []claim {
	return claimsOn(plan.ModelRef{Controller: controller, Name: name})
}

func TestTurnsForTheSameAreBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		full, other []claim
		want        int
		others      bool
	}{
		"a model, and another one":           {model("shared", "prod/a"), model("shared", "prod/b"), turnsOfModel, true},
		"a model, and one of another":        {model("shared", "prod/a"), model("another", "prod/a"), turnsOfModel, true},
		"a namespace, and itself":            {model("team-a/juju", "prod/a"), model("team-a/other", "prod/b"), turnsOfNamespace, false},
		"a namespace, and another one":       {model("team-a/juju", "prod/a"), model("team-b/juju", "prod/a"), turnsOfNamespace, true},
		"a namespace, and what is shared":    {model("team-a/juju", "prod/a"), model("shared", "prod/a"), turnsOfNamespace, true},
		"a controller alone, and its models": {model("shared", ""), model("shared", "prod/a"), turnsOfController, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, _ := queued()
			ends := fill(t, at, "full", row.full...)
			if len(ends) != row.want {
				t.Errorf("%d turns, want %d", len(ends), row.want)
			}
			end, ok := at.take(request("other"), row.other...)
			if ok != row.others {
				t.Errorf("another one has a turn: %v, want %v", ok, row.others)
			}
			if ok {
				ends = append(ends, end)
			} else {
				at.forget(request("other"))
			}
			for _, end := range ends {
				end()
			}
			if len(at.taken) > 0 {
				t.Errorf("the turns %v are still taken when all are done", at.taken)
			}
		})
	}
}

func TestSomeModelsOfAControllerLeaveTurnsToOtherControllers(t *testing.T) {
	t.Parallel()
	at, _ := queued()
	all := 0
	for i := range 10 {
		all += len(fill(t, at, fmt.Sprintf("model-%d", i), model("shared", fmt.Sprintf("prod/%d", i))...))
	}
	if all != turnsOfController {
		t.Errorf("ten models have %d turns, want %d", all, turnsOfController)
	}
}

func TestWhoWaitsIsCalledInOrder(t *testing.T) {
	t.Parallel()
	at, called := queued()
	claims := model("shared", "prod/a")
	ends := fill(t, at, "first", claims...)
	for _, name := range []string{"one", "two", "gone", "three", "one"} { // Who comes again keeps the place, and has one.
		if _, ok := at.take(request(name), claims...); ok {
			t.Fatal("there is a turn too many")
		}
	}
	at.forget(request("gone"))
	for _, end := range ends[:4] {
		end()
	}
	if want := []string{"one", "two", "three"}; !slices.Equal(*called, want) {
		t.Errorf("called are %v, want %v", *called, want)
	}
	for range 4 { // One turn is free, and three are kept.
		at.take(request("late"), claims...)
	}
	if _, ok := at.take(request("later"), claims...); ok {
		t.Error("somebody else has a turn that is kept for one who was called")
	}
	for _, name := range *called {
		if _, ok := at.take(request(name), claims...); !ok {
			t.Errorf("%s was called, and has no turn", name)
		}
	}
}

func TestATurnThatIsNotTakenGoesToTheNext(t *testing.T) {
	t.Parallel()
	elsewhere := model("another", "prod/a")
	for name, then := range map[string]func(t *testing.T, at *turns){
		"the object is gone": func(_ *testing.T, at *turns) { at.forget(request("one")) },
		"it goes elsewhere":  func(_ *testing.T, at *turns) { at.take(request("one"), elsewhere...) },
		"it waits for something else": func(t *testing.T, at *turns) {
			t.Helper()
			fill(t, at, "elsewhere", elsewhere...)
			at.take(request("one"), elsewhere...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, called := queued()
			claims := model("shared", "prod/a")
			ends := fill(t, at, "first", claims...)
			at.take(request("one"), claims...)
			at.take(request("two"), claims...)
			ends[0]()
			then(t, at)
			if want := []string{"one", "two"}; !slices.Equal(*called, want) {
				t.Errorf("called are %v, want %v", *called, want)
			}
		})
	}
}

func TestModelsOfAControllerAreServedInTurn(t *testing.T) {
	t.Parallel()
	at, called := queued()
	ends := fill(t, at, "alone", claimsOn(plan.ModelRef{Controller: "shared"})...)
	for i := range 10 {
		at.take(request(fmt.Sprintf("big-%d", i)), model("shared", "prod/big")...)
	}
	at.take(request("small"), model("shared", "prod/small")...)
	ends[0]()
	ends[1]()
	if want := []string{"big-0", "small"}; !slices.Equal(*called, want) {
		t.Errorf("called are %v, want %v", *called, want)
	}
}

// Whatever comes and goes, everybody has their turn in the end, and nobody is called in vain.
func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // It shall come again.
		at, called := queued()
		const objects = 1000
		where := map[string][]claim{}
		todo := make([]string, objects)
		for i := range todo {
			todo[i] = fmt.Sprint(i)
			where[todo[i]] = model(plan.ControllerKey(fmt.Sprint(random.IntN(2))), fmt.Sprint(random.IntN(3)))
		}
		var working []func()
		seen, waits, looks := map[string]bool{}, map[string]bool{}, 0
		for len(todo) > 0 || len(working) > 0 {
			if len(todo) > 0 && random.IntN(3) > 0 && len(working) < concurrency {
				who := todo[0]
				todo = todo[1:]
				switch random.IntN(20) {
				case 0:
					at.forget(request(who))
					seen[who] = true
					continue
				case 1:
					where[who] = model("0", fmt.Sprint(random.IntN(3)))
					delete(waits, who)
				}
				looks++
				end, ok := at.take(request(who), where[who]...)
				if ok {
					working = append(working, end)
					seen[who] = true
				} else if waits[who] {
					t.Fatalf("seed %d: %s was called in vain", seed, who)
				}
				waits[who] = !ok
			} else if len(working) > 0 {
				i := random.IntN(len(working))
				working[i]()
				working = slices.Delete(working, i, i+1)
			}
			todo = append(todo, *called...)
			*called = nil
		}
		if len(seen) != objects || len(at.taken) > 0 || len(at.lines) > 0 || len(at.waits) > 0 || len(at.kept) > 0 {
			t.Errorf("seed %d: %d of %d had their turn, and left are %v, %v, %v and %v", seed, len(seen), objects,
				at.taken, at.lines, at.waits, at.kept)
		}
		if looks > 3*objects {
			t.Errorf("seed %d: it took %d looks", seed, looks)
		}
	}
}

func TestAnAccessTakesTurnsOfWhereItGoes(t *testing.T) {
	t.Parallel()
	now, before := plan.ModelRef{Controller: "shared", Name: "prod/now"}, plan.ModelRef{Controller: "shared", Name: "prod/before"}
	own, theirs := plan.ModelRef{Controller: "team-a/juju", Name: "prod/a"}, plan.ModelRef{Controller: "team-b/juju", Name: "prod/b"}
	for name, row := range map[string]struct {
		now, recorded       plan.ModelRef
		mayBefore, deleting bool
		want                []plan.ModelRef
	}{
		"that granted nothing":                         {now: now, want: []plan.ModelRef{now}},
		"that stays":                                   {now: now, recorded: now, want: []plan.ModelRef{now}},
		"that moves":                                   {now: now, recorded: before, mayBefore: true, want: []plan.ModelRef{now, before}},
		"that moves from where it may not go":          {now: now, recorded: before, want: []plan.ModelRef{now}},
		"that moves from a controller of its own":      {now: now, recorded: own, mayBefore: true, want: []plan.ModelRef{now, own}},
		"that is deleted":                              {now: now, recorded: before, mayBefore: true, deleting: true, want: []plan.ModelRef{before}},
		"that is deleted and granted nothing":          {now: now, deleting: true},
		"whose secret is gone":                         {recorded: before, mayBefore: true},
		"that is deleted after its secret":             {recorded: before, mayBefore: true, deleting: true, want: []plan.ModelRef{before}},
		"that goes through its namespace":              {now: own, recorded: own, want: []plan.ModelRef{own}},
		"that is deleted and names another namespace":  {recorded: theirs, deleting: true},
		"that moves from another namespace's, it says": {now: own, recorded: theirs, mayBefore: true, want: []plan.ModelRef{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := &v1alpha1.JujuSecretAccess{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "db", UID: "uid"}}
			if row.deleting {
				obj.DeletionTimestamp = new(metav1.Now())
			}
			if row.recorded.Controller != "" {
				text, err := json.Marshal(record{UID: obj.UID, Grants: &grants{ModelRef: row.recorded, SecretID: "secret"}})
				if err != nil {
					t.Fatal(err)
				}
				obj.Annotations = map[string]string{recordAnnotation: string(text)}
			}
			if diff := cmp.Diff(row.want, accessModels(obj, row.now, row.mayBefore), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// patched counts the writes to an object, and fails them if it is told to.
type patched struct {
	client.Client

	writes int
	fails  error
}

func (p *patched) Patch(context.Context, client.Object, client.Patch, ...client.PatchOption) error {
	p.writes++
	return p.fails
}

// named is a JujuSecret that is in nobody's way, unless modified otherwise.
func named(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := new(v1alpha1.JujuSecret)
	obj.Namespace, obj.Name, obj.UID, obj.ResourceVersion = "team-a", name, "uid", "42"
	obj.Spec.ControllerRef.Name, obj.Spec.Model = "default", "prod/app"
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// records are what an object can have to remember.
func records() map[string]plan.Record {
	return map[string]plan.Record{
		"nothing":         {},
		"that it is held": {Held: true},
		"a creation":      {Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"one"}}},
		"a creation in place of another, with one of two contents": {
			Held: true, Creating: &plan.Creation{Name: "db", Replaces: "secret", Digests: []string{"one", "two"}},
		},
		"an adoption": {Held: true, Adopting: "secret"},
		"grants in a model by its name": {
			Held: true, SecretID: "secret", Granted: []string{"app1", "app2"}, Model: plan.ModelRef{Controller: "default", Name: "prod/app"},
		},
		"grants in a model by its UUID": {
			Held: true, SecretID: "secret", Granted: []string{"app1"}, Model: plan.ModelRef{Controller: "other", UUID: "uuid"},
		},
	}
}

func TestAnObjectRemembersWhatWasKeptInIt(t *testing.T) {
	t.Parallel()
	for before, was := range records() {
		for after, is := range records() {
			t.Run(before+", then "+after, func(t *testing.T) {
				t.Parallel()
				store := new(patched)
				kit := NewKit(store, nil, nil, time.Now)
				obj := named("db")
				obj.Annotations = map[string]string{"theirs": "stays"}
				for _, want := range []plan.Record{was, is} {
					if err := kit.keep(t.Context(), obj, recordOf(obj), want); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, recordOf(obj)); diff != "" {
						t.Errorf("it remembers (-want +got):\n%s", diff)
					}
				}
				_, annotated := obj.Annotations[recordAnnotation]
				if obj.Annotations["theirs"] != "stays" || annotated != (is.Creating != nil || is.Adopting != "" || is.Granted != nil) {
					t.Errorf("the annotations are %v", obj.Annotations)
				}
				writes := 2
				if was.Equal(is) {
					writes--
				}
				if was.Equal(plan.Record{}) {
					writes--
				}
				if store.writes != max(writes, 0) {
					t.Errorf("it was written %d times, want %d", store.writes, writes)
				}
			})
		}
	}
}

func TestWhatSomebodyElseWroteIntoAnObjectSaysNothing(t *testing.T) {
	t.Parallel()
	kit := NewKit(new(patched), nil, nil, time.Now)
	for what, kept := range records() {
		original := named("db")
		if err := kit.keep(t.Context(), original, plan.Record{}, kept); err != nil {
			t.Fatal(err)
		}
		for how, spoil := range map[string]func(*v1alpha1.JujuSecret){
			"a copy of the object": func(s *v1alpha1.JujuSecret) { s.UID = "another" },
			"no JSON":              func(s *v1alpha1.JujuSecret) { s.Annotations[recordAnnotation] += "?" },
			"another kind of JSON": func(s *v1alpha1.JujuSecret) { s.Annotations[recordAnnotation] = `["db"]` },
			"nothing":              func(s *v1alpha1.JujuSecret) { delete(s.Annotations, recordAnnotation) },
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				t.Parallel()
				obj := original.DeepCopy()
				if obj.Annotations == nil {
					obj.Annotations = map[string]string{}
				}
				spoil(obj)
				if diff := cmp.Diff(plan.Record{Held: kept.Held}, recordOf(obj)); diff != "" {
					t.Errorf("it says (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestACreationIsProvenByWhoRecordedIt(t *testing.T) {
	t.Parallel()
	begun := plan.Record{Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"digest"}}}
	recognised := plan.Record{Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"digest"}, ID: "one", Proof: "proof"}}
	forged := func() *v1alpha1.JujuSecret {
		obj := named("db")
		remembering(record{Creating: begun.Creating, CreatingProof: "forged"})(obj)
		obj.Finalizers = nil
		return obj
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		keep []plan.Record
		want bool
	}{
		"the operator":                         {named("db"), []plan.Record{begun}, true},
		"the operator, in two steps":           {named("db"), []plan.Record{begun, recognised}, true},
		"a person":                             {forged(), nil, false},
		"a person, and the operator holds it":  {forged(), []plan.Record{begun}, false},
		"a person, and the operator another":   {forged(), []plan.Record{recognised}, true},
		"nobody, as the creation was given up": {named("db"), []plan.Record{begun, {Held: true}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit := NewKit(new(patched), nil, nil, time.Now)
			kit.Key = content.Key{Sealed: content.Seal([]byte("key"))}
			for _, want := range row.keep {
				if err := kit.keep(t.Context(), row.obj, recordOf(row.obj), want); err != nil {
					t.Fatal(err)
				}
			}
			if got := kit.provenCreation(row.obj); got != row.want {
				t.Errorf("it is proven: %t, want %t", got, row.want)
			}
		})
	}
}

func TestTheFinalizerIsPutOnAndTakenOffAlone(t *testing.T) {
	t.Parallel()
	conflict := errors.New("conflict")
	for name, row := range map[string]struct {
		was, held bool
		fails     error
		writes    int
	}{
		"it comes":                 {false, true, nil, 1},
		"it stays":                 {true, true, nil, 0},
		"it goes":                  {true, false, nil, 1},
		"it is gone":               {false, false, nil, 0},
		"it cannot come just now":  {false, true, conflict, 1},
		"it cannot go just now":    {true, false, conflict, 1},
		"what need not be, cannot": {true, true, conflict, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &patched{fails: row.fails}
			kit := NewKit(store, nil, nil, time.Now)
			obj := named("db", func(s *v1alpha1.JujuSecret) { s.Finalizers = []string{"theirs"} })
			obj.Annotations = map[string]string{recordAnnotation: "record"}
			if row.was {
				controllerutil.AddFinalizer(obj, finalizer)
			}
			err := kit.hold(t.Context(), obj, row.held)
			if (err != nil) != (row.fails != nil && row.writes > 0) || store.writes != row.writes {
				t.Errorf("the error is %v after %d writes, want %d", err, store.writes, row.writes)
			}
			want := "theirs"
			if row.held {
				want += " " + finalizer
			}
			if got := strings.Join(obj.Finalizers, " "); got != want || obj.Annotations[recordAnnotation] != "record" {
				t.Errorf("the finalizers are %s, want %s, and the annotations %v", got, want, obj.Annotations)
			}
		})
	}
}

// untouchable are Models that nobody may ask anything.
type untouchable struct{ Models }

func TestNothingIsBegunOnceTheOperatorStops(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, todo := range map[string]plan.Plan{
		"a step": {Before: plan.Record{Held: true}, Steps: []plan.Step{plan.Remove{ID: "secret"}}},
		"a note": {After: plan.Record{Held: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := new(patched)
			kit := NewKit(store, untouchable{}, nil, time.Now)
			done, err := kit.act(stopped, named("db"), plan.Record{}, todo)
			if !errors.Is(err, context.Canceled) || done != nil || store.writes > 0 {
				t.Errorf("it ends with %v and %v after %d writes", done, err, store.writes)
			}
			if result, err := retry(err); err != nil || result.RequeueAfter > 0 {
				t.Errorf("the queue is told %v, %v", result, err)
			}
		})
	}
}

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
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// patchCounter is a client that counts patches. Patch returns fails.
type patchCounter struct {
	client.Client

	writes int
	fails  error
}

func (p *patchCounter) Patch(context.Context, client.Object, client.Patch, ...client.PatchOption) error {
	p.writes++
	return p.fails
}

// named returns a JujuSecret with a name and without a status.
func named(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	obj := new(v1alpha1.JujuSecret)
	obj.Namespace, obj.Name, obj.UID, obj.ResourceVersion = "team-a", name, "uid", "42"
	obj.Spec.ControllerRef.Name, obj.Spec.Model = "default", "prod/app"
	for _, change := range modify {
		change(obj)
	}
	return obj
}

// sampleRecords returns every kind of record that an object can have.
func sampleRecords() map[string]plan.Record {
	return map[string]plan.Record{
		"empty":     {},
		"finalizer": {Held: true},
		"creation":  {Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"one"}}},
		"creation that replaces a secret, two digests": {
			Held: true, Creating: &plan.Creation{Name: "db", Replaces: "secret", Digests: []string{"one", "two"}},
		},
		"adoption": {Held: true, Adopting: "secret"},
		"grants, model name": {
			Held: true, SecretID: "secret", Granted: []string{"app1", "app2"},
			Model: plan.ModelRef{Controller: "default", Name: "prod/app"},
		},
		"grants, model UUID": {
			Held: true, SecretID: "secret", Granted: []string{"app1"},
			Model: plan.ModelRef{Controller: "other", UUID: "uuid"},
		},
	}
}

func TestRecordIsReadAsWritten(t *testing.T) {
	t.Parallel()
	for before, was := range sampleRecords() {
		for after, is := range sampleRecords() {
			t.Run(before+", then "+after, func(t *testing.T) {
				t.Parallel()
				store := new(patchCounter)
				b := newTestBase(store, nil)
				obj := named("db")
				obj.Annotations = map[string]string{"other": "stays"}
				for _, want := range []plan.Record{was, is} {
					state := b.recordOf(obj)
					if err := b.writeRecord(t.Context(), obj, &state, want, recordedModel(obj), true); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, b.recordOf(obj).Record); diff != "" {
						t.Errorf("record of the object (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(want, state.Record); diff != "" {
						t.Errorf("record in memory (-want +got):\n%s", diff)
					}
				}
				_, annotated := obj.Annotations[recordAnnotation]
				wantAnnotation := is.Creating != nil || is.Adopting != "" || is.Granted != nil
				if obj.Annotations["other"] != "stays" || annotated != wantAnnotation {
					t.Errorf("annotations: %v", obj.Annotations)
				}
				writes := 2
				if was.Equal(is) {
					writes--
				}
				if was.Equal(plan.Record{}) {
					writes--
				}
				if store.writes != max(writes, 0) {
					t.Errorf("%d writes, want %d", store.writes, writes)
				}
			})
		}
	}
}

func TestRecordNamesOwnedSecretBeforeUpdate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		exact  bool
		writes int
	}{
		"update":  {true, 1},
		"removal": {false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := new(patchCounter)
			b := newTestBase(store, nil)
			obj := named("db", creates(plan.Creation{Name: "db"}), owns("one"))
			for range 2 { // The second time, the annotation already names the secret.
				state := b.recordOf(obj)
				if err := b.writeRecord(t.Context(), obj, &state, state.Record, recordedModel(obj), row.exact); err != nil {
					t.Fatal(err)
				}
			}
			if store.writes != row.writes {
				t.Errorf("%d writes, want %d", store.writes, row.writes)
			}
			obj.Status = v1alpha1.JujuSecretStatus{} // Restored from a backup without status.
			want := ""
			if row.exact {
				want = "one"
			}
			if got := b.recordOf(obj).OwnedID(); got != want {
				t.Errorf("the annotation names %q, want %q", got, want)
			}
		})
	}
}

func TestConflictLeavesRecordInMemoryUnchanged(t *testing.T) {
	t.Parallel()
	b := newTestBase(&patchCounter{fails: errors.New("conflict")}, nil)
	obj := named("db")
	state := b.recordOf(obj)
	adopting := plan.Record{Held: true, Adopting: "one"}
	if err := b.writeRecord(t.Context(), obj, &state, adopting, recordedModel(obj), true); err == nil {
		t.Fatal("writeRecord returned no error")
	}
	if diff := cmp.Diff(plan.Record{}, state.Record); diff != "" {
		t.Errorf("record in memory (-want +got):\n%s", diff)
	}
}

func TestRecordOfAnotherObjectIsIgnored(t *testing.T) {
	t.Parallel()
	b := newTestBase(new(patchCounter), nil)
	annotation := func(text func(string) string) func(*v1alpha1.JujuSecret) {
		return func(s *v1alpha1.JujuSecret) { s.Annotations[recordAnnotation] = text(s.Annotations[recordAnnotation]) }
	}
	for what, kept := range sampleRecords() {
		original := named("db")
		state := b.recordOf(original)
		if err := b.writeRecord(t.Context(), original, &state, kept, recordedModel(original), true); err != nil {
			t.Fatal(err)
		}
		for how, row := range map[string]struct {
			spoil func(*v1alpha1.JujuSecret)
			valid bool
		}{
			"as written":                {func(*v1alpha1.JujuSecret) {}, true},
			"restored with another UID": {func(s *v1alpha1.JujuSecret) { s.UID = "another" }, true},
			"another name":              {func(s *v1alpha1.JujuSecret) { s.Name = "another" }, false},
			"another namespace":         {func(s *v1alpha1.JujuSecret) { s.Namespace = "team-b" }, false},
			"another model":             {modelNamed("prod/other"), false},
			"another controller":        {usesController("", "another"), true},
			"changed":                   {annotation(func(text string) string { return text + " " }), false},
			"unsigned": {
				annotation(func(string) string { return `{"sequence":1,"adopting":"secret"}` }), false,
			},
			"not an object": {annotation(func(string) string { return `["db"]` }), false},
			"removed": {
				func(s *v1alpha1.JujuSecret) { delete(s.Annotations, recordAnnotation) }, false,
			},
		} {
			t.Run(what+", "+how, func(t *testing.T) {
				t.Parallel()
				obj := original.DeepCopy()
				if obj.Annotations == nil {
					obj.Annotations = map[string]string{}
				}
				row.spoil(obj)
				want := plan.Record{Held: kept.Held}
				if row.valid {
					want = kept
				}
				if diff := cmp.Diff(want, b.recordOf(obj).Record); diff != "" {
					t.Errorf("record (-want +got):\n%s", diff)
				}
			})
		}
		t.Run(what+", another kind", func(t *testing.T) {
			t.Parallel()
			obj := &v1alpha1.JujuSecretAccess{ObjectMeta: *original.ObjectMeta.DeepCopy()}
			if diff := cmp.Diff(plan.Record{Held: kept.Held}, b.recordOf(obj).Record); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForgedCreationIsIgnored(t *testing.T) {
	t.Parallel()
	begun := plan.Record{Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"digest"}}}
	identified := plan.Record{Held: true, Creating: &plan.Creation{Name: "db", Digests: []string{"digest"}, ID: "one"}}
	forged := func() *v1alpha1.JujuSecret {
		return named("db", annotated(recordAnnotation,
			`{"uid":"uid","creating":{"name":"db","digests":["digest"],"id":"one"},"creatingProof":"forged"}`))
	}
	for name, row := range map[string]struct {
		obj  *v1alpha1.JujuSecret
		keep []plan.Record
		want *plan.Creation
	}{
		"recorded":                     {named("db"), []plan.Record{begun}, begun.Creating},
		"recorded twice":               {named("db"), []plan.Record{begun, identified}, identified.Creating},
		"forged":                       {forged(), nil, nil},
		"forged, then recorded":        {forged(), []plan.Record{begun}, begun.Creating},
		"recorded, then removed":       {named("db"), []plan.Record{begun, {Held: true}}, nil},
		"forged, then finalizer added": {forged(), []plan.Record{{Held: true}}, nil},
		"forged, then record removed":  {forged(), []plan.Record{begun, {}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestBase(new(patchCounter), nil)
			for _, want := range row.keep {
				state := b.recordOf(row.obj)
				if err := b.writeRecord(t.Context(), row.obj, &state, want, recordedModel(row.obj), false); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(row.want, b.recordOf(row.obj).Creating); diff != "" {
				t.Errorf("creation (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFinalizerIsSetWithoutOtherChanges(t *testing.T) {
	t.Parallel()
	conflict := errors.New("conflict")
	for name, row := range map[string]struct {
		was, held bool
		fails     error
		writes    int
	}{
		"added":                  {false, true, nil, 1},
		"kept":                   {true, true, nil, 0},
		"removed":                {true, false, nil, 1},
		"absent":                 {false, false, nil, 0},
		"added, conflict":        {false, true, conflict, 1},
		"removed, conflict":      {true, false, conflict, 1},
		"kept, no write to fail": {true, true, conflict, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &patchCounter{fails: row.fails}
			b := newObjectBase(Options{Client: store, Now: time.Now})
			obj := named("db", func(s *v1alpha1.JujuSecret) { s.Finalizers = []string{"other"} })
			obj.Annotations = map[string]string{recordAnnotation: "record"}
			if row.was {
				controllerutil.AddFinalizer(obj, finalizer)
			}
			err := b.setFinalizer(t.Context(), obj, row.held)
			if (err != nil) != (row.fails != nil && row.writes > 0) || store.writes != row.writes {
				t.Errorf("error %v after %d writes, want %d writes", err, store.writes, row.writes)
			}
			want := "other"
			if row.held {
				want += " " + finalizer
			}
			if got := strings.Join(obj.Finalizers, " "); got != want || obj.Annotations[recordAnnotation] != "record" {
				t.Errorf("finalizers %s, want %s; annotations %v", got, want, obj.Annotations)
			}
		})
	}
}

// recordingModels are Models that record the calls to them.
type recordingModels struct {
	Models

	events   *[]string
	outcomes []plan.Outcome
	err      error
}

func (m recordingModels) note(event string) { *m.events = append(*m.events, event) }

func (m recordingModels) Announce(plan.ModelRef, []plan.Step) Ticket {
	m.note("announce")
	return m
}

func (m recordingModels) Send(context.Context) ([]plan.Outcome, error) {
	m.note("send")
	return m.outcomes, m.err
}

func (m recordingModels) Withdraw() { m.note("withdraw") }

// recordingClient is a client that records its writes among the calls to Juju.
type recordingClient struct {
	patchCounter

	events *[]string
}

func (c *recordingClient) Patch(
	ctx context.Context, obj client.Object, patch client.Patch, opts ...client.PatchOption,
) error {
	*c.events = append(*c.events, "write")
	return c.patchCounter.Patch(ctx, obj, patch, opts...)
}

func TestActWritesRecordThenChecksTenancyThenSends(t *testing.T) {
	t.Parallel()
	conflict := errors.New("conflict")
	denied := plan.ModelRef{Controller: "team-b/own", Name: "prod/app"} // A JujuController of another namespace.
	for name, row := range map[string]struct {
		todo    plan.Plan
		fails   error // Of the write.
		sending error
		want    string
		err     error
	}{
		"sent":     {plan.Plan{}, nil, nil, "announce write send write withdraw", nil},
		"conflict": {plan.Plan{}, conflict, nil, "announce write withdraw", conflict},
		"tenancy ended": {
			plan.Plan{Model: denied, Owns: plan.Adopted}, nil, nil, "announce write withdraw", errWithdrawn,
		},
		"shutdown": {plan.Plan{}, nil, context.Canceled, "announce write send withdraw", context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var events []string
			b := newObjectBase(Options{
				Client: &recordingClient{patchCounter{fails: row.fails}, &events},
				Juju:   recordingModels{events: &events, outcomes: []plan.Outcome{{}}, err: row.sending},
				Now:    time.Now,
			})
			row.todo.Steps = []plan.Step{plan.Remove{ID: "secret"}}
			row.todo.Before = plan.Record{Held: true, Adopting: "secret"}
			done, err := b.act(t.Context(), named("db", deleted), new(record.State), row.todo)
			if !errors.Is(err, row.err) || (done != nil) != (row.err == nil) {
				t.Errorf("act returned %v and %v, want error %v", done, err, row.err)
			}
			if got := strings.Join(events, " "); got != row.want {
				t.Errorf("calls %q, want %q", got, row.want)
			}
		})
	}
}

// deletingController is a client with a controller object that is being
// deleted.
type deletingController struct{ *recordingClient }

func (deletingController) Get(
	ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption,
) error {
	return registry{deleting: true}.Get(ctx, key, into, options...)
}

// The record of a new object is written before the controller object is read
// again. It must not make the object count as one that has something in Juju.
func TestActSendsNothingForNewObjectWhileControllerIsDeleted(t *testing.T) {
	t.Parallel()
	begun := plan.Record{Held: true, Creating: &plan.Creation{Name: "db"}}
	for name, row := range map[string]struct {
		state record.State
		want  string
		err   error
	}{
		"new":              {record.State{}, "announce write withdraw", errWithdrawn},
		"only a finalizer": {record.State{Record: plan.Record{Held: true}}, "announce write withdraw", errWithdrawn},
		"adopted": {
			record.State{Record: plan.Record{Held: true, Adopting: "one"}}, "announce write send write withdraw", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var events []string
			b := newObjectBase(Options{
				Client: deletingController{&recordingClient{events: &events}},
				Juju:   recordingModels{events: &events, outcomes: []plan.Outcome{{}}},
				Now:    time.Now,
			})
			todo := plan.Plan{
				Model:  plan.ModelRef{Controller: "default", Name: "prod/app"},
				Before: begun, Steps: []plan.Step{plan.Create{Name: "db"}},
			}
			if _, err := b.act(t.Context(), named("db"), &row.state, todo); !errors.Is(err, row.err) {
				t.Errorf("act returned %v, want %v", err, row.err)
			}
			if got := strings.Join(events, " "); got != row.want {
				t.Errorf("calls %q, want %q", got, row.want)
			}
		})
	}
}

// unusedModels are Models that panic when they are called.
type unusedModels struct{ Models }

func TestActDoesNothingDuringShutdown(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, todo := range map[string]plan.Plan{
		"step":   {Before: plan.Record{Held: true}, Steps: []plan.Step{plan.Remove{ID: "secret"}}},
		"record": {After: plan.Record{Held: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := new(patchCounter)
			b := newObjectBase(Options{Client: store, Juju: unusedModels{}, Now: time.Now})
			done, err := b.act(stopped, named("db"), &record.State{}, todo)
			if !errors.Is(err, context.Canceled) || done != nil || store.writes > 0 {
				t.Errorf("act returned %v and %v after %d writes", done, err, store.writes)
			}
			if result, err := requeue(0, err); err != nil || result.RequeueAfter > 0 {
				t.Errorf("requeue returned %v, %v", result, err)
			}
		})
	}
}

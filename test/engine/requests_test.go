// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestCreationsAreBatched(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		objects, most int
		run           func(f *fixture, steps []plan.Step) []plan.Outcome
	}{
		"announced together": {objects: 100, most: 4, run: func(f *fixture, steps []plan.Step) []plan.Outcome {
			return f.together(steps...)
		}},
		"sent during calls": {objects: 200, most: 20, run: func(f *fixture, steps []plan.Step) []plan.Outcome {
			return f.concurrently(noWait, steps...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newConnected(t)
			var steps []plan.Step
			for _, name := range numbered(row.objects) {
				steps = append(steps, creating(name, "new"))
			}
			f.checkReasons("creations", row.run(f, steps), map[v1alpha1.Reason]int{"": row.objects})
			if n := f.requests(create, nil); n > row.most {
				t.Errorf("%d creations took %d calls, want at most %d", row.objects, n, row.most)
			} else {
				t.Logf("%d creations took %d calls", row.objects, n)
			}
			if found := f.secrets(); len(found) != row.objects {
				t.Errorf("Juju has %d secrets, want %d", len(found), row.objects)
			}
		})
	}
}

func TestConcurrentViewsShareListing(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	names := numbered(500)
	f.Must(errorOf(f.Juju.AddSecret(f.Ctx, f.Model, names[7], "", map[string]string{"key": "foreign"})))
	var callers sync.WaitGroup
	for i, name := range names {
		callers.Go(func() {
			view := f.view(plan.Query{Name: name})
			if !view.Known || (view.ByName != nil) != (i == 7) {
				t.Errorf("view of %s: %+v", name, view)
			}
		})
	}
	callers.Wait()
	if n := f.requests(list, nil); n != 1 {
		t.Errorf("%d views took %d listings, want 1", len(names), n)
	}
}

func TestSingleChangeCostsOneImmediateRequest(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	id := f.add("db-login")[0]
	f.named("db-login")
	before := f.proxy.Requests()
	const times = 20
	fastest := patience // A busy machine slows some changes down, but not all.
	for i := range times {
		began := time.Now()
		f.succeed(updating(id, fmt.Sprint("new ", i)))
		fastest = min(fastest, time.Since(began))
	}
	if fastest > time.Second/4 {
		t.Errorf("the fastest of %d changes took %v, want at most %v", times, fastest, time.Second/4)
	}
	f.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	if known := f.named("db-login"); known == nil || known.Revision != 1+times ||
		!known.Holds(holding(fmt.Sprint("new ", times-1))) || len(known.Granted) != 1 {
		t.Errorf("view of the secret: %+v, want revision %d and one grant", known, 1+times)
	}
	for method, want := range map[string]int{update: times, grantSecret: 1, list: 0, login: 0} {
		if n := f.requests(method, before); n != want {
			t.Errorf("%s was called %d times, want %d", method, n, want)
		}
	}
}

func TestLargeSecretsAreSplitIntoBatches(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	names := numbered(6)
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, strings.Repeat("long ", 140_000)))
	}
	f.succeed(steps...)
	if n := f.requests(create, nil); n < 2 || n == len(names) {
		t.Errorf("%d large secrets took %d calls, want more than 1 and fewer than %d", len(names), n, len(names))
	}
}

// errorOf returns the error of a call that also returns a value.
func errorOf[T any](_ T, err error) error { return err }

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// countedSource is a source that counts its reads. A read takes a second and
// returns the number of the read.
type countedSource struct {
	mu    sync.Mutex
	reads int
	err   error
}

func (s *countedSource) read(context.Context) (sourceData, error) {
	s.mu.Lock()
	s.reads++
	number := s.reads
	s.mu.Unlock()
	<-time.After(time.Second) // Of the bubble.
	return sourceData{true, content.Seal(map[string][]byte{"read": []byte(strconv.Itoa(number))})}, s.err
}

// woken returns requests for n objects.
func woken(n int) []reconcile.Request {
	var requests []reconcile.Request
	for i := range n {
		requests = append(requests, reconcile.Request{NamespacedName: objectNumber(i)})
	}
	return requests
}

func objectNumber(i int) client.ObjectKey {
	return client.ObjectKey{Namespace: "team-a", Name: fmt.Sprintf("secret-%d", i)}
}

// sourceTest has a source and the number of the read that each object got.
type sourceTest struct {
	*sourceReads
	counted *countedSource

	key valueSource
}

func newSourceTest() *sourceTest {
	return &sourceTest{
		sourceReads: newSourceReads(), counted: &countedSource{},
		key: valueSource{kindSecret, client.ObjectKey{Namespace: "team-a", Name: "db"}},
	}
}

// of returns the number of the read that an object got.
func (s *sourceTest) of(t *testing.T, i int) int {
	t.Helper()
	data, err := s.get(t.Context(), s.key, objectNumber(i), s.counted.read)
	if err != nil {
		t.Error(err)
		return 0
	}
	number, err := strconv.Atoi(string(data.values.Open()["read"]))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestOneReadServesAllObjectsOfAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSourceTest()
		s.changed(s.key, woken(1000))
		var group sync.WaitGroup
		for i := range 1000 {
			group.Go(func() {
				if i >= 500 {
					<-time.After(2 * time.Second) // The other half comes after the read.
				}
				if got := s.of(t, i); got != 1 {
					t.Errorf("object %d got read %d, want the first", i, got)
				}
			})
		}
		group.Wait()
		if s.counted.reads != 1 || len(s.changes) != 0 {
			t.Errorf("got %d reads, and %d results are kept, want 1 and none", s.counted.reads, len(s.changes))
		}
	})
}

func TestSharedReadIsNotOlderThanTheChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSourceTest()
		s.changed(s.key, woken(3))
		var group sync.WaitGroup
		group.Go(func() { s.of(t, 0) })
		synctest.Wait()
		s.changed(s.key, woken(3)) // While the first read is under way.
		group.Wait()
		for i := range 3 {
			if got := s.of(t, i); got != 2 {
				t.Errorf("after the second change, object %d got read %d, want the second", i, got)
			}
		}
	})
}

func TestObjectsThatNoChangeWokeReadAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before func(t *testing.T, s *sourceTest)
		object int
	}{
		"another object":    {func(*testing.T, *sourceTest) {}, 7},
		"a second read":     {func(t *testing.T, s *sourceTest) { t.Helper(); s.of(t, 0) }, 0},
		"a later read":      {func(t *testing.T, s *sourceTest) { t.Helper(); s.of(t, 0); <-time.After(2 * keepSource) }, 1},
		"after an error":    {func(t *testing.T, s *sourceTest) { t.Helper(); s.fail(t, 0) }, 1},
		"a change of one":   {func(_ *testing.T, s *sourceTest) { s.changed(s.key, woken(1)) }, 0},
		"the change of one": {func(_ *testing.T, s *sourceTest) { s.changed(s.key, woken(1)); s.changed(s.key, nil) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSourceTest()
				s.changed(s.key, woken(3))
				row.before(t, s)
				before := s.counted.reads
				if got := s.of(t, row.object); got != before+1 {
					t.Errorf("the object got read %d, want its own read %d", got, before+1)
				}
			})
		})
	}
}

// fail makes a read that fails.
func (s *sourceTest) fail(t *testing.T, i int) {
	t.Helper()
	s.counted.err = errors.New("no answer")
	if _, err := s.get(t.Context(), s.key, objectNumber(i), s.counted.read); !errors.Is(err, s.counted.err) {
		t.Errorf("got the error %v, want %v", err, s.counted.err)
	}
	s.counted.err = nil
}

// The content stays in memory only while objects wait for it, and not for long.
func TestContentOfSourcesIsDropped(t *testing.T) {
	t.Parallel()
	kept := func(s *sourceTest) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.changes[s.key] != nil && s.changes[s.key].read != nil
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSourceTest()
		s.changed(s.key, woken(2))
		s.of(t, 0)
		if !kept(s) {
			t.Error("the content is not kept for the second object")
		}
		<-time.After(keepSource)
		synctest.Wait()
		if kept(s) {
			t.Errorf("the content is still kept after %v", keepSource)
		}
		s.of(t, 1)
		if kept(s) || len(s.changes) > 0 {
			t.Error("the content is kept after the last object has read it")
		}
	})
}

// heldTicket counts the announcements that are not withdrawn.
type heldTicket struct {
	Ticket

	open *atomic.Int64
}

func (h heldTicket) Withdraw() { h.open.Add(-1) }

// While objects wait for a change, steps of the others are held back, once for
// each model.
func TestStepsOfAChangeAreGatheredUntilItIsOver(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *sourceTest){
		"all have read it": func(t *testing.T, s *sourceTest) { t.Helper(); s.of(t, 2); s.of(t, 3) },
		"the last is suspended": func(t *testing.T, s *sourceTest) {
			t.Helper()
			s.of(t, 2)
			s.begin(named(objectNumber(3).Name, usesSecret(s.key.Name)))()
		},
		"another change": func(_ *testing.T, s *sourceTest) { s.changed(s.key, nil) },
		"a long time":    func(*testing.T, *sourceTest) { <-time.After(shareReads); synctest.Wait() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, open := newSourceTest(), &atomic.Int64{} // A timer withdraws too.
				announce := func() Ticket { open.Add(1); return heldTicket{open: open} }
				s.changed(s.key, woken(4))
				for i, model := range []string{"prod/a", "prod/b"} {
					s.of(t, i)
					for range 2 {
						s.hold(objectNumber(i), plan.ModelRef{Controller: "default", Name: model}, announce)
					}
				}
				if got := open.Load(); got != 2 {
					t.Errorf("%d announcements, want one for each of 2 models", got)
				}
				end(t, s)
				s.hold(objectNumber(0), plan.ModelRef{Controller: "default", Name: "prod/c"}, announce)
				if got := open.Load(); got != 0 || len(s.changes) != 0 {
					t.Errorf("after the change, there are %d announcements and %d changes", got, len(s.changes))
				}
			})
		})
	}
}

func TestReadsAreSharedLongerThanStepsAreGathered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, open := newSourceTest(), &atomic.Int64{}
		announce := func() Ticket { open.Add(1); return heldTicket{open: open} }
		s.changed(s.key, woken(3))
		s.of(t, 0)
		s.hold(objectNumber(0), plan.ModelRef{Controller: "default", Name: "prod/a"}, announce)
		<-time.After(awaitUsers)
		synctest.Wait()
		if got := open.Load(); got != 0 {
			t.Errorf("after %v, %d announcements are open", awaitUsers, got)
		}
		var group sync.WaitGroup
		for i := range 2 {
			group.Go(func() {
				if got := s.of(t, i+1); got != 2 {
					t.Errorf("object %d got read %d, want the second for both", i+1, got)
				}
			})
		}
		group.Wait()
	})
}

// usesSecret sets a Secret as the source of a JujuSecret.
func usesSecret(name string) func(*v1alpha1.JujuSecret) {
	return func(o *v1alpha1.JujuSecret) {
		o.Spec.ValueFrom = []v1alpha1.ValueSource{{SecretRef: &v1alpha1.SourceReference{Name: name}}}
	}
}

// An object that is being reconciled when the source changes shares the read for
// this change.
func TestChangeDuringAReconcileIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSourceTest()
		s.changed(s.key, woken(2))
		end := s.begin(named(objectNumber(0).Name, usesSecret(s.key.Name)))
		s.of(t, 0)
		s.changed(s.key, woken(2))
		end()
		if first, second := s.of(t, 0), s.of(t, 1); first != 2 || second != 2 {
			t.Errorf("the objects got the reads %d and %d, want the second", first, second)
		}
	})
}

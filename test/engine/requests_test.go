// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/juju-secrets/operator/internal/plan"
)

func TestCreationsOfManyObjectsShareCalls(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		objects, most int
		run           func(s *scene, steps []plan.Step) []plan.Outcome
	}{
		"announced ones leave together": {objects: 100, most: 4, run: func(s *scene, steps []plan.Step) []plan.Outcome {
			return s.together(steps...)
		}},
		"what comes during a call forms the next": {objects: 200, most: 20, run: func(s *scene, steps []plan.Step) []plan.Outcome {
			return s.concurrently(atOnce, steps...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConnectedScene(t)
			var steps []plan.Step
			for _, name := range numbered(row.objects) {
				steps = append(steps, creating(name, "new"))
			}
			s.checkKinds("creations", row.run(s, steps), map[plan.Kind]int{0: row.objects})
			if n := s.requests(create, nil); n > row.most {
				t.Errorf("%d objects took %d calls, want at most %d", row.objects, n, row.most)
			} else {
				t.Logf("%d objects took %d calls", row.objects, n)
			}
			if found := s.secrets(); len(found) != row.objects {
				t.Errorf("Juju has %d secrets, want %d", len(found), row.objects)
			}
		})
	}
}

func TestManyQuestionsShareAListing(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	names := numbered(500)
	s.must(errorOf(s.server.AddSecret(s.ctx, s.model, names[7], "", map[string]string{"key": "theirs"})))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			world := s.world(plan.Query{Name: name})
			if !world.Known || (world.ByName != nil) != (i == 7) {
				t.Errorf("the answer for %s is: %+v", name, world)
			}
		})
	}
	asking.Wait()
	if n := s.requests(list, nil); n != 1 {
		t.Errorf("%d questions took %d listings, want 1", len(names), n)
	}
}

func TestAChangeThatIsAloneCostsOneRequestAtOnce(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	id := s.add("db-login")[0]
	s.named("db-login")
	before := s.proxy.Requests()
	const times = 20
	fastest := patience // A busy machine slows some of them down, and not all.
	for i := range times {
		began := time.Now()
		s.succeed(updating(id, fmt.Sprint("new ", i)))
		fastest = min(fastest, time.Since(began))
	}
	if fastest > time.Second/4 {
		t.Errorf("the fastest of %d changes one after the other took %v", times, fastest)
	}
	s.succeed(plan.Grant{ID: id, Applications: []string{"app1"}})
	if known := s.named("db-login"); known == nil || known.Revision != 1+times ||
		!known.Holds(holding(fmt.Sprint("new ", times-1))) || len(known.Granted) != 1 {
		t.Errorf("the Pool knows: %+v", known)
	}
	for method, want := range map[string]int{update: times, grantSecret: 1, list: 0, login: 0} {
		if n := s.requests(method, before); n != want {
			t.Errorf("%s was called %d times, want %d", method, n, want)
		}
	}
}

func TestBigSecretsAreSentInSeveralCalls(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	names := numbered(6)
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, creating(name, strings.Repeat("long ", 140_000)))
	}
	s.succeed(steps...)
	if n := s.requests(create, nil); n < 2 || n == len(names) {
		t.Errorf("%d big secrets took %d calls", len(names), n)
	}
}

// errorOf is the error of a call that has a value, too.
func errorOf[T any](_ T, err error) error { return err }

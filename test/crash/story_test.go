// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"slices"
	"strings"
	"testing"
)

// most is more points than any story has.
const most = 20

// story is what happens in each run. Only the point at which the operator is killed differs.
type story struct {
	// least is the fewest points that there can be.
	least int
	// answersLost: there are also runs in which a step is carried out and the answer is lost.
	answersLost bool
	// setup makes what is there before, in peace.
	setup func(r *run)
	// deed makes the work in which the operator is killed.
	deed func(r *run)
	// done tells what is missing until that work is done, should the operator live to do it.
	done func(r *run) (missing string)
	// down is what others do while no operator runs; nil for nothing.
	down func(r *run)
	// again is what others do while there is no operator for the second time, after the second one was killed at each of its
	// steps as well; nil for a story in which the second one lives.
	again func(r *run)
	// doneAgain tells what is missing until the second operator has done all.
	doneAgain func(r *run) (missing string)
	// end waits for the end that the last operator shall come to, and checks it.
	end func(r *run)
}

// tell plays the story with each point at which the operator can be killed, and last without killing it in between.
func (s story) tell(t *testing.T) {
	t.Helper()
	if s.tellWith(t, false) && s.answersLost {
		s.tellWith(t, true)
	}
}

func (s story) tellWith(t *testing.T, after bool) (ok bool) {
	t.Helper()
	var points []string
	var all []step
	over := false
	for finished := false; !finished; {
		first := point{number: len(points) + 1, after: after}
		if first.number > most {
			t.Fatalf("there are more than %d points, or -run did not choose the last one", most)
		}
		r, ok := s.tellOf(t, first)
		switch {
		case !ok:
			return false
		case r == nil:
			points = append(points, "not chosen")
		case r.over || r.struck[0] == "":
			finished, over = true, r.over
			all = append(all, r.steps...)
		default:
			points = append(points, r.struck[0])
			all = append(all, r.steps...)
		}
	}
	if !over && !after {
		more, ok := s.tellOfKinds(t, points, all)
		if !ok {
			return false
		}
		points = append(points, more...)
	}
	t.Logf("%d points:\n%s", len(points), strings.Join(points, "\n"))
	if len(points) < s.least {
		t.Errorf("there were %d points to kill the operator at, want at least %d", len(points), s.least)
	}
	return true
}

// tellOfKinds plays the story with each kind of step that was taken and that no operator was killed at. Where several objects
// are at work the steps come in any order, so a number is not always that of the same step.
func (s story) tellOfKinds(t *testing.T, points []string, all []step) (more []string, ok bool) {
	t.Helper()
	var kinds []string
	for _, step := range all {
		kind := kindOf(step.what)
		killed := slices.ContainsFunc(points, func(p string) bool { return p == "not chosen" || kindOf(p) == kind })
		if step.operator == 1 && !killed {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		r, ok := s.tellOf(t, point{kind: kind})
		if !ok {
			return nil, false
		}
		if r != nil && r.struck[0] != "" {
			more = append(more, r.struck[0])
		}
	}
	return more, true
}

// tellOf plays the story with one point for the first operator, and all there are for the second one if that is killed too.
// Last is nil if -run chose none of these runs.
func (s story) tellOf(t *testing.T, first point) (last *run, ok bool) {
	t.Helper()
	if s.again == nil {
		return s.play(t, first)
	}
	for number := 1; number <= most; number++ {
		r, ok := s.play(t, first, point{number: number})
		if r != nil {
			last = r
		}
		if !ok || r != nil && r.struck[1] == "" {
			return last, ok
		}
	}
	return last, true
}

// play is one run of the story, in which an operator is killed at each of the points.
func (s story) play(t *testing.T, points ...point) (r *run, ok bool) {
	t.Helper()
	ok = t.Run(nameOf(points), func(t *testing.T) {
		r = newRun(t, points)
		if s.setup != nil {
			s.setup(r)
		}
		lab.gate.arm(points[0])
		s.deed(r)
		r.awaitPoint(s.done)
		if s.down != nil {
			s.down(r)
		}
		if r.over {
			return
		}
		r.steps = lab.gate.taken()
		if len(points) > 1 {
			r.restart(points[1])
			r.awaitPoint(s.doneAgain)
			s.again(r)
		}
		r.restart(point{})
		s.end(r)
		if r.struck[0] == "" && s.down == nil {
			r.expectNoMore()
		}
	})
	return r, ok
}

func nameOf(points []point) string {
	var names []string
	for _, p := range points {
		names = append(names, p.String())
	}
	return strings.Join(names, ", then ")
}

// awaitPoint waits until the operator has come to its point, or has done all, and kills it.
func (r *run) awaitPoint(done func(r *run) (missing string)) {
	r.Helper()
	r.Await(func() string {
		if lab.gate.reached() {
			return ""
		}
		return done(r)
	})
	r.kill()
}

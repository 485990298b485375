// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"slices"
	"strings"
	"testing"
)

// most is greater than the number of points of any scenario.
const most = 20

// notChosen replaces the point of a run that -run excludes.
const notChosen = "excluded by -run"

// scenario holds what each run of a test does. The runs differ only in the
// point at which the operator is killed.
type scenario struct {
	// least is the minimum number of points.
	least int
	// answersLost adds runs that carry out a step and withhold its answer.
	answersLost bool
	// setup creates the initial state. The operator is not killed during it.
	setup func(r *run)
	// act starts the work during which the operator is killed.
	act func(r *run)
	// until returns what is missing until the work is done. It ends the work of
	// an operator that does not reach its point.
	until func(r *run) (missing string)
	// whileDown makes changes while no operator runs. It may be nil.
	whileDown func(r *run)
	// whileDownAgain makes changes after the second operator was killed. When
	// it is set, the second operator is killed at each of its steps. When nil,
	// the second operator is not killed.
	whileDownAgain func(r *run)
	// untilAgain returns what is missing until the second operator is done.
	untilAgain func(r *run) (missing string)
	// want waits for the result that the last operator must reach, and checks
	// it.
	want func(r *run)
}

// test runs the scenario once for each point, and finally once without a kill.
func (s scenario) test(t *testing.T) {
	t.Helper()
	if s.testWith(t, false) && s.answersLost {
		s.testWith(t, true)
	}
}

func (s scenario) testWith(t *testing.T, after bool) (ok bool) {
	t.Helper()
	var points []string
	var all []step
	over := false
	for finished := false; !finished; {
		first := point{number: len(points) + 1, after: after}
		if first.number > most {
			t.Fatalf("there are more than %d points, or -run excludes the last one", most)
		}
		r, ok := s.testFrom(t, first)
		switch {
		case !ok:
			return false
		case r == nil:
			points = append(points, notChosen)
		case r.over || r.killedAt[0] == "":
			finished, over = true, r.over
			all = append(all, r.steps...)
		default:
			points = append(points, r.killedAt[0])
			all = append(all, r.steps...)
		}
	}
	if !over && !after {
		more, ok := s.testKinds(t, points, all)
		if !ok {
			return false
		}
		points = append(points, more...)
	}
	t.Logf("%d points:\n%s", len(points), strings.Join(points, "\n"))
	if len(points) < s.least {
		t.Errorf("the scenario has %d points, want at least %d", len(points), s.least)
	}
	return true
}

// testKinds runs the scenario for each kind of step at which no operator was
// killed yet. With several objects the order of the steps varies, so the same
// number can mean another step in the next run.
func (s scenario) testKinds(t *testing.T, points []string, all []step) (more []string, ok bool) {
	t.Helper()
	var kinds []string
	for _, step := range all {
		kind := kindOf(step.what)
		killed := slices.ContainsFunc(points, func(p string) bool {
			return p == notChosen || kindOf(p) == kind
		})
		if step.operator == 1 && !killed {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		r, ok := s.testFrom(t, point{kind: kind})
		if !ok {
			return nil, false
		}
		if r != nil && r.killedAt[0] != "" {
			more = append(more, r.killedAt[0])
		}
	}
	return more, true
}

// testFrom runs the scenario with one point for the first operator. If the
// second operator is killed too, it runs once for each point of the second
// operator. last is nil if -run excludes all these runs.
func (s scenario) testFrom(t *testing.T, first point) (last *run, ok bool) {
	t.Helper()
	if s.whileDownAgain == nil {
		return s.runOnce(t, first)
	}
	for number := 1; number <= most; number++ {
		r, ok := s.runOnce(t, first, point{number: number})
		if r != nil {
			last = r
		}
		if !ok || r != nil && r.killedAt[1] == "" {
			return last, ok
		}
	}
	return last, true
}

// runOnce runs the scenario once, and kills an operator at each of the points.
func (s scenario) runOnce(t *testing.T, points ...point) (r *run, ok bool) {
	t.Helper()
	ok = t.Run(nameOf(points), func(t *testing.T) {
		r = newRun(t, points)
		if s.setup != nil {
			s.setup(r)
		}
		proxies.gate.arm(points[0])
		s.act(r)
		r.awaitPoint(s.until)
		if s.whileDown != nil {
			s.whileDown(r)
		}
		if r.over {
			return
		}
		r.steps = proxies.gate.recordedSteps()
		if len(points) > 1 {
			r.restart(points[1])
			r.awaitPoint(s.untilAgain)
			s.whileDownAgain(r)
		}
		r.restart(point{})
		s.want(r)
		if r.killedAt[0] == "" && s.whileDown == nil {
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

// awaitPoint waits until the operator reaches its point or is done, and kills
// it.
func (r *run) awaitPoint(until func(r *run) (missing string)) {
	r.Helper()
	r.Await(func() string {
		if proxies.gate.reached() {
			return ""
		}
		return until(r)
	})
	r.kill()
}

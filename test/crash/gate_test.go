// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// point is the step at which the operator is killed. The zero point is no step.
type point struct {
	// number is the number of the step.
	number int
	// kind replaces the number: the first step of this kind.
	kind string
	// after is true when the step is carried out and the operator does not get
	// the answer. When false, the step is not carried out.
	after bool
}

func (p point) String() string {
	switch {
	case p.kind != "":
		return "killed at " + p.kind
	case p.number == 0:
		return "not killed"
	case p.after:
		return fmt.Sprintf("killed after step %d", p.number)
	}
	return fmt.Sprintf("killed at step %d", p.number)
}

// matches reports whether a step is the point.
func (p point) matches(number int, what string) bool {
	if p.kind != "" {
		return p.kind == kindOf(what)
	}
	return p.number == number
}

// step is one write of the operator.
type step struct {
	what string
	// passed is true when the proxy let the step through.
	passed bool
	// operator is the number of the operator in the run. The operator to be
	// killed is 1.
	operator int
}

func (s step) String() string {
	fate := "held"
	if s.passed {
		fate = "passed"
	}
	return fmt.Sprintf("operator %d: %s (%s)", s.operator, s.what, fate)
}

// kindOf returns a step without the names of objects, such as "PATCH
// jujusecrets/status".
func kindOf(what string) string {
	verb, path, ok := strings.Cut(what, " ")
	if !ok {
		return what // A request to Juju has no path.
	}
	parts := strings.Split(path, "/")
	if parts[0] == "namespaces" {
		parts = parts[2:]
	}
	if len(parts) > 2 {
		return verb + " " + parts[0] + "/" + parts[2]
	}
	return verb + " " + parts[0]
}

// gate numbers the steps that arrive at both proxies. It lets them through
// until the operator reaches its point.
type gate struct {
	mu       sync.Mutex
	point    point
	steps    []step
	operator int
	// before is the number of steps of the previous operators.
	before int
	// inFlight is the number of steps that passed and are not answered yet.
	inFlight int
	closed   bool
	killedAt string
}

func newGate() *gate { return &gate{} }

// arm sets the point and numbers the steps from 1.
func (g *gate) arm(p point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.point, g.steps, g.operator, g.before, g.closed, g.killedAt = p, nil, 1, 0, false, ""
}

// close blocks all further steps.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// killStep returns the step at which the operator must be killed. It is empty
// when the operator did not reach its point.
func (g *gate) killStep() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.killedAt
}

// reopen lets the steps of the next operator through, and numbers them from 1.
func (g *gate) reopen(p point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.point, g.closed, g.killedAt = p, false, ""
	g.operator++
	g.before = len(g.steps)
}

// reached reports whether the operator reached its point and all earlier steps
// are answered.
func (g *gate) reached() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.killedAt != "" && g.inFlight == 0
}

func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight == 0
}

// recordedSteps returns the steps since the last call of arm.
func (g *gate) recordedSteps() []step {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.steps)
}

// arrive records a step. For a step that passes, the caller calls answered when
// the answer is there. answered reports whether the operator may get the
// answer.
func (g *gate) arrive(what string) (pass bool, answered func() bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	number := len(g.steps) - g.before + 1
	if !g.closed && !g.point.after && g.point.matches(number, what) {
		g.closed, g.killedAt = true, what
	}
	g.steps = append(g.steps, step{what: what, passed: !g.closed, operator: g.operator})
	if g.closed {
		return false, nil
	}
	g.inFlight++
	return true, func() bool { return g.answer(number, what) }
}

func (g *gate) answer(number int, what string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	if !g.point.after || !g.point.matches(number, what) {
		return true
	}
	g.closed, g.killedAt = true, what
	return false
}

// jujuRequest is the gate for requests to Juju.
func (g *gate) jujuRequest(method string) (pass bool, answered func() bool) {
	for _, change := range []string{
		"Secrets.Create", "Secrets.Update", "Secrets.Remove", "Secrets.Grant", "Secrets.Revoke", "Application.Set",
		"Application.Unset",
	} {
		if strings.HasPrefix(method, change) {
			return g.arrive(method)
		}
	}
	return true, nil
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// point is where an operator is killed; the zero point is nowhere.
type point struct {
	// number is that of the step.
	number int
	// kind is that of the step in place of a number: the first of the kind.
	kind string
	// after: the step is carried out, and the operator does not get the answer. Otherwise it is not carried out.
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

// is tells whether a step is the one.
func (p point) is(number int, what string) bool {
	if p.kind != "" {
		return p.kind == kindOf(what)
	}
	return p.number == number
}

// step is a write of the operator.
type step struct {
	what string
	// passed: it was let through.
	passed bool
	// operator numbers the operators of a run: 1 is the one to be killed.
	operator int
}

func (s step) String() string {
	fate := "held"
	if s.passed {
		fate = "passed"
	}
	return fmt.Sprintf("operator %d: %s (%s)", s.operator, s.what, fate)
}

// kindOf is a step without the names of objects, such as "PATCH jujusecrets/status".
func kindOf(what string) string {
	verb, path, ok := strings.Cut(what, " ")
	if !ok {
		return what // To Juju.
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

// gate numbers the steps that arrive at both proxies, and lets them through until the operator has come to the point.
type gate struct {
	mu       sync.Mutex
	point    point
	steps    []step
	operator int
	// before is how many steps the operators before this one took.
	before int
	// under is how many steps are under way: let through, and not answered yet.
	under  int
	closed bool
	struck string
}

func newGate() *gate { return &gate{} }

// arm begins to number from 1.
func (g *gate) arm(p point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.point, g.steps, g.operator, g.before, g.closed, g.struck = p, nil, 1, 0, false, ""
}

// shut lets nothing through any more.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// strike is the step at which the operator had to be killed, empty if it did not come to that.
func (g *gate) strike() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.struck
}

// reopen lets the steps of the next operator through, and numbers them from 1.
func (g *gate) reopen(p point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.point, g.closed, g.struck = p, false, ""
	g.operator++
	g.before = len(g.steps)
}

// reached tells that the operator has come to the point, and that everything before it is done.
func (g *gate) reached() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.struck != "" && g.under == 0
}

func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.under == 0
}

// taken are the steps since the last call of arm.
func (g *gate) taken() []step {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.steps)
}

// arrive takes a step that arrives. If it passes, answered has to be called when its answer has come, and tells whether the
// operator gets that.
func (g *gate) arrive(what string) (pass bool, answered func() bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	number := len(g.steps) - g.before + 1
	if !g.closed && !g.point.after && g.point.is(number, what) {
		g.closed, g.struck = true, what
	}
	g.steps = append(g.steps, step{what: what, passed: !g.closed, operator: g.operator})
	if g.closed {
		return false, nil
	}
	g.under++
	return true, func() bool { return g.answer(number, what) }
}

func (g *gate) answer(number int, what string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.under--
	if !g.point.after || !g.point.is(number, what) {
		return true
	}
	g.closed, g.struck = true, what
	return false
}

// ofJuju is the gate for requests to Juju.
func (g *gate) ofJuju(method string) (pass bool, answered func() bool) {
	for _, verb := range []string{"Create", "Update", "Remove", "Grant", "Revoke"} {
		if strings.HasPrefix(method, "Secrets."+verb) {
			return g.arrive(method)
		}
	}
	return true, nil
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figure is something measured, and the most that it may be.
type figure struct {
	name         string
	value, limit float64
}

// String is the line by which the program tells a figure. What is compared is what is shown.
func (f figure) String() string {
	verdict := "ok"
	if f.over() {
		verdict = "over"
	}
	return fmt.Sprintf("bench: %s %s %s %s", f.name, number(f.value), number(f.limit), verdict)
}

func (f figure) over() bool { return rounded(f.value) > f.limit }

// strain is how much of its limit a figure takes.
func (f figure) strain() float64 {
	if f.limit == 0 {
		return f.value
	}
	return f.value / f.limit
}

func rounded(x float64) float64 { return math.Round(x*100) / 100 }

func number(x float64) string { return strconv.FormatFloat(rounded(x), 'f', -1, 64) }

// worst picks, of the figures of each name, the one that comes nearest to its limit, in the order in which the names first
// appear.
func worst(figures []figure) []figure {
	var picked []figure
	for _, f := range figures {
		i := slices.IndexFunc(picked, func(other figure) bool { return other.name == f.name })
		switch {
		case i < 0:
			picked = append(picked, f)
		case f.strain() > picked[i].strain():
			picked[i] = f
		}
	}
	return picked
}

func (r *results) figures() []figure {
	var all []figure
	for _, s := range r.sizes {
		all = append(all, s.figures()...)
	}
	return append(all, r.details...)
}

func (s size) figures() []figure {
	most := s.worst()
	return []figure{
		{"apply-ratio", mean(s.operator).Seconds() / mean(s.bare).Seconds(), 1.5},
		{"secret-requests", float64(most.beyondGrants()), s.requestLimit()},
		{"grant-requests-per-access", float64(most.requests[grantRequest]) / float64(s.n), 1},
		{"writes-per-object", float64(most.writes), 2},
	}
}

// requestLimit is the most requests that the operator may send besides those that grant.
func (s size) requestLimit() float64 { return max(20, 60*float64(s.n)/1000) }

// worst is the operator's cost with the most of each kind, over all turns.
func (s size) worst() cost {
	most := cost{requests: map[string]int{}}
	for _, c := range s.operator {
		for method, count := range c.requests {
			most.requests[method] = max(most.requests[method], count)
		}
		most.writes, most.events = max(most.writes, c.writes), max(most.events, c.events)
	}
	return most
}

// mean is the time that an apply took.
func mean(costs []cost) time.Duration {
	var sum time.Duration
	for _, c := range costs {
		sum += c.took
	}
	return sum / time.Duration(max(len(costs), 1))
}

// grantRequest is the one request that Juju takes for one secret only, so that there have to be as many as secrets.
const grantRequest = "Secrets.GrantSecret"

// work are the requests about secrets: logins and signs of life are not.
func work(requests map[string]int) int {
	sum := 0
	for method, count := range requests {
		if method != "Pinger.Ping" && !strings.HasPrefix(method, "Admin.") {
			sum += count
		}
	}
	return sum
}

func (c cost) beyondGrants() int { return work(c.requests) - c.requests[grantRequest] }

// String tells of the cost while the program is under way.
func (c cost) String() string {
	var requests []string
	for _, method := range slices.Sorted(maps.Keys(c.requests)) {
		requests = append(requests, fmt.Sprintf("%d %s", c.requests[method], method))
	}
	return fmt.Sprintf("%.1f s, at most %d writes of one object, %d events, %s",
		c.took.Seconds(), c.writes, c.events, strings.Join(requests, ", "))
}

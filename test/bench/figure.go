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

// figure is a measured value and its limit.
type figure struct {
	Name         string
	Value, Limit float64
}

// String returns the line that reports the figure. The comparison uses the
// rounded value that the line shows.
func (f figure) String() string {
	outcome := "ok"
	if f.over() {
		outcome = "over"
	}
	return fmt.Sprintf("bench: %s %s %s %s", f.Name, number(f.Value), number(f.Limit), outcome)
}

func (f figure) over() bool { return rounded(f.Value) > f.Limit }

// strain returns the share of the limit that the figure uses.
func (f figure) strain() float64 {
	if f.Limit == 0 {
		return f.Value
	}
	return f.Value / f.Limit
}

func rounded(x float64) float64 { return math.Round(x*100) / 100 }

func number(x float64) string { return strconv.FormatFloat(rounded(x), 'f', -1, 64) }

// worst returns, for each name, the figure closest to its limit, in the order
// of the names' first appearance.
func worst(figures []figure) []figure {
	var picked []figure
	for _, f := range figures {
		i := slices.IndexFunc(picked, func(other figure) bool { return other.Name == f.Name })
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
		{"events-per-object", float64(most.events) / float64(2*s.n), 0},
	}
}

// requestLimit returns the maximum number of requests except grants.
func (s size) requestLimit() float64 { return max(20, 60*float64(s.n)/1000) }

// worst returns the highest cost of each kind over all turns of the operator.
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

// mean returns the mean time of an apply.
func mean(costs []cost) time.Duration {
	var sum time.Duration
	for _, c := range costs {
		sum += c.took
	}
	return sum / time.Duration(max(len(costs), 1))
}

// grantRequest is the only request that Juju accepts for one secret at a time,
// so that at least one per secret is needed.
const grantRequest = "Secrets.GrantSecret"

// work returns the number of requests about secrets, without logins and pings.
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

// String returns the cost for the progress output.
func (c cost) String() string {
	var requests []string
	for _, method := range slices.Sorted(maps.Keys(c.requests)) {
		requests = append(requests, fmt.Sprintf("%d %s", c.requests[method], method))
	}
	return fmt.Sprintf("%.1f s, at most %d writes of one object, %d events, %s",
		c.took.Seconds(), c.writes, c.events, strings.Join(requests, ", "))
}

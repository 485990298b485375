// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"slices"
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestListOfModelsIsUsedUpToAnAge(t *testing.T) {
	t.Parallel()
	const interval = time.Hour
	failed := modelList{problem: &plan.Problem{Reason: v1alpha1.ReasonFailed}, pause: 20 * time.Second}
	for name, row := range map[string]struct {
		list modelList
		age  plan.Age
		want time.Duration
	}{
		"as known":       {modelList{}, plan.AsKnown, interval},
		"fresh":          {modelList{took: time.Second}, plan.Fresh, 0},
		"failed":         {failed, plan.AsKnown, failed.pause},
		"failed, recent": {failed, plan.Recent, failed.pause},
		"failed, fresh":  {failed, plan.Fresh, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.list.maxAge(row.age, interval); got != row.want {
				t.Errorf("maxAge returned %v, want %v", got, row.want)
			}
		})
	}
}

func TestListOfModelsIsRequestedOnlyWhileNeeded(t *testing.T) {
	t.Parallel()
	ref := plan.ModelRef{Controller: "default", Name: "prod/app"}
	for name, row := range map[string]struct {
		given  func(*controller)
		after  time.Duration // since the last list
		wanted bool
	}{
		"no object waits": {given: func(*controller) {}},
		"an object waits": {func(c *controller) { c.awaited[ref] = struct{}{} }, time.Minute, true},
		"the list failed": {func(c *controller) {
			c.listed.problem, c.listed.pause = &plan.Problem{Reason: v1alpha1.ReasonFailed}, firstListRetry
		}, firstListRetry, true},
		"the controller is closed": {given: func(c *controller) {
			c.awaited[ref], c.closed = struct{}{}, true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := alone(func(string) bool { return false })
			c.interval, c.listed.began = time.Minute, time.Now()
			row.given(c)
			at, wanted := c.nextList()
			if wanted != row.wanted || wanted && at.Sub(c.listed.began) != row.after {
				t.Errorf("next list after %v: %t, want %v: %t", at.Sub(c.listed.began), wanted, row.after, row.wanted)
			}
		})
	}
}

func TestListOfModelsReportsWhatAppeared(t *testing.T) {
	t.Parallel()
	before := modelList{}.next(time.Now(), 0, map[string]string{"prod/a": "1", "prod/b": "2", "prod/c": "3"}, nil, 0)
	next := map[string]string{"prod/a": "1", "prod/b": "4", "prod/d": "5"}
	after := before.next(time.Now(), 0, next, nil, 0)
	got := after.appeared(before)
	slices.Sort(got)
	if want := []string{"4", "5", "prod/b", "prod/d"}; !slices.Equal(got, want) {
		t.Errorf("appeared: %q, want %q", got, want)
	}
	if got := before.appeared(modelList{}); len(got) > 0 {
		t.Errorf("the first list reports %q, want nothing", got)
	}
	failed := after.next(time.Now(), 0, nil, &plan.Problem{Reason: v1alpha1.ReasonFailed}, time.Minute)
	if got := failed.find(plan.ModelRef{UUID: "5"}); got.Name != "prod/d" {
		t.Errorf("after a failure the model is %+v, want the last one known", got)
	}
	for _, want := range []time.Duration{2 * firstListRetry, 4 * firstListRetry, 8 * firstListRetry, time.Minute} {
		failed = failed.next(time.Now(), 0, nil, failed.problem, time.Minute)
		if failed.pause != want {
			t.Errorf("the pause is %v, want %v", failed.pause, want)
		}
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// This file decides when corrections pause. Another client may undo each
// correction: an operator of another cluster, Terraform, or a script. Without a
// pause the two add revisions as long as both run.

const (
	// unpaused is how many corrections in a row have no pause after them.
	unpaused = 3
	// firstPause is the pause after that many corrections. Each further
	// correction doubles it, up to longestPause.
	firstPause   = 2 * time.Minute
	longestPause = time.Hour
)

// fieldRemoval is the field of a secret that another client removed.
const fieldRemoval = "removal"

// Corrections are the corrections that this process made for one object, by
// field: the fields of an Update, fieldRemoval, the application of a grant, the
// key of an option, or an application with unlistedField.
type Corrections map[string]Correction

// Correction describes the last corrections of one field.
type Correction struct {
	// InARow is the number of corrections in a row.
	InARow int
	// Ago is the time since the last one.
	Ago time.Duration
	// Waiting is true when the next correction waits for the end of a pause.
	Waiting bool
}

// ended reports whether a further correction begins a new row, because there
// was no drift for longer than any pause.
func (c Correction) ended() bool { return !c.Waiting && c.Ago > longestPause }

// Next returns the number of corrections in a row after a further one.
func (c Correction) Next() int {
	if c.ended() {
		return 1
	}
	return c.InARow + 1
}

// pause returns the pause after the last correction.
func (c Correction) pause() time.Duration {
	if c.InARow < unpaused || c.ended() {
		return 0
	}
	pause := firstPause
	for n := unpaused; n < c.InARow && pause < longestPause; n++ {
		pause = min(2*pause, longestPause)
	}
	return pause
}

// contest describes fields that another client changes again and again.
type contest struct {
	fields []string
	// inARow, pause and left are the number of corrections in a row, the pause
	// after them, and the rest of the pause.
	inARow      int
	pause, left time.Duration
}

// contested returns the fields that must not be corrected yet, and the longest
// rest of their pauses.
func (c Corrections) contested(fields []string) contest {
	var found contest
	for _, field := range fields {
		last := c[field]
		left := last.pause() - last.Ago
		if left <= 0 {
			continue
		}
		found.fields = append(found.fields, field)
		if left > found.left {
			found.inARow, found.pause, found.left = last.InARow, last.pause(), left
		}
	}
	return found
}

// condition returns the condition during a pause. What says what the other
// client did, and cure how to stop that client or what to do instead.
func (c contest) condition(what, cure string) Condition {
	return Condition{Reason: v1alpha1.ReasonDrifted, Message: fmt.Sprintf("%s again, after %d corrections in a row: the "+
		"operator pauses for %s. Find the other client and stop it: for example, %s",
		what, c.inARow, c.pause, cure)}
}

// Restored returns the fields that a plan restored, and that another client had
// changed.
func Restored(p Plan, outcomes []Outcome) []string {
	var fields []string
	for i, outcome := range outcomes {
		if outcome.Problem != nil || outcome.NotTried {
			continue
		}
		fields = append(fields, p.restoredBy(p.Steps[i], outcome)...)
	}
	return union(fields, nil)
}

// restoredBy returns the fields that a step restored.
func (p Plan) restoredBy(step Step, outcome Outcome) []string {
	switch step := step.(type) {
	case Create:
		if p.Corrects {
			return []string{fieldRemoval}
		}
	case Update:
		if p.Corrects {
			return step.fields()
		}
	case Grant:
		return slices.DeleteFunc(slices.Clone(step.Applications), func(app string) bool {
			_, failed := outcome.Applications[app]
			return failed || !slices.Contains(p.Regrants, app)
		})
	case Revoke:
		var fields []string
		for _, app := range p.Unlisted {
			if _, failed := outcome.Applications[app]; !failed {
				fields = append(fields, unlistedField+app)
			}
		}
		return fields
	case SetOptions:
		return p.reconfiguredBy(step, outcome)
	}
	return nil
}

// reconfiguredBy returns the options that a step set again.
func (p Plan) reconfiguredBy(step SetOptions, outcome Outcome) []string {
	var fields []string
	for _, setting := range step.Options {
		_, failed := outcome.Applications[setting.Application]
		if !failed && slices.Contains(p.Reconfigures, setting.AppOption) {
			fields = append(fields, setting.key())
		}
	}
	return fields
}

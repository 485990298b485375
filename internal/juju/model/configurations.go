// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// configuredFor is how long an application is watched after an object asked for
// it, if the model does not have the secret of the object.
const configuredFor = 30 * time.Minute

// configuration is what is known of the configuration of an application. Its
// only problem is that the application was not found.
type configuration struct {
	plan.Application

	// began is when the read of it began.
	began time.Time
	// trusted is false when it may have changed since then without a trace, for
	// example after the connection was lost. It is then only compared with the
	// next read.
	trusted bool
}

// configRead is one read of the configurations of applications. All callers
// that wait for it share it.
type configRead struct {
	apps map[string]bool
	// began is when the read began, zero before that.
	began time.Time
	// done is closed when the read has ended. found and problem are set then.
	done    chan struct{}
	found   map[string]plan.Application
	problem *plan.Problem
	// changes are the changes that the operator made after the read began. The
	// read may or may not show them.
	changes []optionChange
	// doubted is true when the configurations became untrusted after the read
	// began. The result is then not trusted either.
	doubted bool
	// promised is true when a caller stopped waiting and must be notified of
	// the end.
	promised bool
}

// ended reports whether the read has ended.
func (r *configRead) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// optionChange is a change of options of one application for one secret.
type optionChange struct {
	app, id string
	// options are the options that are set to the secret, with the format of
	// each, or that are reset.
	options map[string]v1alpha1.SecretFormat
	reset   bool
}

// names returns the names of the options, sorted.
func (c optionChange) names() []string { return slices.Sorted(maps.Keys(c.options)) }

// apply returns the options of the application after the change, and the IDs of
// the secrets that they named before. An unknown option is not added.
func (c optionChange) apply(options map[string]plan.Option) (after map[string]plan.Option, replaced []string) {
	after = maps.Clone(options) // Callers of View have the map.
	for name, format := range c.options {
		option, ok := options[name]
		switch {
		case !ok:
			continue
		case option.SecretID != "":
			replaced = append(replaced, option.SecretID)
		}
		option = plan.Option{Type: option.Type}
		if !c.reset {
			option.IsSet, option.SecretID, option.Format = true, c.id, v1alpha1.FormatURI
			if format == v1alpha1.FormatID {
				option.Format = format
			}
		}
		after[name] = option
	}
	return after, replaced
}

// configurations holds the known configurations of applications, the reads of
// them, and which objects asked for them. It uses no lock and no clock.
type configurations struct {
	known map[string]configuration
	// asked holds when an object last asked for an application, by application
	// and by the ID of the object's secret.
	asked map[string]map[string]time.Time
	// next is the requested read, inflight the read in flight. Each is nil if
	// there is none.
	next, inflight *configRead
	// refreshed is when the refresh began after which all applications were last
	// requested, or when the first one was asked for. It is zero if they must be
	// requested after the next refresh.
	refreshed time.Time
}

// newConfigurations returns the state before the first read.
func newConfigurations() configurations {
	return configurations{known: map[string]configuration{}, asked: map[string]map[string]time.Time{}}
}

// watch records that the object of a secret asks for applications.
func (c *configurations) watch(apps []string, id string, now time.Time) {
	if id == "" {
		return // A change could not be notified.
	}
	if len(c.asked) == 0 {
		c.refreshed = now
	}
	for _, app := range apps {
		if c.asked[app] == nil {
			c.asked[app] = map[string]time.Time{}
		}
		c.asked[app][id] = now
	}
}

// forget stops to watch applications that no object has asked for in
// configuredFor, except for objects whose secret the model has: an object in
// sync does not ask again.
func (c *configurations) forget(has func(id string) bool, now time.Time) {
	for app, ids := range c.asked {
		maps.DeleteFunc(ids, func(id string, last time.Time) bool { return now.Sub(last) > configuredFor && !has(id) })
		if len(ids) == 0 {
			delete(c.asked, app)
		}
	}
	maps.DeleteFunc(c.known, func(app string, known configuration) bool {
		return c.asked[app] == nil && now.Sub(known.began) > configuredFor
	})
}

// askedFor returns the IDs of the secrets whose objects asked for one of some
// applications, sorted.
func (c *configurations) askedFor(apps ...string) []string {
	ids := map[string]bool{}
	for _, app := range apps {
		for id := range c.asked[app] {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// due reports whether to request all watched applications after a refresh that
// began at a time. The jitter makes some intervals shorter.
func (c *configurations) due(began time.Time, interval time.Duration) bool {
	return len(c.asked) > 0 && began.Sub(c.refreshed) >= interval-interval/10
}

// askAll requests all watched applications because of a refresh that began at a
// time.
func (c *configurations) askAll(began time.Time) {
	c.refreshed = began
	for app := range c.asked {
		c.askNext(app)
	}
}

// ask returns the reads that a query has to wait for, none if all of its
// applications are known. It requests a read if none in flight answers.
func (c *configurations) ask(query plan.Query, now time.Time) []*configRead {
	var reads []*configRead
	for _, app := range query.Applications {
		known := c.known[app]
		if known.trusted && !configTooOld(query, known.began, now) {
			continue
		}
		read := c.inflight
		if read == nil || read.doubted || !read.apps[app] || configTooOld(query, read.began, now) {
			read = c.askNext(app)
		}
		if !slices.Contains(reads, read) {
			reads = append(reads, read)
		}
	}
	return reads
}

// askNext adds an application to the requested read, and returns the read.
func (c *configurations) askNext(app string) *configRead {
	if c.next == nil {
		c.next = &configRead{apps: map[string]bool{}, done: make(chan struct{})}
	}
	c.next.apps[app] = true
	return c.next
}

// configTooOld reports whether a read that began at a time is older than a
// query accepts.
func configTooOld(query plan.Query, began, now time.Time) bool {
	limit := recent
	switch query.Age {
	case plan.Fresh:
		return true
	case plan.Awaited:
		limit = max(query.Within, recent)
	case plan.Recent:
	case plan.AsKnown:
		return false
	}
	return now.Sub(began) > limit
}

// begin sets the requested read in flight, and returns it. It returns nil if no
// read is requested, or if another one is in flight.
func (c *configurations) begin(now time.Time) *configRead {
	if c.next == nil || c.inflight != nil {
		return nil
	}
	c.next, c.inflight = nil, c.next
	c.inflight.began = now
	return c.inflight
}

// end ends the read in flight with its result. It returns the IDs of the
// secrets whose objects asked for an application that differs, none for the
// first read of an application.
func (c *configurations) end(found map[string]plan.Application, problem *plan.Problem) (different []string) {
	read := c.inflight
	c.inflight = nil
	var apps []string
	for app, application := range found {
		for _, change := range read.changes {
			if change.app == app && application.Problem == nil {
				application.Options, _ = change.apply(application.Options)
				found[app] = application
			}
		}
		if c.replace(app, configuration{application, read.began, !read.doubted}) {
			apps = append(apps, app)
		}
	}
	read.found, read.problem = found, problem
	close(read.done)
	return c.askedFor(apps...)
}

// replace sets the configuration of an application to what was read, and
// reports whether it differs. An application with any other problem than that
// it was not found is read again for the next caller.
func (c *configurations) replace(app string, read configuration) (differs bool) {
	before, known := c.known[app]
	if read.Problem != nil && read.Problem.Reason != v1alpha1.ReasonApplicationNotFound {
		c.distrust(app)
		return false
	}
	c.known[app] = read
	same := (before.Problem == nil) == (read.Problem == nil) && maps.Equal(before.Options, read.Options)
	return known && !same
}

// distrust makes callers read an application again.
func (c *configurations) distrust(app string) {
	if known, ok := c.known[app]; ok {
		known.trusted = false
		c.known[app] = known
	}
}

// doubt makes callers read applications again, because a change of them has an
// unknown outcome or contradicts what is known. A read in flight may show the
// state before the change.
func (c *configurations) doubt(apps ...string) {
	for _, app := range apps {
		c.distrust(app)
		if c.inflight != nil && c.inflight.apps[app] {
			c.inflight.doubted = true
		}
	}
}

// doubtAll makes callers read every application again, and requests all after
// the next refresh.
func (c *configurations) doubtAll() {
	c.refreshed = time.Time{}
	for app := range c.known {
		c.distrust(app)
	}
	if c.inflight != nil {
		c.inflight.doubted = true
	}
}

// fold adds the operator's own change to what is known. It returns the IDs of
// the secrets that the options named before.
func (c *configurations) fold(change optionChange) (replaced []string) {
	if c.inflight != nil {
		c.inflight.changes = append(c.inflight.changes, change)
	}
	known := c.known[change.app]
	for name := range change.options {
		if _, ok := known.Options[name]; !ok {
			c.distrust(change.app) // Juju knows an option that is not known here.
			return nil
		}
	}
	known.Options, replaced = change.apply(known.Options)
	c.known[change.app] = known
	return replaced
}

// foldForOthers adds the operator's own change to what is known. It returns the
// IDs of other secrets whose objects it concerns: the ones that the options
// named, or that may wait until the options name no secret.
func (c *configurations) foldForOthers(change optionChange) []string {
	replaced := c.fold(change)
	return slices.DeleteFunc(c.askedFor(change.app), func(id string) bool {
		return id == change.id || !change.reset && !slices.Contains(replaced, id)
	})
}

// suffice reports whether what is known answers a query after the problem of a
// read: the read takes long, or the object waits and the model is busy.
func (c *configurations) suffice(query plan.Query, reads []*configRead, reason v1alpha1.Reason) bool {
	late := reason == v1alpha1.ReasonJujuUnreachable &&
		slices.ContainsFunc(reads, func(read *configRead) bool { return !read.ended() })
	busy := reason == v1alpha1.ReasonModelUnavailable && query.Age == plan.Awaited
	unknown := func(app string) bool { return !c.known[app].trusted }
	return (late || busy) && query.Age != plan.Fresh && !slices.ContainsFunc(query.Applications, unknown)
}

// view returns the configurations of applications after some reads have ended.
// What is trusted is at least as new as these reads.
func (c *configurations) view(apps []string, reads []*configRead) map[string]plan.Application {
	view := make(map[string]plan.Application, len(apps))
	for _, app := range apps {
		known := c.known[app]
		view[app] = known.Application
		for _, read := range reads {
			if found, ok := read.found[app]; ok && !known.trusted {
				view[app] = found
			}
		}
	}
	return view
}

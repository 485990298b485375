// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// smallListing is the length up to which a listing is always made. Lookups
	// would not save anything.
	smallListing = 64 << 10
	// listingShare bounds the share of the time that listings of a model take
	// while lookups are cheaper: at most a hundredth. The pause between two
	// listings is at most longestPause, or the interval if that is longer.
	listingShare = 100
	longestPause = time.Hour
	// assumedFactor is how much more a lookup takes than one secret of a
	// listing, until lookups were made.
	assumedFactor = 8
	// measuredFor is how long the cost of lookups counts while listings are
	// made. A controller that was busy may not be so any more.
	measuredFor = time.Hour
	// lookupsAtOnce is how many lookups are in flight at a time, so that a
	// distant controller does not make them slow.
	lookupsAtOnce = 4
	// watchedFor is how long a name, or an ID that the model does not have, is
	// looked up after an object asked for it. An object that waits asks again
	// within half of this time.
	watchedFor = 10 * time.Minute
)

// cost is what a listing or several lookups cost.
type cost struct {
	took  time.Duration
	bytes int
	// count is the number of secrets in the listing, or of lookups.
	count int
}

// cheaper reports whether at most n lookups per interval cost less than a
// listing. A listing that takes a small share of the interval is never
// replaced. lookups is the cost of the last lookups, zero if it is not known.
// While listings are made, lookups must cost at most half, so that small
// differences do not change the result.
func cheaper(n int, interval time.Duration, listing, lookups cost, lookingUp bool) bool {
	margin := 2
	if lookingUp {
		margin = 1
	}
	if n == 0 || listing.bytes <= smallListing || listing.took*listingShare <= interval*time.Duration(margin) {
		return false
	}
	if lookups.count == 0 {
		lookups = cost{took: assumedFactor * listing.took, bytes: listing.bytes, count: listing.count}
	}
	return time.Duration(margin*n)*lookups.took <= listing.took*time.Duration(lookups.count) &&
		margin*n*lookups.bytes <= listing.bytes*lookups.count
}

// watch holds the IDs and names that objects asked for.
type watch struct{ ids, names map[string]asked }

// asked is when an object first and last asked for an ID or a name.
type asked struct{ first, last time.Time }

// newWatch returns an empty watch.
func newWatch() watch { return watch{ids: map[string]asked{}, names: map[string]asked{}} }

// add adds the ID and the name of a query.
func (w *watch) add(query plan.Query, now time.Time) {
	if when, ok := w.ids[query.ID]; ok || isID(query.ID) { // Juju refuses to look up anything else.
		w.ids[query.ID] = asked{cmp.Or(when.first, now), now}
	}
	if query.Name != "" {
		w.names[query.Name] = asked{cmp.Or(w.names[query.Name].first, now), now}
	}
}

// isID reports whether Juju accepts a text as the ID of a secret.
func isID(text string) bool {
	_, err := coresecrets.ParseURI(text)
	return err == nil
}

// covers reports whether lookups that began at a time answer a query.
func (w *watch) covers(query plan.Query, began time.Time) bool {
	before := func(all map[string]asked, key string) bool {
		when, ok := all[key]
		return key == "" || ok && when.first.Before(began)
	}
	return before(w.ids, query.ID) && before(w.names, query.Name)
}

// forget removes what no object has asked for in watchedFor, except the IDs of
// secrets that the model has: an object in sync does not ask again.
func (w *watch) forget(known *snapshot.Snapshot, now time.Time) {
	for id, when := range w.ids {
		if now.Sub(when.last) > watchedFor && known.Get(id) == nil {
			delete(w.ids, id)
		}
	}
	for name, when := range w.names {
		if now.Sub(when.last) > watchedFor {
			delete(w.names, name)
		}
	}
}

// part returns the part of the model that is looked up.
func (w *watch) part() snapshot.Part {
	var part snapshot.Part
	for id := range w.ids {
		part.IDs = append(part.IDs, id)
	}
	for name := range w.names {
		part.Names = append(part.Names, name)
	}
	return part
}

// choose decides whether the call that begins lists the model, or looks up the
// secrets that objects asked for. New secrets of others show in listings only,
// so listings are still made, at a pace that depends on their cost. It reports
// whether the status has to show that the model is checked in another way than
// before. A small model is always listed. The lock is held.
func (m *Model) choose(call *listCall) (differs bool) {
	l := &m.listings
	l.watch.forget(&m.snapshot, call.began)
	if l.listing.count == 0 {
		return false // The cost of a listing is not known.
	}
	if call.began.Sub(l.measured) > measuredFor {
		l.lookups = cost{}
	}
	before := l.checkedBy
	l.checkedBy = plan.CheckedByListing
	// Before 3.6, Juju may ignore the name in a lookup.
	if !m.unsummed.Load() &&
		cheaper(len(l.watch.ids)+len(l.watch.names), m.interval, l.listing, l.lookups, before == plan.CheckedByLookups) {
		l.checkedBy = plan.CheckedByLookups
		pause := max(m.interval, min(listingShare*l.listing.took, longestPause))
		due := call.began.Sub(l.good.began) >= pause
		if l.trusted && !due {
			call.lookup, call.part = true, m.snapshot.Complete(l.watch.part())
		}
	}
	return l.checkedBy != before && (before != "" || l.listing.bytes > smallListing)
}

// look lists the model or looks up secrets, as chosen for a call, and measures
// the cost.
func (m *Model) look(ctx context.Context, call *listCall) (snapshot.Listing, *plan.Problem) {
	l := &m.listings
	if call.lookup {
		found, lookups, problem := m.lookUp(ctx, call.part)
		m.mu.Lock()
		if problem == nil {
			l.lookups, l.measured = cost{time.Since(call.began), found.Bytes, lookups}, call.began
		}
		call.lookup = problem == nil
		m.mu.Unlock()
		if problem == nil {
			return found, nil
		}
	}
	began := time.Now()
	found, problem := m.list(ctx) // Its problem is reported, not the problem of a lookup.
	if problem == nil {
		m.mu.Lock()
		l.listing = cost{time.Since(began), found.Bytes, found.Size}
		m.mu.Unlock()
	}
	return found, problem
}

// lookUp looks up a part of the model: first the IDs, and then the names that
// none of these secrets has. It returns the number of lookups.
func (m *Model) lookUp(ctx context.Context, part snapshot.Part) (snapshot.Listing, int, *plan.Problem) {
	found, problem := eachAtOnce(part.IDs, func(id string) (snapshot.Listing, *plan.Problem) {
		return m.lookUpOne(ctx, id, "")
	})
	if problem != nil {
		return snapshot.Listing{}, 0, problem
	}
	free := slices.DeleteFunc(slices.Clone(part.Names), func(name string) bool {
		return slices.ContainsFunc(found.Secrets, func(secret plan.UserSecret) bool { return secret.Name == name })
	})
	named, problem := eachAtOnce(free, func(name string) (snapshot.Listing, *plan.Problem) {
		return m.lookUpOne(ctx, "", name)
	})
	found.Add(named)
	return found, len(part.IDs) + len(free), problem
}

// eachAtOnce looks up each ID or name with one request, because Juju accepts
// one in a request. It stops after a problem.
func eachAtOnce(
	keys []string, lookUp func(key string) (snapshot.Listing, *plan.Problem),
) (found snapshot.Listing, problem *plan.Problem) {
	var lock sync.Mutex
	var running sync.WaitGroup
	next := func() (key string, ok bool) {
		lock.Lock()
		defer lock.Unlock()
		if problem != nil || len(keys) == 0 {
			return "", false
		}
		key, keys = keys[0], keys[1:]
		return key, true
	}
	for range min(lookupsAtOnce, len(keys)) {
		running.Go(func() {
			for key, ok := next(); ok; key, ok = next() {
				one, failed := lookUp(key)
				lock.Lock()
				found.Add(one)
				problem = cmp.Or(problem, failed)
				lock.Unlock()
			}
		})
	}
	running.Wait()
	return found, problem
}

// lookUpOne looks up the secret with an ID or a name. From a bad answer it keeps
// no other secret, so that many bad answers take little memory.
func (m *Model) lookUpOne(ctx context.Context, id, name string) (found snapshot.Listing, problem *plan.Problem) {
	var args params.ListSecretsArgs
	part := snapshot.Part{Names: []string{name}}
	if args.Filter.Label = &name; id != "" {
		uri := uriOf(id)
		args.Filter, part = params.SecretsFilter{URI: &uri}, snapshot.Part{IDs: []string{id}}
	}
	problem = m.call(ctx, wire.CallTimeout, "ListSecrets", args, &found)
	if problem != nil && problem.Reason == v1alpha1.ReasonSecretNotFound && id != "" {
		problem = nil // Before Juju 4, the answer is an empty list.
	}
	found = found.Only(part)
	found.Secrets = slices.Clone(found.Secrets[:min(len(found.Secrets), 1)]) // The names of user secrets are unique.
	return found, problem
}

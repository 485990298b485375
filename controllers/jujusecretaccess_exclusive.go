// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// observeListings gathers which grants of the target other JujuSecretAccesses
// list or made. It reads only the cache, and nothing if the access is not
// exclusive and Juju has no further grants.
func (r *AccessReconciler) observeListings(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, facts plan.AccessFacts,
) (plan.AccessFacts, error) {
	secret := facts.Secret()
	if secret == nil || facts.Deleting || !facts.Exclusive && len(facts.Unlisted()) == 0 {
		r.unlisted.forget(client.ObjectKeyFromObject(obj))
		return facts, nil
	}
	seen, self := map[types.UID]bool{obj.UID: true}, identityOf(obj)
	var found []plan.Listing
	add := func(other *v1alpha1.JujuSecretAccess) {
		if !seen[other.UID] {
			seen[other.UID] = true
			found = append(found, r.listingOf(obj, other, secret.ID, facts))
		}
	}
	if err := r.eachAccess(ctx, add, client.MatchingFields{grantIndex: allGrants(secret.ID)}); err != nil {
		return facts, err
	}
	known := facts.ConsiderListings(self, found)
	if further := known.Unlisted(); facts.Exclusive || !slices.Equal(further, obj.Status.OtherGrants) {
		if err := r.eachUnseen(ctx, obj, facts, further, add); err != nil {
			return facts, err
		}
	}
	facts = facts.ConsiderListings(self, found)
	facts.UnlistedFor = r.unlisted.note(
		client.ObjectKeyFromObject(obj), versionOf(obj, secret.ID), facts.Unlisted(), r.Now(),
	)
	return facts, nil
}

// eachAccess calls visit for the accesses in the cache that the options select.
// visit must not change them.
func (r *AccessReconciler) eachAccess(
	ctx context.Context, visit func(*v1alpha1.JujuSecretAccess), options ...client.ListOption,
) error {
	return r.visit(ctx, &v1alpha1.JujuSecretAccessList{}, func(found client.Object) {
		if access, ok := found.(*v1alpha1.JujuSecretAccess); ok {
			visit(access)
		}
	}, options...)
}

// eachUnseen calls visit for the accesses that list one of the applications for
// the secret, and that have not seen the secret yet. No index has them, so it
// reads all accesses.
func (r *AccessReconciler) eachUnseen(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, facts plan.AccessFacts, apps []string,
	visit func(*v1alpha1.JujuSecretAccess),
) error {
	if len(apps) == 0 {
		return nil
	}
	var failed error
	err := r.eachAccess(ctx, func(other *v1alpha1.JujuSecretAccess) {
		lists := slices.ContainsFunc(other.Spec.Applications, func(app v1alpha1.ApplicationGrant) bool {
			return slices.Contains(apps, app.Name)
		})
		if !lists || other.UID == obj.UID || !other.DeletionTimestamp.IsZero() {
			return
		}
		target, err := r.target(ctx, other, plan.Record{})
		if err != nil {
			failed = err
		} else if facts.MayBeTarget(target, other.Status.ModelUUID) {
			visit(other)
		}
	})
	return cmp.Or(err, failed)
}

// listingOf returns the facts about another access of the secret. It must not
// change the object.
func (r *AccessReconciler) listingOf(
	obj, other *v1alpha1.JujuSecretAccess, secretID string, facts plan.AccessFacts,
) plan.Listing {
	listing := plan.Listing{
		Identity: identityOf(other), Deleting: !other.DeletionTimestamp.IsZero(),
		Exclusive:    isExclusive(other) && !r.apart(obj, other, facts),
		Applications: r.placeOf(other).Applications,
	}
	if recorded := r.recordOf(other); recorded.SecretID == secretID {
		listing.Granted = slices.Clone(recorded.Granted)
	}
	if other.Status.SecretID == secretID {
		listing.Granted = append(listing.Granted, grantedByStatus(other)...)
	}
	return listing
}

// isExclusive reports whether an access asks to be exclusive, and may use its
// model.
func isExclusive(access *v1alpha1.JujuSecretAccess) bool {
	return access.Spec.Exclusive && access.DeletionTimestamp.IsZero() &&
		readyReason(access) != v1alpha1.ReasonTenantDenied
}

// grant identifies the grant of a secret to an application.
type grant struct{ secretID, app string }

// listed returns the grants that an access lists or made.
func (r *AccessReconciler) listed(access *v1alpha1.JujuSecretAccess) map[grant]bool {
	grants := map[grant]bool{}
	add := func(secretID string, apps []string) {
		for _, app := range apps {
			if secretID != "" {
				grants[grant{secretID, app}] = true
			}
		}
	}
	add(access.Status.SecretID, slices.Concat(r.placeOf(access).Applications, grantedByStatus(access)))
	recorded := r.recordOf(access)
	add(recorded.SecretID, recorded.Granted)
	return grants
}

// wakeListings enqueues the accesses of a secret that depend on a change of
// another access of the secret.
func (r *AccessReconciler) wakeListings() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	changed := func(ctx context.Context, before, after *v1alpha1.JujuSecretAccess, q queue) {
		found, list := newRequests(before), &v1alpha1.JujuSecretAccessList{}
		for secretID, change := range r.listingChanges(before, after) {
			by := []client.ListOption{client.MatchingFields{grantIndex: allGrants(secretID)}}
			r.each(ctx, list, by, func(obj client.Object) {
				if other, ok := obj.(*v1alpha1.JujuSecretAccess); ok && change.concerns(other) {
					found.add(other)
				}
			})
		}
		for _, request := range found.requests {
			q.Add(request)
		}
	}
	return handler.Funcs{
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			before, okBefore := e.ObjectOld.(*v1alpha1.JujuSecretAccess)
			after, okAfter := e.ObjectNew.(*v1alpha1.JujuSecretAccess)
			if okBefore && okAfter {
				changed(ctx, before, after, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) {
			if access, ok := e.Object.(*v1alpha1.JujuSecretAccess); ok {
				changed(ctx, access, nil, q)
			}
		},
	}
}

// listingChange is what changed in the grants of one secret that an access lists
// or made.
type listingChange struct {
	// added are the applications that it did not list before.
	added []string
	// gone is true when it no longer lists an application. left is true when the
	// grant of this application stays in Juju, as far as is known.
	gone, left bool
	// exclusive is true when it became exclusive, or no longer is.
	exclusive bool
}

// concerns reports whether another access of the secret depends on the change.
// If a grant is no longer listed, the exclusive access may have to revoke it. The
// others report it only if it stays: otherwise each deletion of an access would
// wake all accesses of the secret.
func (c listingChange) concerns(other *v1alpha1.JujuSecretAccess) bool {
	reports := func(app string) bool {
		pauses := other.Spec.Exclusive && readyReason(other) == v1alpha1.ReasonDrifted
		return pauses || slices.Contains(other.Status.OtherGrants, app)
	}
	return other.DeletionTimestamp.IsZero() &&
		(c.left || (c.gone || c.exclusive) && other.Spec.Exclusive || slices.ContainsFunc(c.added, reports))
}

// listingChanges returns the differences between two versions of an access, by
// the ID of the secret. After is nil if the access is gone.
func (r *AccessReconciler) listingChanges(before, after *v1alpha1.JujuSecretAccess) map[string]listingChange {
	was, is := r.listed(before), map[grant]bool{}
	exclusiveWas, exclusiveIs := exclusiveOf(before), ""
	if after != nil {
		is, exclusiveIs = r.listed(after), exclusiveOf(after)
	}
	changes := map[string]listingChange{}
	modify := func(secretID string, modify func(*listingChange)) {
		change := changes[secretID]
		modify(&change)
		changes[secretID] = change
	}
	revokes, made := before.Spec.DeletionPolicy != v1alpha1.GrantsRetain, r.recordOf(before).Granted
	for g := range was {
		if !is[g] {
			left := after == nil && !revokes || after != nil && !slices.Contains(made, g.app)
			modify(g.secretID, func(c *listingChange) { c.gone, c.left = true, c.left || left })
		}
	}
	for g := range is {
		if !was[g] {
			modify(g.secretID, func(c *listingChange) { c.added = append(c.added, g.app) })
		}
	}
	if exclusiveWas != exclusiveIs {
		for _, secretID := range distinct([]string{exclusiveWas, exclusiveIs}) {
			modify(secretID, func(c *listingChange) { c.exclusive = true })
		}
	}
	return changes
}

// exclusiveOf returns the secret that an access is exclusive for, empty if it is
// not exclusive.
func exclusiveOf(access *v1alpha1.JujuSecretAccess) string {
	if !isExclusive(access) {
		return ""
	}
	return access.Status.SecretID
}

// unlistedLog holds since when grants are known that no access lists, by the
// access that found them. It is in memory only, so after a restart package plan
// waits again.
type unlistedLog struct {
	mu      sync.Mutex
	objects map[client.ObjectKey]*unlistedGrants
}

// unlistedGrants holds the grants that one version of an access found.
type unlistedGrants struct {
	version manifestVersion
	since   map[string]time.Time
}

func newUnlistedLog() *unlistedLog {
	return &unlistedLog{objects: map[client.ObjectKey]*unlistedGrants{}}
}

// note stores the applications that no access lists, and returns how long all of
// them have been known.
func (l *unlistedLog) note(
	key client.ObjectKey, version manifestVersion, apps []string, now time.Time,
) (known time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(apps) == 0 {
		delete(l.objects, key)
		return 0
	}
	found := l.objects[key]
	if found == nil || found.version != version {
		found = &unlistedGrants{version, map[string]time.Time{}}
		l.objects[key] = found
	}
	maps.DeleteFunc(found.since, func(app string, _ time.Time) bool { return !slices.Contains(apps, app) })
	last := time.Time{}
	for _, app := range apps {
		if _, ok := found.since[app]; !ok {
			found.since[app] = now
		}
		if found.since[app].After(last) {
			last = found.since[app]
		}
	}
	return now.Sub(last)
}

// forget removes the grants of an object.
func (l *unlistedLog) forget(key client.ObjectKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.objects, key)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// chronicle watches the objects of both kinds, and enters every version of them into the ledger of their namespace.
type chronicle struct {
	watches []watch.Interface

	mu      sync.Mutex
	ledgers map[string]*ledger // by namespace
	err     error
}

func startChronicle(ctx context.Context, kube client.WithWatch) (*chronicle, error) {
	c := &chronicle{ledgers: map[string]*ledger{}}
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		if err := kube.List(ctx, list); err != nil {
			return nil, err
		}
		watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &cache.ListWatch{
			WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
				return kube.Watch(ctx, list, &client.ListOptions{Raw: &options})
			},
		})
		if err != nil {
			c.stop()
			return nil, err
		}
		c.watches = append(c.watches, watcher)
		go c.follow(watcher.ResultChan())
	}
	return c, nil
}

func (c *chronicle) stop() {
	for _, w := range c.watches {
		w.Stop()
	}
}

// open makes one ledger for some namespaces.
func (c *chronicle) open(namespaces ...string) *ledger {
	l := &ledger{
		secrets: map[types.UID]*v1alpha1.JujuSecret{}, accesses: map[types.UID]*v1alpha1.JujuSecretAccess{},
		gone: map[types.UID]bool{}, claims: map[string][]types.UID{}, creations: map[types.UID]map[string]bool{},
		changed: make(chan struct{}),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ns := range namespaces {
		c.ledgers[ns] = l
	}
	return l
}

// broken is why the chronicle sees nothing any more.
func (c *chronicle) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *chronicle) follow(events <-chan watch.Event) {
	err := errors.New("the watch on the objects ended")
	for event := range events {
		if event.Type == watch.Error {
			err = fmt.Errorf("%w: %w", err, apierrors.FromObject(event.Object))
			break
		}
		obj, ok := event.Object.(client.Object)
		if !ok {
			continue
		}
		c.mu.Lock()
		l := c.ledgers[obj.GetNamespace()]
		c.mu.Unlock()
		if l != nil {
			l.enter(event.Type, obj)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

// ledger has the objects of one history, and who ever claimed what.
type ledger struct {
	mu sync.Mutex
	// secrets and accesses are the newest versions; of those that are gone, the last.
	secrets  map[types.UID]*v1alpha1.JujuSecret
	accesses map[types.UID]*v1alpha1.JujuSecretAccess
	gone     map[types.UID]bool
	// claims are the JujuSecrets that ever had a secret, by its ID, or were about to adopt it: one entry for each time.
	claims map[string][]types.UID
	// overlaps tell of those that two had at the same time.
	overlaps []string
	// creations are the names under which JujuSecrets ever were about to create a secret.
	creations map[types.UID]map[string]bool
	// versions tell of each version of each object in a line.
	versions []string
	changed  chan struct{} // closed when something happens
	next     []func()      // to be called at the next write of an object
}

func (l *ledger) enter(kind watch.EventType, obj client.Object) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.versions = append(l.versions, versionOf(kind, obj))
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		if id := claimed(obj); id != "" && (l.secrets[obj.UID] == nil || claimed(l.secrets[obj.UID]) != id) {
			l.claim(id, obj)
		}
		if creating := recordOf(obj).Creating; creating != nil {
			if l.creations[obj.UID] == nil {
				l.creations[obj.UID] = map[string]bool{}
			}
			l.creations[obj.UID][creating.Name] = true
		}
		l.secrets[obj.UID] = obj
	case *v1alpha1.JujuSecretAccess:
		l.accesses[obj.UID] = obj
	}
	if kind == watch.Deleted {
		l.gone[obj.GetUID()] = true
	}
	if kind == watch.Modified {
		for _, call := range l.next {
			go call()
		}
		l.next = nil
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// versionOf tells what matters of a version of an object.
func versionOf(kind watch.EventType, obj client.Object) string {
	text := fmt.Sprintf("%s %s %s/%s %.8s generation %d version %s", time.Now().Format(timeFormat), kind, obj.GetNamespace(), obj.GetName(),
		obj.GetUID(), obj.GetGeneration(), obj.GetResourceVersion())
	if !obj.GetDeletionTimestamp().IsZero() {
		text += " deleting"
	}
	if len(obj.GetFinalizers()) > 0 {
		text += " held"
	}
	var conditions []metav1.Condition
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		conditions = obj.Status.Conditions
		text += fmt.Sprintf(" secret:%s revision %d managed %t adopted %t", obj.Status.SecretID, obj.Status.Revision,
			obj.Status.Managed, obj.Status.Adopted)
	case *v1alpha1.JujuSecretAccess:
		conditions = obj.Status.Conditions
		text += fmt.Sprintf(" secret:%s granted %s", obj.Status.SecretID, obj.Status.Granted)
	}
	if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready != nil {
		text += fmt.Sprintf(" Ready=%s %s", ready.Status, ready.Reason)
	}
	return text + " record " + obj.GetAnnotations()[recordAnnotation]
}

// told is what the ledger has of all versions.
func (l *ledger) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.versions)
}

// claim notes that an object has a secret from now on.
func (l *ledger) claim(id string, obj *v1alpha1.JujuSecret) {
	for uid, other := range l.secrets {
		if uid != obj.UID && !l.gone[uid] && claimed(other) == id {
			l.overlaps = append(l.overlaps, fmt.Sprintf("secret:%s was claimed by %s/%s, and by %s/%s too", id,
				other.Namespace, other.Name, obj.Namespace, obj.Name))
		}
	}
	l.claims[id] = append(l.claims[id], obj.UID)
}

// overlapping tells of secrets that two objects had at the same time.
func (l *ledger) overlapping() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.overlaps)
}

// atNextWrite calls a function when an object is written next.
func (l *ledger) atNextWrite(call func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = append(l.next, call)
}

// secret is the newest version of a JujuSecret, nil if none was seen.
func (l *ledger) secret(uid types.UID) *v1alpha1.JujuSecret {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.secrets[uid]
}

func (l *ledger) access(uid types.UID) *v1alpha1.JujuSecretAccess {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accesses[uid]
}

func (l *ledger) isGone(uid types.UID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone[uid]
}

// claimers are the JujuSecrets that ever had a secret, in that order.
func (l *ledger) claimers(id string) []types.UID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.claims[id])
}

// claimedIDs are all secrets that any JujuSecret ever had.
func (l *ledger) claimedIDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id := range l.claims {
		ids = append(ids, id)
	}
	return ids
}

// claimedBy are all secrets that a JujuSecret ever had.
func (l *ledger) claimedBy(uid types.UID) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id, claimers := range l.claims {
		if slices.Contains(claimers, uid) {
			ids = append(ids, id)
		}
	}
	return ids
}

// begun tells whether a JujuSecret ever was about to create a secret of a name, or, without one, of any.
func (l *ledger) begun(uid types.UID, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.creations[uid][name] || name == "" && len(l.creations[uid]) > 0
}

// news is closed when something happens.
func (l *ledger) news() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// recordAnnotation is where the operator keeps its record of an object.
const recordAnnotation = "jujusecrets.io/record"

// record is what the operator keeps there.
type record struct {
	UID      types.UID `json:"uid"`
	Creating *struct {
		Name     string `json:"name"`
		Replaces string `json:"replaces"`
		ID       string `json:"id"`
	} `json:"creating"`
	Adopting string `json:"adopting"`
	Grants   *struct {
		SecretID string   `json:"secretID"`
		Granted  []string `json:"granted"`
	} `json:"grants"`
}

func recordOf(obj client.Object) record {
	var r record
	if json.Unmarshal([]byte(obj.GetAnnotations()[recordAnnotation]), &r) != nil || r.UID != obj.GetUID() {
		return record{}
	}
	return r
}

// claimed is the ID of the secret that a JujuSecret has, is about to adopt, or has recognised after a crash.
func claimed(s *v1alpha1.JujuSecret) string {
	noted := ""
	if s.Status.Managed {
		noted = s.Status.SecretID
	}
	r := recordOf(s)
	if r.Creating != nil && r.Creating.Replaces == noted && r.Creating.ID != "" {
		return r.Creating.ID
	}
	return cmp.Or(noted, r.Adopting)
}

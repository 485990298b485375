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
	"strings"
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

// recorder watches the objects of both kinds, and records every version of them
// in the ledger of their namespace.
type recorder struct {
	watches []watch.Interface

	mu      sync.Mutex
	ledgers map[string]*ledger // by namespace
	err     error
}

func startRecorder(ctx context.Context, kube client.WithWatch) (*recorder, error) {
	c := &recorder{ledgers: map[string]*ledger{}}
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

func (c *recorder) stop() {
	for _, w := range c.watches {
		w.Stop()
	}
}

// open creates one ledger for several namespaces.
func (c *recorder) open(namespaces ...string) *ledger {
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

// broken returns the error that ended the watch.
func (c *recorder) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *recorder) follow(events <-chan watch.Event) {
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

// ledger holds the objects of one history, and the claims of every JujuSecret.
type ledger struct {
	mu sync.Mutex
	// secrets and accesses hold the newest versions, also of deleted objects.
	secrets  map[types.UID]*v1alpha1.JujuSecret
	accesses map[types.UID]*v1alpha1.JujuSecretAccess
	gone     map[types.UID]bool
	// claims maps the ID of a secret to the JujuSecrets that owned it or were
	// about to adopt it, with one entry for each time.
	claims map[string][]types.UID
	// overlaps describes the secrets that two objects owned at the same time.
	overlaps []string
	// creations holds the names of the secrets that each JujuSecret was about
	// to create.
	creations map[types.UID]map[string]bool
	// versions describes each version of each object, one per line.
	versions []string
	changed  chan struct{} // closed at the next event
	next     []func()      // called at the next write of an object
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

// versionOf describes a version of an object.
func versionOf(kind watch.EventType, obj client.Object) string {
	text := fmt.Sprintf("%s %s %s/%s %.8s generation %d version %s",
		time.Now().Format(timeFormat), kind, obj.GetNamespace(), obj.GetName(), obj.GetUID(),
		obj.GetGeneration(), obj.GetResourceVersion())
	if !obj.GetDeletionTimestamp().IsZero() {
		text += " deleting"
	}
	if len(obj.GetFinalizers()) > 0 {
		text += " finalizer"
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

// log returns the descriptions of all versions.
func (l *ledger) log() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.versions)
}

// claim records that an object owns a secret from now on.
func (l *ledger) claim(id string, obj *v1alpha1.JujuSecret) {
	for uid, other := range l.secrets {
		if uid != obj.UID && !l.gone[uid] && claimed(other) == id {
			l.overlaps = append(l.overlaps, fmt.Sprintf("secret:%s was claimed by %s/%s and by %s/%s", id,
				other.Namespace, other.Name, obj.Namespace, obj.Name))
		}
	}
	l.claims[id] = append(l.claims[id], obj.UID)
}

// overlapping returns the descriptions of secrets that two objects owned at the
// same time.
func (l *ledger) overlapping() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.overlaps)
}

// atNextWrite calls a function at the next write of an object.
func (l *ledger) atNextWrite(call func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = append(l.next, call)
}

// secret returns the newest version of a JujuSecret, or nil.
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

// claimers returns the JujuSecrets that owned a secret, in order.
func (l *ledger) claimers(id string) []types.UID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.claims[id])
}

// claimedIDs returns the IDs of all secrets that a JujuSecret ever owned.
func (l *ledger) claimedIDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id := range l.claims {
		ids = append(ids, id)
	}
	return ids
}

// claimedBy returns the IDs of all secrets that a JujuSecret ever owned.
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

// begun reports whether a JujuSecret was ever about to create a secret with a
// name, or any secret if name is empty.
func (l *ledger) begun(uid types.UID, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.creations[uid][name] || name == "" && len(l.creations[uid]) > 0
}

// changes returns a channel that is closed at the next event.
func (l *ledger) changes() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// recordAnnotation is the annotation with the operator's record of an object.
const recordAnnotation = "jujusecrets.io/record"

// record is the payload of the annotation, which follows the MAC.
type record struct {
	Creating *struct {
		Name     string `json:"name"`
		Replaces string `json:"replaces"`
		ID       string `json:"id"`
	} `json:"creating"`
	Adopting string `json:"adopting"`
	Grants   *struct {
		SecretID string   `json:"secretID"`
		Granted  []string `json:"granted"`
		Adopted  []string `json:"adopted"`
		// Options are the names of options by application.
		Options map[string][]string `json:"options"`
	} `json:"grants"`
}

func recordOf(obj client.Object) record {
	var r record
	parts := strings.SplitN(obj.GetAnnotations()[recordAnnotation], ".", 4)
	if json.Unmarshal([]byte(parts[len(parts)-1]), &r) != nil {
		return record{}
	}
	return r
}

// claimed returns the ID of the secret that a JujuSecret owns, is about to
// adopt, or has recovered after a crash.
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

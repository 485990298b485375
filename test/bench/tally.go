// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// tally watches the objects of both kinds in all namespaces. It counts the writes of each object
// after its creation, and tracks the objects in sync.
type tally struct {
	watches []watch.Interface

	mu      sync.Mutex
	writes  map[string]int
	insync  map[string]bool
	changed chan struct{} // closed at the next event
	err     error
}

func startTally(ctx context.Context, kube client.WithWatch) (*tally, error) {
	t := &tally{writes: map[string]int{}, insync: map[string]bool{}, changed: make(chan struct{})}
	for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
		watcher, err := watchOn(ctx, kube, list)
		if err != nil {
			t.stop()
			return nil, err
		}
		t.watches = append(t.watches, watcher)
		go t.follow(watcher.ResultChan())
	}
	return t, nil
}

// watchOn watches the objects of a kind from now on. It retries without a gap
// when the API server ends the watch, for example when the API server reloads a
// CRD.
func watchOn(ctx context.Context, kube client.WithWatch, list client.ObjectList) (watch.Interface, error) {
	if err := kube.List(ctx, list); err != nil {
		return nil, err
	}
	return toolswatch.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return kube.Watch(ctx, list, &client.ListOptions{Raw: &options})
		},
	})
}

func (t *tally) stop() {
	for _, w := range t.watches {
		w.Stop()
	}
}

func (t *tally) follow(events <-chan watch.Event) {
	err := errors.New("the watch on the objects ended")
	for event := range events {
		if event.Type == watch.Error {
			err = fmt.Errorf("%w: %w", err, apierrors.FromObject(event.Object))
			break
		}
		t.add(event)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	t.notify()
}

func (t *tally) add(event watch.Event) {
	var name string
	var conditions []metav1.Condition
	switch obj := event.Object.(type) {
	case *v1alpha1.JujuSecret:
		name, conditions = "secret "+obj.Namespace+"/"+obj.Name, obj.Status.Conditions
	case *v1alpha1.JujuSecretAccess:
		name, conditions = "access "+obj.Namespace+"/"+obj.Name, obj.Status.Conditions
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if event.Type == watch.Modified {
		t.writes[name]++
	}
	waits := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	if meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady) && !waits {
		t.insync[name] = true
	} else {
		delete(t.insync, name)
	}
	t.notify()
}

func (t *tally) notify() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// synced returns the number of objects in sync: Ready and not Reconciling.
// changed is closed when the number may change.
func (t *tally) synced() (count int, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.insync), t.changed
}

// broken returns the error that ended the watch.
func (t *tally) broken() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// total returns the number of writes of all objects.
func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := 0
	for _, writes := range t.writes {
		sum += writes
	}
	return sum
}

// most returns the highest number of writes of an object.
func (t *tally) most() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Max(append(slices.Collect(maps.Values(t.writes)), 0))
}

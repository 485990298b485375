// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"sync"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// countWrites watches the scene's objects of a kind from now on. The function it returns tells how often the object of a
// name was written after it was created, seen up to the creation of a marker object.
func (s *scene) countWrites(list client.ObjectList) func(name, marker string) int {
	s.Helper()
	watcher, err := stack.Kubernetes.Client.Watch(s.Ctx, list, client.InNamespace(s.ns))
	s.Must(err)
	s.Cleanup(watcher.Stop)
	var mu sync.Mutex
	writes, created := map[string]int{}, map[string]bool{}
	go func() {
		for event := range watcher.ResultChan() {
			obj, ok := event.Object.(client.Object)
			if !ok {
				continue
			}
			mu.Lock()
			switch event.Type {
			case watch.Added:
				created[obj.GetName()] = true
			case watch.Modified:
				writes[obj.GetName()]++
			case watch.Deleted, watch.Bookmark, watch.Error:
			}
			mu.Unlock()
		}
	}()
	return func(name, marker string) int {
		s.Await(func() string {
			mu.Lock()
			defer mu.Unlock()
			if !created[marker] {
				return "the watch has not seen the object " + marker
			}
			return ""
		})
		mu.Lock()
		defer mu.Unlock()
		return writes[name]
	}
}

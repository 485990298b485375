// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"sync"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// countWrites watches the fixture's objects of a kind. The returned function
// waits until the watch has seen the creation of a marker object. Then it
// returns the number of writes to the named object since its creation.
func (f *fixture) countWrites(list client.ObjectList) func(name, marker string) int {
	f.Helper()
	watcher, err := f.Kube.Watch(f.Ctx, list, client.InNamespace(f.Namespace))
	f.Must(err)
	f.Cleanup(watcher.Stop)
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
		f.Await(func() string {
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

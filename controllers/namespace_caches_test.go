// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// oneObject is the cache of a namespace with one JujuSecret. Both have the same
// name. It is also the informer, and counts handlers.
type oneObject struct {
	cache.Cache
	cache.Informer

	name     string
	handlers int
}

func (o *oneObject) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	if secrets, ok := list.(*v1alpha1.JujuSecretList); ok {
		secrets.Items = []v1alpha1.JujuSecret{*named(o.name)}
	}
	return nil
}

func (o *oneObject) Get(_ context.Context, _ client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	obj.SetName(o.name)
	return nil
}

func (o *oneObject) GetInformer(
	context.Context, client.Object, ...cache.InformerGetOption,
) (cache.Informer, error) {
	return o, nil
}

func (o *oneObject) AddEventHandlerWithOptions(
	toolscache.ResourceEventHandler, toolscache.HandlerOptions,
) (toolscache.ResourceEventHandlerRegistration, error) {
	o.handlers++
	done := allSynced{make(chan struct{})}
	close(done.done)
	return done, nil
}

// newOneAndTwo returns the caches of the namespaces one and two.
func newOneAndTwo() (caches *NamespaceCaches, one, two *oneObject) {
	one, two = &oneObject{name: "one"}, &oneObject{name: "two"}
	caches = newNamespaceCaches(nil)
	caches.caches = map[string]cache.Cache{"one": one, "two": two}
	return caches, one, two
}

func (c *NamespaceCaches) mustServe(t *testing.T, ns string) {
	t.Helper()
	if err := c.serve(ns); err != nil {
		t.Fatal(err)
	}
}

// listed returns the names of the objects in the caches.
func listed(t *testing.T, c *NamespaceCaches, options ...client.ListOption) (names []string) {
	t.Helper()
	var list v1alpha1.JujuSecretList
	if err := c.List(t.Context(), &list, options...); err != nil {
		t.Fatal(err)
	}
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names
}

func TestNamespacesAreReadOnlyWhileServed(t *testing.T) {
	t.Parallel()
	c, _, _ := newOneAndTwo()
	c.mustServe(t, "two")
	if diff := cmp.Diff([]string{"two"}, listed(t, c)); diff != "" {
		t.Errorf("objects of the served namespace (-want +got):\n%s", diff)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "one", Name: "db"}, named("")); err == nil {
		t.Error("Get returned no error for a namespace that is not served")
	}
	if err := c.List(t.Context(), &v1alpha1.JujuSecretList{}, client.InNamespace("one")); err == nil {
		t.Error("List returned no error for a namespace that is not served")
	}
	if diff := cmp.Diff(map[string]bool{"one": false, "two": true}, c.Served()); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	c.mustServe(t, "one")
	if diff := cmp.Diff([]string{"one", "two"}, listed(t, c)); diff != "" {
		t.Errorf("objects of both namespaces (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one"}, listed(t, c, client.Limit(1))); diff != "" {
		t.Errorf("at most one object (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"two"}, listed(t, c, client.InNamespace("two"))); diff != "" {
		t.Errorf("objects of one namespace (-want +got):\n%s", diff)
	}
}

func TestStartWaitsForNamespacesThatAreNotRefused(t *testing.T) {
	t.Parallel()
	forbidden := errors.New("forbidden")
	serve := func(ns string) func(*NamespaceCaches) error {
		return func(c *NamespaceCaches) error { return c.serve(ns) }
	}
	refuse := func(ns string) func(*NamespaceCaches) error {
		return func(c *NamespaceCaches) error {
			c.refuse(ns, forbidden)
			return nil
		}
	}
	for name, row := range map[string]struct {
		events []func(*NamespaceCaches) error
		want   bool
	}{
		"nothing known":            {nil, false},
		"one served":               {[]func(*NamespaceCaches) error{serve("one")}, false},
		"both served":              {[]func(*NamespaceCaches) error{serve("one"), serve("two")}, true},
		"one refused":              {[]func(*NamespaceCaches) error{refuse("one")}, false},
		"both refused":             {[]func(*NamespaceCaches) error{refuse("one"), refuse("two")}, false},
		"one refused, one served":  {[]func(*NamespaceCaches) error{refuse("one"), serve("two")}, true},
		"one refused, then served": {[]func(*NamespaceCaches) error{refuse("one"), serve("one")}, false},
		"one served, then refused": {[]func(*NamespaceCaches) error{serve("one"), refuse("one")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, _ := newOneAndTwo()
			for _, event := range row.events {
				if err := event(c); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.settled(); got != row.want {
				t.Errorf("the caches have synced: %t, want %t", got, row.want)
			}
		})
	}
}

func TestHandlersAreAddedWhenANamespaceIsServed(t *testing.T) {
	t.Parallel()
	c, one, two := newOneAndTwo()
	informer, err := c.GetInformer(t.Context(), &v1alpha1.JujuSecret{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, wantOne, wantTwo int) {
		t.Helper()
		if one.handlers != wantOne || two.handlers != wantTwo {
			t.Errorf("%s: %d and %d handlers, want %d and %d", when, one.handlers, two.handlers, wantOne, wantTwo)
		}
	}
	add := func() {
		t.Helper()
		added, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{})
		if err != nil {
			t.Fatal(err)
		}
		<-added.HasSyncedChecker().Done()
	}
	add()
	expect("before any is served", 0, 0)
	c.mustServe(t, "one")
	expect("one is served", 1, 0)
	add()
	expect("a second handler", 2, 0)
	c.mustServe(t, "two")
	expect("both are served", 2, 2)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// oneInformer is a cache with one informer.
type oneInformer struct {
	cache.Cache

	informer cache.Informer
}

func (o *oneInformer) GetInformer(
	context.Context, client.Object, ...cache.InformerGetOption,
) (cache.Informer, error) {
	return o.informer, nil
}

// compactCacheOf returns a cache of some objects, with the indexes of
// JujuSecrets.
func compactCacheOf(t *testing.T, objs ...*v1alpha1.JujuSecret) *compactCache {
	t.Helper()
	inner := &oneInformer{}
	c := &compactCache{
		Cache: inner, informers: map[reflect.Type]toolscache.SharedIndexInformer{},
		indexes: map[reflect.Type]map[string]client.IndexerFunc{},
	}
	list := &v1alpha1.JujuSecretList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for _, obj := range objs {
		list.Items = append(list.Items, *obj)
	}
	informer := c.newInformer(toolscache.ToListWatcherWithWatchListSemantics(&toolscache.ListWatch{
		ListFunc:  func(metav1.ListOptions) (runtime.Object, error) { return list, nil },
		WatchFunc: func(metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil },
	}, noWatchList{}), &v1alpha1.JujuSecret{}, 0, toolscache.Indexers{})
	inner.informer = informer
	r := &SecretReconciler{objectBase: newTestBase(nil, nil)}
	if err := r.indexSecrets(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	go informer.RunWithContext(t.Context())
	return c
}

// noWatchList is a server without streaming lists.
type noWatchList struct{}

func (noWatchList) IsWatchListSemanticsUnSupported() bool { return true }

// sharing returns the names of two Secrets of a namespace whose keys share a
// set.
func sharing(t *testing.T, namespace string) (one, other string) {
	t.Helper()
	names := map[string]string{}
	for i := range 2 * sharedSets {
		name := fmt.Sprintf("source-%d", i)
		stored := storedKey(secretSourceIndex, namespace+"/"+name)
		if names[stored] != "" {
			return names[stored], name
		}
		names[stored] = name
	}
	t.Fatal("no two keys share a set")
	return "", ""
}

func TestCacheFindsObjectsByIndex(t *testing.T) {
	t.Parallel()
	one, other := sharing(t, "team-a")
	reads := func(source string) func(*v1alpha1.JujuSecret) {
		return func(s *v1alpha1.JujuSecret) {
			s.Spec.ValueFrom = []v1alpha1.ValueSource{{SecretRef: &v1alpha1.SourceReference{Name: source}}}
		}
	}
	c := compactCacheOf(t,
		madeAt(1, "team-a", "reads-one", reads(one)), madeAt(2, "team-a", "reads-one-too", reads(one)),
		madeAt(3, "team-a", "reads-other", reads(other)), madeAt(4, "team-b", "another-namespace", reads(one)),
		madeAt(5, "team-b", "another-controller", usesController("", "another")),
	)
	for name, row := range map[string]struct {
		options []client.ListOption
		want    []string
	}{
		"nearly unique key": {
			[]client.ListOption{client.MatchingFields{secretSourceIndex: "team-a/" + one}}, []string{"reads-one", "reads-one-too"},
		},
		"another key of the same set": {
			[]client.ListOption{client.MatchingFields{secretSourceIndex: "team-a/" + other}}, []string{"reads-other"},
		},
		"unknown key": {[]client.ListOption{client.MatchingFields{secretSourceIndex: "team-a/unknown"}}, nil},
		"shared key": {
			[]client.ListOption{client.MatchingFields{controllerIndex: "default"}},
			[]string{"another-namespace", "reads-one", "reads-one-too", "reads-other"},
		},
		"shared key in a namespace": {
			[]client.ListOption{client.MatchingFields{controllerIndex: "default"}, client.InNamespace("team-b")},
			[]string{"another-namespace"},
		},
		"limit": {
			[]client.ListOption{client.MatchingFields{controllerIndex: "another"}, client.Limit(1)},
			[]string{"another-controller"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list v1alpha1.JujuSecretList
			if err := c.List(t.Context(), &list, row.options...); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, item := range list.Items {
				found = append(found, item.Name)
			}
			slices.Sort(found)
			if diff := cmp.Diff(row.want, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("limit of many", func(t *testing.T) {
		t.Parallel()
		var list v1alpha1.JujuSecretList
		err := c.List(t.Context(), &list, client.MatchingFields{controllerIndex: "default"}, client.Limit(2))
		if err != nil || len(list.Items) != 2 {
			t.Errorf("a limit of 2 finds %d objects, error %v", len(list.Items), err)
		}
	})
	t.Run("no index", func(t *testing.T) {
		t.Parallel()
		var list v1alpha1.JujuSecretList
		if err := c.List(t.Context(), &list, client.MatchingFields{"metadata.name": "db"}); err == nil {
			t.Error("a field without an index is accepted")
		}
	})
}

func TestCacheCopiesFoundObjectsUnlessAskedNotTo(t *testing.T) {
	t.Parallel()
	c := compactCacheOf(t, madeAt(1, "team-a", "db", func(s *v1alpha1.JujuSecret) {
		s.Spec.Value = map[string]string{"key": "value"}
	}))
	find := func(options ...client.ListOption) map[string]string {
		var list v1alpha1.JujuSecretList
		err := c.List(t.Context(), &list, append(options, client.MatchingFields{controllerIndex: "default"})...)
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("found %d objects, error %v", len(list.Items), err)
		}
		return list.Items[0].Spec.Value
	}
	find()["key"] = "changed"
	if got := find()["key"]; got != "value" {
		t.Errorf("a change of a copy changed the cache: %s", got)
	}
	find(client.UnsafeDisableDeepCopy)["key"] = "changed"
	if got := find()["key"]; got != "changed" {
		t.Error("the object is copied although the caller asked not to")
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// compactCache is a cache with small indexes. The cache of controller-runtime
// has each key of an index twice, with the namespace of the object and without,
// and an index holds a set of 300 bytes for each key. With ten thousand objects
// these sets need twice the memory of the objects. A compactCache has each key
// once, and keys that are nearly unique share sets.
type compactCache struct {
	cache.Cache

	mu sync.RWMutex
	// informers and indexes are by the type of their objects.
	informers map[reflect.Type]toolscache.SharedIndexInformer
	indexes   map[reflect.Type]map[string]client.IndexerFunc
}

// newCompactCache returns a cache that reads through informers of a
// configuration.
func newCompactCache(config *rest.Config, options cache.Options) (cache.Cache, error) {
	c := &compactCache{
		informers: map[reflect.Type]toolscache.SharedIndexInformer{},
		indexes:   map[reflect.Type]map[string]client.IndexerFunc{},
	}
	options.NewInformer = c.newInformer
	var err error
	c.Cache, err = cache.New(config, options)
	return c, err
}

// newInformer returns a new informer, and keeps it for its indexes.
func (c *compactCache) newInformer(
	lw toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers,
) toolscache.SharedIndexInformer {
	informer := toolscache.NewSharedIndexInformer(lw, obj, resync, indexers)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.informers[reflect.TypeOf(obj).Elem()] = informer
	return informer
}

// IndexField implements client.FieldIndexer.
func (c *compactCache) IndexField(
	ctx context.Context, obj client.Object, field string, keys client.IndexerFunc,
) error {
	if _, err := c.GetInformer(ctx, obj, cache.BlockUntilSynced(false)); err != nil {
		return err
	}
	of := reflect.TypeOf(obj).Elem()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.indexes[of] == nil {
		c.indexes[of] = map[string]client.IndexerFunc{}
	}
	c.indexes[of][field] = keys
	return c.informers[of].AddIndexers(toolscache.Indexers{field: func(item any) ([]string, error) {
		var stored []string
		if obj, ok := item.(client.Object); ok {
			for _, key := range keys(obj) {
				stored = append(stored, storedKey(field, key))
			}
		}
		return stored, nil
	}})
}

// List implements client.Reader.
func (c *compactCache) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var asked client.ListOptions
	asked.ApplyOptions(options)
	if asked.FieldSelector == nil {
		return c.Cache.List(ctx, list, options...)
	}
	wanted := asked.FieldSelector.Requirements()
	items, err := meta.GetItemsPtr(list)
	if err != nil {
		return err
	}
	of := reflect.TypeOf(items).Elem().Elem()
	c.mu.RLock()
	informer, keys := c.informers[of], c.indexes[of][wanted[0].Field]
	c.mu.RUnlock()
	if len(wanted) != 1 || keys == nil {
		return fmt.Errorf("%T has no index for %s", list, asked.FieldSelector)
	}
	if !informer.HasSynced() && !toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return ctx.Err()
	}
	field, key := wanted[0].Field, wanted[0].Value
	found, err := informer.GetIndexer().ByIndex(field, storedKey(field, key))
	if err != nil {
		return err
	}
	var selected []runtime.Object
	for _, item := range found {
		obj, ok := item.(client.Object)
		if !ok || asked.Namespace != "" && asked.Namespace != obj.GetNamespace() ||
			nearlyUnique(field) && !slices.Contains(keys(obj), key) {
			continue
		}
		if shared := asked.UnsafeDisableDeepCopy; shared == nil || !*shared {
			obj = obj.DeepCopyObject().(client.Object) //nolint:forcetypeassert // A copy has the same type.
		}
		if selected = append(selected, obj); int64(len(selected)) == asked.Limit {
			break
		}
	}
	return meta.SetList(list, selected)
}

// sharedSets is the number of sets that the nearly unique keys of an index
// share. Each set then has about two objects if there are ten thousand.
const sharedSets = 1 << 14

// storedKey returns the key that the informer has for a key of an index.
func storedKey(field, key string) string {
	if !nearlyUnique(field) {
		return key
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(key)) // It never fails.
	return strconv.FormatUint(uint64(sum.Sum32()%sharedSets), 36)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// NamespaceCaches is a cache of some namespaces, with one cache for each. A
// namespace is served when all informers of its cache have synced. Its objects
// are never read before that, because an object that is not in the cache yet
// would seem not to exist. The API server can refuse a namespace, because it
// does not exist or because the operator has no role in it. Such a namespace is
// served as soon as the API server accepts it.
type NamespaceCaches struct {
	scheme *runtime.Scheme
	caches map[string]cache.Cache

	mu sync.RWMutex
	// served are the namespaces that are served. refused has the errors of each
	// namespace that the API server refuses.
	served  map[string]bool
	refused map[string]map[string]bool
	// handlers are added to the informers of each namespace that is served.
	handlers []eventHandler
}

// eventHandler handles the events of a kind. It has the informer of each
// namespace.
type eventHandler struct {
	toolscache.ResourceEventHandler

	options   toolscache.HandlerOptions
	informers map[string]cache.Informer
}

func (h eventHandler) addTo(ns string) (toolscache.ResourceEventHandlerRegistration, error) {
	return h.informers[ns].AddEventHandlerWithOptions(h.ResourceEventHandler, h.options)
}

// NewCache returns NamespaceCaches if the options have namespaces, otherwise a
// cache of all namespaces.
func NewCache(config *rest.Config, options cache.Options) (cache.Cache, error) {
	if len(options.DefaultNamespaces) == 0 {
		return newCompactCache(config, options)
	}
	c := newNamespaceCaches(options.Scheme)
	for ns, of := range options.DefaultNamespaces {
		one := options
		one.DefaultNamespaces = map[string]cache.Config{ns: of}
		one.DefaultWatchErrorHandler = func(ctx context.Context, r *toolscache.Reflector, err error) {
			if !apierrors.IsForbidden(err) || !c.refuse(ns, err) {
				toolscache.DefaultWatchErrorHandler(ctx, r, err)
			}
		}
		var err error
		if c.caches[ns], err = newCompactCache(config, one); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func newNamespaceCaches(scheme *runtime.Scheme) *NamespaceCaches {
	return &NamespaceCaches{
		scheme: scheme, caches: map[string]cache.Cache{},
		served: map[string]bool{}, refused: map[string]map[string]bool{},
	}
}

// Served returns all namespaces, and whether each is served.
func (c *NamespaceCaches) Served() map[string]bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := map[string]bool{}
	for ns := range c.caches {
		all[ns] = c.served[ns]
	}
	return all
}

// refuse records that the API server refused a namespace, and logs each error
// once. It returns false for a namespace that is served already.
func (c *NamespaceCaches) refuse(ns string, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.served[ns] {
		return false
	}
	if c.refused[ns] == nil {
		c.refused[ns] = map[string]bool{}
	}
	if !c.refused[ns][err.Error()] {
		c.refused[ns][err.Error()] = true
		ctrl.Log.Error(err, "namespace is not served: create it, and the operator's role in it", "namespace", ns)
	}
	return true
}

// serve begins to serve a namespace. The informers of its cache have synced.
func (c *NamespaceCaches) serve(ns string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served[ns] = true
	if c.refused[ns] != nil {
		delete(c.refused, ns)
		ctrl.Log.Info("namespace is served", "namespace", ns)
	}
	for _, handler := range c.handlers {
		if _, err := handler.addTo(ns); err != nil {
			return err
		}
	}
	return nil
}

// Start implements cache.Cache.
func (c *NamespaceCaches) Start(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for ns, of := range c.caches {
		group.Go(func() error { return of.Start(ctx) })
		group.Go(func() error {
			if !of.WaitForCacheSync(ctx) {
				return nil // ctx ended.
			}
			return c.serve(ns)
		})
	}
	return group.Wait()
}

// WaitForCacheSync implements cache.Cache. It waits until each namespace is
// served or refused, and at least one is served. A namespace that is only slow
// is waited for, so that a start finds the objects of all.
func (c *NamespaceCaches) WaitForCacheSync(ctx context.Context) bool {
	return toolscache.WaitForCacheSync(ctx.Done(), c.settled)
}

func (c *NamespaceCaches) settled() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.served) > 0 && len(c.served)+len(c.refused) == len(c.caches)
}

// Get implements client.Reader.
func (c *NamespaceCaches) Get(
	ctx context.Context, key client.ObjectKey, obj client.Object, options ...client.GetOption,
) error {
	of, err := c.of(key.Namespace)
	if err != nil {
		return err
	}
	return of.Get(ctx, key, obj, options...)
}

// List implements client.Reader. Without a namespace it lists the objects of
// the namespaces that are served.
func (c *NamespaceCaches) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var all client.ListOptions
	all.ApplyOptions(options)
	if all.Namespace != "" {
		of, err := c.of(all.Namespace)
		if err != nil {
			return err
		}
		return of.List(ctx, list, options...)
	}
	var items []runtime.Object
	for _, ns := range c.servedNames() {
		part := list.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // A copy has the same type.
		if err := c.caches[ns].List(ctx, part, &all); err != nil {
			return err
		}
		found, err := meta.ExtractList(part)
		if err != nil {
			return err
		}
		items = append(items, found...)
		if all.Limit == 0 {
			continue
		}
		if all.Limit -= int64(len(found)); all.Limit <= 0 {
			break
		}
	}
	return meta.SetList(list, items)
}

func (c *NamespaceCaches) servedNames() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Sorted(maps.Keys(c.served))
}

// of returns the cache of a namespace, or an error if it is not served.
func (c *NamespaceCaches) of(ns string) (cache.Cache, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.served[ns] {
		return nil, fmt.Errorf("namespace %q is not served", ns)
	}
	return c.caches[ns], nil
}

// IndexField implements client.FieldIndexer.
func (c *NamespaceCaches) IndexField(
	ctx context.Context, obj client.Object, field string, keys client.IndexerFunc,
) error {
	for _, of := range c.caches {
		if err := of.IndexField(ctx, obj, field, keys); err != nil {
			return err
		}
	}
	return nil
}

// GetInformer implements cache.Informers. It does not wait for a namespace that
// is not served.
func (c *NamespaceCaches) GetInformer(
	ctx context.Context, obj client.Object, options ...cache.InformerGetOption,
) (cache.Informer, error) {
	options = append(slices.Clone(options), cache.BlockUntilSynced(false))
	all := namespaceInformers{caches: c, informers: map[string]cache.Informer{}}
	for ns, of := range c.caches {
		var err error
		if all.informers[ns], err = of.GetInformer(ctx, obj, options...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// GetInformerForKind implements cache.Informers.
func (c *NamespaceCaches) GetInformerForKind(
	ctx context.Context, gvk schema.GroupVersionKind, options ...cache.InformerGetOption,
) (cache.Informer, error) {
	typed, err := c.scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	obj, ok := typed.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an object", typed)
	}
	return c.GetInformer(ctx, obj, options...)
}

// RemoveInformer implements cache.Informers.
func (c *NamespaceCaches) RemoveInformer(ctx context.Context, obj client.Object) error {
	var errs []error
	for _, of := range c.caches {
		errs = append(errs, of.RemoveInformer(ctx, obj))
	}
	return errors.Join(errs...)
}

// namespaceInformers are the informers of a kind, by namespace.
type namespaceInformers struct {
	caches    *NamespaceCaches
	informers map[string]cache.Informer
}

// AddEventHandler implements cache.Informer.
func (i namespaceInformers) AddEventHandler(
	handler toolscache.ResourceEventHandler,
) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandlerWithOptions(handler, toolscache.HandlerOptions{})
}

// AddEventHandlerWithResyncPeriod implements cache.Informer.
func (i namespaceInformers) AddEventHandlerWithResyncPeriod(
	handler toolscache.ResourceEventHandler, resync time.Duration,
) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandlerWithOptions(handler, toolscache.HandlerOptions{ResyncPeriod: &resync})
}

// AddEventHandlerWithOptions adds a handler to the informers of the namespaces
// that are served, and of each other namespace when it is served.
func (i namespaceInformers) AddEventHandlerWithOptions(
	handler toolscache.ResourceEventHandler, options toolscache.HandlerOptions,
) (toolscache.ResourceEventHandlerRegistration, error) {
	c := i.caches
	c.mu.Lock()
	defer c.mu.Unlock()
	added := eventHandler{handler, options, i.informers}
	c.handlers = append(c.handlers, added)
	all := allSynced{done: make(chan struct{})}
	var parts []toolscache.DoneChecker
	for ns := range c.served {
		part, err := added.addTo(ns)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part.HasSyncedChecker())
	}
	go all.wait(parts)
	return all, nil
}

// errNotSupported is returned by methods that the operator does not need.
var errNotSupported = errors.New("not supported for the informers of some namespaces")

// RemoveEventHandler implements cache.Informer.
func (namespaceInformers) RemoveEventHandler(toolscache.ResourceEventHandlerRegistration) error {
	return errNotSupported
}

// AddIndexers implements cache.Informer.
func (namespaceInformers) AddIndexers(toolscache.Indexers) error { return errNotSupported }

// HasSynced implements cache.Informer.
func (i namespaceInformers) HasSynced() bool {
	for _, informer := range i.informers {
		if !informer.HasSynced() {
			return false
		}
	}
	return true
}

// HasSyncedChecker implements cache.Informer.
func (i namespaceInformers) HasSyncedChecker() toolscache.DoneChecker {
	all := allSynced{done: make(chan struct{})}
	var parts []toolscache.DoneChecker
	for _, informer := range i.informers {
		parts = append(parts, informer.HasSyncedChecker())
	}
	go all.wait(parts)
	return all
}

// IsStopped implements cache.Informer.
func (i namespaceInformers) IsStopped() bool {
	for _, informer := range i.informers {
		if !informer.IsStopped() {
			return false
		}
	}
	return true
}

// allSynced is done when all its parts are.
type allSynced struct{ done chan struct{} }

func (a allSynced) wait(parts []toolscache.DoneChecker) {
	for _, part := range parts {
		<-part.Done()
	}
	close(a.done)
}

// HasSynced implements cache.ResourceEventHandlerRegistration.
func (a allSynced) HasSynced() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// HasSyncedChecker implements cache.ResourceEventHandlerRegistration.
func (a allSynced) HasSyncedChecker() toolscache.DoneChecker { return a }

// Name implements cache.DoneChecker.
func (allSynced) Name() string { return "namespaces" }

// Done implements cache.DoneChecker.
func (a allSynced) Done() <-chan struct{} { return a.done }

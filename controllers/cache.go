// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CacheOptions returns the options of the cache. It holds the operator's own
// kinds, and the metadata of Secrets, ConfigMaps and Namespaces.
func CacheOptions(scope Scope) cache.Options {
	namespaces := map[string]cache.Config{}
	for _, name := range scope.Namespaces {
		namespaces[name] = cache.Config{}
	}
	return cache.Options{
		DefaultNamespaces: namespaces,
		DefaultTransform:  withoutUnusedFields,
		// Without this, a read could start an informer that holds the content
		// of every Secret in the cluster.
		ReaderFailOnMissingInformer: true,
	}
}

// Watch starts the informers of objects that only the leader reads, so that a
// replica that cannot read them never becomes leader. The operator's own kinds
// have informers because of their indexes. All informers are started before the
// cache: NamespaceCaches serves a namespace when the informers have synced.
func Watch(ctx context.Context, c cache.Cache, scope Scope) error {
	watched := []client.Object{metadataOf(kindSecret), metadataOf(kindConfigMap)}
	if !scope.limited() {
		watched = append(watched, namespaceMetadata())
	}
	for _, obj := range watched {
		if _, err := c.GetInformer(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

// withoutUnusedFields removes the fields that the operator does not read.
// Annotations of a Secret can hold its content, because kubectl apply writes it
// there. Such an annotation of the operator's own kinds is emptied, and not
// removed: a patch that removes the last annotation that the cache has would
// remove all annotations of the object.
func withoutUnusedFields(obj any) (any, error) {
	switch obj := obj.(type) {
	case *metav1.PartialObjectMetadata:
		obj.ManagedFields, obj.Annotations = nil, nil
	case client.Object:
		obj.SetManagedFields(nil)
		if annotations := obj.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
			annotations[corev1.LastAppliedConfigAnnotation] = ""
		}
	}
	return obj, nil
}

// ClientOptions returns the options of the client. It reads the content of
// Secrets and ConfigMaps, and Leases, from the API server, and everything else
// from the cache.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{
		DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}, &coordinationv1.Lease{}},
	}}
}

func namespaceMetadata() *metav1.PartialObjectMetadata { return metadataOf("Namespace") }

// metadataOf returns an empty object that reads only the metadata of a core
// kind.
func metadataOf(kind string) *metav1.PartialObjectMetadata {
	obj := &metav1.PartialObjectMetadata{}
	obj.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return obj
}

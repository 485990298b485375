// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// CacheOptions say what the operator keeps in memory: its own kinds, and of Secrets, ConfigMaps and namespaces only the
// metadata that watches need.
func CacheOptions(scope Scope) cache.Options {
	namespaces := map[string]cache.Config{}
	for _, name := range scope.Namespaces {
		namespaces[name] = cache.Config{}
	}
	return cache.Options{
		DefaultNamespaces: namespaces,
		DefaultTransform:  withoutBallast,
		// An informer that nobody declared would hold the content of every Secret in the cluster.
		ReaderFailOnMissingInformer: true,
	}
}

// Watch fills the cache also with what only a leader asks for, so that nobody comes to lead who cannot see it. Our own kinds are
// there for their indexes.
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

// withoutBallast takes out of an object what nobody here reads. Annotations of Secrets can even hold their content, as
// kubectl apply notes it there.
func withoutBallast(obj any) (any, error) {
	switch obj := obj.(type) {
	case *metav1.PartialObjectMetadata:
		obj.ManagedFields, obj.Annotations = nil, nil
	case client.Object:
		obj.SetManagedFields(nil)
	}
	return obj, nil
}

// ClientOptions say which reads go to the API server instead of the cache: those of content.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{
		DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}},
	}}
}

func namespaceMetadata() *metav1.PartialObjectMetadata { return metadataOf("Namespace") }

// metadataOf asks for no more than the metadata of an object of a core kind.
func metadataOf(kind string) *metav1.PartialObjectMetadata {
	obj := &metav1.PartialObjectMetadata{}
	obj.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return obj
}

// The indexes by which the users of a thing are found.
const (
	secretSources      = "valueFrom.secretRef.name"
	configMapSources   = "valueFrom.configMapRef.name"
	stake              = "stake"
	holding            = "holding"
	ofController       = "controller"
	accessSecretRef    = "secretRef.name"
	accessSecret       = "status.secretID"
	inModel            = "status.modelUUID"
	credentialsSecrets = "credentials"
	readSecrets        = "reads.secrets"
	readConfigMaps     = "reads.configmaps"
)

func indexSecrets(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, map[string]func(*v1alpha1.JujuSecret) []string{
		ofController: func(s *v1alpha1.JujuSecret) []string { return []string{string(modelOfSecret(s).Controller)} },
		inModel:      func(s *v1alpha1.JujuSecret) []string { return []string{s.Status.ModelUUID} },
		stake:        stakes,
		holding:      func(s *v1alpha1.JujuSecret) []string { return usesOf(s) },
		secretSources: func(s *v1alpha1.JujuSecret) []string {
			return sourceNames(s, func(v v1alpha1.ValueSource) *v1alpha1.SourceReference { return v.SecretRef })
		},
		configMapSources: func(s *v1alpha1.JujuSecret) []string {
			return sourceNames(s, func(v v1alpha1.ValueSource) *v1alpha1.SourceReference { return v.ConfigMapRef })
		},
	})
}

func indexAccesses(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, map[string]func(*v1alpha1.JujuSecretAccess) []string{
		ofController: accessIndex,
		holding:      func(a *v1alpha1.JujuSecretAccess) []string { return usesOf(a) },
		inModel:      func(a *v1alpha1.JujuSecretAccess) []string { return []string{a.Status.ModelUUID} },
		accessSecretRef: func(a *v1alpha1.JujuSecretAccess) []string {
			if a.Spec.SecretRef == nil {
				return nil
			}
			return []string{a.Spec.SecretRef.Name}
		},
		accessSecret: func(a *v1alpha1.JujuSecretAccess) []string {
			if a.Status.SecretID == "" {
				return nil
			}
			return []string{a.Status.SecretID}
		},
	})
}

func indexClusterControllers(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, controllerIndexes[*v1alpha1.ClusterJujuController]())
}

func indexLocalControllers(ctx context.Context, indexer client.FieldIndexer) error {
	return index(ctx, indexer, controllerIndexes[*v1alpha1.JujuController]())
}

// controllerIndexes are by what a controller object reads.
func controllerIndexes[P v1alpha1.ControllerObject]() map[string]func(P) []string {
	return map[string]func(P) []string{
		credentialsSecrets: func(c P) []string { return []string{credentialsOf(c).key.String()} },
		readSecrets: func(c P) []string {
			keys := []string{credentialsOf(c).key.String()}
			if from := certificateOf(c); from != nil && from.kind == kindSecret {
				keys = append(keys, from.object.String())
			}
			return distinct(keys)
		},
		readConfigMaps: func(c P) []string {
			if from := certificateOf(c); from != nil && from.kind == kindConfigMap {
				return []string{from.object.String()}
			}
			return nil
		},
	}
}

// accessControllers are the controller objects that a JujuSecretAccess goes through: that of its secret and, while it moves, that
// of the one it granted before. One that is new has none yet.
func accessControllers(a *v1alpha1.JujuSecretAccess) []plan.ControllerKey {
	if a.Spec.Secret != nil {
		return []plan.ControllerKey{referred(a.Spec.Secret.ControllerRef, a.Namespace)}
	}
	return []plan.ControllerKey{plan.ControllerKey(a.Status.Controller), recordOf(a).Model.Controller}
}

// accessIndex are the keys under which an access is found by its controller objects. One that has none yet is found by the empty
// key.
func accessIndex(a *v1alpha1.JujuSecretAccess) []string {
	if keys := theirs(a, accessControllers(a)...); len(keys) > 0 {
		return keys
	}
	return []string{""}
}

// usesOf are the controller objects through which something in Juju was made for an object, or may have been.
func usesOf(obj client.Object) []string {
	if !controllerutil.ContainsFinalizer(obj, finalizer) {
		return nil
	}
	record := recordOf(obj)
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		if managedID(obj) != "" || record.Creating != nil || record.Adopting != "" {
			return theirs(obj, modelOfSecret(obj).Controller)
		}
	case *v1alpha1.JujuSecretAccess:
		return theirs(obj, record.Model.Controller)
	}
	return nil
}

func index[T any, P interface {
	*T
	client.Object
}](ctx context.Context, indexer client.FieldIndexer, fields map[string]func(P) []string) error {
	for field, keys := range fields {
		err := indexer.IndexField(ctx, P(new(T)), field, func(obj client.Object) []string {
			if object, ok := obj.(P); ok {
				return keys(object)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func sourceNames(s *v1alpha1.JujuSecret, pick func(v1alpha1.ValueSource) *v1alpha1.SourceReference) []string {
	var names []string
	for _, from := range s.Spec.ValueFrom {
		if ref := pick(from); ref != nil {
			names = append(names, ref.Name)
		}
	}
	return names
}

// specOrRequest passes what asks for work: another spec, a deletion, a request for a look at Juju or to let go, and the loss of
// the finalizer, as when somebody replaced the object.
func specOrRequest() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return requestedAt(e.ObjectOld) != requestedAt(e.ObjectNew) || abandoned(e.ObjectOld) != abandoned(e.ObjectNew)
		},
	}, finalizerLost())
}

// finalizerLost passes that an object has our finalizer no more.
func finalizerLost() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return controllerutil.ContainsFinalizer(e.ObjectOld, finalizer) && !controllerutil.ContainsFinalizer(e.ObjectNew, finalizer)
		},
	}
}

// abandoned tells that an object shall let go of what is in Juju, once it is deleted.
func abandoned(obj client.Object) bool {
	return obj.GetAnnotations()[v1alpha1.AnnotationAbandon] == "true"
}

// requestedAt is the value of the annotation that asks for a look at Juju.
func requestedAt(obj client.Object) string {
	return obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]
}

// controllerMatters passes the changes of a controller object that its users act on: who may use it, and whether it is
// connected.
func controllerMatters() builder.Predicates {
	return builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(v1alpha1.ControllerObject)
			after, okAfter := e.ObjectNew.(v1alpha1.ControllerObject)
			return okBefore && okAfter && readyReason(before.Found().Conditions) != readyReason(after.Found().Conditions)
		},
	}))
}

// stakesMatter passes the changes of a JujuSecret that its rivals act on: what it has and wants, and that it goes or went.
func stakesMatter() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(*v1alpha1.JujuSecret)
			after, okAfter := e.ObjectNew.(*v1alpha1.JujuSecret)
			return okBefore && okAfter && (!slices.Equal(stakes(before), stakes(after)) ||
				before.Generation != after.Generation) // A deletion, too, makes a new one.
		},
	})
}

// labelsMatter passes a namespace's new labels, by which it may be a tenant.
func labelsMatter() builder.Predicates {
	return builder.WithPredicates(predicate.LabelChangedPredicate{})
}

// secretMatters passes the changes of a JujuSecret that its accesses act on: which secret in Juju it stands for, and that it
// has a status at all.
func secretMatters() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, okBefore := e.ObjectOld.(*v1alpha1.JujuSecret)
			after, okAfter := e.ObjectNew.(*v1alpha1.JujuSecret)
			return okBefore && okAfter && (before.Status.SecretID != after.Status.SecretID ||
				before.Status.ModelUUID != after.Status.ModelUUID ||
				len(before.Status.Conditions) == 0 && len(after.Status.Conditions) > 0)
		},
	})
}

// grantsMatter passes the changes of a JujuSecretAccess that others of the same secret act on: what it wants, what it has
// granted, and that it goes.
func grantsMatter() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetAnnotations()[recordAnnotation] != e.ObjectNew.GetAnnotations()[recordAnnotation] ||
				e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || // A deletion, too, makes a new one.
				grantedSecret(e.ObjectOld) != grantedSecret(e.ObjectNew)
		},
	})
}

// grantedSecret is the ID of the secret that a JujuSecretAccess is about, as far as its status tells.
func grantedSecret(obj client.Object) string {
	if access, ok := obj.(*v1alpha1.JujuSecretAccess); ok {
		return access.Status.SecretID
	}
	return ""
}

func readyReason(conditions []metav1.Condition) string {
	if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// A selection says which users of an object to look for in the cache.
type selection func(client.Object) []client.ListOption

// neighboursBy selects objects of the same namespace that have the object's name in an index.
func neighboursBy(field string) selection {
	return func(obj client.Object) []client.ListOption {
		return []client.ListOption{client.InNamespace(obj.GetNamespace()), client.MatchingFields{field: obj.GetName()}}
	}
}

// anywhereBy selects objects of all namespaces that have a key of the object in an index.
func anywhereBy(field string, key func(client.Object) string) selection {
	return func(obj client.Object) []client.ListOption {
		return []client.ListOption{client.MatchingFields{field: key(obj)}}
	}
}

// inhabitants selects the objects in a namespace.
func inhabitants(ns client.Object) []client.ListOption {
	return []client.ListOption{client.InNamespace(ns.GetName())}
}

// controllerKey is the key of a controller object as the indexes have it.
func controllerKey(obj client.Object) string {
	return string(objectKeyOf(obj.GetNamespace(), obj.GetName()))
}

func objectKey(obj client.Object) string { return client.ObjectKeyFromObject(obj).String() }

// wake enqueues the objects of a list that a selection finds for the object that an event is about, but for that itself.
func (k *Kit) wake(list client.ObjectList, which selection) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(k.found(list, which, func(reconcile.Request) {}))
}

// found are the requests for what a selection finds, each of which visit sees before it is enqueued.
func (k *Kit) found(list client.ObjectList, which selection, visit func(reconcile.Request)) handler.MapFunc {
	return func(ctx context.Context, obj client.Object) []reconcile.Request {
		var requests []reconcile.Request
		k.each(ctx, list, which(obj), func(found client.Object) {
			if found.GetUID() != obj.GetUID() {
				request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(found)}
				visit(request)
				requests = append(requests, request)
			}
		})
		return requests
	}
}

// watchCluster adds what has no namespace to the watches of a builder, where that is served.
func (k *Kit) watchCluster(bldr *builder.Builder, users client.ObjectList) *builder.Builder {
	if k.Scope.limited() {
		return bldr
	}
	return bldr.
		WatchesMetadata(&corev1.Namespace{}, k.wake(users, inhabitants), labelsMatter()).
		Watches(&v1alpha1.ClusterJujuController{}, k.wake(users, anywhereBy(ofController, controllerKey)), controllerMatters())
}

// controllersOf are the controller objects that an object went through.
func controllersOf(obj client.Object) []string {
	switch obj := obj.(type) {
	case *v1alpha1.JujuSecret:
		return theirs(obj, modelOfSecret(obj).Controller)
	case *v1alpha1.JujuSecretAccess:
		return theirs(obj, accessControllers(obj)...)
	}
	return nil
}

// wakeControllers enqueues what belongs to the controller objects that an object went through, if anything.
func (k *Kit) wakeControllers(key func(v1alpha1.ControllerObject) client.ObjectKey) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, name := range controllersOf(obj) {
			controller, err := k.controllerObject(ctx, plan.ControllerKey(name))
			if err != nil {
				continue
			}
			if found := key(controller); found.Name != "" {
				requests = append(requests, reconcile.Request{NamespacedName: found})
			}
		}
		return requests
	})
}

// released passes that an object has nothing in Juju any more.
func released() builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool { return !slices.Equal(usesOf(e.ObjectOld), usesOf(e.ObjectNew)) },
	})
}

// wakeRivals enqueues the JujuSecrets that have a stake in what another one has or wants.
func (k *Kit) wakeRivals() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		var requests []reconcile.Request
		if secret, ok := obj.(*v1alpha1.JujuSecret); ok {
			for _, key := range stakes(secret) {
				k.each(ctx, &v1alpha1.JujuSecretList{}, []client.ListOption{client.MatchingFields{stake: key}}, func(rival client.Object) {
					if rival.GetUID() != obj.GetUID() {
						requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(rival)})
					}
				})
			}
		}
		return requests
	})
}

// each calls visit with the objects in the cache that options select.
func (k *Kit) each(ctx context.Context, list client.ObjectList, options []client.ListOption, visit func(client.Object)) {
	found := list.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // A copy has the type of the original.
	err := k.List(ctx, found, options...)
	if err == nil {
		err = meta.EachListItem(found, func(item runtime.Object) error {
			visit(item.(client.Object)) //nolint:forcetypeassert // Items of our lists are objects.
			return nil
		})
	}
	if err != nil { // The cache fails only while the operator stops.
		ctrl.LoggerFrom(ctx).Error(err, "cannot read from the cache whom to wake")
	}
}

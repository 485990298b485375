// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// stopJuju stops the fixture's own Juju server, and waits until objects that
// were Ready report the outage and are still Ready.
func (f *fixture) stopJuju(objs ...client.Object) {
	f.Helper()
	f.Must(f.Juju.StopServing(f.Ctx))
	for _, obj := range objs {
		f.AwaitCondition(obj, func(ready metav1.Condition) string {
			reconciling := meta.IsStatusConditionTrue(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReconciling)
			if ready.Reason != string(v1alpha1.ReasonJujuUnreachable) || ready.Status != metav1.ConditionTrue || !reconciling {
				return "it does not report the outage, or is not Ready any longer: " + ready.Reason
			}
			return ""
		})
	}
}

func TestChangeDuringOutageIsNotReady(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	source := gen.Secret(f.Namespace, "source", map[string]string{"key": "before", "other": "before"})
	through := gen.Through(controller.Name)
	one := gen.JujuSecret(f.Namespace, "one-key", f.Model.Name, through,
		gen.FromSecret("source", v1alpha1.KeyToKey{Key: "key"}))
	all := gen.JujuSecret(f.Namespace, "all-keys", f.Model.Name, through, gen.FromSecret("source"))
	lost := gen.JujuSecret(f.Namespace, "lost-source", f.Model.Name, through, gen.FromConfigMap("lost"))
	inline := gen.JujuSecret(f.Namespace, "inline", f.Model.Name, through)
	unchanged := gen.JujuSecret(f.Namespace, "unchanged", f.Model.Name, through)
	access := gen.Access(f.Namespace, "access", "inline", "app1")
	configMap := gen.ConfigMap(f.Namespace, "lost", values("value"))
	objs := []client.Object{one, all, lost, inline, unchanged, access}
	f.Create(source, configMap)
	f.Create(objs...)
	f.AwaitReady(objs...)
	f.stopJuju(objs...)
	writes := f.countWrites(&v1alpha1.JujuSecretList{})

	env.Change(f, source, func(o *corev1.Secret) { o.Labels = map[string]string{"changed": "label"} })
	env.Change(f, source, func(o *corev1.Secret) { o.Data["other"] = []byte(sentinel) })
	f.AwaitReason(all, v1alpha1.ReasonJujuUnreachable)
	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel) })
	f.AwaitReason(one, v1alpha1.ReasonJujuUnreachable)
	f.Delete(configMap)
	f.AwaitReason(lost, v1alpha1.ReasonJujuUnreachable)
	env.Change(f, inline, func(o *v1alpha1.JujuSecret) { o.Spec.Value = values(sentinel) })
	f.AwaitReason(inline, v1alpha1.ReasonJujuUnreachable)
	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2") })
	f.AwaitReason(access, v1alpha1.ReasonJujuUnreachable)
	f.Create(gen.JujuSecret(f.Namespace, "marker", f.Model.Name, through))
	if n := writes("one-key", "marker"); n != 1 {
		t.Errorf("got %d writes, want 1: a label and a key that the object does not select change nothing", n)
	}
	if f.Refresh(unchanged); !meta.IsStatusConditionTrue(unchanged.Status.Conditions, v1alpha1.ConditionReady) {
		t.Error("an object without a change is not Ready during the outage")
	}

	f.Create(gen.ConfigMap(f.Namespace, "lost", values("value")))
	f.Must(f.Juju.StartServing(f.Ctx))
	f.AwaitReady(controller)
	f.AwaitReady(objs...)
	f.AwaitJuju(
		servers.UserSecret{Name: "one-key", Revision: 2, Content: servers.Content(values(sentinel))},
		servers.UserSecret{Name: "all-keys", Revision: 2, Content: servers.Content(map[string]string{
			"key": sentinel, "other": sentinel,
		})},
		servers.UserSecret{Name: "lost-source", Revision: 1, Content: servers.Content(values("value"))},
		servers.UserSecret{
			Name: "inline", Revision: 2, Content: servers.Content(values(sentinel)), Granted: []string{"app2"},
		},
		servers.UserSecret{Name: "unchanged", Revision: 1, Content: servers.Content(values("value"))},
		servers.UserSecret{Name: "marker", Revision: 1, Content: servers.Content(values("value"))},
	)
}

func TestReconcileRequestDuringOutageIsHandledAfterIt(t *testing.T) {
	t.Parallel()
	f, controller := newFaulty(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.stopJuju(obj, access)

	f.LookNow(obj, access) // The operator reconciles them, and cannot look at Juju.
	if f.Refresh(obj); obj.Status.LastHandledReconcileAt != "" {
		t.Error("the reconcile request of the JujuSecret was handled without a look at Juju")
	}
	if f.Refresh(access); access.Status.LastHandledReconcileAt != "" {
		t.Error("the reconcile request of the JujuSecretAccess was handled without a look at Juju")
	}
	f.LookNow(controller) // A failed login handles the request.
	f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)

	f.Must(f.Juju.StartServing(f.Ctx))
	f.AwaitReady(controller, obj, access)
	f.Await(func() string {
		f.Refresh(obj)
		f.Refresh(access)
		if obj.Status.LastHandledReconcileAt != obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt] ||
			access.Status.LastHandledReconcileAt != access.Annotations[v1alpha1.AnnotationReconcileRequestedAt] {
			return "the reconcile requests were not handled after the outage"
		}
		return ""
	})
}

func TestSuspendedSecretIsNotReady(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	f.AwaitReason(obj, v1alpha1.ReasonSuspended)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value = values(sentinel) })
	f.AwaitReason(obj, v1alpha1.ReasonSuspended)
	f.LookNow(obj)
	if f.Refresh(obj); obj.Status.LastHandledReconcileAt != "" {
		t.Error("the reconcile request was handled although the object is suspended")
	}
	f.ExpectJuju(servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(values("value"))})

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel))})
	if obj.Status.LastHandledReconcileAt != obj.Annotations[v1alpha1.AnnotationReconcileRequestedAt] {
		t.Error("the reconcile request was not handled when the object was resumed")
	}
}

func TestMissingModelHandlesNoReconcileRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", "another/model-"+f.Namespace)
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonModelNotFound)
	f.LookNow(obj)
	if f.Refresh(obj); obj.Status.LastHandledReconcileAt != "" {
		t.Error("the reconcile request was handled although the model does not exist")
	}
}

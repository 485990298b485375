// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// secondTenant creates a second tenant namespace.
func (f *fixture) secondTenant() string {
	f.Helper()
	return f.AddNamespace(gen.Namespace(f.Namespace+"-second", map[string]string{"tenant": "true"}))
}

func TestConflictNamesTheOwner(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		owner, other []func(*v1alpha1.JujuSecret)
		// The state after the owner is deleted. reason is empty if the other object
		// gets the secret. holds is the content in Juju.
		reason v1alpha1.Reason
		sameID bool
		holds  string
	}{
		"secret removed, other creates": {holds: "other"},
		"secret retained, other waits": {
			owner: []func(*v1alpha1.JujuSecret){gen.Retained}, reason: v1alpha1.ReasonNameTaken, sameID: true, holds: "owner",
		},
		"secret retained, other adopts": {
			owner: []func(*v1alpha1.JujuSecret){gen.Retained}, other: []func(*v1alpha1.JujuSecret){gen.Adopting},
			sameID: true, holds: "other",
		},
		"secret removed, other creates although it may adopt": {
			other: []func(*v1alpha1.JujuSecret){gen.Adopting}, holds: "other",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			owner := gen.JujuSecret(f.Namespace, "owner", f.Model.Name,
				append(row.owner, gen.Named("db-login"), gen.Value(values("owner")))...)
			f.Create(owner)
			f.AwaitReady(owner)
			id := owner.Status.SecretID
			other := gen.JujuSecret(f.secondTenant(), "other", f.Model.Name,
				append(row.other, gen.Named("db-login"), gen.Value(values("other")))...)
			f.Create(other)
			f.AwaitReason(other, v1alpha1.ReasonConflict, f.Namespace+"/owner", id)
			f.ExpectJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(values("owner"))})

			f.Delete(owner)
			f.AwaitGone(owner)
			if row.reason != "" {
				f.AwaitReason(other, row.reason, "adoptionPolicy: Adopt")
			} else {
				f.AwaitReady(other)
			}
			held := f.InJuju()
			if len(held) != 1 || (held[0].ID == id) != row.sameID ||
				!held[0].Content.Equal(servers.Content(values(row.holds))) {
				t.Errorf("Juju holds %+v, want one secret with the content %q (same ID: %t)", held, row.holds, row.sameID)
			}
			f.Delete(other)
			f.AwaitGone(other)
		})
	}
}

func TestConflictOfNewObjectsIsWonByTheOlder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := f.secondTenant()
	var objs []client.Object
	for _, name := range []string{"db-one", "db-two", "db-three"} {
		// Kubernetes stores creation times in seconds, so the namespace decides.
		objs = append(objs, gen.JujuSecret(f.Namespace, name, f.Model.Name), gen.JujuSecret(second, name, f.Model.Name))
	}
	f.Create(objs...)
	for i := 0; i < len(objs); i += 2 {
		owner, other := objs[i].(*v1alpha1.JujuSecret), objs[i+1].(*v1alpha1.JujuSecret)
		f.AwaitReady(owner)
		f.AwaitReason(other, v1alpha1.ReasonConflict, owner.Namespace+"/"+owner.Name)
	}
	if held := f.InJuju(); len(held) != 3 {
		t.Errorf("Juju holds %d secrets, want 3", len(held))
	}
}

// A rename in Juju frees the name until the operator corrects it. Another
// object must not take the name meanwhile.
func TestDriftOfTheNameKeepsTheOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	owner := gen.JujuSecret(f.Namespace, "owner", f.Model.Name, gen.Named("db-login"))
	f.Create(owner)
	f.AwaitReady(owner)
	other := gen.JujuSecret(f.secondTenant(), "other", f.Model.Name, gen.Named("db-login"))
	f.Create(other)
	f.AwaitReason(other, v1alpha1.ReasonConflict, f.Namespace+"/owner")
	id := owner.Status.SecretID
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "another-name", "", nil))
	f.LookNow(other)
	f.LookNow(owner)
	f.AwaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(values("value"))})
	f.AwaitReason(other, v1alpha1.ReasonConflict, f.Namespace+"/owner")
}

func TestConflictBetweenClustersChangesNoForeignSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	here := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(here)
	f.AwaitReady(here)

	there := f.anotherCluster("another-cluster")
	same := gen.JujuSecret(there.Namespace, "db-login", f.Model.Name, gen.Value(values("other")))
	own := gen.JujuSecret(there.Namespace, "db-other", f.Model.Name)
	there.Create(same, own)
	there.AwaitReady(own)
	there.AwaitReason(same, v1alpha1.ReasonNameTaken, here.Status.SecretID)
	f.LookNow(here)
	there.LookNow(own)
	both := []servers.UserSecret{
		{ID: here.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("value"))},
		{ID: own.Status.SecretID, Name: "db-other", Revision: 1, Content: servers.Content(values("value"))},
	}
	f.ExpectJuju(both...)
	there.Delete(same)
	there.AwaitGone(same)
	f.ExpectJuju(both...)
	there.Delete(own)
	there.AwaitGone(own)
	f.ExpectJuju(both[0])
}

func TestCloneOfAClusterOwnsTheSameSecretsOnlyWithTheKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	access := gen.Access(f.Namespace, "db-login", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(secret, access)
	id := secret.Status.SecretID
	held := servers.UserSecret{
		ID: id, Name: "db-login", Revision: 1, Content: servers.Content(values("value")),
		Granted: []string{"app1"},
	}
	f.AwaitJuju(held)
	key := &corev1.Secret{}
	keyName := client.ObjectKey{Namespace: servers.OperatorNamespace, Name: "juju-secrets-operator-key"}
	f.Must(f.Kube.Get(f.Ctx, keyName, key))
	key.ObjectMeta = metav1.ObjectMeta{Namespace: keyName.Namespace, Name: keyName.Name}
	saved := []client.Object{f.saved(secret), f.saved(access)}

	without := f.anotherCluster(f.Namespace, saved...)
	unproven := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	without.AwaitReason(unproven, v1alpha1.ReasonNameTaken, "key")
	without.Delete(gen.Access(f.Namespace, "db-login", "db-login"), unproven)
	without.AwaitGone(gen.Access(f.Namespace, "db-login", "db-login"), unproven)
	f.ExpectJuju(held)

	clone := f.anotherCluster(f.Namespace, append(saved, key)...)
	cloned := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	clone.AwaitReady(cloned)
	if cloned.Status.SecretID != id {
		t.Errorf("the clone owns %s, want %s", cloned.Status.SecretID, id)
	}
	f.ExpectJuju(held)
	clone.Delete(cloned)
	clone.AwaitGone(cloned)
	f.awaitNotInJuju(id)
	f.LookNow(secret) // The first operator detects drift and corrects it.
	f.Await(func() string {
		if f.Refresh(secret); secret.Status.SecretID == id {
			return "the first cluster has not created another secret"
		}
		return ""
	})
	f.AwaitReady(secret)
}

// anotherCluster starts a second Kubernetes API server with its own operator
// for the same model. The namespace and the objects exist before the operator
// starts.
func (f *fixture) anotherCluster(namespace string, objs ...client.Object) *fixture {
	f.Helper()
	dir := f.TempDir()
	kubernetes, err := servers.StartKubernetes(f.Ctx, env.Root, dir)
	f.Must(err)
	f.Cleanup(func() {
		if err := kubernetes.Stop(); err != nil {
			f.Error(err)
		}
	})
	there := &fixture{&env.Fixture{
		T: f.T, Ctx: f.Ctx, Env: f.Env, Kube: kubernetes.Client, Juju: f.Juju, Model: f.Model, Namespace: namespace,
	}}
	there.Create(
		gen.Namespace(there.Namespace, map[string]string{"tenant": "true"}),
		gen.Credentials("default", f.Juju.Operator.Username, f.Juju.Operator.Password),
		gen.Controller("default", f.Juju.Addresses[0], f.Juju.CACertificate),
	)
	for _, obj := range objs {
		there.Create(obj.DeepCopyObject().(client.Object))
	}
	operator, err := kubernetes.StartOperator(dir)
	f.Must(err)
	f.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			f.Error(err)
		}
	})
	return there
}

func TestSuspensionStopsUpdatesAndAllowsDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	never := gen.JujuSecret(f.Namespace, "never", f.Model.Name, gen.Suspended)
	f.Create(obj, never)
	f.AwaitReady(obj)
	f.AwaitReason(never, v1alpha1.ReasonSuspended, "spec.suspend")
	id := obj.Status.SecretID

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Value["key"] = true, "new value" })
	f.AwaitReason(obj, v1alpha1.ReasonSuspended, "spec.suspend")
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "By hand", nil))
	f.LookNow(obj)
	f.ExpectJuju(servers.UserSecret{
		ID: id, Name: "db-login", Info: "By hand", Revision: 1, Content: servers.Content(values("value")),
	})
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	f.AwaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2, Content: servers.Content(values("new value"))})
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju()
}

func TestAutoPruneRemovesOldRevisions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	from := gen.JujuSecret(f.Namespace, "from-the-start", f.Model.Name, gen.Pruned)
	later := gen.JujuSecret(f.Namespace, "later", f.Model.Name)
	f.Create(from, later)
	f.AwaitReady(from, later)
	for _, value := range []string{"second", "third"} {
		for _, obj := range []*v1alpha1.JujuSecret{from, later} {
			env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = value })
			f.AwaitReady(obj)
		}
	}
	f.awaitRevisions(from, 3)
	f.awaitRevisions(later, 1, 2, 3)
	env.Change(f, later, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune = true })
	f.AwaitReady(later)
	if later.Status.AutoPrune == nil || !*later.Status.AutoPrune || later.Status.Revision != 3 {
		t.Errorf("got status %+v, want autoPrune true at revision 3", later.Status)
	}
	f.awaitRevisions(later, 3)
	env.Change(f, from, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune, o.Spec.Value["key"] = false, "fourth" })
	f.AwaitReady(from)
	f.awaitRevisions(from, 3, 4)
}

func (f *fixture) awaitRevisions(obj *v1alpha1.JujuSecret, want ...int) {
	f.Helper()
	f.Await(func() string {
		got, err := f.Juju.Revisions(f.Ctx, f.Model, obj.Status.SecretID)
		f.Must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			return obj.Name + " has different revisions (-want +got):\n" + diff
		}
		if f.Refresh(obj); int(obj.Status.Revisions) != len(want) {
			return fmt.Sprintf("the status of %s has %d revisions, want %d", obj.Name, obj.Status.Revisions, len(want))
		}
		return ""
	})
}

func TestDeletionRetainsGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	retained := gen.Access(f.Namespace, "retained", "db-login", "app1", "app2")
	revoked := gen.Access(f.Namespace, "revoked", "db-login", "app2", "app3")
	retained.Spec.DeletionPolicy = v1alpha1.GrantsRetain
	f.Create(obj, retained, revoked)
	f.AwaitReady(retained, revoked)
	env.Change(f, retained, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	f.AwaitReady(retained)
	f.Delete(retained)
	f.AwaitGone(retained)
	f.ExpectJuju(ofDB("app1", "app2", "app3"))
	f.Delete(revoked)
	f.AwaitGone(revoked)
	f.ExpectJuju(ofDB("app1"))
}

func TestGrantsFollowJujuSecretToAnotherModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.AddModel(f.Namespace + "-second")
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Retained)
	access := gen.Access(f.Namespace, "db-access", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.Delete(obj)
	f.AwaitGone(obj)
	moved := gen.JujuSecret(f.Namespace, "db-login", other.Name)
	f.Create(moved)
	f.AwaitReady(moved)
	f.AwaitJuju(ofDB())
	f.AwaitReady(access)
	there := *f
	there.Model = other
	there.AwaitJuju(servers.UserSecret{
		ID: moved.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("value")),
		Granted: []string{"app1"},
	})
}

// Replacing an object keeps its status and removes its finalizers and
// annotations.
func TestLostFinalizerIsRestored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers, o.Annotations = nil, nil })
	f.Await(func() string {
		if f.Refresh(obj); len(obj.Finalizers) == 0 {
			return "the object has no finalizer"
		}
		return ""
	})
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju()
}

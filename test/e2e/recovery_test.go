// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// fleet holds the objects of a cluster as their manifests say, without
// annotations and status.
type fleet struct {
	source            client.Object
	updated, pruned   *v1alpha1.JujuSecret
	sourced, retained *v1alpha1.JujuSecret
	access, direct    *v1alpha1.JujuSecretAccess
}

func newFleet(namespace, model string) fleet {
	m := fleet{
		source:   gen.Secret(namespace, "source", values(sentinel)),
		updated:  gen.JujuSecret(namespace, "updated", model, gen.Value(values("second")), gen.Deleted),
		pruned:   gen.JujuSecret(namespace, "pruned", model, gen.Info("Own"), gen.Pruned, gen.Deleted),
		sourced:  gen.JujuSecret(namespace, "sourced", model, gen.FromSecret("source"), gen.Deleted),
		retained: gen.JujuSecret(namespace, "retained", model, gen.Named("another-name")),
		access:   gen.Access(namespace, "updated", "updated", "app1", "app2"),
		direct: gen.DirectAccess(namespace, "direct",
			v1alpha1.UserSecretReference{Model: model, Name: "sourced"}, "app1", "app2"),
	}
	return m
}

func (m fleet) secrets() []client.Object {
	return []client.Object{m.updated, m.pruned, m.sourced, m.retained}
}

func (m fleet) objects() []client.Object { return append(m.secrets(), m.access, m.direct) }

// The first cluster is lost with the records of its objects and the key of its
// installation. Only the manifests are left.
func TestNewClusterFromManifestsAdoptsTheFleet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lost := newFleet(f.Namespace, f.Model.Name)
	lost.updated.Spec.Value = values("first")
	f.Create(append(lost.objects(), lost.source)...)
	f.AwaitReady(lost.objects()...)
	env.Change(f, lost.updated, gen.Value(values("second")))
	f.AwaitReady(lost.updated)
	f.Must(f.Juju.Grant(f.Ctx, f.Model, lost.updated.Status.SecretID, "app3"))
	for _, obj := range lost.objects() {
		env.Change(f, obj, func(o client.Object) { env.Annotate(o, v1alpha1.AnnotationAbandon, "true") })
	}
	f.Delete(lost.objects()...)
	f.AwaitGone(lost.objects()...)
	held := f.InJuju()
	want := []servers.UserSecret{
		{Name: "another-name", Revision: 1, Content: servers.Content(values("value"))},
		{Name: "pruned", Info: "Own", Revision: 1, Content: servers.Content(values("value"))},
		{Name: "sourced", Revision: 1, Content: servers.Content(values(sentinel)), Granted: []string{"app1", "app2"}},
		{
			Name: "updated", Revision: 2, Content: servers.Content(values("second")),
			Granted: []string{"app1", "app2", "app3"},
		},
	}
	f.ExpectJuju(want...)

	found := newFleet(f.Namespace, f.Model.Name)
	there := f.anotherCluster(f.Namespace, append(found.objects(), found.source)...)
	for _, obj := range found.secrets() {
		there.AwaitReason(obj, v1alpha1.ReasonNameTaken, "adoptionPolicy: Adopt")
	}
	there.AwaitReason(found.access, v1alpha1.ReasonJujuSecretNotReady)
	there.AwaitReady(found.direct)
	f.ExpectJuju(held...)

	controller := gen.Controller("default", "", "")
	adopts := func(policy v1alpha1.AdoptionPolicy) {
		env.Change(there, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.AdoptionPolicy = policy })
	}
	adopts(v1alpha1.AdoptionAdopt)
	there.AwaitReady(found.objects()...)
	for _, obj := range []client.Object{found.updated, found.pruned, found.access, found.direct} {
		there.AwaitEvent(obj, v1alpha1.ReasonAdopted)
	}
	for _, obj := range found.secrets() {
		if got := obj.(*v1alpha1.JujuSecret).Status; !got.Adopted || !got.Managed {
			t.Errorf("%s is adopted %t, managed %t, want both", obj.GetName(), got.Adopted, got.Managed)
		}
	}
	if got := found.pruned.Status.AutoPrune; got == nil || !*got {
		t.Error("autoPrune was not set on the adopted secret")
	}
	f.ExpectJuju(held...)
	there.awaitRevisions(found.updated, 1, 2)

	adopts("")
	there.LookNow(found.objects()...)
	there.AwaitReady(found.objects()...)
	f.ExpectJuju(held...)
	env.Change(there, found.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	there.AwaitReady(found.access)
	want[3].Granted = []string{"app1", "app3"}
	f.ExpectJuju(want...)
	there.Delete(found.access, found.direct)
	there.AwaitGone(found.access, found.direct)
	want[2].Granted, want[3].Granted = nil, []string{"app3"}
	f.ExpectJuju(want...)
	there.Delete(found.secrets()...)
	there.AwaitGone(found.secrets()...)
	f.ExpectJuju(want[0]) // By default an adopted secret stays.
}

func TestAccessAdoptsManualGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	f.Must(f.Juju.Grant(f.Ctx, f.Model, obj.Status.SecretID, "app2", "app3", "configurable"))
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2", "app3")
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	f.Create(access)
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2", "app3", "configurable"))

	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt })
	f.AwaitReady(access)
	f.AwaitEvent(access, v1alpha1.ReasonAdopted)
	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) {
		o.Spec.AdoptionPolicy = v1alpha1.AdoptionNever
		o.Spec.Applications = gen.Applications("app1", "app2")
	})
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2", "configurable"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB("configurable"))
}

// Two controller objects of one Juju controller see each other's secrets by the
// UUID of the model.
func TestAdoptionThroughAnotherControllerObjectIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("second-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate,
		func(c *v1alpha1.ClusterJujuController) { c.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt })
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	owner := gen.JujuSecret(f.Namespace, "owner", f.Model.Name, gen.Named("db-login"))
	f.Create(owner)
	f.AwaitReady(owner)
	through := gen.Through(controller.Name)
	byUUID := func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", f.Model.UUID }
	others := []client.Object{
		gen.JujuSecret(f.secondTenant(), "by-name", f.Model.Name, through, gen.Named("db-login")),
		gen.JujuSecret(f.Namespace, "by-uuid", "", through, byUUID, gen.Named("db-login"), gen.Value(values("other"))),
		gen.JujuSecret(f.Namespace, "by-id", f.Model.Name, through, gen.Adopting, gen.ByID(owner.Status.SecretID)),
	}
	f.Create(others...)
	for _, obj := range others {
		f.AwaitReason(obj, v1alpha1.ReasonConflict, f.Namespace+"/owner")
	}
	f.LookNow(others...)
	for _, obj := range others {
		f.AwaitReason(obj, v1alpha1.ReasonConflict, f.Namespace+"/owner")
	}
	f.ExpectJuju(ofDB())
	f.Delete(others...)
	f.AwaitGone(others...)
	f.ExpectJuju(ofDB())
}

func TestAdoptionPolicyOfObjectOverridesItsJujuController(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.LocalController(f.Namespace, "local", f.Juju.Addresses[0], f.Juju.CACertificate,
		func(c *v1alpha1.JujuController) { c.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt })
	f.Create(gen.Login(f.Namespace, "local", f.Juju.Operator.Username, f.Juju.Operator.Password), controller)
	f.AwaitReady(controller)
	for _, name := range []string{"by-default", "never"} {
		_, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", values("value"))
		f.Must(err)
	}
	adopted := gen.JujuSecret(f.Namespace, "by-default", f.Model.Name, gen.Locally("local"))
	never := gen.JujuSecret(f.Namespace, "never", f.Model.Name, gen.Locally("local"),
		func(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = v1alpha1.AdoptionNever })
	f.Create(adopted, never)
	f.AwaitReady(adopted)
	f.AwaitReason(never, v1alpha1.ReasonNameTaken)
	if !adopted.Status.Adopted || adopted.Status.Revision != 1 {
		t.Errorf("the secret is adopted: %t, at revision %d, want adopted at 1",
			adopted.Status.Adopted, adopted.Status.Revision)
	}
	env.Change(f, never, func(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = "" })
	f.AwaitReady(never)
	if never.Status.Revision != 1 {
		t.Errorf("the adoption made revision %d, want 1", never.Status.Revision)
	}
}

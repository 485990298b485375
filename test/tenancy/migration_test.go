// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// migrating holds objects of one model, and the two kinds of their references
// to a controller object.
type migrating struct {
	secrets []*v1alpha1.JujuSecret
	direct  []*v1alpha1.JujuSecretAccess
	all     []client.Object
}

// createMigrating creates objects that refer to a model by name and by UUID,
// and waits until they are Ready.
func (f *fixture) createMigrating(ns string, in model, controller string) migrating {
	f.Helper()
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller}
	byUUID := func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = in.UUID }
	id := f.add(in, "by-hand")
	m := migrating{
		secrets: []*v1alpha1.JujuSecret{
			gen.JujuSecret(ns, "by-name", in.Name, gen.Through(controller)),
			gen.JujuSecret(ns, "by-uuid", "", gen.Through(controller), byUUID),
		},
		direct: []*v1alpha1.JujuSecretAccess{
			directAccess(ns, "by-name", through, v1alpha1.UserSecretReference{Model: in.Name, Name: "by-hand"}, "app1"),
			directAccess(ns, "by-uuid", through, v1alpha1.UserSecretReference{ModelUUID: in.UUID, ID: id}, "app2"),
		},
	}
	m.all = []client.Object{m.secrets[0], m.secrets[1], m.direct[0], m.direct[1],
		gen.Access(ns, "of-by-name", "by-name", "app1")}
	f.Create(m.all...)
	f.AwaitReady(m.all...)
	return m
}

// refer sets the controllerRef of all objects.
func (f *fixture) refer(m migrating, to v1alpha1.ControllerReference) {
	f.Helper()
	for _, obj := range m.secrets {
		env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.ControllerRef = to })
	}
	for _, obj := range m.direct {
		env.Change(f, obj, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Secret.ControllerRef = to })
	}
}

func clusterController(name string) v1alpha1.ControllerReference {
	return v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: name}
}

func TestWrongControllerRefChangesNothing(t *testing.T) {
	t.Parallel()
	for name, deletes := range map[string]bool{"applied": false, "being deleted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ns := f.namespace("tenant", nil)
			in, other := f.model(shared.Juju, "app"), f.model(second(), "app") // They have the same name.
			right := f.controller("right", shared.Juju, shared.Juju.Operator, named(ns, "*"))
			wrong := f.controller("wrong", second(), second().Operator, named(ns, "*"))
			m := f.createMigrating(ns, in, right.Name)
			before := f.InModel(in.juju, in.Model)

			f.refer(m, clusterController(wrong.Name))
			f.LookNow(m.all...)
			way := []string{in.UUID, wrong.Name, right.Name, "set controllerRef back", "nothing was changed"}
			for _, obj := range m.all {
				f.AwaitReason(obj, v1alpha1.ReasonModelNotFound, way...)
			}
			if deletes {
				f.Delete(m.all...)
				f.LookNow(m.all...)
			}
			for _, obj := range m.all {
				f.AwaitReason(obj, v1alpha1.ReasonModelNotFound, way...)
				events := f.Events(obj)
				for _, reason := range []v1alpha1.Reason{v1alpha1.ReasonOrphaned, v1alpha1.ReasonModelReplaced} {
					if slices.Contains(events, string(reason)) {
						t.Errorf("%s has the event %s", obj.GetName(), reason)
					}
				}
			}
			f.expectJuju(in, before...)
			f.expectJuju(other)

			f.refer(m, clusterController(right.Name))
			if deletes {
				f.AwaitGone(m.all...)
				f.AwaitModel(in.juju, in.Model, held("", "by-hand", 1, "by hand"))
				return
			}
			f.AwaitReady(m.all...)
			f.expectJuju(in, before...)
			f.expectJuju(other)
		})
	}
}

// connect sets the connection of a controller object, and accepts the UUID of
// the controller.
func (f *fixture) connect(obj *v1alpha1.ClusterJujuController, juju *servers.Juju) {
	f.Helper()
	login := gen.Credentials(obj.Name+"-"+juju.ControllerUUID, juju.Operator.Username, juju.Operator.Password)
	if f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(login), login) != nil {
		f.Create(login)
		f.After = append(f.After, login)
	}
	env.Change(f, obj, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Addresses, c.Spec.CACertificate = juju.Addresses[:1], juju.CACertificate
		c.Spec.ControllerUUID, c.Spec.Credentials.UserPass.SecretRef.Name = juju.ControllerUUID, login.Name
	})
	f.AwaitReady(obj)
}

// The addresses of a controller object can lead to another Juju controller.
// Its answers say nothing about the models of the former one.
func TestAddressesOfAnotherControllerChangeNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ deletes, sameName bool }{
		"applied, a model of the same name":       {false, true},
		"applied, no such model":                  {false, false},
		"being deleted, a model of the same name": {true, true},
		"being deleted, no such model":            {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ns := f.namespace("tenant", nil)
			in := f.model(shared.Juju, "app")
			other := f.model(second(), "another")
			if row.sameName {
				other = f.model(second(), "app")
			}
			controller := f.controller("moved", shared.Juju, shared.Juju.Operator, named(ns, "*"))
			m := f.createMigrating(ns, in, controller.Name)
			before := f.InModel(in.juju, in.Model)

			f.connect(controller, second())
			f.LookNow(m.all...)
			way := []string{in.UUID, controller.Name, in.juju.ControllerUUID, "back to it", "nothing was changed"}
			for _, obj := range m.all {
				f.AwaitReason(obj, v1alpha1.ReasonModelNotFound, way...)
			}
			if row.deletes {
				f.Delete(m.all...)
				f.LookNow(m.all...)
				for _, obj := range m.all {
					f.AwaitReason(obj, v1alpha1.ReasonModelNotFound, way...)
				}
			}
			f.expectJuju(in, before...)
			f.expectJuju(other)

			f.connect(controller, shared.Juju)
			if row.deletes {
				f.AwaitGone(m.all...)
				f.AwaitModel(in.juju, in.Model, held("", "by-hand", 1, "by hand"))
				return
			}
			f.AwaitReady(m.all...)
			f.expectJuju(in, before...)
			f.expectJuju(other)
		})
	}
}

func TestTenancyOfTheNewControllerCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns := f.namespace("tenant", nil)
	in := f.model(shared.Juju, "app")
	former := f.controller("former", shared.Juju, shared.Juju.Operator, named(ns, "*"))
	closed := f.controller("closed", shared.Juju, shared.Juju.Operator) // It has no tenants.
	m := f.createMigrating(ns, in, former.Name)
	before := f.InModel(in.juju, in.Model)
	f.refer(m, clusterController(closed.Name))
	for _, obj := range m.all {
		f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, closed.Name, former.Name, "set controllerRef back")
	}
	f.Delete(m.all...)
	f.LookNow(m.all...)
	for _, obj := range m.all {
		f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, "set controllerRef back")
	}
	f.expectJuju(in, before...)
	env.Change(f, closed, func(o *v1alpha1.ClusterJujuController) {
		o.Spec.Tenants = []v1alpha1.Tenant{named(ns, "*")}
	})
	f.AwaitGone(m.all...)
	f.AwaitModel(in.juju, in.Model, held("", "by-hand", 1, "by hand"))
}

// The creator of a JujuController decides which server answers. Such a server
// can report the UUID of any model and the ID of any secret.
func TestRecordOfAJujuControllerDoesNotCountForTheCluster(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns := f.namespace("tenant", nil)
	in := f.model(shared.Juju, "app")
	f.localController(ns, "local", shared.Juju, shared.Juju.Operator)
	trusted := f.controller("trusted", shared.Juju, shared.Juju.Operator, named(ns, "*"))
	local := v1alpha1.ControllerReference{Kind: v1alpha1.KindJujuController, Name: "local"}
	obj := gen.JujuSecret(ns, "db-login", in.Name, gen.Locally("local"))
	id := f.add(in, "by-hand")
	grants := directAccess(ns, "grants", local, v1alpha1.UserSecretReference{Model: in.Name, ID: id}, "app1")
	f.Create(obj, grants)
	f.AwaitReady(obj, grants)
	secret := held(obj.Status.SecretID, "db-login", 1, "value")
	byHand := held(id, "by-hand", 1, "by hand")
	byHand.Granted = []string{"app1"}

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.ControllerRef = clusterController(trusted.Name) })
	f.AwaitReason(obj, v1alpha1.ReasonConflict, "local", "cannot prove this", "set controllerRef back")
	f.expectJuju(in, secret, byHand)
	f.Delete(obj) // The operator does not look at Juju, so it handles no reconcile request.
	f.Await(func() string {
		if f.Refresh(obj); obj.Status.ObservedGeneration != obj.Generation {
			return "the operator has not observed the deletion"
		}
		return ""
	})
	f.AwaitReason(obj, v1alpha1.ReasonConflict, "set controllerRef back")
	f.expectJuju(in, secret, byHand)

	// The grants are revoked through the JujuController, and made again.
	env.Change(f, grants, func(o *v1alpha1.JujuSecretAccess) {
		o.Spec.Secret.ControllerRef = clusterController(trusted.Name)
	})
	f.LookNow(grants)
	f.AwaitReady(grants)
	f.expectJuju(in, secret, byHand)

	env.Change(f, obj, gen.Locally("local"))
	f.AwaitGone(obj)
	f.AwaitModel(in.juju, in.Model, byHand)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

func blockedRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"S5": func(f rowFixture) {
			id := f.addSecret(desired)
			obj := f.createWithoutSource("waiting", gen.Adopting)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
		"S6": func(f rowFixture) {
			obj := f.createReady("own")
			f.revokeAccess()
			f.LookNow(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, obj.Status.SecretID, false)
			f.grantAccess()
			f.LookNow(obj)
			f.AwaitReady(obj)
			f.ExpectJuju(dbSecret(obj.Status.SecretID, 1, desired))
		},
		"S7": func(f rowFixture) {
			obj := f.createSuspended("own")
			f.setRecord(obj, f.creating(obj, desired))
			id := f.addSecret(desired)
			f.revokeAccess()
			f.resume(obj)
			f.awaitRow(obj)
			f.grantAccess()
			f.LookNow(obj)
			f.AwaitReady(obj)
			f.expectOwned(obj, id, false)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
	}
}

func referenceRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"O2": func(f rowFixture) {
			owner := f.createReady("own")
			f.loseReference(owner, f.secret("by-name", gen.Observed))
		},
		"O3": func(f rowFixture) {
			id, all := f.addCharmSecret()
			obj := f.secret("by-id", gen.Observed, gen.ByID(id), gen.Named(""))
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(all...)
		},
		"O4": func(f rowFixture) {
			owner := f.createReady("own")
			f.loseReference(owner, f.secret("by-id", gen.Observed, gen.ByID(owner.Status.SecretID), gen.Named("")))
		},
	}
}

// loseReference checks an object that observes its owner's secret, while Juju
// removes the secret and afterwards.
func (f rowFixture) loseReference(owner, obj *v1alpha1.JujuSecret) {
	f.Helper()
	f.Create(obj)
	f.AwaitReady(obj)
	f.Must(f.Juju.PauseRemovals(f.Ctx, f.Model))
	f.Delete(owner)
	f.AwaitReason(owner, v1alpha1.ReasonRemoving)
	f.LookNow(obj)
	f.awaitRow(obj)
	f.expectNothingOwned(obj, false)
	f.Must(f.Juju.ResumeRemovals(f.Ctx, f.Model))
	f.AwaitGone(owner)
	f.LookNow(obj)
	f.awaitRow(obj)
	f.expectNothingOwned(obj, false)
}

func missingRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"C2": func(f rowFixture) {
			obj := f.secret("by-id", gen.Adopting, gen.ByID("9m4e2mr0ui3e8a215n4g"))
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju()
		},
		"C4": func(f rowFixture) {
			obj := f.createReady("own", gen.Reporting)
			first := obj.Status.SecretID
			f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, first))
			f.AwaitJuju()
			id := f.addSecret(desired)
			f.LookNow(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, first, false)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
	}
}

func ownRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"M6": func(f rowFixture) {
			other, obj := f.createReady("other"), f.createReady("own", gen.Named("a-first"))
			env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value = db, values("changed") })
			f.awaitRow(obj)
			f.AwaitJuju(
				withName("a-first", dbSecret(obj.Status.SecretID, 2, "changed")), dbSecret(other.Status.SecretID, 1, desired),
			)
		},
		"M7": func(f rowFixture) {
			obj := f.createReady("own", gen.Named("a-first"))
			other, finish := f.createDeleting("other")
			env.Change(f, obj, gen.Named(db))
			f.awaitRow(obj)
			f.ExpectJuju(
				withName("a-first", dbSecret(obj.Status.SecretID, 1, desired)), dbSecret(other.Status.SecretID, 1, desired),
			)
			finish()
			f.AwaitReason(obj, v1alpha1.ReasonNameTaken)
		},
		"M8": func(f rowFixture) {
			former := f.createReady("former")
			id := former.Status.SecretID
			f.Must(f.Juju.PauseRemovals(f.Ctx, f.Model))
			f.Delete(former)
			f.AwaitReason(former, v1alpha1.ReasonRemoving)
			env.Change(f, former, func(o *v1alpha1.JujuSecret) { o.Finalizers = nil })
			f.AwaitGone(former)
			obj := f.createSuspended("restored")
			f.setOwned(obj, id)
			f.resume(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, id, false)
			f.ExpectJuju(dbSecret(id, 1, desired))
			f.Must(f.Juju.ResumeRemovals(f.Ctx, f.Model))
			f.AwaitReady(obj)
			f.ExpectJuju(dbSecret(obj.Status.SecretID, 1, desired))
			if obj.Status.SecretID == id {
				f.Error("the object still owns the removed secret")
			}
		},
		"M9": func(f rowFixture) {
			older, rename := f.createRenamable("a-older")
			obj := f.createReady("b-younger", gen.Named("a-first"))
			rename()
			env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value = db, values("changed") })
			f.awaitRow(obj)
			f.expectOwned(obj, obj.Status.SecretID, false)
			f.AwaitJuju(
				withName("a-first", dbSecret(obj.Status.SecretID, 2, "changed")),
				withName("another-name", dbSecret(older.Status.SecretID, 1, desired)),
			)
		},
	}
}

func foreignRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"T2": func(f rowFixture) {
			id, obj := f.addSecret(desired), f.secret("own", gen.Adopting)
			f.Must(f.Juju.Grant(f.Ctx, f.Model, id, "app1"))
			f.Create(obj)
			f.awaitRow(obj)
			f.AwaitEvent(obj, v1alpha1.ReasonAdopted)
			f.expectOwned(obj, id, true)
			granted := dbSecret(id, 1, desired)
			granted.Granted = []string{"app1"}
			f.ExpectJuju(granted)
			if n := f.updates(); n != 0 {
				f.Errorf("got %d updates of an equal secret, want 0", n)
			}
		},
		"T3": func(f rowFixture) {
			id := f.addSecret(foreign)
			obj := f.secret("own", gen.Adopting, gen.ByID("secret:"+id))
			f.Create(obj)
			f.awaitRow(obj)
			f.AwaitEvent(obj, v1alpha1.ReasonAdopted)
			f.expectOwned(obj, id, true)
			f.ExpectJuju(dbSecret(id, 2, desired))
		},
		"T4": func(f rowFixture) {
			id, all := f.addCharmSecret()
			obj := f.secret("own", gen.Adopting, gen.ByID(id))
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(all...)
		},
		"T5": func(f rowFixture) {
			former := f.createReady("former")
			f.Must(f.Juju.PauseRemovals(f.Ctx, f.Model))
			f.Delete(former)
			f.AwaitReason(former, v1alpha1.ReasonRemoving)
			obj := f.secret("own", gen.Adopting)
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(dbSecret(former.Status.SecretID, 1, desired))
			f.Must(f.Juju.ResumeRemovals(f.Ctx, f.Model))
			f.AwaitReady(obj)
			f.expectOwned(obj, obj.Status.SecretID, false)
			f.ExpectJuju(dbSecret(obj.Status.SecretID, 1, desired))
		},
	}
}

func conflictRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"K1": func(f rowFixture) {
			older, obj := f.createReady("a-older"), f.createSuspended("b-restored")
			f.setOwned(obj, older.Status.SecretID)
			f.setRecord(obj, nil)
			f.resume(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(dbSecret(older.Status.SecretID, 1, desired))
		},
		"K3": func(f rowFixture) {
			other, finish := f.createDeleting("other")
			obj := f.secret("own", gen.Adopting)
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(dbSecret(other.Status.SecretID, 1, desired))
			finish()
			f.AwaitReady(obj)
			f.expectOwned(obj, other.Status.SecretID, true)
		},
		"K4": func(f rowFixture) {
			older, obj := f.createWithoutSource("a-older"), f.secret("b-younger")
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju()
			f.Create(gen.Secret(f.Namespace, "missing", values(before)))
			f.AwaitReady(older)
			f.awaitRow(obj)
			f.ExpectJuju(dbSecret(older.Status.SecretID, 1, before))
		},
		"K5": func(f rowFixture) {
			older, rename := f.createRenamable("a-older")
			obj := f.createReady("b-younger")
			rename()
			f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, obj.Status.SecretID))
			f.AwaitJuju(withName("another-name", dbSecret(older.Status.SecretID, 1, desired)))
			f.LookNow(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, true)
			f.ExpectJuju(withName("another-name", dbSecret(older.Status.SecretID, 1, desired)))
		},
		"K6": func(f rowFixture) {
			id := f.addSecret(foreign)
			f.createWithoutSource("a-older", gen.Adopting)
			obj := f.secret("b-younger", gen.Adopting)
			f.Create(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, false)
			f.ExpectJuju(dbSecret(id, 1, foreign))
		},
		"K7": func(f rowFixture) {
			older, obj := f.createSuspended("a-older"), f.createSuspended("b-younger")
			f.setRecord(older, f.creating(older, desired))
			f.setRecord(obj, f.creating(obj, desired))
			id := f.addSecret(desired)
			f.resume(obj)
			f.awaitRow(obj)
			f.expectNothingOwned(obj, true)
			f.setRecord(older, adopting("")) // As if its creation had made another secret.
			f.AwaitReady(obj)
			f.expectOwned(obj, id, false)
			f.ExpectJuju(dbSecret(id, 1, desired))

			f = f.another()
			older, obj = f.createSuspended("a-older"), f.createSuspended("b-younger")
			f.setRecord(older, f.creating(older, desired))
			f.setRecord(obj, f.creating(obj, desired))
			id = f.addSecret(desired)
			f.resume(obj)
			f.awaitRow(obj)
			f.resume(older)
			f.AwaitReady(older)
			f.expectOwned(older, id, false)
			f.AwaitReason(obj, v1alpha1.ReasonConflict, "belongs to JujuSecret", "a-older")
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
	}
}

func crashRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"X5": func(f rowFixture) {
			obj, id := f.createSuspended("own"), f.addSecret(foreign)
			f.setRecord(obj, adopting(id))
			f.resume(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, id, true)
			f.ExpectJuju(dbSecret(id, 2, desired))

			f = f.another()
			obj, id = f.createSuspended("own"), f.addSecret(before)
			f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "", "", values("between")))
			f.setRecord(obj, f.creating(obj, before, recognisedAs(id)))
			f.resume(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, id, false)
			f.ExpectJuju(dbSecret(id, 3, desired))
		},
		"X6": func(f rowFixture) {
			older, rename := f.createRenamable("a-older")
			rename()
			obj, id := f.createSuspended("b-younger"), f.addSecret(desired)
			f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, id, "by-hand", "", nil))
			f.setRecord(obj, adopting(id))
			f.resume(obj)
			f.awaitRow(obj)
			f.expectOwned(obj, id, true)
			f.ExpectJuju(
				withName("by-hand", dbSecret(id, 1, desired)),
				withName("another-name", dbSecret(older.Status.SecretID, 1, desired)),
			)
		},
	}
}

func releaseRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"D2": func(f rowFixture) {
			obj := f.createReady("own")
			id := obj.Status.SecretID
			env.Change(f, obj, func(o *v1alpha1.JujuSecret) {
				o.Spec.Value = nil
				gen.Observed(o)
				gen.Suspended(o) // Otherwise the operator removes the finalizer first.
			})
			f.awaitSuspended(obj)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
		"D3": func(f rowFixture) {
			obj := f.createReady("own")
			f.suspend(obj)
			f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, obj.Status.SecretID))
			f.AwaitJuju()
			id := f.addSecret(foreign)
			f.resume(obj)
			f.AwaitReason(obj, v1alpha1.ReasonNameTaken)
			f.expectNothingOwned(obj, true)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, foreign))
		},
		"D19": func(f rowFixture) {
			older, obj := f.createSuspended("a-older"), f.createSuspended("b-younger")
			f.setRecord(older, f.creating(older, desired))
			f.setRecord(obj, f.creating(obj, desired))
			id := f.addSecret(desired)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
	}
}

// revokeAccess revokes the operator's access to the model.
func (f *fixture) revokeAccess() {
	f.Helper()
	f.Must(f.Juju.RevokeModel(f.Ctx, f.Model, f.Juju.Operator.Username, "read"))
}

// grantAccess grants the operator's access to the model again.
func (f *fixture) grantAccess() {
	f.Helper()
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, f.Juju.Operator.Username, "write"))
}

// deleteWithoutAccess deletes an object, and waits for the reason of the row.
// Once the operator has access to the model again, the object is gone, and its
// secret too.
func (f rowFixture) deleteWithoutAccess(obj *v1alpha1.JujuSecret) {
	f.Helper()
	f.Delete(obj)
	f.awaitRow(obj)
	f.grantAccess()
	f.lookSoon(obj)
	f.AwaitGone(obj)
	f.AwaitJuju()
}

// listModels makes the operator list the models of the controller now. A list
// from before may have the model, because other tests use the controller too.
func (f rowFixture) listModels() {
	f.Helper()
	probe := gen.JujuSecret(f.Namespace, "probe", "prod/missing-"+f.Namespace)
	f.Create(probe)
	f.AwaitReason(probe, v1alpha1.ReasonModelNotFound)
	f.LookNow(probe)
	f.Delete(probe)
	f.AwaitGone(probe)
}

func removalRows() map[string]func(rowFixture) {
	return map[string]func(rowFixture){
		"D20": func(f rowFixture) {
			obj := f.createReady("own")
			f.revokeAccess()
			f.deleteWithoutAccess(obj)
		},
		"D21": func(f rowFixture) {
			obj := f.createSuspended("own")
			f.setRecord(obj, f.creating(obj, desired))
			f.addSecret(desired)
			f.revokeAccess()
			f.listModels()
			f.deleteWithoutAccess(obj)
		},
		"D10": func(f rowFixture) {
			id, obj := f.addSecret(desired), f.secret("own", gen.Adopting, gen.Deleted)
			f.Create(obj)
			f.AwaitReady(obj)
			f.setTenant("no")
			f.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
		"D13": func(f rowFixture) {
			older, obj := f.createReady("a-older"), f.createSuspended("b-restored")
			f.setOwned(obj, older.Status.SecretID)
			f.setRecord(obj, nil)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(older.Status.SecretID, 1, desired))
		},
		"D14": func(f rowFixture) {
			obj := f.createReady("own")
			f.suspend(obj)
			f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, obj.Status.SecretID))
			f.AwaitJuju()
			id := f.addSecret(desired)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
		"D15": func(f rowFixture) {
			obj := f.createSuspended("own")
			f.setRecord(obj, f.creating(obj, desired))
			id := f.addSecret(foreign)
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, foreign))
		},
		"D17": func(f rowFixture) {
			other, obj := f.createReady("other"), f.createSuspended("own")
			f.setRecord(obj, f.creating(obj, desired))
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(other.Status.SecretID, 1, desired))
		},
		"D18": func(f rowFixture) {
			id, obj := f.addSecret(desired), f.secret("own", gen.Adopting)
			f.Create(obj)
			f.AwaitReady(obj)
			f.suspend(obj)
			f.setRecord(obj, f.creating(obj, desired, replacing(id)))
			f.deleteReleased(obj)
			f.ExpectJuju(dbSecret(id, 1, desired))
		},
	}
}

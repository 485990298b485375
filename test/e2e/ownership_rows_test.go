// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

func unseenRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"S1": func(s rowScene) {
			obj := s.made("ours")
			s.suspend(obj)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "", values(theirs)))
			s.LookNow(obj)
			s.shows(obj)
			s.expectJuju(held(obj.Status.SecretID, 2, theirs))
		},
		"S2": func(s rowScene) {
			obj := s.made("ours")
			s.setTenant("no")
			s.shows(obj)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "", values(theirs)))
			s.LookNow(obj)
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.expectJuju(held(obj.Status.SecretID, 2, theirs))
		},
		"S3": func(s rowScene) {
			faulty, controller := newFaultyScene(s.T)
			s.scene = faulty
			obj := s.made("ours", gen.Through(controller.Name))
			s.Must(s.juju.StopServing(s.Ctx))
			other := s.secret("other", gen.Named("other"), gen.Through(controller.Name))
			s.Create(other)
			s.shows(other)
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.Must(s.juju.StartServing(s.Ctx))
			s.AwaitReady(obj, other)
			s.expectJuju(held(obj.Status.SecretID, 1, said), called("other", held(other.Status.SecretID, 1, said)))
		},
		"S4": func(s rowScene) {
			obj := s.made("ours")
			s.Must(s.juju.RemoveModel(s.Ctx, s.model))
			s.LookNow(obj)
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
		},
		"S5": func(s rowScene) {
			id := s.add(said)
			obj := s.waiting("waiting", gen.Adopting)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(id, 1, said))
		},
	}
}

func referenceRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"O1": func(s rowScene) {
			owner := s.made("ours")
			id := owner.Status.SecretID
			byName, byID := s.secret("by-name", gen.Observed), s.secret("by-id", gen.Observed, gen.ByID(id), gen.Named(""))
			s.Create(byName, byID)
			for _, obj := range []*v1alpha1.JujuSecret{byName, byID} {
				s.shows(obj)
				if obj.Status.SecretID != id || obj.Status.Managed || len(obj.Finalizers) != 0 {
					s.Errorf("%s has the status %+v and the finalizers %v, want a reference to %s", obj.Name, obj.Status, obj.Finalizers, id)
				}
			}
			s.expectJuju(held(id, 1, said))
		},
		"O2": func(s rowScene) {
			owner := s.made("ours")
			byID := s.secret("by-id", gen.Observed, gen.ByID(owner.Status.SecretID), gen.Named(""))
			byName := s.secret("by-name", gen.Observed)
			s.Create(byID, byName)
			s.AwaitReady(byID, byName)
			s.Must(s.juju.PauseRemovals(s.Ctx, s.model))
			s.Delete(owner)
			s.AwaitReason(owner, v1alpha1.ReasonRemoving)
			s.LookNow(byID)
			s.LookNow(byName)
			s.shows(byID)
			s.shows(byName)
			s.ownsNothing(byID, false)
			s.Must(s.juju.ResumeRemovals(s.Ctx, s.model))
			s.AwaitGone(owner)
			s.LookNow(byID)
			s.LookNow(byName)
			s.shows(byID)
			s.shows(byName)
			s.ownsNothing(byName, false)
		},
		"O3": func(s rowScene) {
			id, all := s.addCharms()
			obj := s.secret("by-id", gen.Observed, gen.ByID(id), gen.Named(""))
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(all...)
		},
	}
}

func absentRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"C1": func(s rowScene) {
			obj := s.made("ours")
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.awaitEvent(obj, v1alpha1.ReasonCreated)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
		},
		"C2": func(s rowScene) {
			obj := s.secret("by-id", gen.Adopting, gen.ByID("9m4e2mr0ui3e8a215n4g"))
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju()
		},
		"C3": func(s rowScene) {
			obj := s.made("ours")
			first := obj.Status.SecretID
			s.Must(s.juju.RemoveSecret(s.Ctx, s.model, first))
			s.awaitNotInJuju(first)
			s.LookNow(obj)
			s.shows(obj)
			s.awaitEvent(obj, v1alpha1.ReasonCorrected)
			s.owns(obj, obj.Status.SecretID, false)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
			if obj.Status.SecretID == first {
				s.Error("the status has the ID of the secret that was removed")
			}
		},
		"C4": func(s rowScene) {
			obj := s.made("ours", gen.Reporting)
			first := obj.Status.SecretID
			s.Must(s.juju.RemoveSecret(s.Ctx, s.model, first))
			s.awaitJuju()
			id := s.add(said)
			s.LookNow(obj)
			s.shows(obj)
			s.owns(obj, first, false)
			s.expectJuju(held(id, 1, said))
		},
	}
}

func ourRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"M1": func(s rowScene) {
			obj := s.made("ours")
			// Whoever replaces the object takes the finalizer off.
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers, o.Annotations = nil, nil })
			s.LookNow(obj)
			s.shows(obj)
			s.Await(func() string {
				if s.Refresh(obj); len(obj.Finalizers) == 0 {
					return "the finalizer is not put back"
				}
				return ""
			})
			s.expectJuju(held(obj.Status.SecretID, 1, said))
			if n := s.updates(); n != 0 {
				s.Errorf("there were %d updates of what was as it should be", n)
			}
		},
		"M2": func(s rowScene) {
			obj := s.made("ours", gen.Reporting)
			stage.Change(s.scene, obj, gen.Value(values("changed")))
			s.shows(obj)
			s.awaitJuju(held(obj.Status.SecretID, 2, "changed"))
			s.awaitEvent(obj, v1alpha1.ReasonUpdated)
		},
		"M3": func(s rowScene) {
			obj := s.made("ours")
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "by-hand", "By hand", values(theirs)))
			s.LookNow(obj)
			s.shows(obj)
			s.awaitEvent(obj, v1alpha1.ReasonCorrected)
			s.expectJuju(held(obj.Status.SecretID, 3, said))
		},
		"M4": func(s rowScene) {
			obj := s.made("ours", gen.Reporting)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "by-hand", "", values(theirs)))
			s.LookNow(obj)
			s.shows(obj)
			s.expectJuju(called("by-hand", held(obj.Status.SecretID, 2, theirs)))
		},
		"M5": func(s rowScene) {
			id, obj := s.add(theirs), s.made("ours", gen.Named("a-first"))
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value = db, values("changed") })
			s.shows(obj)
			s.awaitJuju(called("a-first", held(obj.Status.SecretID, 2, "changed")), held(id, 1, theirs))
		},
		"M6": func(s rowScene) {
			other, obj := s.made("other"), s.made("ours", gen.Named("a-first"))
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value = db, values("changed") })
			s.shows(obj)
			s.awaitJuju(called("a-first", held(obj.Status.SecretID, 2, "changed")), held(other.Status.SecretID, 1, said))
		},
		"M7": func(s rowScene) {
			obj := s.made("ours", gen.Named("a-first"))
			other, end := s.lingering("other")
			stage.Change(s.scene, obj, gen.Named(db))
			s.shows(obj)
			s.expectJuju(called("a-first", held(obj.Status.SecretID, 1, said)), held(other.Status.SecretID, 1, said))
			end()
			s.AwaitReason(obj, v1alpha1.ReasonNameTaken)
		},
		"M8": func(s rowScene) {
			former := s.made("former")
			id := former.Status.SecretID
			s.Must(s.juju.PauseRemovals(s.Ctx, s.model))
			s.Delete(former)
			s.AwaitReason(former, v1alpha1.ReasonRemoving)
			stage.Change(s.scene, former, func(o *v1alpha1.JujuSecret) { o.Finalizers = nil })
			s.AwaitGone(former)
			obj := s.resting("restored")
			s.give(obj, id)
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, false)
			s.expectJuju(held(id, 1, said))
			s.Must(s.juju.ResumeRemovals(s.Ctx, s.model))
			s.AwaitReady(obj)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
			if obj.Status.SecretID == id {
				s.Error("the object still has the secret that was removed")
			}
		},
		"M9": func(s rowScene) {
			older, long := s.elsewhere("a-older")
			obj := s.made("b-younger", gen.Named("a-first"))
			long()
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Value = db, values("changed") })
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.awaitJuju(
				called("a-first", held(obj.Status.SecretID, 2, "changed")), called("elsewhere", held(older.Status.SecretID, 1, said)),
			)
		},
	}
}

func theirRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"T1": func(s rowScene) {
			id, obj := s.add(said), s.secret("ours")
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(id, 1, said))
		},
		"T2": func(s rowScene) {
			id, obj := s.add(said), s.secret("ours", gen.Adopting)
			s.Must(s.juju.Grant(s.Ctx, s.model, id, "app1"))
			s.Create(obj)
			s.shows(obj)
			s.awaitEvent(obj, v1alpha1.ReasonAdopted)
			s.owns(obj, id, true)
			granted := held(id, 1, said)
			granted.Granted = []string{"app1"}
			s.expectJuju(granted)
			if n := s.updates(); n != 0 {
				s.Errorf("there were %d updates of what was as it should be", n)
			}
		},
		"T3": func(s rowScene) {
			id := s.add(theirs)
			obj := s.secret("ours", gen.Adopting, gen.ByID(id))
			s.Create(obj)
			s.shows(obj)
			s.awaitEvent(obj, v1alpha1.ReasonAdopted)
			s.owns(obj, id, true)
			s.expectJuju(held(id, 2, said))
		},
		"T4": func(s rowScene) {
			id, all := s.addCharms()
			obj := s.secret("ours", gen.Adopting, gen.ByID(id))
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(all...)
		},
		"T5": func(s rowScene) {
			former := s.made("former")
			s.Must(s.juju.PauseRemovals(s.Ctx, s.model))
			s.Delete(former)
			s.AwaitReason(former, v1alpha1.ReasonRemoving)
			obj := s.secret("ours", gen.Adopting)
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(former.Status.SecretID, 1, said))
			s.Must(s.juju.ResumeRemovals(s.Ctx, s.model))
			s.AwaitReady(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
		},
	}
}

func otherRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"K1": func(s rowScene) {
			older, obj := s.made("a-older"), s.resting("b-restored")
			s.give(obj, older.Status.SecretID)
			s.hold(obj, nil)
			s.wake(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(older.Status.SecretID, 1, said))
		},
		"K2": func(s rowScene) {
			other, obj := s.made("other"), s.secret("ours", gen.Adopting, gen.Value(values("changed")))
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(other.Status.SecretID, 1, said))

			s = s.another()
			other = s.resting("other")
			s.hold(other, s.begun(other, said))
			id := s.add(said)
			obj = s.secret("ours", gen.Adopting, gen.Value(values("changed")))
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(id, 1, said))
		},
		"K3": func(s rowScene) {
			other, end := s.lingering("other")
			obj := s.secret("ours", gen.Adopting)
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(other.Status.SecretID, 1, said))
			end()
			s.AwaitReady(obj)
			s.owns(obj, other.Status.SecretID, true)
		},
		"K4": func(s rowScene) {
			older, obj := s.waiting("a-older"), s.secret("b-younger")
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju()
			s.Create(gen.Secret(s.ns, "missing", values(before)))
			s.AwaitReady(older)
			s.shows(obj)
			s.expectJuju(held(older.Status.SecretID, 1, before))
		},
		"K5": func(s rowScene) {
			older, long := s.elsewhere("a-older")
			obj := s.made("b-younger")
			long()
			s.Must(s.juju.RemoveSecret(s.Ctx, s.model, obj.Status.SecretID))
			s.awaitJuju(called("elsewhere", held(older.Status.SecretID, 1, said)))
			s.LookNow(obj)
			s.shows(obj)
			s.ownsNothing(obj, true)
			s.expectJuju(called("elsewhere", held(older.Status.SecretID, 1, said)))
		},
		"K6": func(s rowScene) {
			id := s.add(theirs)
			s.waiting("a-older", gen.Adopting)
			obj := s.secret("b-younger", gen.Adopting)
			s.Create(obj)
			s.shows(obj)
			s.ownsNothing(obj, false)
			s.expectJuju(held(id, 1, theirs))
		},
		"K7": func(s rowScene) {
			older, obj := s.resting("a-older"), s.resting("b-younger")
			s.hold(older, s.begun(older, said))
			s.hold(obj, s.begun(obj, said))
			id := s.add(said)
			s.wake(obj)
			s.shows(obj)
			s.ownsNothing(obj, true)
			s.hold(older, adopting("")) // As when it has found that its own is elsewhere.
			s.AwaitReady(obj)
			s.owns(obj, id, false)
			s.expectJuju(held(id, 1, said))

			s = s.another()
			older, obj = s.resting("a-older"), s.resting("b-younger")
			s.hold(older, s.begun(older, said))
			s.hold(obj, s.begun(obj, said))
			id = s.add(said)
			s.wake(obj)
			s.shows(obj)
			s.wake(older)
			s.AwaitReady(older)
			s.owns(older, id, false)
			s.AwaitReason(obj, v1alpha1.ReasonConflict, "is that of JujuSecret", "a-older")
			s.expectJuju(held(id, 1, said))
		},
	}
}

func crashRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"X1": func(s rowScene) {
			proxied, proxy := newProxiedScene(s.T)
			s.scene = proxied
			met := proxy.On("Secrets.CreateSecrets", wire.CutBefore())
			obj := s.made("ours", gen.Through(s.connectThrough(proxy).Name))
			s.expectMet(met)
			s.shows(obj)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
		},
		"X2": func(s rowScene) {
			proxied, proxy := newProxiedScene(s.T)
			s.scene = proxied
			met := proxy.On("Secrets.CreateSecrets", wire.CutAfter())
			obj := s.made("ours", gen.Through(s.connectThrough(proxy).Name))
			s.expectMet(met)
			s.shows(obj)
			s.owns(obj, obj.Status.SecretID, false)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
			if n := s.requests()["Secrets.CreateSecrets"]; n != 1 {
				s.Errorf("there were %d requests to create it, want 1", n)
			}
		},
		"X3": func(s rowScene) {
			obj := s.resting("ours")
			s.hold(obj, s.begun(obj, before))
			id := s.add(before)
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, false)
			s.expectJuju(held(id, 2, said))
		},
		"X4": func(s rowScene) {
			obj, id := s.resting("ours"), s.add(said)
			s.hold(obj, adopting(id))
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, true)
			s.expectJuju(held(id, 1, said))

			s = s.another()
			obj, id = s.resting("ours"), s.add(before)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "", "", values(said)))
			s.hold(obj, s.begun(obj, before, recognisedAs(id)))
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, false)
			s.expectJuju(held(id, 2, said))
		},
		"X5": func(s rowScene) {
			obj, id := s.resting("ours"), s.add(theirs)
			s.hold(obj, adopting(id))
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, true)
			s.expectJuju(held(id, 2, said))

			s = s.another()
			obj, id = s.resting("ours"), s.add(before)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "", "", values("between")))
			s.hold(obj, s.begun(obj, before, recognisedAs(id)))
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, false)
			s.expectJuju(held(id, 3, said))
		},
		"X6": func(s rowScene) {
			older, long := s.elsewhere("a-older")
			long()
			obj, id := s.resting("b-younger"), s.add(said)
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "by-hand", "", nil))
			s.hold(obj, adopting(id))
			s.wake(obj)
			s.shows(obj)
			s.owns(obj, id, true)
			s.expectJuju(called("by-hand", held(id, 1, said)), called("elsewhere", held(older.Status.SecretID, 1, said)))
		},
	}
}

func letGoRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"D1": func(s rowScene) {
			id := s.add(said)
			obj := s.secret("ours", gen.Observed) // Any other would get the finalizer back.
			s.Create(obj)
			s.AwaitReady(obj)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D2": func(s rowScene) {
			obj := s.made("ours")
			id := obj.Status.SecretID
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) {
				o.Spec.Value = nil
				gen.Observed(o)
				gen.Suspended(o) // Or the finalizer would be taken off before.
			})
			s.awaitRest(obj)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D3": func(s rowScene) {
			obj := s.made("ours")
			s.suspend(obj)
			s.Must(s.juju.RemoveSecret(s.Ctx, s.model, obj.Status.SecretID))
			s.awaitJuju()
			id := s.add(theirs)
			s.wake(obj)
			s.AwaitReason(obj, v1alpha1.ReasonNameTaken)
			s.ownsNothing(obj, true)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, theirs))
		},
		"D4": func(s rowScene) {
			faulty, controller := newFaultyScene(s.T)
			s.scene = faulty
			obj := s.made("ours", gen.Through(controller.Name))
			id := obj.Status.SecretID
			s.Must(s.juju.StopServing(s.Ctx))
			stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) { stage.Annotate(o, v1alpha1.AnnotationAbandon, "true") })
			s.letsGo(obj)
			s.Must(s.juju.StartServing(s.Ctx))
			s.expectJuju(held(id, 1, said))
		},
		"D5": func(s rowScene) {
			obj := s.made("ours", gen.Retained)
			id := obj.Status.SecretID
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D6": func(s rowScene) {
			id, obj := s.add(said), s.secret("ours", gen.Adopting)
			s.Create(obj)
			s.AwaitReady(obj)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D19": func(s rowScene) {
			older, obj := s.resting("a-older"), s.resting("b-younger")
			s.hold(older, s.begun(older, said))
			s.hold(obj, s.begun(obj, said))
			id := s.add(said)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
	}
}

func removedRows() map[string]func(rowScene) {
	return map[string]func(rowScene){
		"D7": func(s rowScene) {
			obj := s.made("ours")
			s.suspend(obj) // Which makes no difference.
			s.Must(s.juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "", values(theirs)))
			s.isRemoved(obj)
			s.expectJuju()
		},
		"D8": func(s rowScene) {
			s.add(said)
			obj := s.secret("ours", gen.Adopting, gen.Deleted)
			s.Create(obj)
			s.AwaitReady(obj)
			s.isRemoved(obj)
			s.expectJuju()
		},
		"D9": func(s rowScene) {
			obj := s.made("ours")
			s.Must(s.juju.PauseRemovals(s.Ctx, s.model))
			s.Delete(obj)
			s.shows(obj)
			s.LookNow(obj)
			s.shows(obj)
			s.expectJuju(held(obj.Status.SecretID, 1, said))
			if n := s.requests()["Secrets.RemoveSecrets"]; n != 1 {
				s.Errorf("Juju was told %d times to remove it, want once", n)
			}
			s.Must(s.juju.ResumeRemovals(s.Ctx, s.model))
			s.AwaitGone(obj)
			s.expectJuju()
		},
		"D10": func(s rowScene) {
			obj := s.made("ours")
			id := obj.Status.SecretID
			s.setTenant("no")
			s.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			obj.Status.OwnershipProof = "forged"
			s.Must(s.Kube.Status().Update(s.Ctx, obj))
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D11": func(s rowScene) {
			faulty, controller := newFaultyScene(s.T)
			s.scene = faulty
			obj := s.made("ours", gen.Through(controller.Name))
			s.Must(s.juju.StopServing(s.Ctx))
			s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
			s.Delete(obj)
			s.shows(obj)
			s.Must(s.juju.StartServing(s.Ctx))
			s.AwaitGone(obj)
			s.expectJuju()
		},
		"D12": func(s rowScene) {
			obj := s.made("ours")
			s.Must(s.juju.RemoveModel(s.Ctx, s.model))
			s.LookNow(obj)
			s.letsGo(obj)
		},
		"D13": func(s rowScene) {
			older, obj := s.made("a-older"), s.resting("b-restored")
			s.give(obj, older.Status.SecretID)
			s.hold(obj, nil)
			s.letsGo(obj)
			s.expectJuju(held(older.Status.SecretID, 1, said))
		},
		"D14": func(s rowScene) {
			obj := s.made("ours")
			s.suspend(obj)
			s.Must(s.juju.RemoveSecret(s.Ctx, s.model, obj.Status.SecretID))
			s.awaitJuju()
			id := s.add(said)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D15": func(s rowScene) {
			obj := s.resting("ours")
			s.hold(obj, s.begun(obj, said))
			id := s.add(theirs)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, theirs))
		},
		"D16": func(s rowScene) {
			obj := s.resting("ours")
			s.hold(obj, s.begun(obj, before))
			s.add(before)
			s.isRemoved(obj)
			s.expectJuju()
		},
		"D17": func(s rowScene) {
			other, obj := s.made("other"), s.resting("ours")
			s.hold(obj, s.begun(obj, said))
			s.letsGo(obj)
			s.expectJuju(held(other.Status.SecretID, 1, said))
		},
		"D18": func(s rowScene) {
			id, obj := s.add(said), s.secret("ours", gen.Adopting)
			s.Create(obj)
			s.AwaitReady(obj)
			s.suspend(obj)
			s.hold(obj, s.begun(obj, said, replacing(id)))
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
		"D19": func(s rowScene) {
			older, obj := s.resting("a-older"), s.resting("b-younger")
			s.hold(older, s.begun(older, said))
			s.hold(obj, s.begun(obj, said))
			id := s.add(said)
			s.letsGo(obj)
			s.expectJuju(held(id, 1, said))
		},
	}
}

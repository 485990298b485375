// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// neighbour is a second namespace that is a tenant, and goes with the scene.
func (s *scene) neighbour() string {
	s.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns + "-too", Labels: map[string]string{"tenant": "true"}}}
	s.create(ns)
	s.after = append(s.after, ns)
	return ns.Name
}

func TestOfTwoObjectsOfOneSecretTheOtherSaysWhoHasIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		owner, other []func(*v1alpha1.JujuSecret)
		// Once the owner has gone: the reason of the other, empty if it has the secret, and what Juju holds.
		reason v1alpha1.Reason
		sameID bool
		holds  string
	}{
		"and makes its own when that is removed":              {nil, nil, "", false, "other"},
		"and leaves it alone when that is retained":           {[]func(*v1alpha1.JujuSecret){gen.Retained}, nil, v1alpha1.ReasonNameTaken, true, "owner"},
		"and adopts it when that is retained, if it may":      {[]func(*v1alpha1.JujuSecret){gen.Retained}, []func(*v1alpha1.JujuSecret){gen.Adopting}, "", true, "other"},
		"and never adopts it before, nor while it is removed": {nil, []func(*v1alpha1.JujuSecret){gen.Adopting}, "", false, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			owner := gen.JujuSecret(s.ns, "owner", s.model.Name, append(row.owner, gen.Named("db-login"), gen.Value(map[string]string{"key": "owner"}))...)
			s.create(owner)
			s.awaitReady(owner)
			id := owner.Status.SecretID
			other := gen.JujuSecret(s.neighbour(), "other", s.model.Name, append(row.other, gen.Named("db-login"), gen.Value(map[string]string{"key": "other"}))...)
			s.create(other)
			s.awaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner", id)
			s.expectJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "owner"})})

			s.delete(owner)
			s.awaitGone(owner)
			if row.reason != "" {
				s.awaitReason(other, row.reason, "adoptionPolicy: Adopt")
			} else {
				s.awaitReady(other)
			}
			held := s.inJuju()
			if len(held) != 1 || (held[0].ID == id) != row.sameID || !held[0].Content.Equal(servers.Content(map[string]string{"key": row.holds})) {
				t.Errorf("Juju holds %+v, want one secret, the same as before: %t, with the content of the %s", held, row.sameID, row.holds)
			}
			s.delete(other)
			s.awaitGone(other)
		})
	}
}

func TestOfTwoObjectsMadeAtOnceTheOlderHasTheSecret(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	neighbour := s.neighbour()
	var objs []client.Object
	for _, name := range []string{"db-one", "db-two", "db-three"} {
		// Kubernetes tells the time in whole seconds, so the namespace decides.
		objs = append(objs, gen.JujuSecret(s.ns, name, s.model.Name), gen.JujuSecret(neighbour, name, s.model.Name))
	}
	s.create(objs...)
	for i := 0; i < len(objs); i += 2 {
		owner, other := objs[i].(*v1alpha1.JujuSecret), objs[i+1].(*v1alpha1.JujuSecret)
		s.awaitReady(owner)
		s.awaitReason(other, v1alpha1.ReasonConflict, owner.Namespace+"/"+owner.Name)
	}
	if held := s.inJuju(); len(held) != 3 {
		t.Errorf("Juju holds %d secrets, want 3", len(held))
	}
}

// A name that somebody changes in Juju is free for a moment, in which nobody else may take it.
func TestADriftedNameIsNotLostToAnObjectThatWaitsForIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := gen.JujuSecret(s.ns, "owner", s.model.Name, gen.Named("db-login"))
	s.create(owner)
	s.awaitReady(owner)
	other := gen.JujuSecret(s.neighbour(), "other", s.model.Name, gen.Named("db-login"))
	s.create(other)
	s.awaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner")
	id := owner.Status.SecretID
	s.must(s.juju.UpdateSecret(s.ctx, s.model, id, "elsewhere", "", nil))
	s.lookNow(other)
	s.lookNow(owner)
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
	s.awaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner")
}

func TestTwoClustersLeaveEachOthersSecretsAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	here := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.create(here)
	s.awaitReady(here)

	there := s.anotherCluster()
	same := gen.JujuSecret(there.ns, "db-login", s.model.Name, gen.Value(map[string]string{"key": "other"}))
	own := gen.JujuSecret(there.ns, "db-other", s.model.Name)
	there.create(same, own)
	there.awaitReady(own)
	there.awaitReason(same, v1alpha1.ReasonNameTaken, here.Status.SecretID)
	s.lookNow(here)
	there.lookNow(own)
	both := []servers.UserSecret{
		{ID: here.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
		{ID: own.Status.SecretID, Name: "db-other", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
	}
	s.expectJuju(both...)
	there.delete(same)
	there.awaitGone(same)
	s.expectJuju(both...)
	there.delete(own)
	there.awaitGone(own)
	s.expectJuju(both[0])
}

// anotherCluster is a second Kubernetes with an operator of its own, over the same model.
func (s *scene) anotherCluster() *scene {
	s.Helper()
	dir := s.TempDir()
	kubernetes, err := servers.StartKubernetes(s.ctx, "../..", dir)
	s.must(err)
	s.Cleanup(func() {
		if err := kubernetes.Stop(); err != nil {
			s.Error(err)
		}
	})
	operator, err := kubernetes.StartOperator(dir)
	s.must(err)
	s.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			s.Error(err)
		}
	})
	there := &scene{T: s.T, ctx: s.ctx, kube: kubernetes.Client, juju: s.juju, model: s.model, ns: "elsewhere"}
	there.create(
		gen.Namespace(there.ns, map[string]string{"tenant": "true"}),
		gen.Credentials("default", s.juju.Operator.Username, s.juju.Operator.Password),
		gen.Controller("default", s.juju.Addresses[0], s.juju.CACertificate),
	)
	return there
}

func TestASuspendedObjectRestsAndCanBeDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	never := gen.JujuSecret(s.ns, "never", s.model.Name, gen.Suspended)
	s.create(obj, never)
	s.awaitReady(obj)
	s.awaitReason(never, v1alpha1.ReasonSuspended, "spec.suspend")
	id := obj.Status.SecretID

	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Value["key"] = true, "new value" })
	s.awaitReady(obj) // It stays what it was.
	if reason := obj.Status.Conditions[0].Reason; reason != string(v1alpha1.ReasonSuspended) {
		t.Errorf("the reason is %s, want %s", reason, v1alpha1.ReasonSuspended)
	}
	s.must(s.juju.UpdateSecret(s.ctx, s.model, id, "", "By hand", nil))
	s.lookNow(obj)
	before := servers.UserSecret{ID: id, Name: "db-login", Info: "By hand", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})}
	s.expectJuju(before)
	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": "new value"})})
	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	s.delete(obj)
	s.awaitGone(obj)
	s.expectJuju()
}

func TestOldRevisionsArePrunedIfAsked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	from := gen.JujuSecret(s.ns, "from-the-start", s.model.Name, gen.Pruned)
	later := gen.JujuSecret(s.ns, "later", s.model.Name)
	s.create(from, later)
	s.awaitReady(from, later)
	for _, value := range []string{"second", "third"} {
		for _, obj := range []*v1alpha1.JujuSecret{from, later} {
			change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = value })
			s.awaitReady(obj)
		}
	}
	s.awaitRevisions(from, 3)
	s.awaitRevisions(later, 1, 2, 3)
	change(s, later, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune = true })
	s.awaitReady(later)
	if later.Status.AutoPrune == nil || !*later.Status.AutoPrune || later.Status.Revision != 3 {
		t.Errorf("the status is %+v, want auto-prune noted, and no revision for it", later.Status)
	}
	s.awaitRevisions(later, 3)
	change(s, from, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune, o.Spec.Value["key"] = false, "fourth" })
	s.awaitReady(from)
	s.awaitRevisions(from, 3, 4)
}

func (s *scene) awaitRevisions(obj *v1alpha1.JujuSecret, want ...int) {
	s.Helper()
	s.await(func() string {
		got, err := s.juju.Revisions(s.ctx, s.model, obj.Status.SecretID)
		s.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			return obj.Name + " has other revisions (-want +got):\n" + diff
		}
		return ""
	})
}

func TestRetainedGrantsStay(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	stays, goes := gen.Access(s.ns, "stays", "db-login", "app1", "app2"), gen.Access(s.ns, "goes", "db-login", "app2", "app3")
	stays.Spec.DeletionPolicy = v1alpha1.GrantsRetain
	s.create(obj, stays, goes)
	s.awaitReady(stays, goes)
	change(s, stays, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	s.awaitReady(stays)
	s.delete(stays)
	s.awaitGone(stays)
	s.expectJuju(ofDB("app1", "app2", "app3"))
	s.delete(goes)
	s.awaitGone(goes)
	s.expectJuju(ofDB("app1"))
}

func TestGrantsFollowAJujuSecretIntoAnotherModel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	other, err := s.juju.AddModel(s.ctx, s.ns+"-too")
	s.must(err)
	t.Cleanup(func() { _ = s.juju.RemoveModel(context.Background(), other) })
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Retained)
	access := gen.Access(s.ns, "db-access", "db-login", "app1")
	s.create(obj, access)
	s.awaitReady(obj, access)
	s.delete(obj)
	s.awaitGone(obj)
	moved := gen.JujuSecret(s.ns, "db-login", other.Name)
	s.create(moved)
	s.awaitReady(moved)
	s.awaitJuju(ofDB())
	s.awaitReady(access)
	there := *s
	there.model = other
	there.awaitJuju(servers.UserSecret{
		ID: moved.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"}), Granted: []string{"app1"},
	})
}

// Kubernetes keeps an object's status and loses its metadata when somebody replaces it.
func TestAnObjectThatLostItsFinalizerGetsItBackAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.create(obj)
	s.awaitReady(obj)
	change(s, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers, o.Annotations = nil, nil })
	s.await(func() string {
		if s.refresh(obj); len(obj.Finalizers) == 0 {
			return "it has no finalizer"
		}
		return ""
	})
	s.delete(obj)
	s.awaitGone(obj)
	s.expectJuju()
}

// Whoever may edit an object may edit what the operator notes in its metadata.
func TestARecordThatAPersonWroteTakesNothingFromAnybody(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	neighbour := s.neighbour()
	forger := gen.JujuSecret(neighbour, "forger", s.model.Name, gen.Suspended, gen.Named("forged"), gen.Deleted)
	s.create(forger)
	s.awaitReason(forger, v1alpha1.ReasonSuspended)
	ours := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.create(ours)
	s.awaitReady(ours)
	theirs, err := s.juju.AddSecret(s.ctx, s.model, "theirs", "", map[string]string{"key": "theirs"})
	s.must(err)
	untouched := []servers.UserSecret{
		{ID: ours.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
		{ID: theirs, Name: "theirs", Revision: 1, Content: servers.Content(map[string]string{"key": "theirs"})},
	}
	forge := func(record string) {
		change(s, forger, func(o *v1alpha1.JujuSecret) {
			o.Annotations = annotated(o, "jujusecrets.io/record", `{"uid":"`+string(o.UID)+`",`+record+`}`)
		})
	}
	// As if it were about to adopt what is another object's.
	forge(`"adopting":"` + ours.Status.SecretID + `"`)
	s.lookNow(ours)
	s.awaitReady(ours)
	change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Name = false, "db-login" })
	s.awaitReason(forger, v1alpha1.ReasonConflict, s.ns+"/db-login")
	s.expectJuju(untouched...)
	// As if it had made what is a stranger's.
	change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Name = true, "theirs" })
	forge(`"creating":{"name":"theirs","id":"` + theirs + `","proof":"forged"}`)
	change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	s.awaitReason(forger, v1alpha1.ReasonNameTaken, theirs)
	s.delete(forger)
	s.awaitGone(forger)
	s.awaitReady(ours)
	s.expectJuju(untouched...)
}

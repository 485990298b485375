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
	"github.com/juju-secrets/operator/test/stage"
)

// neighbour is a second namespace that is a tenant, and goes with the scene.
func (s *scene) neighbour() string {
	s.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns + "-too", Labels: map[string]string{"tenant": "true"}}}
	s.Create(ns)
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
			s.Create(owner)
			s.AwaitReady(owner)
			id := owner.Status.SecretID
			other := gen.JujuSecret(s.neighbour(), "other", s.model.Name, append(row.other, gen.Named("db-login"), gen.Value(map[string]string{"key": "other"}))...)
			s.Create(other)
			s.AwaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner", id)
			s.expectJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "owner"})})

			s.Delete(owner)
			s.AwaitGone(owner)
			if row.reason != "" {
				s.AwaitReason(other, row.reason, "adoptionPolicy: Adopt")
			} else {
				s.AwaitReady(other)
			}
			held := s.inJuju()
			if len(held) != 1 || (held[0].ID == id) != row.sameID || !held[0].Content.Equal(servers.Content(map[string]string{"key": row.holds})) {
				t.Errorf("Juju holds %+v, want one secret, the same as before: %t, with the content of the %s", held, row.sameID, row.holds)
			}
			s.Delete(other)
			s.AwaitGone(other)
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
	s.Create(objs...)
	for i := 0; i < len(objs); i += 2 {
		owner, other := objs[i].(*v1alpha1.JujuSecret), objs[i+1].(*v1alpha1.JujuSecret)
		s.AwaitReady(owner)
		s.AwaitReason(other, v1alpha1.ReasonConflict, owner.Namespace+"/"+owner.Name)
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
	s.Create(owner)
	s.AwaitReady(owner)
	other := gen.JujuSecret(s.neighbour(), "other", s.model.Name, gen.Named("db-login"))
	s.Create(other)
	s.AwaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner")
	id := owner.Status.SecretID
	s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "elsewhere", "", nil))
	s.LookNow(other)
	s.LookNow(owner)
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
	s.AwaitReason(other, v1alpha1.ReasonConflict, s.ns+"/owner")
}

func TestTwoClustersLeaveEachOthersSecretsAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	here := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(here)
	s.AwaitReady(here)

	there := s.anotherCluster()
	same := gen.JujuSecret(there.ns, "db-login", s.model.Name, gen.Value(map[string]string{"key": "other"}))
	own := gen.JujuSecret(there.ns, "db-other", s.model.Name)
	there.Create(same, own)
	there.AwaitReady(own)
	there.AwaitReason(same, v1alpha1.ReasonNameTaken, here.Status.SecretID)
	s.LookNow(here)
	there.LookNow(own)
	both := []servers.UserSecret{
		{ID: here.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
		{ID: own.Status.SecretID, Name: "db-other", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
	}
	s.expectJuju(both...)
	there.Delete(same)
	there.AwaitGone(same)
	s.expectJuju(both...)
	there.Delete(own)
	there.AwaitGone(own)
	s.expectJuju(both[0])
}

// anotherCluster is a second Kubernetes with an operator of its own, over the same model.
func (s *scene) anotherCluster() *scene {
	s.Helper()
	dir := s.TempDir()
	kubernetes, err := servers.StartKubernetes(s.Ctx, "../..", dir)
	s.Must(err)
	s.Cleanup(func() {
		if err := kubernetes.Stop(); err != nil {
			s.Error(err)
		}
	})
	operator, err := kubernetes.StartOperator(dir)
	s.Must(err)
	s.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			s.Error(err)
		}
	})
	there := &scene{Stage: stage.New(s.T, kubernetes.Client), juju: s.juju, model: s.model, ns: "elsewhere"}
	there.Create(
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
	s.Create(obj, never)
	s.AwaitReady(obj)
	s.AwaitReason(never, v1alpha1.ReasonSuspended, "spec.suspend")
	id := obj.Status.SecretID

	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Value["key"] = true, "new value" })
	s.AwaitReady(obj) // It stays what it was.
	if reason := obj.Status.Conditions[0].Reason; reason != string(v1alpha1.ReasonSuspended) {
		t.Errorf("the reason is %s, want %s", reason, v1alpha1.ReasonSuspended)
	}
	s.Must(s.juju.UpdateSecret(s.Ctx, s.model, id, "", "By hand", nil))
	s.LookNow(obj)
	before := servers.UserSecret{ID: id, Name: "db-login", Info: "By hand", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})}
	s.expectJuju(before)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	s.awaitJuju(servers.UserSecret{ID: id, Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": "new value"})})
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	s.Delete(obj)
	s.AwaitGone(obj)
	s.expectJuju()
}

func TestOldRevisionsArePrunedIfAsked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	from := gen.JujuSecret(s.ns, "from-the-start", s.model.Name, gen.Pruned)
	later := gen.JujuSecret(s.ns, "later", s.model.Name)
	s.Create(from, later)
	s.AwaitReady(from, later)
	for _, value := range []string{"second", "third"} {
		for _, obj := range []*v1alpha1.JujuSecret{from, later} {
			stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = value })
			s.AwaitReady(obj)
		}
	}
	s.awaitRevisions(from, 3)
	s.awaitRevisions(later, 1, 2, 3)
	stage.Change(s, later, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune = true })
	s.AwaitReady(later)
	if later.Status.AutoPrune == nil || !*later.Status.AutoPrune || later.Status.Revision != 3 {
		t.Errorf("the status is %+v, want auto-prune noted, and no revision for it", later.Status)
	}
	s.awaitRevisions(later, 3)
	stage.Change(s, from, func(o *v1alpha1.JujuSecret) { o.Spec.AutoPrune, o.Spec.Value["key"] = false, "fourth" })
	s.AwaitReady(from)
	s.awaitRevisions(from, 3, 4)
}

func (s *scene) awaitRevisions(obj *v1alpha1.JujuSecret, want ...int) {
	s.Helper()
	s.Await(func() string {
		got, err := s.juju.Revisions(s.Ctx, s.model, obj.Status.SecretID)
		s.Must(err)
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
	s.Create(obj, stays, goes)
	s.AwaitReady(stays, goes)
	stage.Change(s, stays, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	s.AwaitReady(stays)
	s.Delete(stays)
	s.AwaitGone(stays)
	s.expectJuju(ofDB("app1", "app2", "app3"))
	s.Delete(goes)
	s.AwaitGone(goes)
	s.expectJuju(ofDB("app1"))
}

func TestGrantsFollowAJujuSecretIntoAnotherModel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	other, err := s.juju.AddModel(s.Ctx, s.ns+"-too")
	s.Must(err)
	t.Cleanup(func() { _ = s.juju.RemoveModel(context.Background(), other) })
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Retained)
	access := gen.Access(s.ns, "db-access", "db-login", "app1")
	s.Create(obj, access)
	s.AwaitReady(obj, access)
	s.Delete(obj)
	s.AwaitGone(obj)
	moved := gen.JujuSecret(s.ns, "db-login", other.Name)
	s.Create(moved)
	s.AwaitReady(moved)
	s.awaitJuju(ofDB())
	s.AwaitReady(access)
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
	s.Create(obj)
	s.AwaitReady(obj)
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers, o.Annotations = nil, nil })
	s.Await(func() string {
		if s.Refresh(obj); len(obj.Finalizers) == 0 {
			return "it has no finalizer"
		}
		return ""
	})
	s.Delete(obj)
	s.AwaitGone(obj)
	s.expectJuju()
}

// Whoever may edit an object may edit what the operator notes in its metadata.
func TestARecordThatAPersonWroteTakesNothingFromAnybody(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	neighbour := s.neighbour()
	forger := gen.JujuSecret(neighbour, "forger", s.model.Name, gen.Suspended, gen.Named("forged"), gen.Deleted)
	s.Create(forger)
	s.AwaitReason(forger, v1alpha1.ReasonSuspended)
	ours := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(ours)
	s.AwaitReady(ours)
	theirs, err := s.juju.AddSecret(s.Ctx, s.model, "theirs", "", map[string]string{"key": "theirs"})
	s.Must(err)
	untouched := []servers.UserSecret{
		{ID: ours.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})},
		{ID: theirs, Name: "theirs", Revision: 1, Content: servers.Content(map[string]string{"key": "theirs"})},
	}
	forge := func(record string) {
		stage.Change(s, forger, func(o *v1alpha1.JujuSecret) {
			stage.Annotate(o, "jujusecrets.io/record", `{"uid":"`+string(o.UID)+`",`+record+`}`)
		})
	}
	// As if it were about to adopt what is another object's.
	forge(`"adopting":"` + ours.Status.SecretID + `"`)
	s.LookNow(ours)
	s.AwaitReady(ours)
	stage.Change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Name = false, "db-login" })
	s.AwaitReason(forger, v1alpha1.ReasonConflict, s.ns+"/db-login")
	s.expectJuju(untouched...)
	// As if it had made what is a stranger's.
	stage.Change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend, o.Spec.Name = true, "theirs" })
	forge(`"creating":{"name":"theirs","id":"` + theirs + `","proof":"forged"}`)
	stage.Change(s, forger, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = false })
	s.AwaitReason(forger, v1alpha1.ReasonNameTaken, theirs)
	s.Delete(forger)
	s.AwaitGone(forger)
	s.AwaitReady(ours)
	s.expectJuju(untouched...)
}

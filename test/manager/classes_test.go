// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
)

// class is a controller object of each kind, and what goes through them.
type class struct {
	shared              *v1alpha1.ClusterJujuController
	login               *corev1.Secret // Of shared.
	local               *v1alpha1.JujuController
	viaShared, viaLocal *tenant
	direct              *v1alpha1.JujuSecretAccess
}

// class creates objects of a class, by which their names begin.
func (s *scene) class(prefix, name string) *class {
	s.Helper()
	c := &class{shared: s.shared(prefix+"-"+s.ns, name), local: s.local(s.ns, prefix, name)}
	c.viaShared = s.tenant(s.ns, prefix+"-shared", gen.Through(c.shared.Name))
	c.viaLocal = s.tenant(s.ns, prefix+"-local", gen.Locally(prefix))
	c.direct = gen.DirectAccess(s.ns, prefix+"-direct", v1alpha1.UserSecretReference{Model: s.model.Name, Name: prefix + "-shared"}, "app2")
	c.direct.Spec.Secret.ControllerRef.Name = c.shared.Name
	c.login = s.login(s.ns, c.shared.Name)
	for _, t := range []*tenant{c.viaShared, c.viaLocal} {
		s.Create(t.source, t.secret, t.access)
	}
	s.Create(c.direct)
	s.Refresh(c.login)
	return c
}

// users are what goes through the controller objects.
func (c *class) users() []client.Object {
	return []client.Object{c.viaShared.secret, c.viaShared.access, c.viaLocal.secret, c.viaLocal.access, c.direct}
}

func (c *class) all() []client.Object { return append(c.users(), c.shared, c.local, c.login) }

// remember reads all objects of a class as they are now, once their controller objects tell of all that go through them.
func (s *scene) remember(c *class) {
	s.Helper()
	s.awaitObjects(c.shared, 3)
	s.awaitObjects(c.local, 2)
	for _, obj := range c.all() {
		s.Refresh(obj)
	}
}

// awaitObjects waits until a controller object tells that so many objects use the model.
func (s *scene) awaitObjects(obj v1alpha1.ControllerObject, want int32) {
	s.Helper()
	s.Await(func() string {
		s.Refresh(obj)
		if models := obj.Found().Models; len(models) != 1 || models[0].Objects != want {
			return fmt.Sprintf("%T %s tells of %+v, want one model, used by %d objects", obj, obj.GetName(), models, want)
		}
		return ""
	})
}

// expectToldOnce checks that what was done for an object was told once.
func (s *scene) expectToldOnce(obj client.Object, reasons ...string) {
	s.Helper()
	got := s.events(obj)
	slices.Sort(got)
	if diff := cmp.Diff(reasons, got); diff != "" {
		s.Errorf("the events of %T %s (-want +got):\n%s", obj, obj.GetName(), diff)
	}
}

// Two operators in one cluster, one of them of no class, each serve what is of theirs and do not touch the rest. Not parallel: an
// operator of no class would take up objects of other tests.
func TestEachClassHasItsOperator(t *testing.T) {
	s := newScene(t)
	plain, edge := s.class("plain", ""), s.class("edge", s.ns)

	// Each is served by its own operator alone, also when the other one is the only one there.
	ofPlain := s.start("of no class")
	s.AwaitReady(append(plain.users(), plain.shared, plain.local)...)
	s.expectUntouched(edge.all()...)
	s.expectNoEvents(edge.all()...)
	ofEdge := s.startOwn("of the class")
	s.remember(plain)
	s.AwaitReady(append(edge.users(), edge.shared, edge.local)...)
	s.expectUntouched(plain.all()...)
	if a, b := s.leader(""), s.leader(s.ns); a == "" || b == "" || a == b {
		t.Errorf("%q and %q lead, want one of each class", a, b)
	}

	// Work for one is none for the other, and nothing is done twice.
	s.remember(edge)
	s.setContent(plain.viaShared, "second")
	s.awaitRevision(plain.viaShared.secret, 2)
	for _, obj := range plain.users() {
		s.LookNow(obj)
	}
	s.expectUntouched(edge.all()...)
	for _, c := range []*class{plain, edge} {
		s.expectToldOnce(c.viaLocal.secret, "Created")
		s.expectToldOnce(c.viaLocal.access, "Granted")
	}
	made := map[string]int{"CreateSecrets": s.made()["CreateSecrets"], "UpdateSecrets": 1, "GrantSecret": 6}
	s.expectMade(made) // Those who ask for a secret at the same time share a request.

	// A deletion waits for the operator of the class, also that of credentials which nothing needs.
	idle := s.shared("idle-"+s.ns, s.ns)
	s.AwaitReady(idle)
	login := s.login(s.ns, idle.Name)
	ofEdge.stop()
	s.Delete(edge.viaLocal.access, edge.viaLocal.secret, edge.local, idle, login)
	s.Refresh(idle)
	s.Refresh(login)
	s.remember(edge)
	s.LookNow(plain.viaLocal.secret)
	s.expectUntouched(append(edge.all(), idle, login)...)
	ofEdge = s.startOwn("of the class again")
	s.AwaitGone(idle, login)
	s.AwaitGone(edge.viaLocal.access, edge.viaLocal.secret, edge.local)
	made["RevokeSecret"] = s.made()["RevokeSecret"] // None, if the secret went first.
	made["RemoveSecrets"] = 1
	s.expectMade(made)
	ofEdge.stop()
	ofPlain.stop()
}

// A class that changes hands the controller object over to the operator of the other class, and all that goes through it. In Juju
// nothing is changed by that, and nobody is told of it.
func TestAnotherClassIsAnotherOperator(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	another := s.ns + "-2"
	moved := s.class("moved", s.ns)
	from, to := s.startOwn("that has it first"), s.start("that gets it", "--controller-class="+another)
	s.AwaitReady(append(moved.users(), moved.shared, moved.local)...)
	made := s.made()
	ids := []string{moved.viaShared.secret.Status.SecretID, moved.viaLocal.secret.Status.SecretID}

	s.setClass(moved, another)
	for _, obj := range moved.users() { // Whoever it is.
		s.LookNow(obj)
	}
	from.stop()
	for _, obj := range moved.users() {
		s.LookNow(obj)
	}
	s.AwaitReady(append(moved.users(), moved.shared, moved.local)...)
	if diff := cmp.Diff(ids, []string{moved.viaShared.secret.Status.SecretID, moved.viaLocal.secret.Status.SecretID}); diff != "" {
		t.Errorf("the objects have other secrets (-before +after):\n%s", diff)
	}
	s.expectMade(made)
	for _, each := range []*tenant{moved.viaShared, moved.viaLocal} {
		s.expectToldOnce(each.secret, "Created")
		s.expectToldOnce(each.access, "Granted")
	}

	s.setContent(moved.viaShared, "second")
	s.setContent(moved.viaLocal, "second")
	s.awaitRevision(moved.viaShared.secret, 2)
	s.awaitRevision(moved.viaLocal.secret, 2)
	s.Delete(append(moved.users(), moved.shared, moved.local, moved.login)...)
	s.AwaitGone(append(moved.users(), moved.shared, moved.local, moved.login)...)
	s.awaitJuju()
	to.stop()
}

// setClass changes the class of the controller objects.
func (s *scene) setClass(c *class, name string) {
	s.Helper()
	stage.Change(s, c.shared, func(o *v1alpha1.ClusterJujuController) { o.Spec.ControllerClass = name })
	stage.Change(s, c.local, func(o *v1alpha1.JujuController) { o.Spec.ControllerClass = name })
}

// The operator that had an object waits for an answer while another one gets it.
func TestAnotherClassComesWhileARequestIsUnderWay(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method   string
		begin    func(s *scene, t *tenant)
		revision int
		made     map[string]int
	}{
		"a secret is created": {
			"Secrets.CreateSecrets", func(s *scene, t *tenant) { s.Create(t.secret) }, 1, map[string]int{"CreateSecrets": 1},
		},
		"a secret is updated": {
			"Secrets.UpdateSecrets", func(s *scene, t *tenant) {
				s.Create(t.secret)
				s.AwaitReady(t.secret)
				s.setContent(t, "second")
			}, 2, map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			another := s.ns + "-2"
			shared := s.shared(s.ns, s.ns)
			from := s.startOwn("that has it first")
			s.start("that gets it", "--controller-class="+another)
			s.awaitLeader(s.ns)
			s.awaitLeader(another)
			objs := s.tenant(s.ns, "db-login", gen.Through(s.ns))
			s.Create(objs.source)
			held := s.hold(row.method)
			row.begin(s, objs)
			held.await()
			stage.Change(s, shared, func(o *v1alpha1.ClusterJujuController) { o.Spec.ControllerClass = another })
			s.LookNow(objs.secret)
			s.AwaitReady(objs.secret)
			close(held.release)
			from.stop()
			s.LookNow(objs.secret)
			s.AwaitReady(objs.secret)
			s.awaitRevision(objs.secret, row.revision)
			s.expectMade(row.made)
		})
	}
}

func (s *scene) awaitRevision(secret *v1alpha1.JujuSecret, revision int) {
	s.Helper()
	s.Await(func() string {
		if s.Refresh(secret); secret.Status.Revision != revision {
			return "the secret is not at its next revision"
		}
		return ""
	})
}

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
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// class holds a controller object of each kind, and the objects that use them.
type class struct {
	shared              *v1alpha1.ClusterJujuController
	login               *corev1.Secret // The credentials of shared.
	local               *v1alpha1.JujuController
	viaShared, viaLocal *tenant
	direct              *v1alpha1.JujuSecretAccess
}

// class creates the objects of a controller class. prefix begins their names.
func (f *fixture) class(prefix, name string) *class {
	f.Helper()
	c := &class{shared: f.shared(prefix+"-"+f.Namespace, name), local: f.local(f.Namespace, prefix, name)}
	c.viaShared = f.tenant(f.Namespace, prefix+"-shared", gen.Through(c.shared.Name))
	c.viaLocal = f.tenant(f.Namespace, prefix+"-local", gen.Locally(prefix))
	c.direct = gen.DirectAccess(f.Namespace, prefix+"-direct",
		v1alpha1.UserSecretReference{Model: f.Model.Name, Name: prefix + "-shared"}, "app2")
	c.direct.Spec.Secret.ControllerRef.Name = c.shared.Name
	c.login = f.login(f.Namespace, c.shared.Name)
	for _, t := range []*tenant{c.viaShared, c.viaLocal} {
		f.Create(t.source, t.secret, t.access)
	}
	f.Create(c.direct)
	f.Refresh(c.login)
	return c
}

// users returns the objects that use the controller objects.
func (c *class) users() []client.Object {
	return []client.Object{c.viaShared.secret, c.viaShared.access, c.viaLocal.secret, c.viaLocal.access, c.direct}
}

func (c *class) all() []client.Object { return append(c.users(), c.shared, c.local, c.login) }

// remember refreshes all objects of a class, after the controller objects
// report all objects that use them.
func (f *fixture) remember(c *class) {
	f.Helper()
	f.awaitObjects(c.shared, 3)
	f.awaitObjects(c.local, 2)
	for _, obj := range c.all() {
		f.Refresh(obj)
	}
}

// awaitObjects waits until a controller object reports one model with this
// number of objects.
func (f *fixture) awaitObjects(obj v1alpha1.ControllerObject, want int32) {
	f.Helper()
	f.Await(func() string {
		f.Refresh(obj)
		if models := obj.GetStatus().Models; len(models) != 1 || models[0].Objects != want {
			return fmt.Sprintf("%T %s reports the models %+v, want one model with %d objects",
				obj, obj.GetName(), models, want)
		}
		return ""
	})
}

// expectEventsOnce checks that there is one event of each reason about an
// object.
func (f *fixture) expectEventsOnce(obj client.Object, reasons ...string) {
	f.Helper()
	got := f.Events(obj)
	slices.Sort(got)
	if diff := cmp.Diff(reasons, got); diff != "" {
		f.Errorf("events of %T %s (-want +got):\n%s", obj, obj.GetName(), diff)
	}
}

// Two operators in one cluster each serve only the objects of their class. One
// of them has no class. The test is not parallel, because an operator without a
// class would serve objects of other tests.
func TestControllerClassesAreServedSeparately(t *testing.T) {
	f := newFixture(t)
	plain, edge := f.class("plain", ""), f.class("edge", f.Namespace)

	// Each class is served only by its own operator, even while the other
	// operator is the only one.
	ofPlain := f.start("without a class")
	f.AwaitReady(append(plain.users(), plain.shared, plain.local)...)
	f.expectUntouched(edge.all()...)
	f.expectNoEvents(edge.all()...)
	ofEdge := f.startOwn("with a class")
	f.remember(plain)
	f.AwaitReady(append(edge.users(), edge.shared, edge.local)...)
	f.expectUntouched(plain.all()...)
	if a, b := f.leader(""), f.leader(f.Namespace); a == "" || b == "" || a == b {
		t.Errorf("the leaders are %q and %q, want one for each class", a, b)
	}

	// A change for one operator causes no write by the other operator, and
	// nothing is done twice.
	f.remember(edge)
	f.setContent(plain.viaShared, "second")
	f.AwaitRevision(plain.viaShared.secret, 2)
	for _, obj := range plain.users() {
		f.LookNow(obj)
	}
	f.expectUntouched(edge.all()...)
	for _, c := range []*class{plain, edge} {
		f.expectEventsOnce(c.viaLocal.secret, "Created")
		f.expectEventsOnce(c.viaLocal.access, "Granted")
	}
	// Creations at the same time share one request.
	made := map[string]int{"CreateSecrets": f.made()["CreateSecrets"], "UpdateSecrets": 1, "GrantSecret": 6}
	f.expectMade(made)

	// A deletion waits for the operator of the class, even for credentials that
	// no object uses.
	idle := f.shared("idle-"+f.Namespace, f.Namespace)
	f.AwaitReady(idle)
	login := f.login(f.Namespace, idle.Name)
	ofEdge.MustStop()
	f.Delete(edge.viaLocal.access, edge.viaLocal.secret, edge.local, idle, login)
	f.Refresh(idle)
	f.Refresh(login)
	f.remember(edge)
	f.LookNow(plain.viaLocal.secret)
	f.expectUntouched(append(edge.all(), idle, login)...)
	ofEdge = f.startOwn("with a class, restarted")
	f.AwaitGone(idle, login)
	f.AwaitGone(edge.viaLocal.access, edge.viaLocal.secret, edge.local)
	made["RevokeSecret"] = f.made()["RevokeSecret"] // 0 if the secret was removed first.
	made["RemoveSecrets"] = 1
	f.expectMade(made)
	ofEdge.MustStop()
	ofPlain.MustStop()
}

// A changed class hands the controller object, and the objects that use it,
// over to the other operator. The change causes no requests that write to Juju,
// and no events.
func TestControllerClassChangeHandsObjectsOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	another := f.Namespace + "-2"
	moved := f.class("moved", f.Namespace)
	from, to := f.startOwn("old class"), f.start("new class", "--controller-class="+another)
	f.AwaitReady(append(moved.users(), moved.shared, moved.local)...)
	made := f.made()
	ids := []string{moved.viaShared.secret.Status.SecretID, moved.viaLocal.secret.Status.SecretID}

	f.setClass(moved, another)
	for _, obj := range moved.users() { // Either operator may answer.
		f.LookNow(obj)
	}
	from.MustStop()
	for _, obj := range moved.users() {
		f.LookNow(obj)
	}
	f.AwaitReady(append(moved.users(), moved.shared, moved.local)...)
	after := []string{moved.viaShared.secret.Status.SecretID, moved.viaLocal.secret.Status.SecretID}
	if diff := cmp.Diff(ids, after); diff != "" {
		t.Errorf("secret IDs (-before +after):\n%s", diff)
	}
	f.expectMade(made)
	for _, each := range []*tenant{moved.viaShared, moved.viaLocal} {
		f.expectEventsOnce(each.secret, "Created")
		f.expectEventsOnce(each.access, "Granted")
	}

	f.setContent(moved.viaShared, "second")
	f.setContent(moved.viaLocal, "second")
	f.AwaitRevision(moved.viaShared.secret, 2)
	f.AwaitRevision(moved.viaLocal.secret, 2)
	f.Delete(append(moved.users(), moved.shared, moved.local, moved.login)...)
	f.AwaitGone(append(moved.users(), moved.shared, moved.local, moved.login)...)
	f.AwaitJuju()
	to.MustStop()
}

// setClass changes the class of the controller objects.
func (f *fixture) setClass(c *class, name string) {
	f.Helper()
	env.Change(f, c.shared, func(o *v1alpha1.ClusterJujuController) { o.Spec.ControllerClass = name })
	env.Change(f, c.local, func(o *v1alpha1.JujuController) { o.Spec.ControllerClass = name })
}

// The former operator waits for an answer from Juju when the class changes. The
// other operator does not even log in before the answer is recorded.
func TestControllerClassChangeWaitsForRequestsInProgress(t *testing.T) {
	t.Parallel()
	inSync := func(f *fixture, t *tenant) {
		f.Create(t.secret, t.access)
		f.AwaitReady(t.secret, t.access)
	}
	for name, row := range map[string]struct {
		method string
		// before runs until all objects are in sync. then causes the request.
		before, then func(f *fixture, t *tenant)
		revision     int
		made         map[string]int
	}{
		"creation": {
			"Secrets.CreateSecrets", func(*fixture, *tenant) {}, func(f *fixture, t *tenant) { f.Create(t.secret) }, 1,
			map[string]int{"CreateSecrets": 1},
		},
		"update": {
			"Secrets.UpdateSecrets", inSync, func(f *fixture, t *tenant) { f.setContent(t, "second") }, 2,
			map[string]int{"CreateSecrets": 1, "GrantSecret": 1, "UpdateSecrets": 1},
		},
		"revocation": {
			"Secrets.RevokeSecret", inSync, func(f *fixture, t *tenant) { f.Delete(t.access) }, 1,
			map[string]int{"CreateSecrets": 1, "GrantSecret": 1, "RevokeSecret": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			another := f.Namespace + "-2"
			moved := f.shared(f.Namespace, f.Namespace)
			from := f.startOwn("former")
			f.start("other", "--controller-class="+another)
			f.awaitLeader(f.Namespace)
			f.awaitLeader(another)
			objs := f.tenant(f.Namespace, "db-login", gen.Through(f.Namespace))
			f.Create(objs.source)
			row.before(f, objs)
			held := f.hold(row.method)
			row.then(f, objs)
			held.await()
			f.Refresh(objs.secret)
			logins := f.proxy.Requests()["Admin.Login"]
			env.Change(f, moved, func(o *v1alpha1.ClusterJujuController) { o.Spec.ControllerClass = another })
			f.awaitSeenBy(another)
			f.expectServedBy(moved, f.Namespace)
			f.expectUntouched(objs.secret)
			if got := f.proxy.Requests()["Admin.Login"]; got != logins {
				t.Errorf("the other operator logged in to the controller: %d logins, want %d", got, logins)
			}

			close(held.release)
			f.awaitServedBy(moved, another)
			f.LookNow(objs.secret)
			f.AwaitReady(objs.secret)
			f.AwaitRevision(objs.secret, row.revision)
			from.MustStop()
			f.LookNow(objs.secret)
			f.AwaitReady(objs.secret)
			f.expectMade(row.made)
		})
	}
}

// An operator that was killed cannot release its controller objects. The other
// operator takes them over when the Lease has expired. An operator that was
// stopped has released its Lease.
func TestControllerClassChangeDoesNotWaitForStoppedOperator(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*operator){
		"stopped": func(o *operator) { o.MustStop() },
		"killed":  func(o *operator) { o.f.Must(o.Kill()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "killed" && testing.Short() {
				t.Skip("the test waits until a Lease expires")
			}
			f := newFixture(t)
			another := f.Namespace + "-2"
			moved := f.shared(f.Namespace, f.Namespace)
			from := f.startOwn("former")
			f.AwaitReady(moved)
			stop(from)
			f.start("other", "--controller-class="+another)
			env.Change(f, moved, func(o *v1alpha1.ClusterJujuController) { o.Spec.ControllerClass = another })
			f.awaitServedBy(moved, another)
			f.AwaitReady(moved)
		})
	}
}

// awaitSeenBy waits until the operator of a class has seen the earlier changes
// of ClusterJujuControllers: it serves one that is created now.
func (f *fixture) awaitSeenBy(class string) {
	f.Helper()
	seen := gen.Controller(f.Namespace+"-seen", f.Juju.Addresses[0], f.Juju.CACertificate,
		func(c *v1alpha1.ClusterJujuController) {
			c.Spec.ControllerClass = class
			c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: f.Namespace, Name: "login"}
		})
	f.Create(seen)
	f.After = append(f.After, seen)
	f.AwaitReady(seen)
}

// expectServedBy checks which class of operators serves a controller object.
func (f *fixture) expectServedBy(obj v1alpha1.ControllerObject, class string) {
	f.Helper()
	f.Refresh(obj)
	if got, want := obj.GetStatus().ServedBy, leaseName(class); got != want {
		f.Errorf("%s is served by %q, want %q", obj.GetName(), got, want)
	}
}

func (f *fixture) awaitServedBy(obj v1alpha1.ControllerObject, class string) {
	f.Helper()
	f.Await(func() string {
		f.Refresh(obj)
		if got, want := obj.GetStatus().ServedBy, leaseName(class); got != want {
			return fmt.Sprintf("%s is served by %q, want %q", obj.GetName(), got, want)
		}
		return ""
	})
}

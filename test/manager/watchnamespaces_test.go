// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// An operator with --watch-namespaces serves exactly these namespaces, although
// its role in this test allows more.
func TestWatchNamespacesLeavesOtherNamespacesAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one, two, other := f.Namespace, f.tenantNamespace(), f.tenantNamespace()
	unserved := f.local(other, "local", "")
	elsewhere := f.tenant(other, "in-other", gen.Locally("local"))
	f.Create(elsewhere.source, elsewhere.secret, elsewhere.access)
	login := f.login(other, "login")
	f.Refresh(login)
	untouched := []client.Object{unserved, elsewhere.source, elsewhere.secret, elsewhere.access, login}

	f.start("two namespaces", "--leader-elect=false", "--watch-namespaces="+one+","+two)
	for _, ns := range []string{one, two} {
		local := f.local(ns, "local", "")
		objs := f.tenant(ns, "in-"+ns, gen.Locally("local"))
		f.Create(objs.source, objs.secret, objs.access)
		f.AwaitReady(local, objs.secret, objs.access)
		f.setContent(objs, "second")
		f.Await(func() string {
			if f.Refresh(objs.secret); objs.secret.Status.Revision != 2 {
				return "the secret is not at revision 2 after the change of its source"
			}
			return ""
		})
		f.Delete(objs.access, objs.secret, local)
		f.AwaitGone(objs.access, objs.secret, local)
	}
	f.expectUntouched(untouched...)
	f.expectNoEvents(untouched...)
	f.AwaitJuju()
}

// expectNoEvents checks that there are no events about the objects.
func (f *fixture) expectNoEvents(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		if events := f.Events(obj); len(events) > 0 {
			f.Errorf("there are events %q about %T %s, want none", events, obj, obj.GetName())
		}
	}
}

// The operator cannot see ClusterJujuControllers. An object that uses one gets
// a condition with the remedy, and its deletion completes.
func TestWatchNamespacesDeniesClusterJujuController(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.shared(f.Namespace, "")
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(f.Namespace))
	access := gen.DirectAccess(f.Namespace, "direct",
		v1alpha1.UserSecretReference{Model: f.Model.Name, Name: "db-login"}, "app1")
	access.Spec.Secret.ControllerRef.Name = f.Namespace
	f.start("one namespace", "--leader-elect=false", "--watch-namespaces="+f.Namespace)
	f.Create(secret, access)
	for _, obj := range []client.Object{secret, access} {
		f.AwaitReason(obj, v1alpha1.ReasonTenantDenied, "--watch-namespaces", "use a JujuController")
	}
	f.Delete(access, secret)
	f.AwaitGone(access, secret)
	f.expectMade(nil)
}

// An operator with a class and --watch-namespaces cannot know the class of a
// ClusterJujuController that it does not see. Another operator may serve it, so
// the two must not write conflicting statuses.
func TestWatchNamespacesLeavesUnseenControllerToOtherClass(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	another := f.Namespace + "-2"
	shared := f.shared(f.Namespace, another)
	objs := f.tenant(f.Namespace, "db-login", gen.Through(f.Namespace))
	everywhere := f.start("other class", "--controller-class="+another)
	f.Create(objs.source, objs.secret, objs.access)
	f.AwaitReady(shared, objs.secret, objs.access)

	f.startOwn("one namespace", "--watch-namespaces="+f.Namespace)
	own := f.tenant(f.Namespace, "own-login", gen.Locally("local"))
	local := f.local(f.Namespace, "local", f.Namespace)
	f.Create(own.source, own.secret, own.access)
	f.AwaitReady(local, own.secret, own.access)
	f.expectUntouched(objs.secret, objs.access)

	everywhere.MustStop()
	f.Delete(objs.access, objs.secret)
	f.Refresh(objs.access)
	f.Refresh(objs.secret)
	f.LookNow(own.secret)
	f.LookNow(own.access)
	f.expectUntouched(objs.secret, objs.access)
	f.start("other class, restarted", "--controller-class="+another)
	f.AwaitGone(objs.access, objs.secret)
	f.AwaitJuju(holding("own-login", "first", 1, "app1"))
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
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

// grant gives a service account rules in a namespace.
func (f *fixture) grant(account, ns string, rules []rbacv1.PolicyRule) {
	f.Helper()
	there := metav1.ObjectMeta{Namespace: ns, Name: account}
	f.Create(&rbacv1.Role{ObjectMeta: there, Rules: rules}, &rbacv1.RoleBinding{
		ObjectMeta: there,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects: []rbacv1.Subject{{
			Kind: rbacv1.ServiceAccountKind, Namespace: servers.OperatorNamespace, Name: account,
		}},
	})
}

// A namespace that does not exist, or in which the operator has no role, does
// not keep the operator from serving the others.
func TestWatchNamespacesServesOthersWhileOneIsRefused(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"missing": false, "forbidden": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			rights, metrics := f.rights(), env.FreeAddress(t)
			rules := rights.Everywhere
			rights.Everywhere, rights.In[f.Namespace] = nil, rules
			kubeconfig, err := f.Env.Kubernetes.Admit(f.Ctx, f.Namespace, rights)
			f.Must(err)
			late := f.Namespace + "-late"
			create := func() *tenant {
				f.AddNamespace(gen.Namespace(late, nil))
				f.Create(f.login(late, "login"))
				f.local(late, "local", f.Namespace)
				objs := f.tenant(late, "late", gen.Locally("local"))
				f.Create(objs.source, objs.secret, objs.access)
				return objs
			}
			var objs *tenant
			if exists {
				objs = create()
			}
			op := f.startOwn("one namespace "+name, "--kubeconfig="+kubeconfig, "--watch-namespaces="+f.Namespace+","+late,
				"--metrics-bind-address="+metrics, "--metrics-secure=false")
			expectServed := func(want string) {
				f.Helper()
				f.Await(func() string {
					_, text := env.Get(f.Ctx, "http://"+metrics+"/metrics", "")
					series := `jujusecrets_namespace_served{watched_namespace="` + late + `"} ` + want
					if !strings.Contains(text, series) {
						return "the metrics do not have " + series
					}
					return ""
				})
			}
			op.awaitReady()
			own := f.tenant(f.Namespace, "own", gen.Locally("local"))
			local := f.local(f.Namespace, "local", f.Namespace)
			f.Create(own.source, own.secret, own.access)
			f.AwaitReady(local, own.secret, own.access)
			expectServed("0")
			if !exists {
				objs = create()
			}
			f.expectUntouched(objs.secret, objs.access)
			f.grant(f.Namespace, late, rules)
			f.AwaitReady(objs.secret, objs.access)
			expectServed("1")
			f.AwaitJuju(holding("late", "first", 1, "app1"), holding("own", "first", 1, "app1"))
			f.Delete(objs.access, objs.secret, own.access, own.secret)
			f.AwaitGone(objs.access, objs.secret, own.access, own.secret)
			f.AwaitJuju()
			// There are five kinds, which are listed and watched.
			if logged := strings.Count(op.Log(), "namespace is not served"); logged == 0 || logged > 10 {
				t.Errorf("%d errors about the refused namespace are logged, want at least one and each once", logged)
			}
		})
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

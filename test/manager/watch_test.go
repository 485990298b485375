// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// An operator that watches some namespaces serves all of these, and leaves everything else as it is, although its role here would
// let it do more.
func TestOtherNamespacesThanThoseWatchedAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, two, other := s.ns, s.namespace(), s.namespace()
	s.local(other, "local", "")
	elsewhere := s.tenant(other, "in-other", gen.Locally("local"))
	s.Create(elsewhere.source, elsewhere.secret, elsewhere.access)
	login := s.login(other, "login")
	s.Refresh(login)
	untouched := []client.Object{s.controllers[0], elsewhere.source, elsewhere.secret, elsewhere.access, login}

	s.start("of two namespaces", "--leader-elect=false", "--watch-namespaces="+one+","+two)
	for _, ns := range []string{one, two} {
		local := s.local(ns, "local", "")
		objs := s.tenant(ns, "in-"+ns, gen.Locally("local"))
		s.Create(objs.source, objs.secret, objs.access)
		s.AwaitReady(local, objs.secret, objs.access)
		s.setContent(objs, "second")
		s.Await(func() string {
			if s.Refresh(objs.secret); objs.secret.Status.Revision != 2 {
				return "the source was changed, and the secret is not"
			}
			return ""
		})
		s.Delete(objs.access, objs.secret, local)
		s.AwaitGone(objs.access, objs.secret, local)
	}
	s.expectUntouched(untouched...)
	s.expectNoEvents(untouched...)
	s.awaitJuju()
}

// expectNoEvents checks that nobody has told anything of objects.
func (s *scene) expectNoEvents(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		if told := s.events(obj); len(told) > 0 {
			s.Errorf("somebody told %q of %T %s", told, obj, obj.GetName())
		}
	}
}

// An object that goes through a ClusterJujuController, which the operator cannot see, is told what to do. It is let go of when it
// is deleted.
func TestAClusterJujuControllerIsNotForNamespacesThatAreWatched(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.shared(s.ns, "")
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(s.ns))
	access := gen.DirectAccess(s.ns, "direct", v1alpha1.UserSecretReference{Model: s.model.Name, Name: "db-login"}, "app1")
	access.Spec.Secret.ControllerRef.Name = s.ns
	s.start("of one namespace", "--leader-elect=false", "--watch-namespaces="+s.ns)
	s.Create(secret, access)
	for _, obj := range []client.Object{secret, access} {
		s.awaitReason(obj, metav1.ConditionFalse, v1alpha1.ReasonTenantDenied, "--watch-namespaces", "name a JujuController")
	}
	s.Delete(access, secret)
	s.AwaitGone(access, secret)
	s.expectMade(nil)
}

// An operator of a class cannot tell whether a ClusterJujuController that it does not see is of that class. Another operator may
// serve it, and the two must not contradict each other.
func TestAnOperatorOfAClassLeavesWhatItCannotSeeToOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	another := s.ns + "-2"
	shared := s.shared(s.ns, another)
	objs := s.tenant(s.ns, "db-login", gen.Through(s.ns))
	everywhere := s.start("of another class", "--controller-class="+another)
	s.Create(objs.source, objs.secret, objs.access)
	s.AwaitReady(shared, objs.secret, objs.access)

	s.startOwn("of one namespace", "--watch-namespaces="+s.ns)
	own := s.tenant(s.ns, "own-login", gen.Locally("local"))
	local := s.local(s.ns, "local", s.ns)
	s.Create(own.source, own.secret, own.access)
	s.AwaitReady(local, own.secret, own.access)
	s.expectUntouched(objs.secret, objs.access)

	everywhere.stop()
	s.Delete(objs.access, objs.secret)
	s.Refresh(objs.access)
	s.Refresh(objs.secret)
	s.LookNow(own.secret)
	s.LookNow(own.access)
	s.expectUntouched(objs.secret, objs.access)
	s.start("of another class again", "--controller-class="+another)
	s.AwaitGone(objs.access, objs.secret)
	s.awaitJuju(holding("own-login", "first", 1, "app1"))
}

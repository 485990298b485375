// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// crowd makes JujuSecrets of a controller object.
func (s *scene) crowd(controller string, n int) (all []*v1alpha1.JujuSecret) {
	s.Helper()
	for i := range n {
		obj := gen.JujuSecret(s.ns, fmt.Sprintf("secret-%02d", i), s.model.Name, gen.Through(controller))
		s.Create(obj)
		all = append(all, obj)
	}
	return all
}

// liveOnce gives another object its whole life, through another controller object: time for what must not happen.
func (s *scene) liveOnce() {
	s.Helper()
	obj := gen.JujuSecret(s.ns, "another", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	s.Delete(obj)
	s.AwaitGone(obj)
}

// expectRequests checks how often a method was asked for through a proxy.
func (s *scene) expectRequests(proxy *wire.Proxy, method string, want int, when string) {
	s.Helper()
	if n := proxy.Requests()[method]; n != want {
		s.Errorf("%s: %d requests %s, want %d", when, n, method, want)
	}
}

// A file ends with a line, and a password does not.
func TestTheEndOfALineIsNoPartOfALogin(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := gen.Controller("line-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	s.createController(controller, s.juju.Operator.Password+"\n")
	s.AwaitReady(controller)
}

// Trying hard does not help, and locks accounts.
func TestAWrongPasswordIsTriedOnceHoweverManyWait(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	controller := gen.Controller("once-"+s.ns, proxy.Address, proxy.CACertificate)
	credentials := s.createController(controller, sentinel)
	waiting := s.crowd(controller.Name, 20)
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "credentials Secret", "at once", "more and more rarely")
	for _, obj := range waiting {
		s.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected, "at once")
	}
	for _, obj := range waiting {
		stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	}
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.DriftDetection.Interval.Duration *= 2 })
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Labels = map[string]string{"changed": "not-the-password"} })
	for _, obj := range waiting {
		s.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected) // Of the new generation.
	}
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	s.expectRequests(proxy, login, 1, "while the password is wrong")

	for tries := 2; tries <= 3; tries++ {
		s.LookNow(controller)
		s.awaitRequests(proxy, login, tries)
		s.liveOnce()
		s.expectRequests(proxy, login, tries, "after a request for a try")
		s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	}
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(s.juju.Operator.Password) })
	s.AwaitReady(controller)
	for _, obj := range waiting {
		s.AwaitReady(obj)
	}
	s.LookNow(controller)
	s.liveOnce()
	s.expectRequests(proxy, login, 3+2, "with the right password, to the controller and to the model")
}

func TestAPasswordThatJujuChangedIsToldAndTriedOnce(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	const first, second = sentinel + " 1", sentinel + " 2"
	user, err := s.juju.AddUser(s.Ctx, "user-"+s.ns)
	s.Must(err)
	s.Must(s.juju.SetPassword(s.Ctx, user.Username, first))
	s.Must(s.juju.GrantModel(s.Ctx, s.model, user.Username, "write"))
	controller := gen.Controller("changed-"+s.ns, proxy.Address, proxy.CACertificate)
	credentials := gen.Credentials(controller.Name, user.Username, first)
	s.Create(credentials, controller)
	s.after = append(s.after, controller, credentials)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReady(controller, obj)

	s.Must(s.juju.SetPassword(s.Ctx, user.Username, second))
	before := proxy.Requests()[login]
	proxy.Silence() // Every connection is cut.
	proxy.Speak()
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	s.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected)
	s.liveOnce()
	s.expectRequests(proxy, login, before+1, "with the old password")

	// Whoever set the password back in Juju can have that tried.
	s.Must(s.juju.SetPassword(s.Ctx, user.Username, first))
	s.LookNow(controller)
	s.AwaitReady(controller, obj)
	s.Must(s.juju.SetPassword(s.Ctx, user.Username, second))
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(second) })
	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel })
	s.AwaitReady(controller, obj)
}

func TestALoginToAModelThatWasRefusedCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	controller := s.connectThrough(proxy)
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(obj)
	s.AwaitReady(controller, obj)
	// The model refuses, the controller does not, and the model refuses again.
	refuse := wire.Fail("unauthorized access", "invalid entity name or password")
	proxy.On(login, refuse)
	proxy.On(login, wire.Delay(0))
	met := proxy.On(login, refuse)
	proxy.On("Secrets.ListSecrets", wire.CutBefore())
	s.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected)
	s.expectMet(met)
	s.AwaitReady(controller)
	s.LookNow(controller)
	s.AwaitReady(obj)
}

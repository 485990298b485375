// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// createSecrets creates JujuSecrets that refer to a controller object.
func (f *fixture) createSecrets(controller string, n int) (all []*v1alpha1.JujuSecret) {
	f.Helper()
	for i := range n {
		obj := gen.JujuSecret(f.Namespace, fmt.Sprintf("secret-%02d", i), f.Model.Name, gen.Through(controller))
		f.Create(obj)
		all = append(all, obj)
	}
	return all
}

// createAndDeleteSecret creates and deletes a JujuSecret of another controller
// object. This leaves time for requests that must not happen.
func (f *fixture) createAndDeleteSecret() {
	f.Helper()
	obj := gen.JujuSecret(f.Namespace, "another", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	f.Delete(obj)
	f.AwaitGone(obj)
}

// expectRequests checks the number of requests for a method through a proxy.
func (f *fixture) expectRequests(proxy *wire.Proxy, method string, want int, when string) {
	f.Helper()
	if n := proxy.Requests()[method]; n != want {
		f.Errorf("got %d requests %s %s, want %d", n, method, when, want)
	}
}

// earlyRetries is how often a refused login is retried in the first minutes.
const earlyRetries = 3

// listSecrets is the method that lists a model, as the proxy counts it.
const listSecrets = "Secrets.ListSecrets"

// A Secret created from a file often ends with a newline.
func TestLoginIgnoresTrailingNewline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := gen.Controller("line-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate)
	f.createController(controller, f.Juju.Operator.Password+"\n")
	f.AwaitReady(controller)
}

// Repeated logins with a wrong password can lock the account.
func TestLoginWithWrongPasswordIsTriedRarely(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	controller := gen.Controller("once-"+f.Namespace, proxy.Address, proxy.CACertificate)
	credentials := f.createController(controller, sentinel)
	waiting := f.createSecrets(controller.Name, 20)
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "credentials Secret", "immediately", "growing pauses")
	for _, obj := range waiting {
		f.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected, "immediately")
	}
	for _, obj := range waiting {
		env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "Changed" })
	}
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.DriftDetection.Interval.Duration *= 2 })
	env.Change(f, credentials, func(o *corev1.Secret) { o.Labels = map[string]string{"changed": "not-the-password"} })
	for _, obj := range waiting {
		f.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected) // For the new generation.
	}
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	if n := proxy.Requests()[login]; n > 1+earlyRetries {
		t.Errorf("got %d logins for %d objects with a wrong password, want at most %d", n, len(waiting), 1+earlyRetries)
	}

	for range 2 {
		before := proxy.Requests()[login]
		f.LookNow(controller)
		f.AwaitRequests(proxy, login, before+1)
		f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	}
	if n := proxy.Requests()[login]; n > 1+earlyRetries+2 {
		t.Errorf("got %d logins after two reconcile requests, want at most %d", n, 1+earlyRetries+2)
	}
	before := proxy.Requests()[login]
	env.Change(f, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(f.Juju.Operator.Password) })
	f.AwaitReady(controller)
	for _, obj := range waiting {
		f.AwaitReady(obj)
	}
	f.LookNow(controller)
	f.createAndDeleteSecret()
	f.expectRequests(proxy, login, before+2, "after logins to the controller and the model with the right password")
}

// rotate creates a user with secrets of a controller object, and calls change
// for the user, the credentials Secret and one of the secrets. It checks that
// the operator writes nothing to the other secrets, and that it uses the new
// password in the end.
func (f *fixture) rotate(
	proxy *wire.Proxy, change func(next servers.Account, controller *v1alpha1.ClusterJujuController,
		credentials *corev1.Secret, one *v1alpha1.JujuSecret),
) {
	f.Helper()
	user, err := f.Juju.AddUser(f.Ctx, "user-"+f.Namespace)
	f.Must(err)
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	controller := gen.Controller("rotated-"+f.Namespace, proxy.Address, proxy.CACertificate)
	credentials := gen.Credentials(controller.Name, user.Username, user.Password)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	f.AwaitReady(controller)
	writes := f.countWrites(&v1alpha1.JujuSecretList{})
	secrets := f.createSecrets(controller.Name, 20)
	for _, obj := range secrets {
		f.AwaitReady(obj)
	}
	f.Create(gen.JujuSecret(f.Namespace, "ready", f.Model.Name))
	before := map[string]int{}
	for _, obj := range secrets {
		before[obj.Name] = writes(obj.Name, "ready")
	}

	listings := proxy.Requests()[listSecrets]
	user.Password = sentinel + " 2"
	change(user, controller, credentials, secrets[0])
	f.AwaitReady(controller)
	f.AwaitRequests(proxy, listSecrets, listings+1) // On the new connection.
	f.Create(gen.JujuSecret(f.Namespace, "rotated", f.Model.Name))
	for _, obj := range secrets[1:] {
		if n := writes(obj.Name, "rotated") - before[obj.Name]; n > 0 {
			f.Errorf("%d writes to %s, want none", n, obj.Name)
		}
	}
	f.AwaitRevision(secrets[0], 2)
	env.Change(f, secrets[0], func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = "third" })
	f.AwaitRevision(secrets[0], 3)
}

func TestPasswordChangedInKubernetesFirstWritesNothing(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	f.rotate(proxy, func(next servers.Account, controller *v1alpha1.ClusterJujuController,
		credentials *corev1.Secret, one *v1alpha1.JujuSecret,
	) {
		env.Change(f, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(next.Password) })
		f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "former credentials")
		env.Change(f, one, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = "second" })
		f.AwaitReady(one)
		f.Must(f.Juju.SetPassword(f.Ctx, next.Username, next.Password))
	})
}

func TestPasswordChangedInJujuFirstWritesNothing(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	f.rotate(proxy, func(next servers.Account, _ *v1alpha1.ClusterJujuController,
		credentials *corev1.Secret, one *v1alpha1.JujuSecret,
	) {
		f.Must(f.Juju.SetPassword(f.Ctx, next.Username, next.Password))
		env.Change(f, one, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = "second" })
		f.AwaitReady(one)
		env.Change(f, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(next.Password) })
	})
}

func TestLoginAfterPasswordChangeIsTriedOnce(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	const first, second = sentinel + " 1", sentinel + " 2"
	user, err := f.Juju.AddUser(f.Ctx, "user-"+f.Namespace)
	f.Must(err)
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, first))
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	controller := gen.Controller("changed-"+f.Namespace, proxy.Address, proxy.CACertificate)
	credentials := gen.Credentials(controller.Name, user.Username, first)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(obj)
	f.AwaitReady(controller, obj)

	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, second))
	before := proxy.Requests()[login]
	proxy.Silence() // Cuts all connections.
	proxy.Speak()
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected)
	f.AwaitReason(obj, v1alpha1.ReasonCredentialsRejected)
	f.createAndDeleteSecret()
	f.expectRequests(proxy, login, before+1, "with the old password")

	// A user who restores the password in Juju can request another login.
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, first))
	f.LookNow(controller)
	f.AwaitReady(controller, obj)
	f.Must(f.Juju.SetPassword(f.Ctx, user.Username, second))
	env.Change(f, credentials, func(o *corev1.Secret) { o.Data["password"] = []byte(second) })
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel })
	f.AwaitReady(controller, obj)
}

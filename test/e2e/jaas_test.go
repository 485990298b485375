// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

const (
	// clientSecret is the secret of the JAAS client.
	clientSecret = sentinel + " of the client"
	// login and clientLogin are method names in the counts of a Proxy.
	login, clientLogin = "Admin.Login", "Admin.LoginWithClientCredentials"
)

// newJAAS returns a fixture and a proxy that acts as JAAS in front of Juju. Its
// only client has write access to the model.
func newJAAS(t *testing.T) (f *fixture, proxy *wire.Proxy, clientID string) {
	t.Helper()
	f, proxy = newProxied(t)
	clientID = "client-" + f.Namespace
	token, err := f.Juju.Token(f.Ctx, clientID+"@serviceaccount", "login", map[servers.Model]string{f.Model: "write"})
	f.Must(err)
	proxy.AsJAAS(clientID, clientSecret, token)
	return f, proxy, clientID
}

// connectAsClient creates a controller object that connects to JAAS through a
// proxy, and its credentials.
func (f *fixture) connectAsClient(
	proxy *wire.Proxy, clientID, secret string,
) (*v1alpha1.ClusterJujuController, *corev1.Secret) {
	f.Helper()
	controller := gen.Controller("jaas-"+f.Namespace, proxy.Address, proxy.CACertificate, gen.WithClientCredentials)
	credentials := gen.ClientCredentials(controller.Name, clientID, secret)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	return controller, credentials
}

// At each login to the model, the controller of the model reports another UUID
// than JAAS.
func TestSecretsAreManagedThroughJAAS(t *testing.T) {
	t.Parallel()
	f, proxy, clientID := newJAAS(t)
	controller, _ := f.connectAsClient(proxy, clientID, clientSecret)
	secret := gen.JujuSecret(
		f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name), gen.Value(values(sentinel)))
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(secret, access)
	f.AwaitReady(controller, secret, access)
	f.ExpectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(values(sentinel)), Granted: []string{"app1"},
	})
	f.awaitFound(controller, "the service account", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.User == clientID+"@serviceaccount" && found.ControllerUUID == wire.JAASControllerUUID &&
			len(found.Models) == 1 && found.Models[0].Access == "write"
	})

	env.Change(f, secret, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel + " 2" })
	f.AwaitReady(secret)
	env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2") })
	f.AwaitReady(access)
	f.ExpectJuju(servers.UserSecret{
		Name: "db-login", Revision: 2, Content: servers.Content(values(sentinel + " 2")), Granted: []string{"app2"},
	})
	proxy.Silence() // Cuts all connections, so the operator checks the UUIDs again.
	proxy.Speak()
	f.LookNow(secret)
	f.AwaitReady(controller, secret)
	f.Delete(access)
	f.AwaitGone(access)
	f.Delete(secret)
	f.AwaitGone(secret)
	f.ExpectJuju()
	if n := proxy.Requests()[login]; n > 0 {
		t.Errorf("got %d logins without client credentials, want 0", n)
	}
}

func TestLoginRecoversWithCorrectedClientSecret(t *testing.T) {
	t.Parallel()
	f, proxy, clientID := newJAAS(t)
	controller, credentials := f.connectAsClient(proxy, clientID, sentinel+" of another client")
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "client secret", "credentials Secret", "immediately")
	f.AwaitReason(secret, v1alpha1.ReasonCredentialsRejected, "client secret")
	if n := proxy.Requests()[clientLogin]; n > 1+earlyRetries {
		t.Errorf("got %d logins with the wrong secret, want one, and at most %d retries", n, earlyRetries)
	}
	env.Change(f, credentials, func(o *corev1.Secret) { o.Data["client-secret"] = []byte(clientSecret) })
	f.AwaitReady(controller, secret)

	// JAAS keeps the connections when its secret changes. The operator logs in
	// with the new secret at once.
	const next = sentinel + " of the client, replaced"
	proxy.SetClientSecret(next)
	before := proxy.Requests()[clientLogin]
	env.Change(f, credentials, func(o *corev1.Secret) { o.Data["client-secret"] = []byte(next) })
	f.AwaitRequests(proxy, clientLogin, before+2) // One to the controller and one to the model.
	f.LookNow(secret)
	f.AwaitReady(controller, secret)
	f.ExpectJuju(servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(values("value"))})
}

func TestLoginWithPasswordIsRejectedByJAAS(t *testing.T) {
	t.Parallel()
	f, proxy, clientID := newJAAS(t)
	controller := f.connectThrough(proxy)
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "JAAS", "spec.credentials.clientCredentials")
	credentials := gen.Credentials(controller.Name, "", "")
	env.Change(f, credentials, func(o *corev1.Secret) {
		o.Data = map[string][]byte{"client-id": []byte(clientID), "client-secret": []byte(clientSecret)}
	})
	env.Change(f, controller, gen.WithClientCredentials)
	f.AwaitReady(controller)
}

func TestLoginWithClientCredentialsNeedsJAAS(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	controller, _ := f.connectAsClient(proxy, "client", clientSecret)
	f.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "JAAS", "spec.credentials.userPass")
}

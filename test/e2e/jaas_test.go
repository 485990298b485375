// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

const (
	// clientSecret is what the client of JAAS logs in with.
	clientSecret = sentinel + " of the client"
	// method names, as a Proxy counts them.
	login, clientLogin = "Admin.Login", "Admin.LoginWithClientCredentials"
)

// newJAASScene makes a scene with a proxy before Juju that plays JAAS, for one client, which may write to the model.
func newJAASScene(t *testing.T) (s *scene, proxy *wire.Proxy, clientID string) {
	t.Helper()
	s, proxy = newProxiedScene(t)
	clientID = "client-" + s.ns
	token, err := s.juju.Token(s.Ctx, clientID+"@serviceaccount", "login", map[servers.Model]string{s.model: "write"})
	s.Must(err)
	proxy.AsJAAS(clientID, clientSecret, token)
	return s, proxy, clientID
}

// connectAsClient makes a controller object that goes to JAAS through a proxy, and its credentials.
func (s *scene) connectAsClient(proxy *wire.Proxy, clientID, secret string) (*v1alpha1.ClusterJujuController, *corev1.Secret) {
	s.Helper()
	controller := gen.Controller("jaas-"+s.ns, proxy.Address, proxy.CACertificate, gen.WithClientCredentials)
	credentials := gen.ClientCredentials(controller.Name, clientID, secret)
	s.Create(credentials, controller)
	s.after = append(s.after, controller, credentials)
	return controller, credentials
}

// The controller that has the model tells another UUID than JAAS itself, at each login to the model.
func TestSecretsAreKeptThroughJAAS(t *testing.T) {
	t.Parallel()
	s, proxy, clientID := newJAASScene(t)
	controller, _ := s.connectAsClient(proxy, clientID, clientSecret)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name), gen.Value(map[string]string{"key": sentinel}))
	access := gen.Access(s.ns, "db", "db-login", "app1")
	s.Create(secret, access)
	s.AwaitReady(controller, secret, access)
	s.expectJuju(servers.UserSecret{
		Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": sentinel}), Granted: []string{"app1"},
	})
	s.awaitFound(controller, "the service account", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.User == clientID+"@serviceaccount" && found.ControllerUUID == wire.JAASControllerUUID &&
			len(found.Models) == 1 && found.Models[0].Access == "write"
	})

	stage.Change(s, secret, func(o *v1alpha1.JujuSecret) { o.Spec.Value["key"] = sentinel + " 2" })
	s.AwaitReady(secret)
	stage.Change(s, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2") })
	s.AwaitReady(access)
	s.expectJuju(servers.UserSecret{
		Name: "db-login", Revision: 2, Content: servers.Content(map[string]string{"key": sentinel + " 2"}), Granted: []string{"app2"},
	})
	proxy.Silence() // Every connection is cut, and the UUIDs are looked at once more.
	proxy.Speak()
	s.LookNow(secret)
	s.AwaitReady(controller, secret)
	s.Delete(access)
	s.AwaitGone(access)
	s.Delete(secret)
	s.AwaitGone(secret)
	s.expectJuju()
	if n := proxy.Requests()[login]; n > 0 {
		t.Errorf("%d logins went past the client credentials", n)
	}
}

func TestAWrongClientSecretIsToldAndItsCorrectionTakenUp(t *testing.T) {
	t.Parallel()
	s, proxy, clientID := newJAASScene(t)
	controller, credentials := s.connectAsClient(proxy, clientID, sentinel+" of another client")
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "client secret", "credentials Secret", "at once")
	s.AwaitReason(secret, v1alpha1.ReasonCredentialsRejected, "client secret")
	if n := proxy.Requests()[clientLogin]; n != 1 {
		t.Errorf("%d logins with the wrong secret, want 1", n)
	}
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Data["client-secret"] = []byte(clientSecret) })
	s.AwaitReady(controller, secret)

	// Connections stay when JAAS changes the secret, but the operator logs in with the new one at once.
	const next = sentinel + " of the client, the next"
	proxy.SetClientSecret(next)
	before := proxy.Requests()[clientLogin]
	stage.Change(s, credentials, func(o *corev1.Secret) { o.Data["client-secret"] = []byte(next) })
	s.awaitRequests(proxy, clientLogin, before+2) // To the controller, and to the model.
	s.LookNow(secret)
	s.AwaitReady(controller, secret)
	s.expectJuju(servers.UserSecret{Name: "db-login", Revision: 1, Content: servers.Content(map[string]string{"key": "value"})})
}

func TestJAASTakesNoPassword(t *testing.T) {
	t.Parallel()
	s, proxy, clientID := newJAASScene(t)
	controller := s.connectThrough(proxy)
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "JAAS", "spec.credentials.clientCredentials")
	credentials := gen.Credentials(controller.Name, "", "")
	stage.Change(s, credentials, func(o *corev1.Secret) {
		o.Data = map[string][]byte{"client-id": []byte(clientID), "client-secret": []byte(clientSecret)}
	})
	stage.Change(s, controller, gen.WithClientCredentials)
	s.AwaitReady(controller)
}

func TestAControllerThatIsNoJAASTakesNoClientCredentials(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	controller, _ := s.connectAsClient(proxy, "client", clientSecret)
	s.AwaitReason(controller, v1alpha1.ReasonCredentialsRejected, "JAAS", "spec.credentials.userPass")
}

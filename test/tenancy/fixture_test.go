// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenancy tests on real servers that a namespace cannot reach objects
// of another namespace or models of another tenant.
//
// The tests use one API server, and two Juju controllers with models of the
// same names. They try every combination of namespace, controller and model,
// allowed or denied. They also treat one namespace as compromised. It makes
// every possible change to its own objects, including metadata and status.
package tenancy

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

var shared = env.New(env.Options{Options: servers.Options{Root: env.Root, Juju: 2, Operator: true}})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// second returns the second Juju server.
func second() *servers.Juju { return shared.More[0] }

// model is a model with its server.
type model struct {
	servers.Model

	juju *servers.Juju
}

// fixture holds the namespaces, models and controller objects of one test.
type fixture struct {
	*env.Fixture

	// prefix is the prefix of all names outside namespaces.
	prefix string
	models []model
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fixture: shared.NewFixture(t), prefix: "t" + strings.ToLower(rand.Text()[:6]) + "-"}
	f.LogWords = []string{f.prefix}
	return f
}

// namespace creates a namespace. Among objects created in the same second, the
// object in the namespace that sorts first counts as older.
func (f *fixture) namespace(name string, labels map[string]string) string {
	f.Helper()
	return f.AddNamespace(gen.Namespace(f.prefix+name, labels))
}

// model adds a model to a server.
func (f *fixture) model(juju *servers.Juju, name string) model {
	f.Helper()
	added := model{f.AddModelTo(juju, f.prefix+name), juju}
	f.models = append(f.models, added)
	return added
}

// controller creates a ClusterJujuController with its credentials, and waits
// until it is connected.
func (f *fixture) controller(
	name string, juju *servers.Juju, user servers.Account, tenants ...v1alpha1.Tenant,
) *v1alpha1.ClusterJujuController {
	f.Helper()
	obj := gen.Controller(f.prefix+name, juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Tenants = tenants
	})
	credentials := gen.Credentials(obj.Name, user.Username, user.Password)
	f.Create(credentials, obj)
	f.After = append(f.After, obj, credentials)
	f.AwaitReady(obj)
	return obj
}

// localController creates a JujuController with its credentials, and waits
// until it is connected.
func (f *fixture) localController(
	namespace, name string, juju *servers.Juju, user servers.Account,
) *v1alpha1.JujuController {
	f.Helper()
	obj := gen.LocalController(namespace, name, juju.Addresses[0], juju.CACertificate)
	f.Create(gen.Login(namespace, name, user.Username, user.Password), obj)
	f.AwaitReady(obj)
	return obj
}

// user creates a Juju user with read or write access to models.
func (f *fixture) user(juju *servers.Juju, name string, access map[model]string) servers.Account {
	f.Helper()
	user, err := juju.AddUser(f.Ctx, f.prefix+name)
	f.Must(err)
	for m, level := range access {
		f.Must(juju.GrantModel(f.Ctx, m.Model, user.Username, level))
	}
	return user
}

// named returns a tenant that matches the namespace's name.
func named(namespace string, models ...string) v1alpha1.Tenant {
	return v1alpha1.Tenant{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{namespace}}, Models: models}
}

// labelled returns a tenant that matches a label of the namespace.
func labelled(name string, models ...string) v1alpha1.Tenant {
	return v1alpha1.Tenant{Namespaces: v1alpha1.TenantNamespaces{MatchLabels: team(name)}, Models: models}
}

// team returns the label of a namespace.
func team(name string) map[string]string { return map[string]string{"team": name} }

// directAccess returns a JujuSecretAccess that names the secret in Juju,
// without a JujuSecret.
func directAccess(
	namespace, name string, controller v1alpha1.ControllerReference, secret v1alpha1.UserSecretReference, apps ...string,
) *v1alpha1.JujuSecretAccess {
	obj := gen.DirectAccess(namespace, name, secret, apps...)
	obj.Spec.Secret.ControllerRef = controller
	return obj
}

// deleteAll deletes objects, and waits until they are gone.
func (f *fixture) deleteAll(objs ...client.Object) {
	f.Helper()
	for _, obj := range objs {
		f.Must(client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj)))
	}
	f.AwaitGone(objs...)
}

// forgeRecord sets the operator's finalizer on an object, and a record in the
// operator's format.
func (f *fixture) forgeRecord(obj client.Object, record string) {
	f.Helper()
	env.Change(f, obj, func(o client.Object) {
		o.SetAnnotations(map[string]string{"jujusecrets.io/record": fmt.Sprintf(`{"uid":%q,%s}`, o.GetUID(), record)})
		o.SetFinalizers([]string{"jujusecrets.io/finalizer"})
	})
}

// requests counts the requests to a model by Facade.Method, including logins
// and excluding pings. For a model without a UUID it counts all requests to the
// server.
func (f *fixture) requests(m model) map[string]int {
	f.Helper()
	counts, err := m.juju.Requests(f.Ctx, m.Model)
	f.Must(err)
	delete(counts, "Pinger.Ping")
	return counts
}

// add adds a secret as a user would, and returns its ID.
func (f *fixture) add(m model, name string) string {
	f.Helper()
	id, err := m.juju.AddSecret(f.Ctx, m.Model, name, "", map[string]string{"key": "by hand"})
	f.Must(err)
	return id
}

// awaitJuju waits until a model holds exactly these secrets. It compares IDs
// only where an ID is given.
func (f *fixture) awaitJuju(m model, want ...servers.UserSecret) {
	f.Helper()
	f.AwaitModel(m.juju, m.Model, want...)
}

// expectJuju checks that a model holds exactly these secrets.
func (f *fixture) expectJuju(m model, want ...servers.UserSecret) {
	f.Helper()
	f.ExpectModel(m.juju, m.Model, want...)
}

// held returns a secret as Juju reports it.
func held(id, name string, revision int, value string, granted ...string) servers.UserSecret {
	return servers.UserSecret{
		ID: id, Name: name, Revision: revision, Content: servers.Content(map[string]string{"key": value}), Granted: granted,
	}
}

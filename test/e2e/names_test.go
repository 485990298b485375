// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// secretNames are names that Juju accepts, and that Terraform configurations
// use.
var secretNames = []string{
	"my_secret_name", "tempo_s3_credentials", "git_ssh_key", "db", "s3", "Agent-Password", "data.v2", "login of the db",
	"パスワード",
}

func TestSecretsOfAllNamesAreCreatedObservedAndGranted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var created, others []client.Object
	var want []servers.UserSecret
	for i, name := range secretNames {
		created = append(created,
			gen.JujuSecret(f.Namespace, fmt.Sprint("created-", i), f.Model.Name, gen.Named(name), gen.Value(values(name))))
		others = append(others,
			gen.JujuSecret(f.Namespace, fmt.Sprint("observed-", i), f.Model.Name, gen.Observed, gen.Named(name)),
			gen.DirectAccess(f.Namespace, fmt.Sprint("granted-", i),
				v1alpha1.UserSecretReference{Model: f.Model.Name, Name: name}, "app1"))
		want = append(want, servers.UserSecret{Name: name, Revision: 1, Content: servers.Content(values(name)),
			Granted: []string{"app1"}})
	}
	f.Create(created...)
	f.Create(others...)
	f.AwaitReady(append(created, others...)...)
	f.ExpectJuju(want...)

	f.Delete(others...)
	f.AwaitGone(others...)
	f.Delete(created...)
	f.AwaitGone(created...)
	f.AwaitJuju()
}

func TestSecretsOfAllNamesAreAdoptedAndRenamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var adopted []*v1alpha1.JujuSecret
	var want []servers.UserSecret
	for i, name := range secretNames {
		id, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", values("first"))
		f.Must(err)
		adopted = append(adopted,
			gen.JujuSecret(f.Namespace, fmt.Sprint("adopted-", i), f.Model.Name, gen.Adopting, gen.Named(name)))
		want = append(want, servers.UserSecret{ID: id, Name: name, Revision: 2, Content: servers.Content(values("value"))})
	}
	for _, obj := range adopted {
		f.Create(obj)
	}
	for _, obj := range adopted {
		f.AwaitReady(obj)
	}
	f.ExpectJuju(want...)

	for i, obj := range adopted {
		want[i].Name += "_2"
		env.Change(f, obj, gen.Named(want[i].Name))
	}
	f.AwaitJuju(want...)
}

func TestNameOfObjectIsNameOfSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var objs []client.Object
	var want []servers.UserSecret
	for _, name := range []string{"db", "data.v2", "1-db"} {
		objs = append(objs, gen.JujuSecret(f.Namespace, name, f.Model.Name))
		want = append(want, servers.UserSecret{Name: name, Revision: 1, Content: servers.Content(values("value"))})
	}
	f.Create(objs...)
	f.AwaitReady(objs...)
	f.ExpectJuju(want...)
}

func TestKeysOfAllNamesReachJuju(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Create(gen.Secret(f.Namespace, "login", map[string]string{
		"clientId": "a", "tls.crt": "b", "IPv4": "c", ".dockerconfigjson": "d", "id": "e", "api_key": "f", "1st": "g",
		"key.pem": "h", "unused": "i",
	}))
	key := func(name string) v1alpha1.KeyToKey { return v1alpha1.KeyToKey{Key: name, As: name} }
	encoded := v1alpha1.KeyToKey{Key: "key.pem", As: "private-key", Encoding: v1alpha1.EncodingBase64}
	obj := gen.JujuSecret(f.Namespace, "db", f.Model.Name, gen.Value(map[string]string{"API_URL": "i", "the port": "j"}),
		gen.FromSecret("login"), gen.FromSecret("login", key("id"), key("api_key"), key("1st"), encoded))
	obj.Spec.ValueFrom[0].Exclude = []string{"id", "api_key", "1st", "key.pem", "unused"}
	f.Create(obj)
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{Name: "db", Revision: 1, Content: servers.Content(map[string]string{
		"client-id": "a", "tls-crt": "b", "ipv4": "c", "dockerconfigjson": "d", "id": "e", "api_key": "f", "1st": "g",
		"private-key": "aA==", "API_URL": "i", "the port": "j",
	})})
}

func TestSecretOfTerraformIsAdoptedWithItsKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	plain := map[string]string{"api_key": sentinel, "ca": "a certificate", "DB_USER": "mattermost"}
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, "my_secret_name", "", plain)
	f.Must(err)
	obj := gen.JujuSecret(f.Namespace, "db", f.Model.Name, gen.Adopting, gen.Named("my_secret_name"),
		gen.FromSecret("login", v1alpha1.KeyToKey{Key: "api_key", As: "api_key"}, v1alpha1.KeyToKey{Key: "ca", As: "ca"}),
		gen.Value(map[string]string{"DB_USER": "mattermost"}))
	f.Create(gen.Secret(f.Namespace, "login", map[string]string{"api_key": sentinel, "ca": "a certificate"}), obj)
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{ID: id, Name: "my_secret_name", Revision: 1, Content: servers.Content(plain)})
}

func TestExcludeLeavesOutInvalidKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db", f.Model.Name, gen.FromSecret("login"), gen.FromConfigMap("settings"))
	f.Create(gen.Secret(f.Namespace, "login", map[string]string{"password": sentinel, "id": "x"}),
		gen.ConfigMap(f.Namespace, "settings", map[string]string{"host": "here", "CA": "x"}), obj)
	f.AwaitReason(obj, v1alpha1.ReasonInvalidContent,
		`key "id" of Secret login`, `key "CA" of ConfigMap settings`, "set as for it in items", "exclude")
	f.ExpectJuju()
	env.Change(f, obj, func(s *v1alpha1.JujuSecret) {
		s.Spec.ValueFrom[0].Exclude, s.Spec.ValueFrom[1].Exclude = []string{"id"}, []string{"CA"}
	})
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{Name: "db", Revision: 1,
		Content: servers.Content(map[string]string{"password": sentinel, "host": "here"})})
}

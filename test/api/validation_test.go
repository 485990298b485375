// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api tests the validation of manifests on a real Kubernetes API server.
// Each rule has a row that is accepted, and a row that is refused with the
// message.
package api

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

var shared = env.New(env.Options{Options: servers.Options{Root: env.Root}})

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// row changes a valid manifest. The API server must refuse it with a message that
// contains all parts of refuse, or accept it if there are none.
type row[T client.Object] struct {
	change func(T)
	refuse []string
}

// check creates each manifest in a dry run.
func check[T client.Object](t *testing.T, base func() T, rows map[string]row[T]) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := base()
			row.change(obj)
			expect(t, shared.Kubernetes.Client.Create(t.Context(), obj, client.DryRunAll), row.refuse)
		})
	}
}

// update is two changes: the second is an update of what the first creates.
type update[T client.Object] struct {
	create, change func(T)
	refuse         []string
}

// checkUpdates creates each manifest and updates it.
func checkUpdates[T client.Object](t *testing.T, base func(name string) T, rows map[string]update[T]) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := base(strings.ToLower(strings.ReplaceAll("update-"+name, " ", "-")))
			if row.create != nil {
				row.create(obj)
			}
			expect(t, shared.Kubernetes.Client.Create(t.Context(), obj), nil)
			row.change(obj)
			expect(t, shared.Kubernetes.Client.Update(t.Context(), obj), row.refuse)
		})
	}
}

func expect(t *testing.T, err error, refuse []string) {
	t.Helper()
	switch {
	case len(refuse) == 0 && err != nil:
		t.Errorf("refused: %v", err)
	case len(refuse) > 0 && err == nil:
		t.Errorf("accepted, want an error with %q", refuse)
	}
	for _, part := range refuse {
		if err != nil && !strings.Contains(err.Error(), part) {
			t.Errorf("error is %q, want %q in it", err, part)
		}
	}
}

const (
	modelUUID   = "12345678-1234-4123-8123-123456789abc"
	secretID    = "d3v2mvifkevkaa8tdmqg"
	otherID     = "9m4e2mr0ui3e8a215n4g"
	keyRule     = "a key has 1 to 253 characters, no control characters"
	idRule      = "write id as juju secrets prints it"
	uuidRule    = "write modelUUID as juju show-model prints it under model-uuid"
	observeRule = "managementPolicy: Observe changes nothing in Juju: remove "
)

// invalidUUIDs are refused with the message that describes a UUID.
func invalidUUIDs() map[string]string {
	return map[string]string{
		"name":             "prod/test",
		"model tag":        "model-" + modelUUID,
		"upper-case UUID":  strings.ToUpper(modelUUID),
		"shortened UUID":   modelUUID[:8],
		"long model name":  "prod/" + strings.Repeat("a", 200),
		"UUID with a note": modelUUID + " (prod/test)",
	}
}

// invalidIDs are refused with the message that describes an ID.
func invalidIDs() map[string]string {
	return map[string]string{
		"name":                 "db-password",
		"shortened ID":         secretID[:10],
		"shortened URI":        "secret:" + secretID[:10],
		"other prefix":         "uri:" + secretID,
		"URI of another model": "secret://" + modelUUID + "/" + secretID,
		"two prefixes":         "secret:secret:" + secretID,
		"long name":            strings.Repeat("a", 200),
	}
}

// secretNames are names of secrets in Juju. The API server accepts a name
// without a message.
func secretNames() map[string][]string {
	like := []string{"name: Invalid value", "name looks like a Juju secret ID", "set id"}
	unclear := []string{"name: Invalid value", "write name without control characters", "spaces at its ends", "set id"}
	return map[string][]string{
		"db-password-2": nil, "my_secret_name": nil, "tempo_s3_credentials": nil, "git_ssh_key": nil, "db": nil, "s3": nil,
		"Agent-Password": nil, "data.v2": nil, "1": nil, "-": nil, "team/db": nil, "a:b": nil, "login of the db": nil,
		"contraseña": nil, "パスワード": nil, "secret": nil, "secrets:db": nil, strings.Repeat("n", 256): nil,
		// Nineteen and twenty-one characters of an ID, and a character that no ID has.
		secretID[1:]: nil, secretID + "0": nil, secretID[1:] + "z": nil, "/" + secretID + "/db": nil,

		secretID: like, "secret:" + secretID: like, "Secret:" + secretID: like, "secret:db": like, "/" + secretID: like,
		modelUUID + "/" + secretID: like, "//" + modelUUID + "/" + secretID: like,
		secretID + "?db": like, secretID + "#": like,

		" ": unclear, " db": unclear, "db ": unclear, "a\nb": unclear, "db\n": unclear, "a\tb": unclear, "a\x00b": unclear,
		"a\u007fb": unclear, "a\u0085b": unclear, "a\u200bb": unclear, "\u202edb": unclear, "a\u2028b": unclear,
		"a\u00a0b": unclear, "\ufeffdb": unclear,

		strings.Repeat("n", 257): {"name: Too long"},
	}
}

// The juju command line reads an argument as an ID before it looks for a secret
// of this name.
func TestNamesThatJujuReadsAsIDsAreRefused(t *testing.T) {
	t.Parallel()
	for name, refuse := range secretNames() {
		if _, err := coresecrets.ParseURI(name); err == nil && !strings.Contains(strings.Join(refuse, " "), "ID") {
			t.Errorf("the juju command line reads the name %q as an ID", name)
		}
	}
}

func TestJujuSecretValidation(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuSecret { return gen.JujuSecret("default", "db-login", "prod/test") }
	rows := map[string]row[*v1alpha1.JujuSecret]{
		"minimal":                {func(*v1alpha1.JujuSecret) {}, nil},
		"modelUUID":              {func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", modelUUID }, nil},
		"model of a Juju 3 user": {func(s *v1alpha1.JujuSecret) { s.Spec.Model = "bob@canonical.com/test" }, nil},
		"model and modelUUID": {
			func(s *v1alpha1.JujuSecret) { s.Spec.ModelUUID = modelUUID }, []string{"exactly one of model"},
		},
		"no model": {func(s *v1alpha1.JujuSecret) { s.Spec.Model = "" }, []string{"exactly one of model"}},
		"model without qualifier": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Model = "test" }, []string{"spec.model", "qualifier/name", "prod/db"},
		},
		"UUID as model": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Model = modelUUID }, []string{"spec.model", "set modelUUID instead"},
		},
		"metadata.name with a dot":   {func(s *v1alpha1.JujuSecret) { s.Name = "db.login" }, nil},
		"metadata.name of 2 letters": {func(s *v1alpha1.JujuSecret) { s.Name = "db" }, nil},
		"metadata.name with a digit": {func(s *v1alpha1.JujuSecret) { s.Name = "1-db" }, nil},
		"metadata.name with a dot, and a name": {
			func(s *v1alpha1.JujuSecret) { s.Name, s.Spec.Name = "db.login", "db-login" }, nil,
		},
		"metadata.name with a dot, and an ID": {func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(secretID)(s)
			s.Name = "db.login"
		}, nil},
		"metadata.name like an ID": {
			func(s *v1alpha1.JujuSecret) { s.Name = secretID },
			[]string{"metadata.name looks like a Juju secret ID", "set spec.name"},
		},
		"no content": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Value = nil },
			[]string{"a secret needs content", "set value or valueFrom", "Observe"},
		},
		"value without keys": {
			func(s *v1alpha1.JujuSecret) { s.Spec.Value = map[string]string{}; s.Spec.ValueFrom = nil },
			[]string{"a secret needs content"},
		},
		"keys of Terraform": {gen.Value(map[string]string{
			"api_key": "x", "DB_PASSWORD": "x", "ca": "x", "tls.crt": "x", "clientId": "x", "1st": "x", "a key": "x", "ß": "x",
		}), nil},
		"several keys": {
			gen.Value(map[string]string{"key": "x", " upper": "x", " mixed": "x"}), []string{"rename the key  mixed of value"},
		},
		"many long keys": {gen.Value(longKeys(128, 254)), []string{"rename the key KKK", keyRule}},
		"longest keys":   {gen.Value(longKeys(128, 253)), nil},
		"huge key":       {gen.Value(longKeys(1, 6000)), []string{"rename keys of value", keyRule}},
		"key of 2 lines": {gen.Value(map[string]string{"a\nb": "x"}), []string{"rename keys of value", keyRule}},
		"empty key":      {gen.Value(map[string]string{"": "x"}), []string{"of value", keyRule}},
		"largest value":  {gen.Value(map[string]string{"key": strings.Repeat("x", 750_000)}), nil},
		"too large value": {
			gen.Value(map[string]string{"key": strings.Repeat("x", 750_001)}), []string{
				"spec.value", "value has more than 750000 characters", "several JujuSecrets", "valueFrom",
			},
		},
		"too many large values": {
			gen.Value(map[string]string{"one": strings.Repeat("x", 400_000), "two": strings.Repeat("x", 350_001)}),
			[]string{"value has more than 750000 characters"},
		},
		"empty value": {gen.Value(map[string]string{"key": ""}), nil},
		"Secret":      {gen.FromSecret("db"), nil},
		"keys of a Secret": {
			gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A"}, v1alpha1.KeyToKey{Key: "B", As: "bee"}), nil,
		},
		"ConfigMap": {gen.FromConfigMap("db"), nil},
		"keys renamed to keys of Terraform": {
			gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A", As: "B_C"}, v1alpha1.KeyToKey{Key: "ca", As: "ca"},
				v1alpha1.KeyToKey{Key: "tls.crt", As: "tls.crt"}, v1alpha1.KeyToKey{Key: "B", As: "the key"}), nil,
		},
		"key renamed to a key of 2 lines": {
			gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A", As: "a\nb"}),
			[]string{"spec.valueFrom[0].items[0].as", "write as without control characters", "api_key"},
		},
		"key renamed to a key with a space at its end": {
			gen.FromSecret("db", v1alpha1.KeyToKey{Key: "A", As: "a "}),
			[]string{"spec.valueFrom[0].items[0].as", "spaces at its ends"},
		},
		"excluded keys":             {excluding("db", "id", "CA"), nil},
		"excluded key without name": {excluding("db", ""), []string{"spec.valueFrom[0].exclude[0]"}},
		"exclude without a source":  {excluding("", "id"), []string{"exactly one of secretRef and configMapRef"}},
		"items and excluded keys": {func(s *v1alpha1.JujuSecret) {
			excluding("db", "id")(s)
			s.Spec.ValueFrom[0].Items = []v1alpha1.KeyToKey{{Key: "A"}}
		}, []string{"spec.valueFrom[0]", "set only one of items and exclude"}},
		"source with a Secret and a ConfigMap": {func(s *v1alpha1.JujuSecret) {
			gen.FromSecret("db")(s)
			s.Spec.ValueFrom[0].ConfigMapRef = &v1alpha1.SourceReference{Name: "db"}
		}, []string{"spec.valueFrom[0]", "exactly one of secretRef and configMapRef", "list two sources"}},
		"source without a reference": {func(s *v1alpha1.JujuSecret) {
			s.Spec.ValueFrom = []v1alpha1.ValueSource{{}}
		}, []string{"spec.valueFrom[0]", "exactly one of secretRef and configMapRef"}},
		"suspend":     {gen.Suspended, nil},
		"autoPrune":   {gen.Pruned, nil},
		"driftPolicy": {gen.Reporting, nil},
		"unknown deletionPolicy": {
			func(s *v1alpha1.JujuSecret) { s.Spec.DeletionPolicy = "Orphan" },
			[]string{"spec.deletionPolicy", "Delete", "Retain"},
		},
		"unknown adoptionPolicy": {
			func(s *v1alpha1.JujuSecret) { s.Spec.AdoptionPolicy = "Always" }, []string{"spec.adoptionPolicy", "Never", "Adopt"},
		},
		"unknown driftPolicy": {
			func(s *v1alpha1.JujuSecret) { s.Spec.DriftPolicy = "Ignore" }, []string{"spec.driftPolicy", "Correct", "Report"},
		},
		"unknown managementPolicy": {
			func(s *v1alpha1.JujuSecret) { s.Spec.ManagementPolicy = "Read" },
			[]string{"spec.managementPolicy", "Manage", "Observe"},
		},
		"adoption by name": {gen.Adopting, nil},
		"adoption by ID":   {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID(secretID)(s) }, nil},
		"adoption by URI":  {func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID("secret:" + secretID)(s) }, nil},
		"adoption by ID, renamed": {func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(secretID)(s)
			gen.Named("db-password")(s)
		}, nil},
		"ID without adoption": {
			gen.ByID(secretID), []string{"id selects an existing secret", "managementPolicy: Observe", "adoptionPolicy: Adopt"},
		},
	}
	for name, uuid := range invalidUUIDs() {
		rows["modelUUID with "+name] = row[*v1alpha1.JujuSecret]{func(s *v1alpha1.JujuSecret) {
			s.Spec.Model, s.Spec.ModelUUID = "", uuid
		}, []string{"spec.modelUUID", uuidRule, modelUUID}}
	}
	for name, refuse := range secretNames() {
		rows[fmt.Sprintf("name %.30q", name)] = row[*v1alpha1.JujuSecret]{gen.Named(name), refuse}
		rows[fmt.Sprintf("name %.30q beside id", name)] = row[*v1alpha1.JujuSecret]{func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(secretID)(s)
			gen.Named(name)(s)
		}, refuse}
	}
	for name, id := range invalidIDs() {
		rows["id with "+name] = row[*v1alpha1.JujuSecret]{func(s *v1alpha1.JujuSecret) {
			gen.Adopting(s)
			gen.ByID(id)(s)
		}, []string{"spec.id", idRule, secretID, "set name instead"}}
	}
	check(t, base, rows)
}

// excluding adds a Secret as a source, without some of its keys. Without a name
// the source has no reference.
func excluding(secret string, keys ...string) func(*v1alpha1.JujuSecret) {
	return func(s *v1alpha1.JujuSecret) {
		gen.FromSecret(secret)(s)
		if secret == "" {
			s.Spec.ValueFrom[0].SecretRef = nil
		}
		s.Spec.ValueFrom[0].Exclude = keys
	}
}

// longKeys returns values with n keys that differ at their end.
func longKeys(n, length int) map[string]string {
	values := map[string]string{}
	for i := range n {
		values[strings.Repeat("K", length-3)+fmt.Sprintf("%03d", i)] = "x"
	}
	return values
}

func TestObservedJujuSecretValidation(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuSecret { return gen.JujuSecret("default", "db-login", "prod/test", gen.Observed) }
	rows := map[string]row[*v1alpha1.JujuSecret]{
		"minimal":       {func(*v1alpha1.JujuSecret) {}, nil},
		"metadata.name": {func(s *v1alpha1.JujuSecret) { s.Name = "db.login" }, nil},
		"ID":            {gen.ByID(secretID), nil},
		"URI":           {gen.ByID("secret:" + secretID), nil},
		"ID and name": {
			func(s *v1alpha1.JujuSecret) { gen.ByID(secretID)(s); gen.Named("x")(s) }, []string{"remove name or id"},
		},
		"suspend":        {gen.Suspended, nil},
		"value":          {gen.Value(map[string]string{"key": "x"}), []string{observeRule + "value"}},
		"valueFrom":      {gen.FromSecret("db"), []string{observeRule + "valueFrom"}},
		"info":           {gen.Info("x"), []string{observeRule + "info"}},
		"autoPrune":      {gen.Pruned, []string{observeRule + "autoPrune"}},
		"adoptionPolicy": {gen.Adopting, []string{observeRule + "adoptionPolicy"}},
		"updatePolicy":   {gen.KeepingContent, []string{observeRule + "updatePolicy"}},
		"deletionPolicy": {gen.Retained, []string{observeRule + "deletionPolicy"}},
		"driftPolicy":    {gen.Reporting, []string{observeRule + "driftPolicy"}},
		"several fields": {
			func(s *v1alpha1.JujuSecret) {
				gen.Value(map[string]string{"key": "x"})(s)
				gen.Info("x")(s)
				gen.Pruned(s)
			},
			[]string{observeRule + "value, info, autoPrune"},
		},
	}
	for name, refuse := range secretNames() {
		rows[fmt.Sprintf("name %.30q", name)] = row[*v1alpha1.JujuSecret]{gen.Named(name), refuse}
	}
	check(t, base, rows)
}

func TestValidationMessagesHoldNoValues(t *testing.T) {
	t.Parallel()
	const value = "correct-horse"
	for name, keys := range map[string][]string{
		"invalid key":          {"DB_PASSWORD "},
		"invalid and fit keys": {"DB_PASSWORD ", "key"},
		"key of 2 lines":       {"a\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := gen.JujuSecret("default", "db-login", "prod/test", gen.Value(map[string]string{}))
			for _, key := range keys {
				obj.Spec.Value[key] = value
			}
			err := shared.Kubernetes.Client.Create(t.Context(), obj, client.DryRunAll)
			if err == nil || strings.Contains(err.Error(), value) {
				t.Errorf("error is %v, want one without the value", err)
			}
		})
	}
}

func TestJujuSecretAccessValidation(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuSecretAccess { return gen.Access("default", "db", "db-login", "app1") }
	rows := map[string]row[*v1alpha1.JujuSecretAccess]{
		"JujuSecret": {func(*v1alpha1.JujuSecretAccess) {}, nil},
		"ID":         {direct(func(*v1alpha1.UserSecretReference) {}), nil},
		"URI":        {direct(func(r *v1alpha1.UserSecretReference) { r.ID = "secret:" + secretID }), nil},
		"modelUUID":  {direct(func(r *v1alpha1.UserSecretReference) { r.Model, r.ModelUUID = "", modelUUID }), nil},
		"no secret": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.JujuSecretRef = nil }, []string{"exactly one of jujuSecretRef"},
		},
		"JujuSecret and ID": {func(a *v1alpha1.JujuSecretAccess) {
			ref := a.Spec.JujuSecretRef
			direct(func(*v1alpha1.UserSecretReference) {})(a)
			a.Spec.JujuSecretRef = ref
		}, []string{"exactly one of jujuSecretRef"}},
		"ID and name": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Name = "x" }),
			[]string{"spec.secret", "exactly one of id and name"},
		},
		"no model": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Model = "" }), []string{"spec.secret", "exactly one of model"},
		},
		"model without qualifier": {
			direct(func(r *v1alpha1.UserSecretReference) { r.Model = "test" }), []string{"spec.secret.model", "qualifier/name"},
		},
		"no application": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = nil }, []string{"spec.applications"},
		},
		"application twice": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app1", "app1") },
			[]string{"spec.applications[1]", "Duplicate"},
		},
		"unit": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app1/0") },
			[]string{"spec.applications[0].name", "without a unit number"},
		},
		"application with hyphens": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("postgresql-k8s") }, nil,
		},
		"options": {configured("db-secret", "db_secret.2", "S3Secret"), nil},
		"option twice": {
			configured("db-secret", "db-secret"), []string{"spec.applications[0].configOptions[1]", "Duplicate"},
		},
		"option with a space": {
			configured("db secret"), []string{"spec.applications[0].configOptions[0].name", "as juju config prints it"},
		},
		"trust": {
			configured("trust"), []string{"spec.applications[0].configOptions[0].name", "access to the cloud"},
		},
		"unknown format": {func(a *v1alpha1.JujuSecretAccess) {
			configured("db-secret")(a)
			a.Spec.Applications[0].ConfigOptions[0].Format = "Name"
		}, []string{"spec.applications[0].configOptions[0].format", "URI", "ID"}},
		"256 options": {manyOptions(16), nil},
		"more options": {
			manyOptions(17), []string{"spec.applications", "at most 256 options", "another JujuSecretAccess"},
		},
		"deletionPolicy": {func(a *v1alpha1.JujuSecretAccess) { a.Spec.DeletionPolicy = v1alpha1.GrantsRetain }, nil},
		"adoptionPolicy": {func(a *v1alpha1.JujuSecretAccess) { a.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }, nil},
		"exclusive":      {func(a *v1alpha1.JujuSecretAccess) { a.Spec.Exclusive = true }, nil},
		"unknown adoptionPolicy": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.AdoptionPolicy = "Always" },
			[]string{"spec.adoptionPolicy", "Never", "Adopt"},
		},
		"unknown deletionPolicy": {
			func(a *v1alpha1.JujuSecretAccess) { a.Spec.DeletionPolicy = "Delete" },
			[]string{"spec.deletionPolicy", "Revoke", "Retain"},
		},
	}
	for name, uuid := range invalidUUIDs() {
		rows["modelUUID with "+name] = row[*v1alpha1.JujuSecretAccess]{
			direct(func(r *v1alpha1.UserSecretReference) { r.Model, r.ModelUUID = "", uuid }),
			[]string{"spec.secret.modelUUID", uuidRule, modelUUID},
		}
	}
	for name, refuse := range secretNames() {
		rows[fmt.Sprintf("name %.30q", name)] = row[*v1alpha1.JujuSecretAccess]{
			direct(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", name }), refuse,
		}
	}
	for name, id := range invalidIDs() {
		rows["id with "+name] = row[*v1alpha1.JujuSecretAccess]{
			direct(func(r *v1alpha1.UserSecretReference) { r.ID = id }),
			[]string{"spec.secret.id", idRule, secretID, "set name instead"},
		}
	}
	check(t, base, rows)
}

// configured sets options of the first application.
func configured(names ...string) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Spec.Applications[0].ConfigOptions = nil
		for _, name := range names {
			a.Spec.Applications[0].ConfigOptions = append(a.Spec.Applications[0].ConfigOptions,
				v1alpha1.ConfigOption{Name: name})
		}
	}
}

// manyOptions sets 16 options of each of several applications.
func manyOptions(apps int) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		a.Spec.Applications = nil
		for i := range apps {
			app := v1alpha1.ApplicationGrant{Name: fmt.Sprintf("web%d", i)}
			for n := range 16 {
				app.ConfigOptions = append(app.ConfigOptions, v1alpha1.ConfigOption{Name: fmt.Sprintf("option-%d", n)})
			}
			a.Spec.Applications = append(a.Spec.Applications, app)
		}
	}
}

// direct makes an access refer to a secret by its ID, and changes the reference.
func direct(change func(*v1alpha1.UserSecretReference)) func(*v1alpha1.JujuSecretAccess) {
	return func(a *v1alpha1.JujuSecretAccess) {
		ref := v1alpha1.UserSecretReference{Model: "prod/test", ID: secretID}
		ref.ControllerRef.Name = "default"
		change(&ref)
		a.Spec.JujuSecretRef, a.Spec.Secret = nil, &ref
	}
}

// The message is the same whether the JujuController exists or not.
func TestControllerRefHasNoNamespace(t *testing.T) {
	t.Parallel()
	by := func(how func(string) func(*v1alpha1.JujuSecret)) row[*v1alpha1.JujuSecret] {
		return row[*v1alpha1.JujuSecret]{
			how("team-a/juju"), []string{"spec.controllerRef.name", "of a JujuController in this namespace"},
		}
	}
	check(t, func() *v1alpha1.JujuSecret { return gen.JujuSecret("default", "db-login", "prod/test") },
		map[string]row[*v1alpha1.JujuSecret]{
			"JujuController":        by(gen.Locally),
			"ClusterJujuController": by(gen.Through),
		})
	check(t, func() *v1alpha1.JujuSecretAccess { return gen.Access("default", "db", "db-login", "app1") },
		map[string]row[*v1alpha1.JujuSecretAccess]{
			"JujuSecretAccess": {
				direct(func(r *v1alpha1.UserSecretReference) { r.ControllerRef.Name = "team-a/juju" }),
				[]string{"spec.secret.controllerRef.name", "of a JujuController in this namespace"},
			},
		})
}

func TestJujuSecretImmutableFields(t *testing.T) {
	t.Parallel()
	base := func(name string) *v1alpha1.JujuSecret { return gen.JujuSecret("default", name, "prod/test") }
	adopting := func(id string) func(*v1alpha1.JujuSecret) {
		return func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.ByID(id)(s) }
	}
	model := []string{"model and modelUUID are immutable", "create a JujuSecret"}
	id := []string{"id is immutable", "create a JujuSecret"}
	checkUpdates(t, base, map[string]update[*v1alpha1.JujuSecret]{
		"name": {nil, gen.Named("another-name"), nil},
		"policies": {
			nil, func(s *v1alpha1.JujuSecret) { gen.Adopting(s); gen.Retained(s); gen.Suspended(s); gen.Pruned(s) }, nil,
		},
		"model":              {nil, func(s *v1alpha1.JujuSecret) { s.Spec.Model = "prod/other" }, model},
		"model to modelUUID": {nil, func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", modelUUID }, model},
		"controller":         {nil, gen.Through("other"), nil},
		"controller kind":    {nil, gen.Locally("default"), nil},
		"id added":           {nil, adopting(secretID), id},
		"id removed":         {adopting(secretID), gen.ByID(""), id},
		"other id":           {adopting(secretID), gen.ByID(otherID), id},
		"other URI":          {adopting("secret:" + secretID), gen.ByID("secret:" + otherID), id},
		"id to other URI":    {adopting(secretID), gen.ByID("secret:" + otherID), id},
		"id to URI":          {adopting(secretID), gen.ByID("secret:" + secretID), nil},
		"URI to id":          {adopting("secret:" + secretID), gen.ByID(secretID), nil},
	})
}

func TestJujuSecretAccessImmutableFields(t *testing.T) {
	t.Parallel()
	base := func(name string) *v1alpha1.JujuSecretAccess { return gen.Access("default", name, "db-login", "app1") }
	same := direct(func(*v1alpha1.UserSecretReference) {})
	uri := direct(func(r *v1alpha1.UserSecretReference) { r.ID = "secret:" + secretID })
	either := []string{"jujuSecretRef and secret are immutable", "create a JujuSecretAccess"}
	secret := []string{"secret is immutable", "create a JujuSecretAccess"}
	checkUpdates(t, base, map[string]update[*v1alpha1.JujuSecretAccess]{
		"applications": {
			nil, func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app2") }, nil,
		},
		"applications of id": {
			same, func(a *v1alpha1.JujuSecretAccess) { a.Spec.Applications = gen.Applications("app2") }, nil,
		},
		"jujuSecretRef":           {nil, func(a *v1alpha1.JujuSecretAccess) { a.Spec.JujuSecretRef.Name = "other" }, either},
		"jujuSecretRef to secret": {nil, same, either},
		"secret to jujuSecretRef": {same, func(a *v1alpha1.JujuSecretAccess) {
			a.Spec.Secret, a.Spec.JujuSecretRef = nil, &v1alpha1.JujuSecretReference{Name: "db-login"}
		}, either},
		"id":              {same, direct(func(r *v1alpha1.UserSecretReference) { r.ID = otherID }), secret},
		"id to other URI": {same, direct(func(r *v1alpha1.UserSecretReference) { r.ID = "secret:" + otherID }), secret},
		"id to name":      {same, direct(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", "db-login" }), secret},
		"id to URI":       {same, uri, nil},
		"URI to id":       {uri, same, nil},
		"model":           {same, direct(func(r *v1alpha1.UserSecretReference) { r.Model = "prod/other" }), secret},
		"model to modelUUID": {
			same, direct(func(r *v1alpha1.UserSecretReference) { r.Model, r.ModelUUID = "", modelUUID }), secret,
		},
		"controller": {same, direct(func(r *v1alpha1.UserSecretReference) { r.ControllerRef.Name = "other" }), nil},
		"name": {
			direct(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", "db-login" }),
			direct(func(r *v1alpha1.UserSecretReference) { r.ID, r.Name = "", "other" }), secret,
		},
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	obj := gen.JujuSecret("default", "defaults", "prod/test")
	obj.Spec.ControllerRef = v1alpha1.ControllerReference{}
	expect(t, shared.Kubernetes.Client.Create(t.Context(), obj, client.DryRunAll), nil)
	want := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: "default"}
	if obj.Spec.ControllerRef != want || obj.Spec.ManagementPolicy != v1alpha1.ManagementManage {
		t.Errorf("defaults are %+v and %q, want %+v and Manage", obj.Spec.ControllerRef, obj.Spec.ManagementPolicy, want)
	}
	controller := gen.Controller("default", "10.0.0.5:17070", "-----BEGIN CERTIFICATE-----\n...")
	controller.Spec.DriftDetection = v1alpha1.DriftDetection{}
	expect(t, shared.Kubernetes.Client.Create(t.Context(), controller, client.DryRunAll), nil)
	if got := controller.Spec.DriftDetection.Interval.Duration; got != time.Minute {
		t.Errorf("default interval is %v, want 1m", got)
	}
}

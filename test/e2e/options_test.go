// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// configured is an application of every model whose charm has options.
const configured = "configurable"

// options are the options of an application that are set.
type options map[string]any

// withOptions sets the options of the first application of an access.
func withOptions(options ...v1alpha1.ConfigOption) func(*v1alpha1.JujuSecretAccess) {
	return func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications[0].ConfigOptions = options }
}

// option returns an option to set to the URI, or to the ID.
func option(name string, format ...v1alpha1.SecretFormat) v1alpha1.ConfigOption {
	return v1alpha1.ConfigOption{Name: name, Format: append(format, "")[0]}
}

// configuring returns an access of the application with options.
func (f *fixture) configuring(name, secret string, options ...v1alpha1.ConfigOption) *v1alpha1.JujuSecretAccess {
	access := gen.Access(f.Namespace, name, secret, configured)
	withOptions(options...)(access)
	return access
}

// uri adds a JujuSecret and returns it with its URI in Juju.
func (f *fixture) uri(name string) (*v1alpha1.JujuSecret, string) {
	f.Helper()
	obj := gen.JujuSecret(f.Namespace, name, f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	return obj, obj.Status.URI
}

// missingOptions returns the difference of the options in Juju from the wanted
// ones, empty if there is none.
func (f *fixture) missingOptions(app string, want options) string {
	got, err := f.Juju.Options(f.Ctx, f.Model, app)
	f.Must(err)
	return cmp.Diff(want, options(got))
}

func (f *fixture) expectOptions(app string, want options) {
	f.Helper()
	if diff := f.missingOptions(app, want); diff != "" {
		f.Errorf("the options of %s (-want +got):\n%s", app, diff)
	}
}

func (f *fixture) awaitOptions(app string, want options) {
	f.Helper()
	f.Await(func() string { return f.missingOptions(app, want) })
}

func TestOptionsNameTheSecretOnceItIsGranted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, uri := f.uri("db-login")
	access := f.configuring("db", "db-login", option("db-secret"), option("note", v1alpha1.FormatID))
	f.Create(access)
	f.AwaitReady(access)
	f.expectOptions(configured, options{"db-secret": uri, "note": strings.TrimPrefix(uri, "secret:")})
	want := []string{"db-secret", "note"}
	if diff := cmp.Diff(want, access.Status.Applications[0].ConfigOptions); diff != "" {
		t.Errorf("status.applications[0].configOptions (-want +got):\n%s", diff)
	}

	env.Change(f, access, withOptions(option("note")))
	f.AwaitReady(access)
	f.expectOptions(configured, options{"note": uri})
	f.Delete(access)
	f.AwaitGone(access)
	f.expectOptions(configured, options{})
	f.ExpectJuju(ofDB())
}

func TestOptionGetsTheNewURI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj, before := f.uri("db-login")
	access := f.configuring("db", "db-login", option("db-secret"))
	f.Create(access)
	f.AwaitReady(access)
	f.Must(f.Juju.RemoveSecret(f.Ctx, f.Model, obj.Status.SecretID))
	f.LookNow(obj)
	f.Await(func() string {
		if f.Refresh(obj); obj.Status.URI == before || obj.Status.URI == "" {
			return "the secret was not created again"
		}
		return f.missingOptions(configured, options{"db-secret": obj.Status.URI})
	})
	f.AwaitReady(access)
}

func TestOptionMovesWithTheReference(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"one", "two"} {
		_, err := f.Juju.AddSecret(f.Ctx, f.Model, name, "", values("value"))
		f.Must(err)
	}
	obj := gen.JujuSecret(f.Namespace, "reference", f.Model.Name, gen.Named("one"), gen.Observed)
	access := f.configuring("db", "reference", option("db-secret"))
	f.Create(obj, access)
	f.AwaitReady(obj, access)
	f.expectOptions(configured, options{"db-secret": obj.Status.URI})
	before := obj.Status.URI
	env.Change(f, obj, gen.Named("two"))
	f.Await(func() string {
		if f.Refresh(obj); obj.Status.URI == before {
			return "the reference has not moved"
		}
		return f.missingOptions(configured, options{"db-secret": obj.Status.URI})
	})
	f.AwaitReady(access)
}

// A bad option holds up neither the other options nor the grants.
func TestBadOptionIsReportedAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		option v1alpha1.ConfigOption
		// before is the value of the option that a user set before.
		before string
		reason v1alpha1.Reason
		says   string
	}{
		"unknown":         {option("missing"), "", v1alpha1.ReasonConfigOptionInvalid, "juju config configurable"},
		"of type int":     {option("port"), "", v1alpha1.ReasonConfigOptionInvalid, "the type int"},
		"of type boolean": {option("verbose"), "", v1alpha1.ReasonConfigOptionInvalid, "the type boolean"},
		"of type secret, as an ID": {
			option("db-secret-2", v1alpha1.FormatID), "", v1alpha1.ReasonConfigOptionInvalid, "set format: URI",
		},
		"set to another secret": {
			option("db-secret-2"), "secret:9m4e2mr0ui3e8a215n4g", v1alpha1.ReasonConfigOptionInUse,
			"secret:9m4e2mr0ui3e8a215n4g",
		},
		"set to another value": {
			option("greeting"), "hello there", v1alpha1.ReasonConfigOptionInUse, "adoptionPolicy: Adopt",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, uri := f.uri("db-login")
			want := options{"note": uri}
			if row.before != "" {
				f.Must(f.Juju.SetOption(f.Ctx, f.Model, configured, row.option.Name, row.before))
				want[row.option.Name] = row.before
			}
			access := f.configuring("db", "db-login", row.option, option("note"))
			access.Spec.Applications = append(access.Spec.Applications, gen.Applications("app1")...)
			f.Create(access)
			message := f.AwaitReason(access, row.reason, row.option.Name, row.says)
			if strings.Contains(message, "hello there") {
				t.Errorf("the message has the value of the option: %s", message)
			}
			f.expectOptions(configured, want)
			f.ExpectJuju(ofDB("app1", configured))
			f.Delete(access)
			f.AwaitGone(access)
			delete(want, "note")
			f.expectOptions(configured, want)
		})
	}
}

func TestOptionOfAnotherValueIsReplacedWithAdopt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, uri := f.uri("db-login")
	f.Must(f.Juju.SetOption(f.Ctx, f.Model, configured, "note", "anything"))
	access := f.configuring("db", "db-login", option("note"))
	access.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt
	f.Create(access)
	f.AwaitReady(access)
	f.expectOptions(configured, options{"note": uri})
}

func TestOptionBelongsToOneAccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, first := f.uri("first")
	_, second := f.uri("second")
	one := f.configuring("one", "first", option("db-secret"))
	f.Create(one)
	f.AwaitReady(one)
	two := f.configuring("two", "second", option("db-secret"))
	f.Create(two)
	f.AwaitReason(two, v1alpha1.ReasonConfigOptionInUse, f.Namespace+"/one")
	f.expectOptions(configured, options{"db-secret": first})
	f.Delete(one)
	f.AwaitReady(two)
	f.expectOptions(configured, options{"db-secret": second})
}

func TestChangedOptionIsSetAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, uri := f.uri("db-login")
	access := f.configuring("db", "db-login", option("db-secret"))
	f.Create(access)
	f.AwaitReady(access)
	for range 3 {
		f.Must(f.Juju.ResetOption(f.Ctx, f.Model, configured, "db-secret"))
		f.LookNow(access)
		f.awaitOptions(configured, options{"db-secret": uri})
		f.AwaitReady(access)
	}
	f.Must(f.Juju.ResetOption(f.Ctx, f.Model, configured, "db-secret"))
	f.LookNow(access)
	f.AwaitReason(access, v1alpha1.ReasonDrifted, "configurable/db-secret", "ignore_changes")
	f.expectOptions(configured, options{})
}

func TestOptionThatARefreshBringsIsSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, uri := f.uri("db-login")
	f.Must(f.Juju.AddApplicationOf(f.Ctx, f.Model, "web", "refreshed"))
	access := gen.Access(f.Namespace, "db", "db-login", "web")
	withOptions(option("db-secret"))(access)
	f.Create(access)
	f.AwaitReason(access, v1alpha1.ReasonConfigOptionInvalid, "db-secret")
	f.Must(f.Juju.RefreshApplication(f.Ctx, f.Model, "web", servers.ConfigurableCharm))
	f.AwaitReady(access)
	f.expectOptions("web", options{"db-secret": uri})
	f.Must(f.Juju.RefreshApplication(f.Ctx, f.Model, "web", "refreshed"))
	f.LookNow(access)
	f.AwaitReason(access, v1alpha1.ReasonConfigOptionInvalid, "db-secret")
}

func TestOptionOfARedeployedApplicationIsSetAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, uri := f.uri("db-login")
	access := f.configuring("db", "db-login", option("db-secret"))
	f.Create(access)
	f.AwaitReady(access)
	f.Must(f.Juju.RemoveApplication(f.Ctx, f.Model, configured))
	f.Must(f.Juju.AddApplicationOf(f.Ctx, f.Model, configured, servers.ConfigurableCharm))
	f.LookNow(access)
	f.awaitOptions(configured, options{"db-secret": uri})
	f.AwaitReady(access)
}

// Juju's API takes the options of all applications in one request, and lists
// them in one.
func TestOptionsOfManyAccessesShareRequests(t *testing.T) {
	t.Parallel()
	const n = 40
	f := newFixture(t)
	for i := range n {
		f.Must(f.Juju.AddApplicationOf(f.Ctx, f.Model, fmt.Sprintf("web%d", i), servers.ConfigurableCharm))
	}
	var all []*v1alpha1.JujuSecretAccess
	for i := range n {
		access := gen.Access(f.Namespace, fmt.Sprintf("web-%d", i), "db-login", fmt.Sprintf("web%d", i))
		withOptions(option("db-secret"))(access)
		f.Create(access)
		all = append(all, access)
	}
	for _, access := range all {
		f.AwaitReason(access, v1alpha1.ReasonJujuSecretNotReady, "db-login")
	}
	before := f.Requests()
	f.uri("db-login") // Wakes all of them.
	for _, access := range all {
		f.AwaitReady(access)
	}
	after := f.Requests()
	sent := 0
	for _, method := range []string{"Application.GetConfig", "Application.SetConfigs"} {
		sent += after[method] - before[method]
	}
	if sent > n {
		t.Errorf("%d accesses with one option took %d requests for options, want at most one each", n, sent)
	}
	f.LookNow(all[0])
	looked := f.Requests()
	if sets := looked["Application.SetConfigs"] - after["Application.SetConfigs"]; sets > 0 {
		t.Errorf("%d requests set options although nothing changed", sets)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

func grant(r *run) {
	r.access = gen.Access(r.Namespaces[0], "access", name, "app1", "app2")
	r.Create(r.access)
}

func createAccess(r *run) {
	createSecret(r)
	grant(r)
	r.Await(func() string { return isGranted(r) })
}

func isGranted(r *run) string { return r.synced(r.access) }

func deleteAccess(r *run) { r.Delete(r.access) }

func isRevoked(r *run) string { return r.gone(r.access) }

// expectGranted waits until the access is in sync, or gone if apps is empty. It
// checks that Juju holds only this secret, with these grants, and that the
// operator writes nothing else.
func (r *run) expectGranted(apps ...string) {
	r.Helper()
	if len(apps) == 0 {
		r.Await(func() string { return isRevoked(r) })
	} else {
		r.Await(func() string { return isGranted(r) })
		r.expectQuiet(r.access)
	}
	r.expectJuju(servers.UserSecret{
		ID: r.id, Name: name, Info: info, Revision: 1,
		Content: servers.Content(holding("first")), Granted: apps,
	})
	r.expectQuiet(r.obj)
}

func TestGrantsAreMadeOnceAndRevokedOnce(t *testing.T) {
	scenario{
		least: 3, setup: createSecret, act: grant, until: isGranted,
		want: func(r *run) {
			r.expectGranted("app1", "app2")
			r.expectRequests("GrantSecret", 1, 1)
			if r.killedAt[0] != "" { // An operator that was not killed only reconciles again.
				r.Delete(r.access)
				r.expectGranted()
				r.expectRequests("RevokeSecret", 1, 1)
			}
		},
	}.test(t)
}

func TestDeletionRevokesGrantsOnce(t *testing.T) {
	scenario{
		least: 2, setup: createAccess, act: deleteAccess, until: isRevoked,
		want: func(r *run) {
			r.expectGranted()
			r.expectRequests("RevokeSecret", 1, 1)
		},
	}.test(t)
}

func TestDeletionRevokesInterruptedGrants(t *testing.T) {
	scenario{
		least: 3, setup: createSecret, act: grant, until: isGranted, whileDown: deleteAccess,
		want: func(r *run) {
			r.expectGranted()
			r.expectRequests("RevokeSecret", 0, 1)
		},
	}.test(t)
}

func TestInterruptedGrantIsRevokedWhenNoLongerWanted(t *testing.T) {
	scenario{
		least: 3, setup: createSecret, act: grant, until: isGranted,
		whileDown: func(r *run) {
			env.Change(r, r.access, func(o *v1alpha1.JujuSecretAccess) {
				o.Spec.Applications = gen.Applications("app2", "app3")
			})
		},
		want: func(r *run) { r.expectGranted("app2", "app3") },
	}.test(t)
}

func TestChangedApplicationsReplaceGrants(t *testing.T) {
	scenario{
		least: 4, setup: createAccess, until: isGranted,
		act: func(r *run) {
			env.Change(r, r.access, func(o *v1alpha1.JujuSecretAccess) {
				o.Spec.Applications = gen.Applications("app2", "app3")
			})
		},
		want: func(r *run) {
			r.expectGranted("app2", "app3")
			r.expectRequests("GrantSecret", 1, 1)
			r.expectRequests("RevokeSecret", 1, 1)
		},
	}.test(t)
}

// The operator does not revoke a grant that a user created manually.
func TestDeletionLeavesManualGrant(t *testing.T) {
	scenario{
		least: 3,
		setup: func(r *run) {
			createSecret(r)
			r.Must(r.Juju.Grant(r.Ctx, r.Model, r.id, "app3"))
		},
		act: grant, until: isGranted, whileDown: deleteAccess,
		want: func(r *run) {
			r.Await(func() string { return isRevoked(r) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")),
				Granted: []string{"app3"},
			})
		},
	}.test(t)
}

func TestAdoptedGrantIsRevokedOnce(t *testing.T) {
	scenario{
		least: 3,
		setup: func(r *run) {
			createSecret(r)
			r.Must(r.Juju.Grant(r.Ctx, r.Model, r.id, "app1"))
		},
		act: func(r *run) {
			r.access = gen.Access(r.Namespaces[0], "access", name, "app1", "app2")
			r.access.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt
			r.Create(r.access)
		},
		until: isGranted,
		want: func(r *run) {
			r.expectGranted("app1", "app2")
			if r.killedAt[0] != "" { // An operator that was not killed only reconciles again.
				r.Delete(r.access)
				r.expectGranted()
				r.expectRequests("RevokeSecret", 1, 1)
			}
		},
	}.test(t)
}

// configurable is an application of every model whose charm has options.
const configurable = "configurable"

// configure creates an access that sets an option to the secret.
func configure(r *run) {
	r.access = gen.Access(r.Namespaces[0], "access", name, configurable)
	setOptions("db-secret")(r.access)
	r.Create(r.access)
}

func setOptions(names ...string) func(*v1alpha1.JujuSecretAccess) {
	return func(o *v1alpha1.JujuSecretAccess) {
		o.Spec.Applications[0].ConfigOptions = nil
		for _, name := range names {
			o.Spec.Applications[0].ConfigOptions = append(o.Spec.Applications[0].ConfigOptions,
				v1alpha1.ConfigOption{Name: name})
		}
	}
}

func createConfigured(r *run) {
	createSecret(r)
	configure(r)
	r.Await(func() string { return isGranted(r) })
}

// expectOptions checks the options that name the secret in Juju.
func (r *run) expectOptions(names ...string) {
	r.Helper()
	want := map[string]any{}
	for _, name := range names {
		want[name] = "secret:" + r.id
	}
	got, err := r.Juju.Options(r.Ctx, r.Model, configurable)
	r.Must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("the options of %s (-want +got):\n%s", configurable, diff)
	}
}

func TestOptionIsSetOnceAndResetOnce(t *testing.T) {
	scenario{
		least: 4, setup: createSecret, act: configure, until: isGranted,
		want: func(r *run) {
			r.expectGranted(configurable)
			r.expectOptions("db-secret")
			if r.killedAt[0] != "" { // An operator that was not killed only reconciles again.
				r.Delete(r.access)
				r.expectGranted()
				r.expectOptions()
			}
		},
	}.test(t)
}

func TestDeletionResetsOptionAndRevokesGrant(t *testing.T) {
	scenario{
		least: 3, setup: createConfigured, act: deleteAccess, until: isRevoked,
		want: func(r *run) {
			r.expectGranted()
			r.expectOptions()
		},
	}.test(t)
}

func TestDeletionResetsInterruptedOption(t *testing.T) {
	scenario{
		least: 4, setup: createSecret, act: configure, until: isGranted, whileDown: deleteAccess,
		want: func(r *run) {
			r.expectGranted()
			r.expectOptions()
		},
	}.test(t)
}

func TestChangedOptionsReplaceEachOther(t *testing.T) {
	scenario{
		least: 4, setup: createConfigured, until: isGranted,
		act: func(r *run) { env.Change(r, r.access, setOptions("note")) },
		want: func(r *run) {
			r.expectGranted(configurable)
			r.expectOptions("note")
		},
	}.test(t)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

func grant(r *run) {
	r.access = gen.Access(r.ns[0], "access", name, "app1", "app2")
	r.Create(r.access)
}

func makeAccess(r *run) {
	makeSecret(r)
	grant(r)
	r.Await(func() string { return isGranted(r) })
}

func isGranted(r *run) string { return r.synced(r.access) }

func deleteAccess(r *run) { r.Delete(r.access) }

func isRevoked(r *run) string { return r.gone(r.access) }

// expectGranted waits until the access is gone, or in sync, and checks that Juju holds the secret with these grants, and
// that this is all.
func (r *run) expectGranted(apps ...string) {
	r.Helper()
	if len(apps) == 0 {
		r.Await(func() string { return isRevoked(r) })
	} else {
		r.Await(func() string { return isGranted(r) })
		r.expectQuiet(r.access)
	}
	r.expectJuju(servers.UserSecret{
		ID: r.id, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")), Granted: apps,
	})
	r.expectQuiet(r.obj)
}

func TestGrantsAreMadeAndRevoked(t *testing.T) {
	story{
		least: 3, setup: makeSecret, deed: grant, done: isGranted,
		end: func(r *run) {
			r.expectGranted("app1", "app2")
			r.expectRequests("GrantSecret", 1, 1)
			if r.struck[0] != "" { // Otherwise nothing but looks is expected.
				r.Delete(r.access)
				r.expectGranted()
				r.expectRequests("RevokeSecret", 1, 1)
			}
		},
	}.tell(t)
}

func TestADeletedAccessIsRevoked(t *testing.T) {
	story{
		least: 2, setup: makeAccess, deed: deleteAccess, done: isRevoked,
		end: func(r *run) {
			r.expectGranted()
			r.expectRequests("RevokeSecret", 1, 1)
		},
	}.tell(t)
}

func TestADeletedAccessLeavesNothingOfGrantsThatWereCutOff(t *testing.T) {
	story{
		least: 3, setup: makeSecret, deed: grant, done: isGranted, down: deleteAccess,
		end: func(r *run) {
			r.expectGranted()
			r.expectRequests("RevokeSecret", 0, 1)
		},
	}.tell(t)
}

func TestGrantsThatWereCutOffAreRevokedIfNobodyWantsThemAnyMore(t *testing.T) {
	story{
		least: 3, setup: makeSecret, deed: grant, done: isGranted,
		down: func(r *run) {
			stage.Change(r, r.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2", "app3") })
		},
		end: func(r *run) { r.expectGranted("app2", "app3") },
	}.tell(t)
}

func TestOtherApplicationsTakeTheGrantsOver(t *testing.T) {
	story{
		least: 4, setup: makeAccess, done: isGranted,
		deed: func(r *run) {
			stage.Change(r, r.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2", "app3") })
		},
		end: func(r *run) {
			r.expectGranted("app2", "app3")
			r.expectRequests("GrantSecret", 1, 1)
			r.expectRequests("RevokeSecret", 1, 1)
		},
	}.tell(t)
}

// A grant that somebody made by hand is not the operator's to revoke.
func TestAGrantByHandOutlivesTheAccess(t *testing.T) {
	story{
		least: 3,
		setup: func(r *run) {
			makeSecret(r)
			r.Must(lab.juju.Grant(r.Ctx, r.model, r.id, "app3"))
		},
		deed: grant, done: isGranted, down: deleteAccess,
		end: func(r *run) {
			r.Await(func() string { return isRevoked(r) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")), Granted: []string{"app3"},
			})
		},
	}.tell(t)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	name = "db-login"
	info = "Login of the database"
)

// createSource creates the Kubernetes Secret that holds the content.
func createSource(r *run) {
	r.source = gen.Secret(r.Namespaces[0], "source", holding("first"))
	r.Create(r.source)
}

// apply creates a JujuSecret with the source.
func (r *run) apply(modify ...func(*v1alpha1.JujuSecret)) {
	r.Helper()
	r.obj = gen.JujuSecret(r.Namespaces[0], name, r.Model.Name, append(modify, gen.FromSecret("source"))...)
	r.Create(r.obj)
}

func applyPruned(r *run) { r.apply(gen.Info(info), gen.Pruned) }

// createSecret creates a JujuSecret and waits until its secret is in Juju.
func createSecret(r *run) {
	createSource(r)
	applyPruned(r)
	r.Await(func() string { return r.atRevision(r.obj, 1) })
	r.id = r.obj.Status.SecretID
}

func isSynced(r *run) string { return r.synced(r.obj) }

func isGone(r *run) string { return r.gone(r.obj) }

func deleteSecret(r *run) { r.Delete(r.obj) }

// expectOwned waits until the object is in sync at a revision. It checks that
// Juju holds only its secret, and that the operator writes nothing else.
func (r *run) expectOwned(want servers.UserSecret) {
	r.Helper()
	r.Await(func() string { return r.atRevision(r.obj, want.Revision) })
	if want.ID == "" {
		want.ID = r.obj.Status.SecretID
	}
	for range 2 {
		if r.obj.Status.SecretID != want.ID || !r.obj.Status.Managed {
			r.Errorf("the status is %+v, want managed secret:%s", r.obj.Status, want.ID)
		}
		r.expectJuju(want)
		r.expectQuiet(r.obj)
	}
}

// expectCreatedOnce checks that the secret was created once, not adopted, and
// that the operator set autoPrune. Juju does not report autoPrune, so the
// status is checked.
func (r *run) expectCreatedOnce() {
	r.Helper()
	r.expectRequests("CreateSecrets", 1, 1)
	if status := r.obj.Status; status.Adopted || status.AutoPrune == nil || !*status.AutoPrune {
		r.Errorf("the status is %+v, want a secret that was not adopted, with autoPrune", status)
	}
}

// updatesOfPruning returns the maximum number of updates that set autoPrune. If
// only the creation is recorded, the operator does not know whether Juju got
// the update, and sends it again.
func (r *run) updatesOfPruning() int {
	if r.killedAt[0] != "" && r.requests("UpdateSecrets") > 1 {
		return 2
	}
	return 1
}

func TestSecretIsCreatedOnce(t *testing.T) {
	scenario{
		least: 4, answersLost: true,
		setup: createSource, act: applyPruned, until: isSynced,
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectCreatedOnce()
			r.expectRequests("UpdateSecrets", 1, r.updatesOfPruning())
		},
	}.test(t)
}

// The second operator finds the secret by the recorded digest of the content it
// was created with, although the source has changed.
func TestInterruptedCreationIsFoundByDigest(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			r.created()
			r.setContent("second")
		},
		want: func(r *run) {
			want := servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("second")),
			}
			if r.id != "" {
				want.Revision = 2
			}
			r.expectOwned(want)
			r.expectCreatedOnce()
		},
	}.test(t)
}

func TestInterruptedCreationIsFoundAfterRename(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			r.created()
			env.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectCreatedOnce()
		},
	}.test(t)
}

func TestInterruptedCreationIsFoundAfterRenameAndContentChange(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			r.created()
			r.setContent("second")
			env.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		want: func(r *run) {
			want := servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: 1, Content: servers.Content(holding("second")),
			}
			if r.id != "" {
				want.Revision = 2
			}
			r.expectOwned(want)
			r.expectCreatedOnce()
		},
	}.test(t)
}

// The second operator finds the created secret, and is killed while it updates
// it.
func TestSecretIsCreatedOnceWhenSecondOperatorIsKilled(t *testing.T) {
	revision := 0 // The revision after the next update.
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			revision = 1
			if r.created() {
				revision = 2
			}
			r.setContent("second")
			env.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		untilAgain: func(r *run) string { return r.atRevision(r.obj, revision) },
		whileDownAgain: func(r *run) {
			revision = 1
			for _, secret := range r.InJuju() {
				if r.id != "" && r.id != secret.ID {
					r.Errorf("secret:%s became secret:%s", r.id, secret.ID)
				}
				r.id, revision = secret.ID, secret.Revision+1
			}
			r.setContent("third")
		},
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: revision, Content: servers.Content(holding("third")),
			})
			r.expectCreatedOnce()
		},
	}.test(t)
}

// The source is deleted too, like in the deletion of a namespace. The object
// itself holds the digest.
func TestDeletionRemovesInterruptedCreation(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) { r.Delete(r.obj, r.source) },
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			r.expectRequests("CreateSecrets", 0, 1)
			r.expectRequests("RemoveSecrets", 0, 1)
		},
	}.test(t)
}

func TestContentChangeAddsOneRevision(t *testing.T) {
	scenario{
		least: 2, setup: createSecret,
		act:   func(r *run) { r.setContent("second") },
		until: func(r *run) string { return r.atRevision(r.obj, 2) },
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 2, Content: servers.Content(holding("second")),
			})
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.test(t)
}

func TestRenameAndInfoChangeAddNoRevision(t *testing.T) {
	scenario{
		least: 2, setup: createSecret,
		act: func(r *run) {
			env.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Info = "renamed", "Other info" })
		},
		until: isSynced,
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: "Other info", Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.test(t)
}

func TestDeletionRemovesSecret(t *testing.T) {
	scenario{
		least: 2, setup: createSecret, act: deleteSecret, until: isGone,
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			// Juju may still be removing the secret when the next operator
			// reconciles.
			r.expectRequests("RemoveSecrets", 1, 2)
		},
	}.test(t)
}

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

const (
	name = "db-login"
	info = "Login of the database"
)

// makeSource makes the Kubernetes Secret that the content comes from.
func makeSource(r *run) {
	r.source = gen.Secret(r.ns[0], "source", holding("first"))
	r.Create(r.source)
}

// apply applies a JujuSecret of that source.
func (r *run) apply(modify ...func(*v1alpha1.JujuSecret)) {
	r.Helper()
	r.obj = gen.JujuSecret(r.ns[0], name, r.model.Name, append(modify, gen.FromSecret("source"))...)
	r.Create(r.obj)
}

func applyPruned(r *run) { r.apply(gen.Info(info), gen.Pruned) }

// makeSecret makes a JujuSecret that has its secret in Juju.
func makeSecret(r *run) {
	makeSource(r)
	applyPruned(r)
	r.Await(func() string { return r.atRevision(r.obj, 1) })
	r.id = r.obj.Status.SecretID
}

func isSynced(r *run) string { return r.synced(r.obj) }

func isGone(r *run) string { return r.gone(r.obj) }

func deleteIt(r *run) { r.Delete(r.obj) }

// expectOurs waits until the object is in sync at a revision, and checks that Juju holds its secret and nothing else, and
// that this is all.
func (r *run) expectOurs(want servers.UserSecret) {
	r.Helper()
	r.Await(func() string { return r.atRevision(r.obj, want.Revision) })
	if want.ID == "" {
		want.ID = r.obj.Status.SecretID
	}
	for range 2 {
		if r.obj.Status.SecretID != want.ID || !r.obj.Status.Managed {
			r.Errorf("the status is %+v, want it to manage secret:%s", r.obj.Status, want.ID)
		}
		r.expectJuju(want)
		r.expectQuiet(r.obj)
	}
}

// expectMade checks a secret that was made just once, and pruned at least once, as Juju does not tell whether it is.
func (r *run) expectMade() {
	r.Helper()
	r.expectRequests("CreateSecrets", 1, 1)
	if status := r.obj.Status; status.Adopted || status.AutoPrune == nil || !*status.AutoPrune {
		r.Errorf("the status is %+v, want a secret that was made for the object, and is pruned", status)
	}
}

// updatesOfPruning is how many updates it takes to make Juju prune. When the operator knows of the creation only, it
// cannot tell whether Juju was asked.
func (r *run) updatesOfPruning() int {
	if r.struck[0] != "" && r.requests("UpdateSecrets") > 1 {
		return 2
	}
	return 1
}

func TestASecretIsMadeOnce(t *testing.T) {
	story{
		least: 4, answersLost: true,
		setup: makeSource, deed: applyPruned, done: isSynced,
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first"))})
			r.expectMade()
			r.expectRequests("UpdateSecrets", 1, r.updatesOfPruning())
		},
	}.tell(t)
}

// The secret that was made is known by the digest of what it was made with, whatever the source says by now.
func TestASecretThatWasMadeIsKnownByWhatItWasMadeWith(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			r.made()
			r.setContent("second")
		},
		end: func(r *run) {
			want := servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("second")),
			}
			if r.id != "" {
				want.Revision = 2
			}
			r.expectOurs(want)
			r.expectMade()
		},
	}.tell(t)
}

func TestASecretThatWasMadeIsFoundUnderItsFormerName(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			r.made()
			stage.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectMade()
		},
	}.tell(t)
}

func TestASecretThatWasMadeIsFoundThoughNameAndContentChanged(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			r.made()
			r.setContent("second")
			stage.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		end: func(r *run) {
			want := servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: 1, Content: servers.Content(holding("second")),
			}
			if r.id != "" {
				want.Revision = 2
			}
			r.expectOurs(want)
			r.expectMade()
		},
	}.tell(t)
}

// The second operator finds what the first one made, and is killed while it brings that up to date.
func TestASecretIsMadeOnceThoughTheNextOperatorIsKilledToo(t *testing.T) {
	revision := 0 // That the next operator brings it to.
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			revision = 1
			if r.made() {
				revision = 2
			}
			r.setContent("second")
			stage.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
		},
		doneAgain: func(r *run) string { return r.atRevision(r.obj, revision) },
		again: func(r *run) {
			revision = 1
			for _, secret := range r.inJuju() {
				if r.id != "" && r.id != secret.ID {
					r.Errorf("secret:%s became secret:%s", r.id, secret.ID)
				}
				r.id, revision = secret.ID, secret.Revision+1
			}
			r.setContent("third")
		},
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: info, Revision: revision, Content: servers.Content(holding("third")),
			})
			r.expectMade()
		},
	}.tell(t)
}

// The source goes along, as it does with a namespace: the digest is in the object.
func TestADeletedObjectLeavesNothingOfACreationThatWasCutOff(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) { r.Delete(r.obj, r.source) },
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			r.expectRequests("CreateSecrets", 0, 1)
			r.expectRequests("RemoveSecrets", 0, 1)
		},
	}.tell(t)
}

func TestOtherContentIsOneMoreRevision(t *testing.T) {
	story{
		least: 2, setup: makeSecret,
		deed: func(r *run) { r.setContent("second") },
		done: func(r *run) string { return r.atRevision(r.obj, 2) },
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: name, Info: info, Revision: 2, Content: servers.Content(holding("second")),
			})
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.tell(t)
}

func TestAnotherNameAndInfoAreNoRevision(t *testing.T) {
	story{
		least: 2, setup: makeSecret,
		deed: func(r *run) {
			stage.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name, o.Spec.Info = "renamed", "Other words" })
		},
		done: isSynced,
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: "renamed", Info: "Other words", Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.tell(t)
}

func TestADeletedSecretIsRemoved(t *testing.T) {
	story{
		least: 2, setup: makeSecret, deed: deleteIt, done: isGone,
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			r.expectRequests("RemoveSecrets", 1, 2) // Juju may not have carried it out when the next operator looks.
		},
	}.tell(t)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// foreignSecret creates the source, and a foreign secret with the name of the
// object and this content. A foreign secret is a secret in Juju that the
// operator did not create.
func foreignSecret(value string) func(r *run) {
	return func(r *run) {
		createSource(r)
		r.id = r.addSecret(name, value)
	}
}

func adopt(r *run) { r.apply(gen.Adopting, gen.Info("theirs")) }

func expectAdopted(r *run) {
	r.Helper()
	if !r.obj.Status.Adopted {
		r.Errorf("the status is %+v, want an adopted secret", r.obj.Status)
	}
	r.expectRequests("CreateSecrets", 0, 0)
}

// deleteAll checks after each run that the deletion retained the secret.
func TestAdoptionUpdatesSecretOnceAndRetainsIt(t *testing.T) {
	scenario{
		least: 3, setup: foreignSecret("theirs"), act: adopt, until: isSynced,
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 2, Content: servers.Content(holding("first")),
			})
			expectAdopted(r)
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.test(t)
}

func TestAdoptionOfSameContentChangesNothing(t *testing.T) {
	scenario{
		least: 2, setup: foreignSecret("first"), act: adopt, until: isSynced,
		want: func(r *run) {
			r.expectOwned(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			})
			expectAdopted(r)
			r.expectRequests("UpdateSecrets", 0, 0)
		},
	}.test(t)
}

func TestDeletionRetainsInterruptedAdoption(t *testing.T) {
	scenario{
		least: 3, setup: foreignSecret("theirs"), act: adopt, until: isSynced,
		whileDown: func(r *run) { r.Delete(r.obj, r.source) },
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			want := servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("theirs")),
			}
			if r.requests("UpdateSecrets") > 0 {
				want.Revision, want.Content = 2, servers.Content(holding("first"))
			}
			r.expectJuju(want)
			r.expectRequests("RemoveSecrets", 0, 0)
		},
	}.test(t)
}

func TestDeletionRetainsAdoptedSecret(t *testing.T) {
	scenario{
		least: 1,
		setup: func(r *run) {
			foreignSecret("first")(r)
			adopt(r)
			r.Await(func() string { return r.atRevision(r.obj, 1) })
		},
		act: deleteSecret, until: isGone,
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectRequests("RemoveSecrets", 0, 0)
		},
	}.test(t)
}

func TestDeletionRemovesAdoptedSecretWithPolicyDelete(t *testing.T) {
	scenario{
		least: 2,
		setup: func(r *run) {
			foreignSecret("first")(r)
			r.retained = nil
			r.apply(gen.Adopting, gen.Info("theirs"), gen.Deleted)
			r.Await(func() string { return r.atRevision(r.obj, 1) })
		},
		act: deleteSecret, until: isGone,
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			// Juju may still be removing the secret when the next operator
			// reconciles.
			r.expectRequests("RemoveSecrets", 1, 2)
		},
	}.test(t)
}

// applyTwice creates two JujuSecrets with the same name and content, one in
// each namespace, at the same time. first is the index of the namespace that
// comes first.
func applyTwice(first int, modify ...func(*v1alpha1.JujuSecret)) func(r *run) {
	return func(r *run) {
		modify := append(modify, gen.Value(holding("same")))
		r.obj = gen.JujuSecret(r.Namespaces[first], name, r.Model.Name, modify...)
		r.another = gen.JujuSecret(r.Namespaces[1-first], name, r.Model.Name, modify...)
		r.Create(r.obj, r.another)
	}
}

// oneOwnsSecret returns what is missing until one of the two objects owns the
// secret and the other object reports a conflict.
func oneOwnsSecret(r *run) string {
	r.Helper()
	if r.Refresh(r.another); r.another.Status.Managed {
		return r.ownsSecret(r.another, r.obj)
	}
	return r.ownsSecret(r.obj, r.another)
}

// ownsSecret returns what is missing until owner owns the secret and loser
// reports a conflict that names the secret.
func (r *run) ownsSecret(owner, loser *v1alpha1.JujuSecret) string {
	r.Helper()
	if missing := r.atRevision(owner, 1); missing != "" {
		return missing
	}
	if missing := r.shows(loser, metav1.ConditionFalse, v1alpha1.ReasonConflict); missing != "" {
		return missing
	}
	ready := meta.FindStatusCondition(loser.Status.Conditions, v1alpha1.ConditionReady)
	if !strings.Contains(ready.Message, owner.Status.SecretID) {
		return "the conflict does not name the secret: " + ready.Message
	}
	return ""
}

// expectOwner checks that owner owns the secret and loser has none.
func (r *run) expectOwner(owner, loser *v1alpha1.JujuSecret) {
	r.Helper()
	if !owner.Status.Managed || loser.Status.Managed || loser.Status.SecretID != "" {
		r.Errorf("the statuses are %+v and %+v, want only the first one managed", owner.Status, loser.Status)
	}
	r.expectQuiet(owner, loser)
}

func TestConflictLeavesOneOwner(t *testing.T) {
	// With the same creation time, the object in the first namespace counts as
	// older.
	for name, first := range map[string]int{"older object first": 0, "older object second": 1} {
		t.Run(name, func(t *testing.T) {
			scenario{
				least: 4, act: applyTwice(first), until: oneOwnsSecret,
				want: func(r *run) {
					r.Await(func() string { return oneOwnsSecret(r) })
					owner, loser := r.obj, r.another
					if loser.Status.Managed {
						owner, loser = loser, owner
					}
					r.expectOwner(owner, loser)
					r.expectJuju(servers.UserSecret{
						ID: owner.Status.SecretID, Name: owner.Name, Revision: 1, Content: servers.Content(holding("same")),
					})
					r.expectRequests("CreateSecrets", 1, 1)
					r.expectRequests("UpdateSecrets", 0, 0)
					r.expectRequests("RemoveSecrets", 0, 0)
				},
			}.test(t)
		})
	}
}

func TestConflictOverAdoptionLeavesOneOwner(t *testing.T) {
	scenario{
		least: 3, until: oneOwnsSecret,
		setup: func(r *run) { r.id = r.addSecret(name, "same") },
		act: func(r *run) {
			applyTwice(1, gen.Adopting, gen.Info("theirs"))(r)
		},
		want: func(r *run) {
			r.Await(func() string { return oneOwnsSecret(r) })
			owner, loser := r.obj, r.another
			if loser.Status.Managed {
				owner, loser = loser, owner
			}
			r.expectOwner(owner, loser)
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("same")),
			})
			r.expectRequests("CreateSecrets", 0, 0)
			r.expectRequests("UpdateSecrets", 0, 0)
		},
	}.test(t)
}

// applyCompetitor creates another JujuSecret for the same name in the other
// namespace, while the operator is down.
func applyCompetitor(r *run, modify ...func(*v1alpha1.JujuSecret)) {
	r.another = gen.JujuSecret(r.Namespaces[1], "competitor", r.Model.Name, append(modify, gen.Named(name))...)
	r.Create(r.another)
}

// A recorded creation is not a foreign secret that another object can adopt.
// This holds even while the owner has no source and cannot continue.
func TestConflictOverInterruptedCreationKeepsOwner(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			if r.created(); r.recorded() { // Without a record the competitor may come first.
				r.Delete(r.source)
				applyCompetitor(r, gen.Adopting, gen.Value(holding("competitor")))
			}
		},
		want: func(r *run) {
			if r.another == nil {
				r.expectOwned(servers.UserSecret{
					Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")),
				})
				return
			}
			r.Await(func() string { return r.shows(r.another, metav1.ConditionFalse, v1alpha1.ReasonConflict) })
			// Wait for SourceNotFound, because the status may still be the
			// first operator's.
			r.Await(func() string { return r.shows(r.obj, metav1.ConditionFalse, v1alpha1.ReasonSourceNotFound) })
			createSource(r)
			r.Await(func() string { return r.ownsSecret(r.obj, r.another) })
			r.expectOwner(r.obj, r.another)
			r.expectJuju(servers.UserSecret{
				ID: r.obj.Status.SecretID, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectCreatedOnce()
		},
	}.test(t)
}

// The competitor waits until the owner's secret has its new name.
func TestConflictEndsWhenOwnerIsRenamed(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			r.created()
			env.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
			applyCompetitor(r, gen.Value(holding("first")))
		},
		want: func(r *run) {
			r.Await(func() string { return r.atRevision(r.obj, 1) })
			r.Await(func() string { return r.atRevision(r.another, 1) })
			if r.id != "" && r.obj.Status.SecretID != r.id {
				r.Errorf("the object has secret:%s, want secret:%s, which was created for it", r.obj.Status.SecretID, r.id)
			}
			r.expectJuju(
				servers.UserSecret{
					ID: r.another.Status.SecretID, Name: name, Revision: 1, Content: servers.Content(holding("first")),
				},
				servers.UserSecret{
					ID: r.obj.Status.SecretID, Name: "renamed", Info: info, Revision: 1,
					Content: servers.Content(holding("first")),
				},
			)
			r.expectRequests("CreateSecrets", 1, 2) // One request can create both.
			r.expectQuiet(r.obj, r.another)
		},
	}.test(t)
}

// The competitor waits until the owner has removed its secret. Then it creates
// its own.
func TestConflictEndsWhenOwnerIsDeleted(t *testing.T) {
	scenario{
		least: 4, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			r.created()
			r.Delete(r.obj)
			applyCompetitor(r, gen.Value(holding("first")))
		},
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.Await(func() string { return r.atRevision(r.another, 1) })
			if r.another.Status.SecretID == r.id {
				r.Error("the competitor has the secret that was created for the deleted object")
			}
			r.expectJuju(servers.UserSecret{
				ID: r.another.Status.SecretID, Name: name, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectQuiet(r.another)
		},
	}.test(t)
}

// takeName adds a foreign secret with the name and this content while the
// operator is down. Once the operator has created its secret, the name is taken
// and the scenario is over.
func takeName(value string) func(r *run) {
	return func(r *run) {
		if r.over = r.created(); !r.over {
			r.id = r.addSecret(name, value)
		}
	}
}

func expectTaken(want servers.UserSecret) func(r *run) {
	return func(r *run) {
		r.Await(func() string { return r.shows(r.obj, metav1.ConditionFalse, v1alpha1.ReasonNameTaken) })
		want.ID = r.id
		r.expectQuiet(r.obj)
		r.expectJuju(want)
		r.Delete(r.obj)
		r.Await(func() string { return r.gone(r.obj) })
		r.expectJuju(want)
		for _, verb := range []string{"CreateSecrets", "UpdateSecrets", "RemoveSecrets"} {
			r.expectRequests(verb, 0, 0)
		}
	}
}

func TestForeignSecretWithOtherContentIsNotOwned(t *testing.T) {
	scenario{
		least: 2, setup: createSource, act: applyPruned, until: isSynced, whileDown: takeName("theirs"),
		want: expectTaken(servers.UserSecret{
			Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("theirs")),
		}),
	}.test(t)
}

// A secret with a later revision was changed after its creation. The operator
// does not own it, even if its content matches.
func TestForeignSecretWithLaterRevisionIsNotOwned(t *testing.T) {
	scenario{
		least: 2, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			if takeName("theirs")(r); !r.over {
				r.Must(r.Juju.UpdateSecret(r.Ctx, r.Model, r.id, "", "", holding("first")))
			}
		},
		want: expectTaken(servers.UserSecret{
			Name: name, Info: "theirs", Revision: 2, Content: servers.Content(holding("first")),
		}),
	}.test(t)
}

func TestDeletionLeavesForeignSecret(t *testing.T) {
	scenario{
		least: 2, setup: createSource, act: applyPruned, until: isSynced,
		whileDown: func(r *run) {
			takeName("theirs")(r)
			r.Delete(r.obj)
		},
		want: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("theirs")),
			})
			r.expectRequests("RemoveSecrets", 0, 0)
		},
	}.test(t)
}

// This is the limit of detection. While the operator is down, a user can create
// a secret with exactly the recorded name and content. As long as it is not
// changed, it is identical to the secret that the operator would have created.
// The operator then owns it, provided that the record was written, and removes
// it with the object.
func TestForeignSecretIdenticalToRecordIsOwned(t *testing.T) {
	scenario{
		least: 2, setup: createSource, act: applyPruned, until: isSynced, whileDown: takeName("first"),
		want: func(r *run) {
			theirs := servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			}
			if !r.recorded() {
				expectTaken(theirs)(r)
				return
			}
			r.retained = nil
			theirs.Info = info
			r.expectOwned(theirs)
			r.expectRequests("CreateSecrets", 0, 0)
		},
	}.test(t)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// strangers makes the source, and a stranger's secret of the name with this content.
func strangers(value string) func(r *run) {
	return func(r *run) {
		makeSource(r)
		r.id = r.addSecret(name, value)
	}
}

func adopt(r *run) { r.apply(gen.Adopting, gen.Info("theirs")) }

func expectAdopted(r *run) {
	r.Helper()
	if !r.obj.Status.Adopted {
		r.Errorf("the status is %+v, want it to tell of an adoption", r.obj.Status)
	}
	r.expectRequests("CreateSecrets", 0, 0)
}

// That it is retained when the object is deleted is checked after each run, as for every stranger's secret.
func TestAnAdoptedSecretIsRetained(t *testing.T) {
	story{
		least: 3, setup: strangers("theirs"), deed: adopt, done: isSynced,
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 2, Content: servers.Content(holding("first")),
			})
			expectAdopted(r)
			r.expectRequests("UpdateSecrets", 1, 1)
		},
	}.tell(t)
}

func TestAnAdoptedSecretOfTheSameContentIsNotChanged(t *testing.T) {
	story{
		least: 2, setup: strangers("first"), deed: adopt, done: isSynced,
		end: func(r *run) {
			r.expectOurs(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			})
			expectAdopted(r)
			r.expectRequests("UpdateSecrets", 0, 0)
		},
	}.tell(t)
}

func TestAnAdoptionThatWasCutOffIsRetainedToo(t *testing.T) {
	story{
		least: 3, setup: strangers("theirs"), deed: adopt, done: isSynced,
		down: func(r *run) { r.Delete(r.obj, r.source) },
		end: func(r *run) {
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
	}.tell(t)
}

func TestAnAdoptedSecretIsRetainedByADeletion(t *testing.T) {
	story{
		least: 1,
		setup: func(r *run) {
			strangers("first")(r)
			adopt(r)
			r.Await(func() string { return r.atRevision(r.obj, 1) })
		},
		deed: deleteIt, done: isGone,
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectRequests("RemoveSecrets", 0, 0)
		},
	}.tell(t)
}

func TestAnAdoptedSecretIsRemovedIfTheManifestSaysSo(t *testing.T) {
	story{
		least: 2,
		setup: func(r *run) {
			strangers("first")(r)
			r.left = nil
			r.apply(gen.Adopting, gen.Info("theirs"), gen.Deleted)
			r.Await(func() string { return r.atRevision(r.obj, 1) })
		},
		deed: deleteIt, done: isGone,
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju()
			r.expectRequests("RemoveSecrets", 1, 2) // Juju may not have carried it out when the next operator looks.
		},
	}.tell(t)
}

// applyTwice applies two JujuSecrets of the same name and content at the same moment, in two namespaces: first that in
// the first one.
func applyTwice(first int, modify ...func(*v1alpha1.JujuSecret)) func(r *run) {
	return func(r *run) {
		modify := append(modify, gen.Value(holding("same")))
		r.obj = gen.JujuSecret(r.ns[first], name, r.model.Name, modify...)
		r.another = gen.JujuSecret(r.ns[1-first], name, r.model.Name, modify...)
		r.Create(r.obj, r.another)
	}
}

// oneHasIt tells whether one of two objects has the secret and the other one says whose it is.
func oneHasIt(r *run) string {
	r.Helper()
	if r.Refresh(r.another); r.another.Status.Managed {
		return r.hasIt(r.another, r.obj)
	}
	return r.hasIt(r.obj, r.another)
}

// hasIt tells whether an object has the secret and the other one says so.
func (r *run) hasIt(owner, loser *v1alpha1.JujuSecret) string {
	r.Helper()
	if missing := r.atRevision(owner, 1); missing != "" {
		return missing
	}
	if missing := r.tells(loser, metav1.ConditionFalse, v1alpha1.ReasonConflict); missing != "" {
		return missing
	}
	ready := meta.FindStatusCondition(loser.Status.Conditions, v1alpha1.ConditionReady)
	if !strings.Contains(ready.Message, owner.Status.SecretID) {
		return "the other object does not tell of the secret: " + ready.Message
	}
	return ""
}

// expectOwner checks that one object has the secret, and the other one has none.
func (r *run) expectOwner(owner, loser *v1alpha1.JujuSecret) {
	r.Helper()
	if !owner.Status.Managed || loser.Status.Managed || loser.Status.SecretID != "" {
		r.Errorf("the statuses are %+v and %+v, want one to manage the secret", owner.Status, loser.Status)
	}
	r.expectQuiet(owner, loser)
}

func TestOfTwoObjectsOneHasTheSecret(t *testing.T) {
	// Of two that are made within a second, the one in the first namespace counts as the older one.
	for name, first := range map[string]int{"the older one comes first": 0, "the older one comes second": 1} {
		t.Run(name, func(t *testing.T) {
			story{
				least: 4, deed: applyTwice(first), done: oneHasIt,
				end: func(r *run) {
					r.Await(func() string { return oneHasIt(r) })
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
			}.tell(t)
		})
	}
}

func TestOfTwoObjectsOneAdopts(t *testing.T) {
	story{
		least: 3, done: oneHasIt,
		setup: func(r *run) { r.id = r.addSecret(name, "same") },
		deed: func(r *run) {
			applyTwice(1, gen.Adopting, gen.Info("theirs"))(r)
		},
		end: func(r *run) {
			r.Await(func() string { return oneHasIt(r) })
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
	}.tell(t)
}

// applyRival applies another JujuSecret of the name, in the other namespace, while the operator is down.
func applyRival(r *run, modify ...func(*v1alpha1.JujuSecret)) {
	r.another = gen.JujuSecret(r.ns[1], "rival", r.model.Name, append(modify, gen.Named(name))...)
	r.Create(r.another)
}

// The creation is on record, so the secret is not a stranger's that could be adopted, even while the object that it was made
// for has no source to go on with.
func TestASecretThatWasMadeForOneObjectIsNotAdoptedByAnother(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			if r.made(); r.recorded() { // Otherwise the other one may come first.
				r.Delete(r.source)
				applyRival(r, gen.Adopting, gen.Value(holding("rival")))
			}
		},
		end: func(r *run) {
			if r.another == nil {
				r.expectOurs(servers.UserSecret{Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first"))})
				return
			}
			r.Await(func() string { return r.tells(r.another, metav1.ConditionFalse, v1alpha1.ReasonConflict) })
			// Otherwise the status that the first operator wrote may be taken for what the second one has come to.
			r.Await(func() string { return r.tells(r.obj, metav1.ConditionFalse, v1alpha1.ReasonSourceNotFound) })
			makeSource(r)
			r.Await(func() string { return r.hasIt(r.obj, r.another) })
			r.expectOwner(r.obj, r.another)
			r.expectJuju(servers.UserSecret{
				ID: r.obj.Status.SecretID, Name: name, Info: info, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectMade()
		},
	}.tell(t)
}

// The other object waits until the first one's secret has its new name.
func TestAnotherObjectTakesTheFormerNameOfACreationThatWasCutOff(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			r.made()
			stage.Change(r, r.obj, func(o *v1alpha1.JujuSecret) { o.Spec.Name = "renamed" })
			applyRival(r, gen.Value(holding("first")))
		},
		end: func(r *run) {
			r.Await(func() string { return r.atRevision(r.obj, 1) })
			r.Await(func() string { return r.atRevision(r.another, 1) })
			if r.id != "" && r.obj.Status.SecretID != r.id {
				r.Errorf("the object has secret:%s, want secret:%s, which was made for it", r.obj.Status.SecretID, r.id)
			}
			r.expectJuju(
				servers.UserSecret{
					ID: r.another.Status.SecretID, Name: name, Revision: 1, Content: servers.Content(holding("first")),
				},
				servers.UserSecret{
					ID: r.obj.Status.SecretID, Name: "renamed", Info: info, Revision: 1, Content: servers.Content(holding("first")),
				},
			)
			r.expectRequests("CreateSecrets", 1, 2) // One request can make both.
			r.expectQuiet(r.obj, r.another)
		},
	}.tell(t)
}

// The other object waits until the first one has removed what was made for it, and makes one of its own.
func TestAnotherObjectFollowsOnACreationThatWasCutOff(t *testing.T) {
	story{
		least: 4, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			r.made()
			r.Delete(r.obj)
			applyRival(r, gen.Value(holding("first")))
		},
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.Await(func() string { return r.atRevision(r.another, 1) })
			if r.another.Status.SecretID == r.id {
				r.Error("the object took up the secret that was made for another")
			}
			r.expectJuju(servers.UserSecret{
				ID: r.another.Status.SecretID, Name: name, Revision: 1, Content: servers.Content(holding("first")),
			})
			r.expectQuiet(r.another)
		},
	}.tell(t)
}

// takeName makes a stranger take the name while the operator is down, with this content. Once the operator has made its
// secret nobody can, and the story is over.
func takeName(value string) func(r *run) {
	return func(r *run) {
		if r.over = r.made(); !r.over {
			r.id = r.addSecret(name, value)
		}
	}
}

func expectTaken(want servers.UserSecret) func(r *run) {
	return func(r *run) {
		r.Await(func() string { return r.tells(r.obj, metav1.ConditionFalse, v1alpha1.ReasonNameTaken) })
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

func TestAStrangersSecretOfOtherContentIsNotTakenForOurs(t *testing.T) {
	story{
		least: 2, setup: makeSource, deed: applyPruned, done: isSynced, down: takeName("theirs"),
		end: expectTaken(servers.UserSecret{Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("theirs"))}),
	}.tell(t)
}

// A secret that was changed since it was made may be anybody's, whatever it holds by now.
func TestAStrangersSecretOfALaterRevisionIsNotTakenForOurs(t *testing.T) {
	story{
		least: 2, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			if takeName("theirs")(r); !r.over {
				r.Must(lab.juju.UpdateSecret(r.Ctx, r.model, r.id, "", "", holding("first")))
			}
		},
		end: expectTaken(servers.UserSecret{Name: name, Info: "theirs", Revision: 2, Content: servers.Content(holding("first"))}),
	}.tell(t)
}

func TestAStrangersSecretIsLeftByAnObjectThatIsDeletedMeanwhile(t *testing.T) {
	story{
		least: 2, setup: makeSource, deed: applyPruned, done: isSynced,
		down: func(r *run) {
			takeName("theirs")(r)
			r.Delete(r.obj)
		},
		end: func(r *run) {
			r.Await(func() string { return r.gone(r.obj) })
			r.expectJuju(servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("theirs")),
			})
			r.expectRequests("RemoveSecrets", 0, 0)
		},
	}.tell(t)
}

// This is the limit of what can be told: a secret that a stranger makes while the operator is down, of the very name and
// content that the operator was about to make one of, and that is not changed since, is just what the operator would have
// made. So it is taken for that once the intent is on record, and goes with the object.
func TestAStrangersSecretThatIsJustWhatWasIntendedIsTakenForOurs(t *testing.T) {
	story{
		least: 2, setup: makeSource, deed: applyPruned, done: isSynced, down: takeName("first"),
		end: func(r *run) {
			theirs := servers.UserSecret{
				ID: r.id, Name: name, Info: "theirs", Revision: 1, Content: servers.Content(holding("first")),
			}
			if !r.recorded() {
				expectTaken(theirs)(r)
				return
			}
			r.left = nil
			theirs.Info = info
			r.expectOurs(theirs)
			r.expectRequests("CreateSecrets", 0, 0)
		},
	}.tell(t)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"maps"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// tenant is what a namespace has of the operator: a source, a JujuSecret of it, and a JujuSecretAccess to that.
type tenant struct {
	source *corev1.Secret
	secret *v1alpha1.JujuSecret
	access *v1alpha1.JujuSecretAccess
}

// tenant makes the objects for a secret of a name, and creates none.
func (s *scene) tenant(ns, name string, through func(*v1alpha1.JujuSecret)) *tenant {
	return &tenant{
		source: gen.Secret(ns, name, map[string]string{"password": "first"}),
		secret: gen.JujuSecret(ns, name, s.model.Name, through, gen.FromSecret(name)),
		access: gen.Access(ns, name, name, "app1"),
	}
}

// setContent changes the source of the content.
func (s *scene) setContent(t *tenant, value string) {
	s.Helper()
	stage.Change(s, t.source, func(o *corev1.Secret) { o.Data["password"] = []byte(value) })
}

// held lets a request to Juju be carried out, and holds the answer back until the test has it go on.
type held struct {
	s        *scene
	method   string
	answered int
	release  chan struct{}
}

func (s *scene) hold(method string) *held {
	s.Helper()
	before, err := juju.AwaitAnswered(s.Ctx, s.model, method, -1)
	s.Must(err)
	h := &held{s, method, before, make(chan struct{})}
	s.proxy.On(method, wire.Until(h.release))
	return h
}

// await waits until Juju has carried the request out.
func (h *held) await() {
	h.s.Helper()
	_, err := juju.AwaitAnswered(h.s.Ctx, h.s.model, h.method, h.answered)
	h.s.Must(err)
}

// stopping tells an operator to stop. The channel has how it ended.
func (op *operator) stopping() <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- op.Stop() }()
	return ended
}

// What Juju was asked for before the operator was told to stop is waited for and noted. Whoever comes next finds all as it should
// be, and has only that to do which came up meanwhile.
func TestWhatIsUnderWayIsFinished(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method string
		// before is done and settled, then comes what the operator asks Juju for.
		before, then func(s *scene, t *tenant)
		// noted tells what of the answer is missing in Kubernetes.
		noted func(s *scene, t *tenant) bool
		made  map[string]int
		apps  []string
	}{
		"a secret is created": {
			method: "Secrets.CreateSecrets",
			before: func(*scene, *tenant) {},
			then:   func(s *scene, t *tenant) { s.Create(t.secret) },
			noted: func(s *scene, t *tenant) bool {
				s.Refresh(t.secret)
				return t.secret.Status.SecretID != "" && t.secret.Status.Revision == 1
			},
			made: map[string]int{"CreateSecrets": 1},
		},
		"a secret is updated": {
			method: "Secrets.UpdateSecrets",
			before: func(s *scene, t *tenant) {
				s.Create(t.secret)
				s.AwaitReady(t.secret)
			},
			then: func(s *scene, t *tenant) { s.setContent(t, "second") },
			noted: func(s *scene, t *tenant) bool {
				s.Refresh(t.secret)
				return t.secret.Status.Revision == 2
			},
			made: map[string]int{"CreateSecrets": 1, "UpdateSecrets": 1},
		},
		"a secret is granted": {
			method: "Secrets.GrantSecret",
			before: func(s *scene, t *tenant) {
				s.Create(t.secret)
				s.AwaitReady(t.secret)
			},
			then: func(s *scene, t *tenant) { s.Create(t.access) },
			noted: func(s *scene, t *tenant) bool {
				s.Refresh(t.access)
				return t.access.Status.Granted == "1/1"
			},
			made: map[string]int{"CreateSecrets": 1, "GrantSecret": 1},
			apps: []string{"app1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.shared(s.ns, s.ns)
			first := s.startOwn("first")
			objs := s.tenant(s.ns, "db-login", gen.Through(s.ns))
			s.Create(objs.source)
			s.awaitLeader(s.ns)
			row.before(s, objs)
			held := s.hold(row.method)
			row.then(s, objs)
			held.await()

			ended := first.stopping()
			first.awaitUnready()
			// What comes up now is for the next one.
			s.setContent(objs, "third")
			s.expectStillLeads(s.ns)
			first.expectHealthyButNotReady()
			select {
			case err := <-ended:
				t.Fatalf("the operator did not wait for the answer, and ended with %v", err)
			default:
			}
			close(held.release)
			s.Must(<-ended)
			if !row.noted(s, objs) {
				t.Errorf("the operator did not note the answer: %+v %+v", objs.secret.Status, objs.access.Status)
			}
			if leader := s.leader(s.ns); leader != "" {
				t.Errorf("%s has ended and kept the Lease", leader)
			}
			s.expectMade(row.made)

			s.startOwn("next")
			made := maps.Clone(row.made)
			made["UpdateSecrets"]++
			s.awaitJuju(holding("db-login", "third", made["UpdateSecrets"]+1, row.apps...))
			s.LookNow(objs.secret)
			s.AwaitReady(objs.secret)
			s.expectMade(made)
		})
	}
}

// awaitUnready waits until the operator knows that it is told to stop.
func (op *operator) awaitUnready() {
	op.s.Helper()
	op.s.Await(func() string {
		if op.probe("/readyz") == http.StatusOK {
			return "the operator " + op.name + " is ready, although it was told to stop"
		}
		return ""
	})
}

// expectStillLeads waits until whoever leads has said so once more.
func (s *scene) expectStillLeads(class string) {
	s.Helper()
	before := s.lease(class)
	s.Await(func() string {
		now := s.lease(class)
		if now.Spec.HolderIdentity == nil {
			s.Fatal("nobody leads any more")
		}
		if *now.Spec.HolderIdentity != *before.Spec.HolderIdentity {
			s.Fatalf("%q leads, in place of %q", *now.Spec.HolderIdentity, *before.Spec.HolderIdentity)
		}
		if now.Spec.RenewTime.Equal(before.Spec.RenewTime) {
			return "nobody renews the Lease"
		}
		return ""
	})
}

// An operator that is told to stop while others wait for their turn does not begin with them.
func TestWhatWaitsForItsTurnIsLeftToTheNext(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.shared(s.ns, s.ns)
	first := s.startOwn("first")
	s.awaitLeader(s.ns)
	under, waiting := s.tenant(s.ns, "a-under-way", gen.Through(s.ns)), s.tenant(s.ns, "b-waiting", gen.Through(s.ns))
	s.Create(under.source, waiting.source)
	held := s.hold("Secrets.CreateSecrets")
	s.Create(under.secret)
	held.await()
	s.Create(waiting.secret)
	s.Await(func() string {
		if s.Refresh(waiting.secret); len(waiting.secret.Finalizers) == 0 {
			return "nobody takes up the object that waits"
		}
		return ""
	})
	ended := first.stopping()
	first.awaitUnready()
	close(held.release)
	s.Must(<-ended)
	s.expectMade(map[string]int{"CreateSecrets": 1})
	if s.Refresh(waiting.secret); len(waiting.secret.Status.Conditions) > 0 {
		t.Errorf("it is told of what is only the operator's end: %+v", waiting.secret.Status.Conditions)
	}

	s.startOwn("next")
	s.awaitReason(under.secret, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	s.awaitReason(waiting.secret, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	s.awaitJuju(holding("a-under-way", "first", 1), holding("b-waiting", "first", 1))
	s.expectMade(map[string]int{"CreateSecrets": 2})
}

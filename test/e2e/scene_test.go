// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// scene is where one test plays: a namespace and a model of its own.
type scene struct {
	*stage.Stage

	juju  *servers.Juju
	model servers.Model
	ns    string
	// after is deleted once the namespace is gone: what its objects need to the end.
	after []client.Object
	// gone tells that the test itself removed the namespace.
	gone bool
}

// newScene makes a scene whose namespace is a tenant, and removes it when the test ends.
func newScene(t *testing.T) *scene {
	t.Helper()
	return newSceneOn(t, stack.Juju)
}

// newSceneOn makes a scene with a model on a Juju server of the test's own.
func newSceneOn(t *testing.T, juju *servers.Juju) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, stack.Kubernetes.Client), juju: juju}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"tenant": "true"},
	}}
	s.Must(s.Kube.Create(s.Ctx, ns))
	s.ns = ns.Name
	var err error
	s.model, err = juju.AddModel(s.Ctx, s.ns)
	s.Must(err)
	t.Cleanup(s.clean)
	return s
}

// clean removes the scene: the namespace with all its objects, as the controller manager does it, and the model. It is a
// test in itself, that nothing hangs.
func (s *scene) clean() {
	s.Ctx = context.Background() // The test's own context is over.
	s.checkNothingLeaked()       // Before the namespace goes, and the events with it.
	if s.Failed() {
		s.explain()
	}
	ns := gen.Namespace(s.ns, nil)
	if err := s.Kube.Delete(s.Ctx, ns); err != nil && !s.gone {
		s.Error(err)
	}
	err := servers.Await(s.Ctx, stage.Patience, func() (string, error) {
		err := s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(ns), ns)
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return "the namespace is not gone", err
	})
	if err != nil {
		s.explain()
		s.Error(err)
	}
	for _, obj := range s.after {
		if err := client.IgnoreNotFound(s.Kube.Delete(s.Ctx, obj)); err != nil {
			s.Error(err)
		}
	}
	if err := s.juju.RemoveModel(s.Ctx, s.model); err != nil && !strings.Contains(err.Error(), "404") {
		s.Error(err)
	}
}

// awaitEvent waits until there is an event with a reason about an object.
func (s *scene) awaitEvent(obj client.Object, reason v1alpha1.Reason) {
	s.Helper()
	s.Await(func() string {
		var list eventsv1.EventList
		s.Must(s.Kube.List(s.Ctx, &list, client.InNamespace(s.ns)))
		for _, event := range list.Items {
			if event.Regarding.UID == obj.GetUID() && event.Reason == string(reason) {
				return ""
			}
		}
		return fmt.Sprintf("there is no event %s about %s", reason, obj.GetName())
	})
}

// inJuju is what the model holds, by Juju's own client.
func (s *scene) inJuju() []servers.UserSecret {
	s.Helper()
	return s.InJuju(s.juju, s.model)
}

// expectJuju checks that the model holds these secrets and no others. IDs are compared where they are given.
func (s *scene) expectJuju(want ...servers.UserSecret) {
	s.Helper()
	if diff := diffSecrets(want, s.inJuju()); diff != "" {
		s.Fatalf("Juju holds something else (-want +got):\n%s", diff)
	}
}

// awaitJuju waits until the model holds these secrets and no others.
func (s *scene) awaitJuju(want ...servers.UserSecret) {
	s.Helper()
	s.Await(func() string {
		if diff := diffSecrets(want, s.inJuju()); diff != "" {
			return "Juju holds something else (-want +got):\n" + diff
		}
		return ""
	})
}

// awaitNotInJuju waits until a secret is removed, whatever is made meanwhile.
func (s *scene) awaitNotInJuju(id string) {
	s.Helper()
	s.Await(func() string {
		if slices.ContainsFunc(s.inJuju(), func(secret servers.UserSecret) bool { return secret.ID == id }) {
			return "Juju still holds the secret " + id
		}
		return ""
	})
}

func diffSecrets(want, got []servers.UserSecret) string {
	got = slices.Clone(got)
	for i := range min(len(want), len(got)) {
		if want[i].ID == "" {
			got[i].ID = ""
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// requests counts the requests to Juju about the scene's model, by Facade.Method. They come from the operator, and from
// the test's own looks into Juju.
func (s *scene) requests() map[string]int {
	s.Helper()
	counts, err := s.juju.Requests(s.Ctx, s.model)
	s.Must(err)
	return counts
}

// explain prints what it takes to understand a failure: the objects, the events, Juju's view, and the operator's log.
func (s *scene) explain() {
	ctx := context.Background() // The test's own context may be over.
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{}, &v1alpha1.ClusterJujuControllerList{},
		&eventsv1.EventList{},
	} {
		var options []client.ListOption
		if _, clusterWide := list.(*v1alpha1.ClusterJujuControllerList); !clusterWide {
			options = append(options, client.InNamespace(s.ns))
		}
		if err := s.Kube.List(ctx, list, options...); err != nil {
			s.Log(err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			item.(client.Object).SetManagedFields(nil)
			return nil
		})
		text, _ := yaml.Marshal(list)
		s.Logf("%T in %s:\n%s", list, s.ns, text)
	}
	secrets, err := s.juju.Secrets(ctx, s.model)
	s.Logf("Juju holds in %s: %+v (%v)", s.model.Name, secrets, err)
	log, err := os.ReadFile(stack.Operator.Log)
	if err != nil {
		s.Log(err)
	}
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(s.ns)) || bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte("DATA RACE")) {
			s.Logf("operator: %s", bytes.TrimSpace(line))
		}
	}
}

// awaitFound waits until the status of a controller object tells of something.
func (s *scene) awaitFound(obj v1alpha1.ControllerObject, what string, tells func(*v1alpha1.JujuControllerStatus) bool) {
	s.Helper()
	s.Await(func() string {
		if s.Refresh(obj); tells(obj.Found()) {
			return ""
		}
		found := obj.Found().DeepCopy()
		for i := range found.Conditions {
			found.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		text, _ := yaml.Marshal(found)
		return fmt.Sprintf("the status of %s does not tell of %s:\n%s", obj.GetName(), what, text)
	})
}

// awaitRequests waits until a method was asked for so often through a proxy.
func (s *scene) awaitRequests(proxy *wire.Proxy, method string, count int) {
	s.Helper()
	s.Await(func() string {
		if n := proxy.Requests()[method]; n < count {
			return fmt.Sprintf("%d requests %s, want %d", n, method, count)
		}
		return ""
	})
}

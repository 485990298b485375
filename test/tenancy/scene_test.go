// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// model is one of a server.
type model struct {
	servers.Model

	juju *servers.Juju
}

// scene is where one test plays: namespaces, models and controller objects of its own.
type scene struct {
	*stage.Stage

	// prefix begins the names of what is not in a namespace.
	prefix     string
	namespaces []string
	models     []model
	// after are deleted once the namespaces are gone.
	after []client.Object
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, town.kubernetes.Client), prefix: "t" + strings.ToLower(rand.Text()[:6]) + "-"}
	t.Cleanup(s.clean)
	return s
}

// namespace makes a namespace that goes with the scene. Among objects that are made in the same second that is the older whose
// namespace comes first.
func (s *scene) namespace(name string, labels map[string]string) string {
	s.Helper()
	s.Must(s.Kube.Create(s.Ctx, gen.Namespace(s.prefix+name, labels)))
	s.namespaces = append(s.namespaces, s.prefix+name)
	return s.prefix + name
}

// model makes a model that goes with the scene.
func (s *scene) model(juju *servers.Juju, name string) model {
	s.Helper()
	made, err := juju.AddModel(s.Ctx, s.prefix+name)
	s.Must(err)
	s.models = append(s.models, model{made, juju})
	return model{made, juju}
}

// controller makes a ClusterJujuController, and its credentials, that goes with the scene, and waits until it is connected.
func (s *scene) controller(name string, juju *servers.Juju, user servers.Account, tenants ...v1alpha1.Tenant) *v1alpha1.ClusterJujuController {
	s.Helper()
	obj := gen.Controller(s.prefix+name, juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Tenants = tenants
	})
	credentials := gen.Credentials(obj.Name, user.Username, user.Password)
	s.Create(credentials, obj)
	s.after = append(s.after, obj, credentials)
	s.AwaitReady(obj)
	return obj
}

// localController makes a JujuController and its credentials, and waits until it is connected.
func (s *scene) localController(namespace, name string, juju *servers.Juju, user servers.Account) *v1alpha1.JujuController {
	s.Helper()
	obj := gen.LocalController(namespace, name, juju.Addresses[0], juju.CACertificate)
	s.Create(gen.Secret(namespace, name, map[string]string{"username": user.Username, "password": user.Password}), obj)
	s.AwaitReady(obj)
	return obj
}

// user makes a Juju user who may do this in models, each read or write.
func (s *scene) user(juju *servers.Juju, name string, access map[model]string) servers.Account {
	s.Helper()
	user, err := juju.AddUser(s.Ctx, s.prefix+name)
	s.Must(err)
	for m, level := range access {
		s.Must(juju.GrantModel(s.Ctx, m.Model, user.Username, level))
	}
	return user
}

// named is a tenant by the namespace's name.
func named(namespace string, models ...string) v1alpha1.Tenant {
	return v1alpha1.Tenant{Namespaces: v1alpha1.TenantNamespaces{MatchNames: []string{namespace}}, Models: models}
}

// labelled is a tenant by a label of the namespace.
func labelled(name string, models ...string) v1alpha1.Tenant {
	return v1alpha1.Tenant{Namespaces: v1alpha1.TenantNamespaces{MatchLabels: team(name)}, Models: models}
}

// team is the label of a namespace.
func team(name string) map[string]string { return map[string]string{"team": name} }

// directAccess makes a JujuSecretAccess of a secret that is named by what Juju knows.
func directAccess(namespace, name string, controller v1alpha1.ControllerReference, secret v1alpha1.UserSecretReference, apps ...string) *v1alpha1.JujuSecretAccess {
	obj := gen.DirectAccess(namespace, name, secret, apps...)
	obj.Spec.Secret.ControllerRef = controller
	return obj
}

// clean removes the scene: the namespaces with all their objects, as the controller manager does it, and the models. It is a
// test in itself, that nothing hangs.
func (s *scene) clean() {
	s.Ctx = context.Background() // The test's own context is over.
	if s.Failed() {
		s.explain()
	}
	var going []client.Object
	for _, name := range s.namespaces {
		going = append(going, gen.Namespace(name, nil))
	}
	for _, objs := range [][]client.Object{going, s.after} {
		for _, obj := range objs {
			if err := client.IgnoreNotFound(s.Kube.Delete(s.Ctx, obj)); err != nil {
				s.Error(err)
			}
		}
		if missing := s.waitGone(objs...); missing != nil {
			s.explain()
			s.Error(missing)
		}
	}
	for _, m := range s.models {
		if err := m.juju.RemoveModel(s.Ctx, m.Model); err != nil {
			s.Error(err)
		}
	}
}

func (s *scene) waitGone(objs ...client.Object) error {
	return servers.Await(s.Ctx, stage.Patience, func() (string, error) {
		for _, obj := range objs {
			err := s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(obj), obj)
			if !apierrors.IsNotFound(err) {
				return fmt.Sprintf("%T %s is still there", obj, client.ObjectKeyFromObject(obj)), err
			}
		}
		return "", nil
	})
}

// deleteAll deletes objects, and waits until they are no more.
func (s *scene) deleteAll(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		s.Must(client.IgnoreNotFound(s.Kube.Delete(s.Ctx, obj)))
	}
	s.Must(s.waitGone(objs...))
}

// forge changes an object's status, as whoever may do anything in its namespace can.
func forge[T client.Object](s *scene, obj T, how func(T)) {
	s.Helper()
	s.Refresh(obj)
	before := obj.DeepCopyObject().(client.Object)
	how(obj)
	s.Must(s.Kube.Status().Patch(s.Ctx, obj, client.MergeFrom(before)))
}

// forgeRecord puts the operator's finalizer on an object, and a record such as the operator would keep there.
func (s *scene) forgeRecord(obj client.Object, record string) {
	s.Helper()
	stage.Change(s, obj, func(o client.Object) {
		o.SetAnnotations(map[string]string{"jujusecrets.io/record": fmt.Sprintf(`{"uid":%q,%s}`, o.GetUID(), record)})
		o.SetFinalizers([]string{"jujusecrets.io/finalizer"})
	})
}

// requests counts the requests to a model by Facade.Method, logins included but no pings; without a UUID, all that its server got.
func (s *scene) requests(m model) map[string]int {
	s.Helper()
	counts, err := m.juju.Requests(s.Ctx, m.Model)
	s.Must(err)
	delete(counts, "Pinger.Ping")
	return counts
}

// add adds a secret as a person would, and returns its ID.
func (s *scene) add(m model, name string) string {
	s.Helper()
	id, err := m.juju.AddSecret(s.Ctx, m.Model, name, "", map[string]string{"key": "by hand"})
	s.Must(err)
	return id
}

// inJuju is what a model holds, by Juju's own client.
func (s *scene) inJuju(m model) []servers.UserSecret {
	s.Helper()
	return s.InJuju(m.juju, m.Model)
}

// awaitJuju waits until a model holds these secrets and no others. IDs are compared where they are given.
func (s *scene) awaitJuju(m model, want ...servers.UserSecret) {
	s.Helper()
	s.Await(func() string {
		if diff := diffSecrets(want, s.inJuju(m)); diff != "" {
			return m.Name + " holds something else (-want +got):\n" + diff
		}
		return ""
	})
}

// expectJuju checks that a model holds these secrets and no others.
func (s *scene) expectJuju(m model, want ...servers.UserSecret) {
	s.Helper()
	if diff := diffSecrets(want, s.inJuju(m)); diff != "" {
		s.Fatalf("%s holds something else (-want +got):\n%s", m.Name, diff)
	}
}

func diffSecrets(want, got []servers.UserSecret) string {
	want, got = slices.Clone(want), slices.Clone(got)
	slices.SortFunc(want, func(a, b servers.UserSecret) int { return strings.Compare(a.Name, b.Name) })
	for i := range min(len(want), len(got)) {
		if want[i].ID == "" {
			got[i].ID = ""
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// held is a secret as Juju holds it.
func held(id, name string, revision int, value string, granted ...string) servers.UserSecret {
	return servers.UserSecret{
		ID: id, Name: name, Revision: revision, Content: servers.Content(map[string]string{"key": value}), Granted: granted,
	}
}

// explain prints what it takes to understand a failure: the objects, the events, Juju's view, and the operator's log.
func (s *scene) explain() {
	ctx := context.Background() // The test's own context may be over.
	show := func(list client.ObjectList, options ...client.ListOption) {
		if err := s.Kube.List(ctx, list, options...); err != nil {
			s.Log(err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			item.(client.Object).SetManagedFields(nil)
			return nil
		})
		text, _ := yaml.Marshal(list)
		s.Logf("%T:\n%s", list, text)
	}
	show(&v1alpha1.ClusterJujuControllerList{})
	for _, ns := range s.namespaces {
		for _, list := range []client.ObjectList{
			&v1alpha1.JujuControllerList{}, &v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &eventsv1.EventList{},
		} {
			show(list, client.InNamespace(ns))
		}
	}
	for _, m := range s.models {
		secrets, err := m.juju.Secrets(ctx, m.Model)
		s.Logf("%s, which is %s, holds: %+v (%v)", m.Name, m.UUID, secrets, err)
	}
	log, err := os.ReadFile(town.operator.Log)
	if err != nil {
		s.Log(err)
	}
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte(s.prefix)) || bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte("DATA RACE")) {
			s.Logf("operator: %s", bytes.TrimSpace(line))
		}
	}
}

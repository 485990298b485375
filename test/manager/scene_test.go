// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// scene is where one test plays: a namespace, a model, and a way to Juju of its own.
type scene struct {
	*stage.Stage

	proxy *wire.Proxy
	model servers.Model
	// ns is the namespace, and the class of controller objects that no other test has.
	ns string

	dir         string // The logs are in it.
	namespaces  []string
	controllers []client.Object
	operators   []*operator
}

// newScene waits until there is room for one.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, kubernetes.Client), dir: t.TempDir()}
	stages <- struct{}{}
	t.Cleanup(func() {
		s.clean()
		<-stages
	})
	s.ns = s.namespace()
	var err error
	s.proxy, err = wire.Start(s.Ctx, juju.Addresses[0], juju.CACertificate)
	s.Must(err)
	s.model, err = juju.AddModel(s.Ctx, s.ns)
	s.Must(err)
	return s
}

// namespace makes a namespace that is a tenant, with a login in it.
func (s *scene) namespace() string {
	s.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "manager-", Labels: map[string]string{"tenant": "true"}}}
	s.Must(s.Kube.Create(s.Ctx, ns))
	s.namespaces = append(s.namespaces, ns.Name)
	s.Create(s.login(ns.Name, "login"))
	return ns.Name
}

func (s *scene) login(ns, name string) *corev1.Secret {
	return gen.Secret(ns, name, map[string]string{"username": juju.Operator.Username, "password": juju.Operator.Password})
}

// shared makes a ClusterJujuController of a class, with a login of its own in the scene's namespace.
func (s *scene) shared(name, class string) *v1alpha1.ClusterJujuController {
	s.Helper()
	s.Create(s.login(s.ns, name))
	obj := gen.Controller(name, s.proxy.Address, s.proxy.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.ControllerClass = class
		c.Spec.Credentials.UserPass.SecretRef = v1alpha1.CredentialsSecretReference{Namespace: s.ns, Name: name}
	})
	s.Create(obj)
	s.controllers = append(s.controllers, obj)
	return obj
}

// local makes a JujuController of a class.
func (s *scene) local(ns, name, class string) *v1alpha1.JujuController {
	s.Helper()
	obj := gen.LocalController(ns, name, s.proxy.Address, s.proxy.CACertificate, func(c *v1alpha1.JujuController) {
		c.Spec.ControllerClass = class
		c.Spec.Credentials.UserPass.SecretRef.Name = "login"
	})
	s.Create(obj)
	s.controllers = append(s.controllers, obj)
	return obj
}

// clean stops the operators and removes all that others would see.
func (s *scene) clean() {
	s.Ctx = context.Background() // The test's own context is over.
	for _, op := range s.operators {
		_ = op.Kill() // It may have ended before.
		log := op.log()
		for _, word := range []string{"panic", "DATA RACE"} {
			if strings.Contains(log, word) {
				s.Errorf("the operator's log says %q", word)
			}
		}
		if s.Failed() {
			s.Logf("the log of the operator %s:\n%s", op.name, log)
		}
	}
	s.Clear(s.namespaces, s.controllers...)
	if s.proxy != nil {
		s.proxy.Close()
	}
	if s.model.UUID != "" {
		s.Must(juju.RemoveModel(s.Ctx, s.model))
	}
}

// awaitReason waits until the Ready condition of an object is so, with a message that has these parts.
func (s *scene) awaitReason(obj client.Object, status metav1.ConditionStatus, reason v1alpha1.Reason, parts ...string) {
	s.Helper()
	s.Await(func() string {
		s.Refresh(obj)
		ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
		told := ready != nil && ready.ObservedGeneration == obj.GetGeneration() && ready.Status == status &&
			(reason == "" || ready.Reason == string(reason))
		for _, part := range parts {
			told = told && strings.Contains(ready.Message, part)
		}
		if told {
			return ""
		}
		return fmt.Sprintf("%T %s has %+v, want %s %s %q", obj, obj.GetName(), ready, status, reason, parts)
	})
}

// awaitJuju waits until the model holds these secrets and no others. IDs are compared where they are given.
func (s *scene) awaitJuju(want ...servers.UserSecret) {
	s.Helper()
	s.Await(func() string {
		got, err := juju.Secrets(s.Ctx, s.model)
		if err != nil {
			return err.Error() // While secrets are being removed Juju's listing can fail as a whole, as it reads them one by one.
		}
		for i := range min(len(want), len(got)) {
			if want[i].ID == "" {
				got[i].ID = ""
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			return "Juju holds something else (-want +got):\n" + diff
		}
		return ""
	})
}

// holding is a secret in Juju with a password.
func holding(name, password string, revision int, apps ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: name, Revision: revision, Granted: apps, Content: servers.Content(map[string]string{"password": password}),
	}
}

// made counts the requests that changed something in Juju, by all operators.
func (s *scene) made() map[string]int {
	made := map[string]int{}
	for method, times := range s.proxy.Requests() {
		for _, verb := range []string{"Create", "Update", "Remove", "Grant", "Revoke"} {
			if strings.HasPrefix(method, "Secrets."+verb) {
				made[strings.TrimPrefix(method, "Secrets.")] = times
			}
		}
	}
	return made
}

func (s *scene) expectMade(want map[string]int) {
	s.Helper()
	if diff := cmp.Diff(want, s.made(), cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("Juju was asked for something else (-want +got):\n%s", diff)
	}
}

// events are the reasons of the events about an object, each as often as it was told.
func (s *scene) events(obj client.Object) []string {
	s.Helper()
	ns := obj.GetNamespace()
	if ns == "" {
		ns = metav1.NamespaceDefault
	}
	var list eventsv1.EventList
	s.Must(s.Kube.List(s.Ctx, &list, client.InNamespace(ns)))
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.UID != obj.GetUID() {
			continue
		}
		reasons = append(reasons, event.Reason)
		if event.Series != nil {
			reasons = append(reasons, event.Reason+" again")
		}
	}
	return reasons
}

// expectUntouched checks that nobody has written to objects since they were read or created here, nor told of them.
func (s *scene) expectUntouched(objs ...client.Object) {
	s.Helper()
	for _, obj := range objs {
		now := obj.DeepCopyObject().(client.Object)
		s.Refresh(now)
		if diff := cmp.Diff(obj, now); diff != "" {
			s.Errorf("somebody changed %T %s (-before +after):\n%s", obj, obj.GetName(), diff)
		}
	}
}

// lease is that of the operators of a class.
func (s *scene) lease(class string) *coordinationv1.Lease {
	name := "juju-secrets-operator"
	if class != "" {
		name += "-" + class
	}
	lease := new(coordinationv1.Lease)
	s.Must(client.IgnoreNotFound(s.Kube.Get(s.Ctx, client.ObjectKey{Namespace: servers.OperatorNamespace, Name: name}, lease)))
	return lease
}

// leader is who leads the operators of a class, empty if nobody does.
func (s *scene) leader(class string) string {
	if holder := s.lease(class).Spec.HolderIdentity; holder != nil {
		return *holder
	}
	return ""
}

// awaitLeader waits until somebody other than those leads the operators of a class.
func (s *scene) awaitLeader(class string, others ...string) (leader string) {
	s.Helper()
	s.Await(func() string {
		if leader = s.leader(class); leader == "" || slices.Contains(others, leader) {
			return fmt.Sprintf("%q leads", leader)
		}
		return ""
	})
	return leader
}

// operator is a process of the operator, with the URL of its probes.
type operator struct {
	*servers.Process

	s            *scene
	name, probes string
}

// start starts an operator that may be elected.
func (s *scene) start(name string, args ...string) *operator {
	s.Helper()
	probes, err := servers.FreeAddress(s.Ctx)
	s.Must(err)
	process, err := kubernetes.StartOperator(s.dir, append([]string{"--leader-elect", "--health-probe-bind-address=" + probes}, args...)...)
	s.Must(err)
	op := &operator{process, s, name, "http://" + probes}
	s.operators = append(s.operators, op)
	return op
}

// startOwn starts an operator of the scene's own class.
func (s *scene) startOwn(name string, args ...string) *operator {
	s.Helper()
	return s.start(name, append([]string{"--controller-class=" + s.ns}, args...)...)
}

// stop stops the operator, which has to end by itself and without an error.
func (op *operator) stop() {
	op.s.Helper()
	op.s.Must(op.Stop())
}

func (op *operator) log() string {
	text, err := os.ReadFile(op.Log)
	if err != nil {
		op.s.Error(err)
	}
	return string(text)
}

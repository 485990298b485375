// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
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
)

// run is one run of a story, in a model and two namespaces of its own.
type run struct {
	*stage.Stage

	points []point
	model  servers.Model
	ns     []string // Sorted.

	// struck are the steps at which operators were killed, empty for one that had done all before.
	struck []string
	// steps are those of the first operator.
	steps []step
	// over: there are no more points at which this story can be told.
	over bool

	source, credentials *corev1.Secret
	obj, another        *v1alpha1.JujuSecret
	access              *v1alpha1.JujuSecretAccess
	controller          *v1alpha1.ClusterJujuController
	// id is that of the secret in Juju, once the story knows it.
	id string
	// left are the IDs of the secrets that have to be in Juju when all objects are gone.
	left []string
	// looks are the steps by which an operator noted that it looked at Juju, as it was asked to.
	looks []string
	logs  []string
}

func newRun(t *testing.T, points []point) *run {
	t.Helper()
	r := &run{Stage: stage.New(t, lab.kubernetes.Client), points: points, logs: []string{lab.operator.Log}}
	for range 2 {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			GenerateName: "crash-", Labels: map[string]string{"tenant": "true"},
		}}
		r.Must(r.Kube.Create(r.Ctx, ns))
		r.ns = append(r.ns, ns.Name)
	}
	slices.Sort(r.ns)
	t.Cleanup(r.clean)
	var err error
	r.model, err = lab.juju.AddModel(r.Ctx, r.ns[0])
	r.Must(err)
	return r
}

// kill ends the operator as a crash would, once all that it has sent is answered, or held. What it sent last is not to
// arrive when the next one is there.
func (r *run) kill() {
	r.Helper()
	lab.gate.shut()
	r.Await(func() string {
		if !lab.gate.idle() {
			return "a step is not answered"
		}
		return ""
	})
	r.struck = append(r.struck, lab.gate.strike())
	select {
	case <-lab.operator.Ended():
		r.Fatal("the operator ended by itself")
	default:
	}
	r.Must(lab.operator.Kill())
	r.Await(func() string {
		toJuju, _ := lab.jujuProxy.Connections()
		if toKubernetes := lab.kubeProxy.connections(); toJuju+toKubernetes > 0 {
			return fmt.Sprintf("a dead operator has %d connections to Kubernetes and %d to Juju", toKubernetes, toJuju)
		}
		return ""
	})
}

// restart starts the next operator, to be killed at a point.
func (r *run) restart(p point) {
	r.Helper()
	lab.gate.reopen(p)
	r.Must(lab.start())
	r.logs = append(r.logs, lab.operator.Log)
}

// clean removes the run's objects, which tests that the operator lets go of them and leaves nothing in Juju that is not
// somebody else's.
func (r *run) clean() {
	r.Ctx = context.Background() // The test's own context is over.
	if r.Failed() {
		r.explain()
	}
	select {
	case <-lab.operator.Ended():
		r.restart(point{})
	default:
		lab.gate.reopen(point{})
	}
	failed := r.Failed()
	r.deleteAll()
	if !failed && r.Failed() {
		r.explain()
	}
	r.checkLogs()
	for _, ns := range r.ns {
		if err := r.Kube.Delete(r.Ctx, gen.Namespace(ns, nil)); err != nil {
			r.Error(err)
		}
	}
	if err := lab.juju.RemoveModel(r.Ctx, r.model); r.model.UUID != "" && err != nil {
		r.Error(err)
	}
}

func (r *run) deleteAll() {
	for _, kind := range []client.Object{&v1alpha1.JujuSecretAccess{}, &v1alpha1.JujuSecret{}} {
		for _, ns := range r.ns {
			if err := r.Kube.DeleteAllOf(r.Ctx, kind, client.InNamespace(ns)); err != nil {
				r.Error(err)
			}
		}
	}
	err := servers.Await(r.Ctx, stage.Patience, func() (string, error) {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuSecretList{}} {
			for _, ns := range r.ns {
				if err := r.Kube.List(r.Ctx, list, client.InNamespace(ns)); err != nil {
					return "", err
				}
				if n := meta.LenList(list); n > 0 {
					return fmt.Sprintf("%d objects of %T in %s are not gone", n, list, ns), nil
				}
			}
		}
		return "", nil
	})
	if err != nil {
		r.Error(err)
	}
	if r.controller != nil {
		for _, obj := range []client.Object{r.controller, r.credentials} {
			if err := client.IgnoreNotFound(r.Kube.Delete(r.Ctx, obj)); err != nil {
				r.Error(err)
			}
			r.Await(func() string { return r.gone(obj) })
		}
	}
	if r.Failed() {
		return // What is left was explained.
	}
	var left []string
	for _, secret := range r.inJuju() {
		left = append(left, secret.ID)
	}
	if diff := gocmp.Diff(r.left, left, cmpopts.EquateEmpty()); diff != "" {
		r.Errorf("once all objects were gone, Juju held other secrets (-want +got):\n%s", diff)
	}
}

// checkLogs looks for what no operator may say.
func (r *run) checkLogs() {
	for _, path := range r.logs {
		log, err := os.ReadFile(path) //nolint:gosec // Our own file.
		if err != nil {
			r.Error(err)
		}
		for _, word := range []string{"panic", "DATA RACE"} {
			if bytes.Contains(log, []byte(word)) {
				r.Errorf("the operator's log says %q:\n%s", word, log)
			}
		}
	}
}

// setContent changes the source of the content.
func (r *run) setContent(value string) {
	r.Helper()
	stage.Change(r, r.source, func(o *corev1.Secret) { o.Data["password"] = []byte(value) })
}

// holding is the content of a source that has this value.
func holding(value string) map[string]string { return map[string]string{"password": value} }

// gone tells whether an object is no more.
func (r *run) gone(obj client.Object) string {
	r.Helper()
	err := r.Kube.Get(r.Ctx, client.ObjectKeyFromObject(obj), obj.DeepCopyObject().(client.Object))
	if apierrors.IsNotFound(err) {
		return ""
	}
	r.Must(err)
	return fmt.Sprintf("%T %s is still there", obj, obj.GetName())
}

// synced tells whether an object is in sync with its present generation.
func (r *run) synced(obj client.Object) string {
	r.Helper()
	return r.tells(obj, metav1.ConditionTrue, v1alpha1.ReasonSynced)
}

// tells tells whether an object's Ready condition is so for its present generation.
func (r *run) tells(obj client.Object, status metav1.ConditionStatus, reason v1alpha1.Reason) string {
	r.Helper()
	r.Refresh(obj)
	ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return fmt.Sprintf("%T %s has no status", obj, obj.GetName())
	case ready.ObservedGeneration != obj.GetGeneration():
		return fmt.Sprintf("the status of %T %s is of an older generation", obj, obj.GetName())
	case ready.Status != status || ready.Reason != string(reason):
		return fmt.Sprintf("%T %s is Ready: %s: %s: %s, want %s: %s",
			obj, obj.GetName(), ready.Status, ready.Reason, ready.Message, status, reason)
	}
	return ""
}

// atRevision tells whether an object is in sync, and its status is of this revision.
func (r *run) atRevision(obj *v1alpha1.JujuSecret, revision int) string {
	r.Helper()
	if missing := r.synced(obj); missing != "" {
		return missing
	}
	if obj.Status.Revision != revision || obj.Status.AppliedGeneration != obj.Generation {
		return fmt.Sprintf("the status is of revision %d and generation %d, want %d and %d",
			obj.Status.Revision, obj.Status.AppliedGeneration, revision, obj.Generation)
	}
	return ""
}

// expectQuiet checks that the operator has nothing more to do about objects in sync: asked for another look at Juju, it
// notes that it did, and writes nothing else.
func (r *run) expectQuiet(objs ...client.Object) {
	r.Helper()
	before := len(lab.gate.taken())
	var want []string
	for _, obj := range objs {
		now := time.Now().Format(time.RFC3339Nano)
		stage.Change(r, obj, func(o client.Object) {
			annotations := o.GetAnnotations()
			if annotations == nil {
				annotations = map[string]string{}
			}
			annotations[v1alpha1.AnnotationReconcileRequestedAt] = now
			o.SetAnnotations(annotations)
		})
		r.Await(func() string {
			if r.Refresh(obj); stage.HandledAt(obj) != now {
				return "the request for a look was not handled"
			}
			return ""
		})
		want = append(want, "PATCH namespaces/"+obj.GetNamespace()+"/"+resourceOf(obj)+"/"+obj.GetName()+"/status")
	}
	r.looks = append(r.looks, want...)
	r.expectSteps(lab.gate.taken()[before:], want)
}

// expectNoMore checks that the second operator of a run did nothing but look, as the first one had done all.
func (r *run) expectNoMore() {
	r.Helper()
	steps := lab.gate.taken()
	second := slices.IndexFunc(steps, func(s step) bool { return s.operator == 2 })
	if second < 0 {
		second = len(steps)
	}
	r.expectSteps(steps[second:], r.looks)
}

// expectSteps checks that there were these steps, in any order. The ClusterJujuController default is of no run.
func (r *run) expectSteps(steps []step, want []string) {
	r.Helper()
	var got []string
	for _, step := range steps {
		if !strings.Contains(step.what, "clusterjujucontrollers/default") {
			got = append(got, step.what)
		}
	}
	want = slices.Sorted(slices.Values(want))
	slices.Sort(got)
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		r.Errorf("the operator wrote something else (-want +got):\n%s", diff)
	}
}

func resourceOf(obj client.Object) string {
	if _, ok := obj.(*v1alpha1.JujuSecret); ok {
		return "jujusecrets"
	}
	return "jujusecretaccesses"
}

// expectRequests checks how often a request was made to Juju, after the setup and by all operators of the run.
func (r *run) expectRequests(verb string, least, most int) {
	r.Helper()
	made := r.requests(verb)
	if made < least || made > most {
		r.Errorf("Juju was asked for %s %d times, want %d to %d", verb, made, least, most)
	}
}

func (r *run) requests(verb string) (made int) {
	for _, step := range lab.gate.taken() {
		if step.passed && step.what == "Secrets."+verb {
			made++
		}
	}
	return made
}

// recorded tells whether what the first operator was about to make is on record.
func (r *run) recorded() bool {
	return slices.ContainsFunc(lab.gate.taken(), func(s step) bool {
		return s.operator == 1 && s.passed && kindOf(s.what) == "PATCH jujusecrets"
	})
}

// inJuju is what the model holds, by Juju's own client.
func (r *run) inJuju() []servers.UserSecret {
	r.Helper()
	return r.InJuju(lab.juju, r.model)
}

// made tells that Juju holds a secret, and notes its ID.
func (r *run) made() bool {
	r.Helper()
	for _, secret := range r.inJuju() {
		r.id = secret.ID
		return true
	}
	return false
}

// expectJuju checks that the model holds these secrets and no others.
func (r *run) expectJuju(want ...servers.UserSecret) {
	r.Helper()
	if diff := gocmp.Diff(want, r.inJuju(), cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("Juju holds something else (-want +got):\n%s", diff)
	}
}

// addSecret adds a secret as a stranger would, which has to be there at the end.
func (r *run) addSecret(name, value string) (id string) {
	r.Helper()
	id, err := lab.juju.AddSecret(r.Ctx, r.model, name, "theirs", holding(value))
	r.Must(err)
	r.left = append(r.left, id)
	return id
}

// explain prints what it takes to understand a failure: the steps, the objects, Juju's view, and the operators' logs.
func (r *run) explain() {
	ctx := context.Background() // The test's own context may be over.
	for i, struck := range r.struck {
		r.Logf("operator %d was %s: %s", i+1, r.points[i], cmp.Or(struck, "it had done all before"))
	}
	for i, step := range lab.gate.taken() {
		r.Logf("step %d: %s", i+1, step)
	}
	for _, ns := range r.ns {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
			r.print(ctx, list, client.InNamespace(ns))
		}
	}
	r.print(ctx, &v1alpha1.ClusterJujuControllerList{})
	secrets, err := lab.juju.Secrets(ctx, r.model)
	r.Logf("Juju holds in %s: %+v (%v)", r.model.Name, secrets, err)
	for i, path := range r.logs {
		log, err := os.ReadFile(path) //nolint:gosec // Our own file.
		if err != nil {
			r.Log(err)
		}
		for line := range bytes.Lines(log) {
			if concerns(string(line), append(r.ns, "panic", "DATA RACE", "ERROR")) {
				r.Logf("operator %d: %s", i+1, bytes.TrimSpace(line))
			}
		}
	}
}

func concerns(line string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(line, word) })
}

func (r *run) print(ctx context.Context, list client.ObjectList, options ...client.ListOption) {
	if err := r.Kube.List(ctx, list, options...); err != nil {
		r.Log(err)
	}
	if meta.LenList(list) == 0 {
		return
	}
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		item.(client.Object).SetManagedFields(nil)
		return nil
	})
	text, _ := yaml.Marshal(list)
	r.Logf("%T:\n%s", list, text)
}

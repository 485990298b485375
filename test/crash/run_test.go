// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// run is one run of a scenario. It has its own model and two namespaces, which
// are sorted.
type run struct {
	*env.Fixture

	points []point

	// killedAt holds the step at which each operator was killed. It is empty
	// for an operator that had already finished.
	killedAt []string
	// steps are the steps of the first operator.
	steps []step
	// over is true when the scenario has no further points.
	over bool

	source, credentials *corev1.Secret
	obj, another        *v1alpha1.JujuSecret
	access              *v1alpha1.JujuSecretAccess
	controller          *v1alpha1.ClusterJujuController
	// id is the ID of the secret in Juju, as soon as the scenario knows it.
	id string
	// retained are the IDs of the secrets that must remain in Juju when all
	// objects are gone.
	retained []string
	// statusPatches are the status patches that answer a requested reconcile.
	statusPatches []string
}

func newRun(t *testing.T, points []point) *run {
	t.Helper()
	r := &run{Fixture: shared.NewFixture(t), points: points}
	r.CleanUp, r.Details, r.LogWords = r.deleteAll, r.explainSteps, []string{"ERROR"}
	for range 2 {
		r.AddTenant()
	}
	slices.Sort(r.Namespaces)
	r.AddModel(r.Namespaces[0])
	return r
}

// kill kills the operator when every step it sent is answered or blocked. It
// returns when no connection is left, so that no late step arrives while the
// next operator runs.
func (r *run) kill() {
	r.Helper()
	proxies.gate.close()
	r.Await(func() string {
		if !proxies.gate.idle() {
			return "a step is not answered yet"
		}
		return ""
	})
	r.killedAt = append(r.killedAt, proxies.gate.killStep())
	if !shared.Operator.Runs() {
		r.Fatal("the operator exited unexpectedly")
	}
	r.Must(shared.Operator.Kill())
	r.Await(func() string {
		toJuju, _ := proxies.juju.Connections()
		if toKubernetes := proxies.kube.connections(); toJuju+toKubernetes > 0 {
			return fmt.Sprintf("the killed operator still has %d connections to Kubernetes and %d to Juju", toKubernetes, toJuju)
		}
		return ""
	})
}

// restart starts the next operator and sets its point.
func (r *run) restart(p point) {
	r.Helper()
	proxies.gate.reopen(p)
	r.Must(shared.Operator.Restart())
}

// deleteAll deletes the run's objects. The operator must release them and leave
// only the retained secrets in Juju.
func (r *run) deleteAll() error {
	if shared.Operator.Runs() {
		proxies.gate.reopen(point{})
	} else {
		r.restart(point{})
	}
	err := r.waitReleased()
	if err == nil && !r.Failed() {
		var left []string
		for _, secret := range r.InJuju() {
			left = append(left, secret.ID)
		}
		if diff := gocmp.Diff(r.retained, left, cmpopts.EquateEmpty()); diff != "" {
			err = fmt.Errorf("secrets in Juju after all objects are gone (-want +got):\n%s", diff)
		}
	}
	r.SearchLogs()
	for _, ns := range r.Namespaces {
		err = errors.Join(err, r.Kube.Delete(r.Ctx, gen.Namespace(ns, nil)))
	}
	return err
}

func (r *run) waitReleased() error {
	for _, kind := range []client.Object{&v1alpha1.JujuSecretAccess{}, &v1alpha1.JujuSecret{}} {
		for _, ns := range r.Namespaces {
			if err := r.Kube.DeleteAllOf(r.Ctx, kind, client.InNamespace(ns)); err != nil {
				return err
			}
		}
	}
	err := servers.Await(r.Ctx, env.Patience, func() (string, error) {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuSecretList{}} {
			for _, ns := range r.Namespaces {
				if err := r.Kube.List(r.Ctx, list, client.InNamespace(ns)); err != nil {
					return "", err
				}
				if n := meta.LenList(list); n > 0 {
					return fmt.Sprintf("%d objects of %T in %s still exist", n, list, ns), nil
				}
			}
		}
		return "", nil
	})
	if err != nil || r.controller == nil {
		return err
	}
	for _, obj := range []client.Object{r.controller, r.credentials} {
		if err := client.IgnoreNotFound(r.Kube.Delete(r.Ctx, obj)); err != nil {
			return err
		}
	}
	return r.WaitGone(r.controller, r.credentials)
}

// setContent changes the source of the content.
func (r *run) setContent(value string) {
	r.Helper()
	env.Change(r, r.source, func(o *corev1.Secret) { o.Data["password"] = []byte(value) })
}

// holding returns the content of a source with this value.
func holding(value string) map[string]string { return map[string]string{"password": value} }

// gone returns what is missing until an object is gone.
func (r *run) gone(obj client.Object) string {
	r.Helper()
	err := r.Kube.Get(r.Ctx, client.ObjectKeyFromObject(obj), obj.DeepCopyObject().(client.Object))
	if apierrors.IsNotFound(err) {
		return ""
	}
	r.Must(err)
	return fmt.Sprintf("%T %s still exists", obj, obj.GetName())
}

// synced returns what is missing until an object is in sync with its current
// generation.
func (r *run) synced(obj client.Object) string {
	r.Helper()
	return r.shows(obj, metav1.ConditionTrue, v1alpha1.ReasonSynced)
}

// shows returns what is missing until the Ready condition has this status and
// reason.
func (r *run) shows(obj client.Object, status metav1.ConditionStatus, reason v1alpha1.Reason) string {
	r.Helper()
	return r.Missing(obj, func(ready metav1.Condition) string {
		if ready.Status == status && ready.Reason == string(reason) {
			return ""
		}
		return fmt.Sprintf("the condition Ready is %s: %s: %s, want %s: %s",
			ready.Status, ready.Reason, ready.Message, status, reason)
	})
}

// atRevision returns what is missing until an object is in sync at a revision.
func (r *run) atRevision(obj *v1alpha1.JujuSecret, revision int) string {
	r.Helper()
	if missing := r.synced(obj); missing != "" {
		return missing
	}
	if obj.Status.Revision != revision || obj.Status.AppliedGeneration != obj.Generation {
		return fmt.Sprintf("the status has revision %d and applied generation %d, want %d and %d",
			obj.Status.Revision, obj.Status.AppliedGeneration, revision, obj.Generation)
	}
	return ""
}

// expectQuiet checks that the operator has nothing left to do for objects in
// sync. A requested reconcile patches their status and writes nothing else. The
// first request completes what the scenario did not wait for, such as the last
// message of an object that lost a conflict.
func (r *run) expectQuiet(objs ...client.Object) {
	r.Helper()
	r.look(objs)
	before := len(proxies.gate.recordedSteps())
	want := r.look(objs)
	r.expectSteps(proxies.gate.recordedSteps()[before:], want)
}

// look requests a reconcile of objects, and returns the writes of the operator
// that handle the requests.
func (r *run) look(objs []client.Object) (writes []string) {
	r.Helper()
	for _, obj := range objs {
		r.LookNow(obj)
		writes = append(writes,
			"PATCH namespaces/"+obj.GetNamespace()+"/"+resourceOf(obj)+"/"+obj.GetName()+"/status")
	}
	r.statusPatches = append(r.statusPatches, writes...)
	return writes
}

// expectNoMore checks that the second operator only reconciled again, because
// the first operator had finished.
func (r *run) expectNoMore() {
	r.Helper()
	steps := proxies.gate.recordedSteps()
	second := slices.IndexFunc(steps, func(s step) bool { return s.operator == 2 })
	if second < 0 {
		second = len(steps)
	}
	r.expectSteps(steps[second:], r.statusPatches)
}

// expectSteps checks the steps, in any order. It ignores the shared
// ClusterJujuController default.
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
		r.Errorf("writes of the operator (-want +got):\n%s", diff)
	}
}

func resourceOf(obj client.Object) string {
	if _, ok := obj.(*v1alpha1.JujuSecret); ok {
		return "jujusecrets"
	}
	return "jujusecretaccesses"
}

// expectRequests checks how often all operators of the run created a request to
// Juju after the setup.
func (r *run) expectRequests(verb string, least, most int) {
	r.Helper()
	created := r.requests(verb)
	if created < least || created > most {
		r.Errorf("Juju got %s %d times, want %d to %d", verb, created, least, most)
	}
}

func (r *run) requests(verb string) (created int) {
	for _, step := range proxies.gate.recordedSteps() {
		if step.passed && step.what == "Secrets."+verb {
			created++
		}
	}
	return created
}

// recorded reports whether the first operator recorded what it was about to
// create.
func (r *run) recorded() bool {
	return slices.ContainsFunc(proxies.gate.recordedSteps(), func(s step) bool {
		return s.operator == 1 && s.passed && kindOf(s.what) == "PATCH jujusecrets"
	})
}

// created reports whether Juju holds a secret, and stores its ID in the run.
func (r *run) created() bool {
	r.Helper()
	for _, secret := range r.InJuju() {
		r.id = secret.ID
		return true
	}
	return false
}

// expectJuju checks that the model holds exactly these secrets, including their
// IDs.
func (r *run) expectJuju(want ...servers.UserSecret) {
	r.Helper()
	if diff := gocmp.Diff(want, r.InJuju(), cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("secrets in Juju (-want +got):\n%s", diff)
	}
}

// addSecret adds a foreign secret, which must remain at the end.
func (r *run) addSecret(name, value string) (id string) {
	r.Helper()
	id, err := r.Juju.AddSecret(r.Ctx, r.Model, name, "theirs", holding(value))
	r.Must(err)
	r.retained = append(r.retained, id)
	return id
}

// explainSteps logs the steps, and where operators were killed.
func (r *run) explainSteps() {
	for i, killedAt := range r.killedAt {
		r.Logf("operator %d, %s: %s", i+1, r.points[i], cmp.Or(killedAt, "it finished before this point"))
	}
	for i, step := range proxies.gate.recordedSteps() {
		r.Logf("step %d: %s", i+1, step)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// restoration is a fixture with its own operator and installation key. The test
// stops the operator, deletes objects without cleanup and restores them from a
// backup.
type restoration struct {
	*fixture

	operator     *env.Operator
	installation string
	through      func(*v1alpha1.JujuSecret)
	secret       *v1alpha1.JujuSecret
	access       *v1alpha1.JujuSecretAccess
	// want is what Juju holds from the backup until the deletion.
	want      servers.UserSecret
	revisions []int
}

// past is what happened to a JujuSecret before the backup.
type past struct {
	modify  []func(*v1alpha1.JujuSecret)
	changes []func(*v1alpha1.JujuSecret)
	// adopted is true when the secret was added by hand.
	adopted bool

	name, value string
	revisions   []int
}

func pasts() map[string]past {
	value := func(value string) func(*v1alpha1.JujuSecret) { return gen.Value(values(value)) }
	return map[string]past{
		"never updated": {name: "db-login", value: "value", revisions: []int{1}},
		"content updated twice": {
			changes: []func(*v1alpha1.JujuSecret){value("second"), value("third")},
			name:    "db-login", value: "third", revisions: []int{1, 2, 3},
		},
		"renamed": {
			modify:  []func(*v1alpha1.JujuSecret){gen.Named("old-name")},
			changes: []func(*v1alpha1.JujuSecret){gen.Named("new-name")},
			name:    "new-name", value: "value", revisions: []int{1},
		},
		"adopted": {
			modify:  []func(*v1alpha1.JujuSecret){gen.Adopting, gen.Deleted},
			adopted: true,
			name:    "db-login", value: "value", revisions: []int{1},
		},
	}
}

// newRestoration creates a JujuSecret with a past and a JujuSecretAccess for
// app1 and app2. app3 is granted by hand.
func newRestoration(t *testing.T, p past) *restoration {
	t.Helper()
	f := newFixture(t)
	r := &restoration{fixture: f, installation: f.installation(), revisions: p.revisions}
	r.operator = f.StartOwn("of the installation", "--operator-namespace="+r.installation)
	r.through = gen.Through(f.connectOwn(r.operator).Name)
	if p.adopted {
		_, err := f.Juju.AddSecret(f.Ctx, f.Model, p.name, "", values(p.value))
		f.Must(err)
	}
	r.secret = gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, append(p.modify, r.through)...)
	r.access = gen.Access(f.Namespace, "db-login", "db-login", "app1", "app2")
	f.Create(r.secret, r.access)
	f.AwaitReady(r.secret, r.access)
	for _, change := range p.changes {
		env.Change(f, r.secret, change)
		f.AwaitReady(r.secret)
	}
	f.Must(f.Juju.Grant(f.Ctx, f.Model, r.secret.Status.SecretID, "app3"))
	r.want = servers.UserSecret{
		ID: r.secret.Status.SecretID, Name: p.name, Revision: p.revisions[len(p.revisions)-1],
		Content: servers.Content(values(p.value)), Granted: []string{"app1", "app2", "app3"},
	}
	f.ExpectJuju(r.want)
	return r
}

// backup selects the parts of an object that a restore brings back in addition
// to labels and spec.
type backup struct{ annotations, status bool }

// loseAndRestore stops the operator, deletes the objects without cleanup and
// creates them again from a backup.
func (r *restoration) loseAndRestore(from backup) {
	r.Helper()
	r.operator.MustStop()
	objs := []client.Object{r.secret, r.access}
	var saved []*unstructured.Unstructured
	for _, obj := range objs {
		saved = append(saved, r.saved(obj))
	}
	for _, obj := range objs {
		r.Must(r.Kube.Patch(r.Ctx, obj, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
		r.Delete(obj)
		r.AwaitGone(obj)
	}
	r.ExpectJuju(r.want)
	for _, obj := range saved {
		manifest := obj.DeepCopy()
		delete(manifest.Object, "status")
		if !from.annotations {
			manifest.SetAnnotations(nil)
		}
		r.Create(manifest)
		if from.status {
			manifest.Object["status"] = obj.Object["status"]
			r.Must(r.Kube.Status().Update(r.Ctx, manifest))
		}
	}
	for _, obj := range objs {
		r.Refresh(obj)
	}
}

// saved returns an object as a backup has it, with all fields that the API
// server serves.
func (f *fixture) saved(obj client.Object) *unstructured.Unstructured {
	f.Helper()
	gvk, err := apiutil.GVKForObject(obj, f.Kube.Scheme())
	f.Must(err)
	saved := &unstructured.Unstructured{}
	saved.SetGroupVersionKind(gvk)
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), saved))
	for _, field := range []string{
		"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "finalizers",
	} {
		unstructured.RemoveNestedField(saved.Object, "metadata", field)
	}
	return saved
}

// watchReasons watches the Ready conditions of the fixture's objects of a kind.
// The function that it returns waits until the watch has seen an object as it
// is now, and returns the reasons that the watch saw.
func (f *fixture) watchReasons(list client.ObjectList) func(obj client.Object) []string {
	f.Helper()
	watcher, err := f.Kube.Watch(f.Ctx, list, client.InNamespace(f.Namespace))
	f.Must(err)
	f.Cleanup(watcher.Stop)
	var mu sync.Mutex
	versions, reasons := map[types.UID]string{}, map[types.UID][]string{}
	go func() {
		for event := range watcher.ResultChan() {
			obj, ok := event.Object.(client.Object)
			if !ok {
				continue
			}
			mu.Lock()
			versions[obj.GetUID()] = obj.GetResourceVersion()
			if ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady); ready != nil {
				reasons[obj.GetUID()] = append(reasons[obj.GetUID()], ready.Reason)
			}
			mu.Unlock()
		}
	}()
	return func(obj client.Object) []string {
		f.Helper()
		f.Await(func() string {
			f.Refresh(obj)
			mu.Lock()
			defer mu.Unlock()
			if versions[obj.GetUID()] != obj.GetResourceVersion() {
				return "the watch has not seen the newest version of " + obj.GetName()
			}
			return ""
		})
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(reasons[obj.GetUID()])
	}
}

// awaitRecognised waits until the restored objects are Ready, and fails at once
// when the operator does not recognise the secret.
func (r *restoration) awaitRecognised(objs ...client.Object) {
	r.Helper()
	for _, obj := range objs {
		r.AwaitCondition(obj, func(ready metav1.Condition) string {
			if ready.Reason == string(v1alpha1.ReasonNameTaken) {
				r.Fatalf("the operator does not recognise the secret of %s: %s: %s", obj.GetName(), ready.Reason, ready.Message)
			}
			if ready.Status != metav1.ConditionTrue {
				return ready.Reason + ": " + ready.Message
			}
			return ""
		})
	}
}

// expectRestored starts the operator and checks that the restored objects own
// what they owned before the backup, and clean it up when they are deleted.
func (r *restoration) expectRestored() {
	r.Helper()
	reasons := r.watchReasons(&v1alpha1.JujuSecretList{})
	r.operator.MustRestart()
	r.LookNow(r.secret, r.access) // A restored status may already be Ready.
	r.awaitRecognised(r.secret, r.access)
	if slices.Contains(reasons(r.secret), string(v1alpha1.ReasonNameTaken)) {
		r.Errorf("the operator did not recognise the secret at first: %v", reasons(r.secret))
	}
	if got := r.secret.Status; got.SecretID != r.want.ID || got.Revision != r.want.Revision {
		r.Errorf("the status has %s at revision %d, want %s at %d", got.SecretID, got.Revision, r.want.ID, r.want.Revision)
	}
	r.ExpectJuju(r.want)
	r.awaitRevisions(r.secret, r.revisions...)

	r.Delete(r.access)
	r.AwaitGone(r.access)
	left := r.want
	left.Granted = []string{"app3"}
	r.ExpectJuju(left)
	r.Delete(r.secret)
	r.AwaitGone(r.secret)
	r.ExpectJuju()
}

func TestRestoreWithAnnotationsOnly(t *testing.T) { //nolint:tparallel // Runs first: its operators see every object.
	for name, p := range pasts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestoration(t, p)
			r.loseAndRestore(backup{annotations: true})
			r.expectRestored()
		})
	}
}

// The operator of the suite has another class and another key, and also sees the
// deleted access.
func TestDeletionIsLeftToTheInstallationWithTheClass(t *testing.T) {
	r := newRestoration(t, pasts()["never updated"])
	r.operator.MustStop()
	r.Delete(r.access)
	other := gen.JujuSecret(r.Namespace, "other", r.Model.Name)
	access := gen.Access(r.Namespace, "other", "other", "app1")
	r.Create(other, access)
	r.AwaitReady(other, access)
	r.Delete(access, other)
	r.AwaitGone(access, other) // By now the suite's operator has seen the first deletion.
	r.Refresh(r.access)
	if len(r.access.Finalizers) == 0 {
		t.Error("another installation released the access")
	}
	r.ExpectJuju(r.want)

	r.operator.MustRestart()
	r.AwaitGone(r.access)
	left := r.want
	left.Granted = []string{"app3"}
	r.ExpectJuju(left)
}

// Velero restores the status of the resources in --status-include-resources.
func TestRestoreWithStatusOnly(t *testing.T) { //nolint:tparallel // Runs first: its operators see every object.
	for name, p := range pasts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestoration(t, p)
			r.loseAndRestore(backup{status: true})
			r.expectRestored()
		})
	}
}

func TestRestoreWithoutTheKeyNeedsAdoption(t *testing.T) { //nolint:tparallel // It runs alone.
	for name, from := range map[string]backup{
		"with annotations only":       {annotations: true},
		"with status only":            {status: true},
		"with annotations and status": {annotations: true, status: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRestoration(t, pasts()["content updated twice"])
			r.loseAndRestore(from)
			r.Delete(gen.Secret(r.installation, "juju-secrets-operator-key", nil))
			r.operator.MustRestart()
			r.LookNow(r.secret)
			r.AwaitReason(r.secret, v1alpha1.ReasonNameTaken, "key")
			r.ExpectJuju(r.want)

			env.Change(r, r.secret, gen.Adopting)
			r.AwaitReady(r.secret, r.access)
			if got := r.secret.Status; got.SecretID != r.want.ID || got.Revision != r.want.Revision {
				r.Errorf("the status has %s at revision %d, want %s at %d", got.SecretID, got.Revision, r.want.ID, r.want.Revision)
			}
			r.ExpectJuju(r.want)
			r.awaitRevisions(r.secret, r.revisions...)
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// idleTime is the time without a reconcile after which the operator counts as
	// idle. An object that can make progress is requeued sooner.
	idleTime = 4 * time.Second
	// scrapeInterval is the time between two reads of the metrics.
	scrapeInterval = 200 * time.Millisecond
	// bulkTimeout limits the wait for hundreds of objects.
	bulkTimeout = 4 * time.Minute
)

// countedOperator is an operator with its metrics endpoint. The metric
// controller_runtime_reconcile_total counts its reconciles.
type countedOperator struct {
	*env.Operator

	url string
}

func (f *fixture) startCountedOperator() *countedOperator {
	f.Helper()
	address := env.FreeAddress(f.T)
	o := f.StartOwn("with metrics", "--metrics-bind-address="+address, "--metrics-secure=false")
	return &countedOperator{o, "http://" + address + "/metrics"}
}

// withoutDriftChecks sets a drift detection interval that is longer than the
// test.
func withoutDriftChecks(c *v1alpha1.ClusterJujuController) {
	c.Spec.DriftDetection.Interval = metav1.Duration{Duration: 24 * time.Hour}
}

// reconciles are numbers of reconciles of a controller.
type reconciles struct {
	// all includes those that only wait for the cache or for a slot in the queue.
	// How many do depends on the speed of the machine.
	all int
	// done are those that requeue nothing.
	done int
}

func (r reconciles) since(o reconciles) reconciles { return reconciles{r.all - o.all, r.done - o.done} }

// reads returns the number of objects that the operator has read from the API
// server since its start. It watches all other objects.
func (o *countedOperator) reads(f *fixture) int {
	f.Helper()
	_, metrics := env.Get(f.Ctx, o.url, "")
	count := 0
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "rest_client_requests_total{") && strings.Contains(line, `method="GET"`) {
			fields := strings.Fields(line)
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			f.Must(err)
			count += int(value)
		}
	}
	return count
}

// reconciles returns the reconciles of a controller since the operator's start.
func (o *countedOperator) reconciles(f *fixture, controller string) (count reconciles) {
	f.Helper()
	_, metrics := env.Get(f.Ctx, o.url, "")
	for line := range strings.Lines(metrics) {
		if !strings.HasPrefix(line, `controller_runtime_reconcile_total{controller="`+controller+`",`) {
			continue
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		f.Must(err)
		count.all += int(value)
		if !strings.Contains(line, `result="requeue`) {
			count.done += int(value)
		}
	}
	return count
}

// awaitIdle waits until the operator no longer reconciles JujuSecrets and
// JujuSecretAccesses. It returns the reconciles of a controller.
func (o *countedOperator) awaitIdle(f *fixture, controller string) reconciles {
	f.Helper()
	var last [2]reconciles
	var changed, read time.Time
	f.Must(servers.Await(f.Ctx, bulkTimeout, func() (string, error) {
		if time.Since(read) >= scrapeInterval {
			read = time.Now()
			if now := [2]reconciles{o.reconciles(f, "jujusecret"), o.reconciles(f, "jujusecretaccess")}; now != last {
				last, changed = now, read
			}
		}
		if last == [2]reconciles{} || read.Sub(changed) < idleTime {
			return fmt.Sprintf("the operator is not idle: %v reconciles of JujuSecrets and JujuSecretAccesses", last), nil
		}
		return "", nil
	}))
	return o.reconciles(f, controller)
}

// deleteAll deletes objects and waits until they are gone.
func (f *fixture) deleteAll(objs []client.Object) {
	f.Helper()
	f.Delete(objs...)
	for _, obj := range objs {
		f.Must(servers.Await(f.Ctx, bulkTimeout, func() (string, error) {
			if err := f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
				return "", client.IgnoreNotFound(err)
			}
			return obj.GetName() + " still exists", nil
		}))
	}
}

func TestChangeReconcilesNoObjectOfAnotherModel(t *testing.T) {
	const objects, atMost = 500, 5
	other, own := newFixture(t), newFixture(t)
	o := other.startCountedOperator()
	through := gen.Through(other.connectOwn(o.Operator, withoutDriftChecks).Name)

	var waiting []client.Object
	owner := gen.JujuSecret(other.Namespace, "owner", other.Model.Name, gen.Named("db-login"), through)
	other.Create(owner)
	other.AwaitReady(owner)
	for i := range objects - 1 {
		name := fmt.Sprintf("waiting-%d", i)
		obj := gen.JujuSecret(other.Namespace, name, other.Model.Name, gen.Named("db-login"), through)
		other.Create(obj)
		waiting = append(waiting, obj)
	}
	obj := gen.JujuSecret(own.Namespace, "db-login", own.Model.Name, through)
	own.Create(obj)
	own.AwaitReady(obj)
	other.AwaitReason(waiting[len(waiting)-1], v1alpha1.ReasonConflict, other.Namespace+"/owner")

	before := o.awaitIdle(other, "jujusecret").all
	env.Change(own, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Info = "changed" })
	own.AwaitReady(obj)
	made := o.awaitIdle(other, "jujusecret").all - before
	other.deleteAll(append(waiting, owner))
	t.Logf("%d JujuSecrets with the same name in another model: %d reconciles for one change (%d before it)",
		objects, made, before)
	if made > atMost {
		t.Errorf("one change caused %d reconciles of JujuSecrets, want at most %d", made, atMost)
	}
}

// An access is reconciled once to be created and twice to be deleted, and on a
// busy machine waits a few times in the queue.
func TestReconcilesOfAccessesGrowLinearly(t *testing.T) {
	const small, large, ratio, each = 100, 200, 2.2, 5
	o := newFixture(t).startCountedOperator()
	created, deleted := map[int]reconciles{}, map[int]reconciles{}
	for _, n := range []int{small, large} {
		created[n], deleted[n] = o.countAccesses(newFixture(t), n)
		t.Logf("%d accesses: reconciles to create %+v, to delete %+v", n, created[n], deleted[n])
	}
	for what, made := range map[string]map[int]reconciles{"creating": created, "deleting": deleted} {
		if grown := float64(made[large].done) / float64(made[small].done); grown > ratio {
			t.Errorf("%s %d accesses takes %d reconciles, %d accesses take %d: the ratio is %.2f, want at most %.1f",
				what, small, made[small].done, large, made[large].done, grown, ratio)
		}
		if n := made[large].all; n > each*large {
			t.Errorf("%s %d accesses takes %d reconciles with all waits, want at most %d", what, large, n, each*large)
		}
	}
}

// countAccesses creates and deletes JujuSecretAccesses to one secret. Each
// access has its own application. countAccesses returns the reconciles for the
// creations and for the deletions.
func (o *countedOperator) countAccesses(f *fixture, n int) (created, deleted reconciles) {
	f.Helper()
	const controller = "jujusecretaccess"
	through := gen.Through(f.connectOwn(o.Operator, withoutDriftChecks).Name)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through)
	var apps []string
	var accesses []client.Object
	for i := range n {
		app := fmt.Sprintf("client%03d", i)
		f.Must(f.Juju.AddApplication(f.Ctx, f.Model, app))
		apps = append(apps, app)
		accesses = append(accesses, gen.Access(f.Namespace, app, "db-login", app))
	}
	f.Create(secret)
	f.AwaitReady(secret)

	start := o.awaitIdle(f, controller)
	f.Create(accesses...)
	f.AwaitReady(accesses...)
	ready := o.awaitIdle(f, controller)
	f.ExpectJuju(ofDB(apps...))

	f.deleteAll(accesses)
	gone := o.awaitIdle(f, controller)
	f.ExpectJuju(ofDB())
	return ready.since(start), gone.since(ready)
}

// One read serves all objects that use a source, and their updates share
// requests. The operator may renew a watch meanwhile, which is another read.
func TestSharedSourceIsReadOnceAndUpdatedInBulk(t *testing.T) {
	const objects, models, spare = 300, 3, 3
	f := newFixture(t)
	o := f.startCountedOperator()
	through := gen.Through(f.connectOwn(o.Operator, withoutDriftChecks).Name)
	source := gen.Secret(f.Namespace, "shared", map[string]string{"password": sentinel})
	f.Create(source)
	all := []servers.Model{f.Model}
	for i := range models - 1 {
		all = append(all, f.AddModel(fmt.Sprintf("%s-%d", f.Namespace, i)))
	}
	var objs []client.Object
	for i := range objects {
		name := fmt.Sprintf("secret-%03d", i)
		objs = append(objs, gen.JujuSecret(f.Namespace, name, all[i%models].Name, gen.FromSecret("shared"), through))
	}
	f.Create(objs...)
	f.AwaitReady(objs...)
	for revision := 2; revision <= 3; revision++ { // The first update also writes the record of each object.
		o.awaitIdle(f, "jujusecret")
		reads, before := o.reads(f), f.updates(all)
		env.Change(f, source, func(o *corev1.Secret) { o.Data["password"] = fmt.Append([]byte(sentinel), revision) })
		for _, obj := range objs {
			f.AwaitRevision(obj.(*v1alpha1.JujuSecret), revision)
		}
		reads, made := o.reads(f)-reads, f.updates(all)-before
		t.Logf("revision %d: %d reads and %d updates for %d objects in %d models", revision, reads, made, objects, models)
		// How many updates share a request depends on the speed of the machine.
		if most := objects / 4; reads > 1+spare || made > most {
			t.Errorf("revision %d: %d reads and %d updates for %d objects, want at most %d and %d",
				revision, reads, made, objects, 1+spare, most)
		}
	}
	f.deleteAll(objs)
}

// updates returns the number of requests that updated secrets in models.
func (f *fixture) updates(models []servers.Model) int {
	f.Helper()
	sum := 0
	for _, model := range models {
		counts, err := f.Juju.Requests(f.Ctx, model)
		f.Must(err)
		sum += counts["Secrets.UpdateSecrets"]
	}
	return sum
}

// The application stays away until each access has seen that it is missing. One
// listing shows the lost grants. An access repeats its grant at most twice, and
// then waits for the look for the applications of all.
func TestRedeployedApplicationIsGrantedAgainWithOneListing(t *testing.T) {
	const objects = 200
	f := newFixture(t)
	o := f.startCountedOperator()
	through := gen.Through(f.connectOwn(o.Operator, withoutDriftChecks).Name)
	var secrets, accesses []client.Object
	for i := range objects {
		name := fmt.Sprintf("secret-%03d", i)
		secrets = append(secrets, gen.JujuSecret(f.Namespace, name, f.Model.Name, through))
		accesses = append(accesses, gen.Access(f.Namespace, name, name, "app1"))
	}
	f.Create(secrets...)
	f.Create(accesses...)
	f.AwaitReady(accesses...)
	o.awaitIdle(f, "jujusecretaccess")
	expect := func(when string, before map[string]int, listings, grants, looks int) {
		t.Helper()
		after := f.Requests()
		for method, most := range map[string]int{
			"Secrets.ListSecrets": listings, "Secrets.GrantSecret": grants, "Application.ApplicationsInfo": looks,
		} {
			made := after[method] - before[method]
			t.Logf("%s: %d requests %s for %d accesses", when, made, method, objects)
			if made > most {
				t.Errorf("%s: %d requests %s, want at most %d", when, made, method, most)
			}
		}
	}

	before := f.Requests()
	f.Must(f.Juju.RemoveApplication(f.Ctx, f.Model, "app1"))
	f.LookNow(accesses[0])
	for _, obj := range accesses {
		f.AwaitReason(obj, v1alpha1.ReasonApplicationNotFound)
	}
	o.awaitIdle(f, "jujusecretaccess")
	expect("without the application", before, 1, 3*objects, 2)

	before = f.Requests()
	f.Must(f.Juju.AddApplication(f.Ctx, f.Model, "app1"))
	f.AwaitReady(accesses...)
	expect("with the application", before, 0, objects, 2)
	f.deleteAll(accesses)
	f.deleteAll(secrets)
}

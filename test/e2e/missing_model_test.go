// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// listModels is the request for the models of a controller.
const listModels = "ModelManager.ListModels"

// It counts the reconciles of the operator, which has the objects of all tests,
// so it does not run in parallel.
func TestObjectsOfMissingModelShareOneListPerInterval(t *testing.T) {
	const objects, intervals = 500, 3
	f, proxy := newProxied(t)
	o := f.startCountedOperator()
	controller := gen.Controller("proxied-"+f.Namespace, proxy.Address, proxy.CACertificate, o.Serves)
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	interval := controller.Spec.DriftDetection.Interval.Duration
	through := gen.Through(controller.Name)

	var waiting []client.Object
	for i := range objects {
		obj := gen.JujuSecret(f.Namespace, fmt.Sprintf("waiting-%d", i), "prod/missing-"+f.Namespace, through)
		f.Create(obj)
		waiting = append(waiting, obj)
	}
	late := gen.JujuSecret(f.Namespace, "late", "prod/"+f.Namespace+"-late", through)
	f.Create(late)
	for _, obj := range append(waiting, late) {
		f.AwaitReason(obj, v1alpha1.ReasonModelNotFound)
	}
	reconciles := o.awaitIdle(f, "jujusecret")
	lists, began := proxy.Requests()[listModels], time.Now()
	f.AwaitRequests(proxy, listModels, lists+intervals)
	atMost := 1 + int(time.Since(began)/interval)
	if n := proxy.Requests()[listModels] - lists; n > atMost {
		t.Errorf("%d lists of models in %v, want at most %d", n, time.Since(began), atMost)
	}
	// An object that waited in the fair queue is requeued once more.
	if n := o.reconciles(f, "jujusecret").since(reconciles).all; n > objects/5 {
		t.Errorf("%d reconciles of %d objects at rest in %d intervals", n, objects, intervals)
	}

	// The list wakes only the object of the model that appears.
	reconciles = o.awaitIdle(f, "jujusecret")
	f.AddModel(f.Namespace + "-late")
	f.AwaitReady(late)
	if n := o.awaitIdle(f, "jujusecret").since(reconciles).all; n > objects/5 {
		t.Errorf("%d reconciles for one object, whose model was created", n)
	}

	f.deleteAll(append(waiting, late))
	before := proxy.Requests()
	f.Must(servers.Await(f.Ctx, bulkTimeout, func() (string, error) {
		// The model stays in use for a while, so that its listings show that time passes.
		if n := proxy.Requests()["Secrets.ListSecrets"] - before["Secrets.ListSecrets"]; n < intervals {
			return fmt.Sprintf("%d listings of the model", n), nil
		}
		return "", nil
	}))
	// One list can begin before the operator sees the deletions.
	if n := proxy.Requests()[listModels] - before[listModels]; n > 1 {
		t.Errorf("%d lists of models while no object waits for a model, want none", n)
	}
}

// An object is released without a change in Juju if its model is gone. That must
// not follow from an old list: the user may just have got the access back.
func TestDeletionFindsModelThatIsVisibleAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	user, err := f.Juju.AddUser(f.Ctx, "deletes-"+f.Namespace)
	f.Must(err)
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	controller := gen.Controller("deletes-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, withoutDriftChecks)
	credentials := gen.Credentials(controller.Name, user.Username, user.Password)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	f.AwaitReady(controller)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	access := gen.Access(f.Namespace, "db", "db-login", "app1")
	f.Create(obj, access)
	f.AwaitReady(obj, access)

	f.Must(f.Juju.RevokeModel(f.Ctx, f.Model, user.Username, "read"))
	f.LookNow(obj, access)
	f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied)
	f.AwaitReason(access, v1alpha1.ReasonPermissionDenied)
	f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, "write"))
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "db-login", Revision: 1, Content: servers.Content(values("value")),
	})
	f.Delete(obj)
	f.AwaitGone(obj)
	f.ExpectJuju()
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// heldBy is the finalizer by which the operator holds what it needs.
const heldBy = "jujusecrets.io/finalizer"

// connect makes a controller object of the run's own, and a JujuSecret that goes through it.
func connect(r *run) {
	r.controller = lab.controller(r.ns[0])
	r.credentials = gen.Credentials(r.ns[0], lab.juju.Operator.Username, lab.juju.Operator.Password)
	r.Create(r.credentials, r.controller)
	r.apply(gen.Through(r.controller.Name))
}

func isConnected(r *run) string {
	if missing := r.tells(r.controller, metav1.ConditionTrue, v1alpha1.ReasonConnected); missing != "" {
		return missing
	}
	if models := r.controller.Status.Models; len(models) != 1 || models[0].Objects != 1 || models[0].Access != "write" {
		return fmt.Sprintf("the controller object tells of the models %v", models)
	}
	return r.atRevision(r.obj, 1)
}

// goesAtOnce deletes an object with all that it needs at once, as a chart does that is removed.
func goesAtOnce(r *run) { r.Delete(r.credentials, r.controller, r.obj, r.source) }

func allGone(r *run) string {
	for _, obj := range []client.Object{r.obj, r.controller, r.credentials} {
		if missing := r.gone(obj); missing != "" {
			return missing
		}
	}
	return ""
}

func expectAllGone(r *run) {
	r.Await(func() string { return allGone(r) })
	r.expectJuju()
}

func TestAControllerObjectAndItsCredentialsAreHeldBeforeTheyAreUsed(t *testing.T) {
	story{
		least: 6, setup: makeSource, deed: connect, done: isConnected,
		end: func(r *run) {
			r.Await(func() string { return isConnected(r) })
			r.expectOurs(servers.UserSecret{Name: name, Revision: 1, Content: servers.Content(holding("first"))})
			r.expectRequests("CreateSecrets", 1, 1)
			for _, obj := range []client.Object{r.controller, r.credentials} {
				if r.Refresh(obj); !slices.Contains(obj.GetFinalizers(), heldBy) {
					r.Errorf("%T %s is not held", obj, obj.GetName())
				}
			}
			if r.struck[0] != "" { // Otherwise nothing but looks is expected.
				goesAtOnce(r)
				expectAllGone(r)
			}
		},
	}.tell(t)
}

func TestAllThatIsDeletedAtOnceGoesInOrder(t *testing.T) {
	story{
		least: 4,
		setup: func(r *run) {
			makeSource(r)
			connect(r)
			r.Await(func() string { return isConnected(r) })
		},
		deed: goesAtOnce, done: allGone, end: expectAllGone,
	}.tell(t)
}

func TestAllThatIsDeletedInTheMidstOfItsBeginningGoesInOrder(t *testing.T) {
	story{
		least: 6, setup: makeSource, deed: connect, done: isConnected, down: goesAtOnce, end: expectAllGone,
	}.tell(t)
}

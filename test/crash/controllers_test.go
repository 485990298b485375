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

// finalizer is the finalizer that the operator sets on the objects it needs.
const finalizer = "jujusecrets.io/finalizer"

// connect creates the run's own controller object, and a JujuSecret that uses
// it.
func connect(r *run) {
	r.controller = gen.Controller(r.Namespaces[0], "", "", proxied)
	r.credentials = gen.Credentials(r.Namespaces[0], r.Juju.Operator.Username, r.Juju.Operator.Password)
	r.Create(r.credentials, r.controller)
	r.apply(gen.Through(r.controller.Name))
}

func isConnected(r *run) string {
	if missing := r.shows(r.controller, metav1.ConditionTrue, v1alpha1.ReasonConnected); missing != "" {
		return missing
	}
	if models := r.controller.Status.Models; len(models) != 1 || models[0].Objects != 1 || models[0].Access != "write" {
		return fmt.Sprintf("the controller object reports the models %v, want one model with one object and write access",
			models)
	}
	return r.atRevision(r.obj, 1)
}

// deleteAtOnce deletes the JujuSecret and everything it needs at once, like the
// removal of a chart.
func deleteAtOnce(r *run) { r.Delete(r.credentials, r.controller, r.obj, r.source) }

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

func TestControllerAndCredentialsGetFinalizerBeforeUse(t *testing.T) {
	scenario{
		least: 6, setup: createSource, act: connect, until: isConnected,
		want: func(r *run) {
			r.Await(func() string { return isConnected(r) })
			r.expectOwned(servers.UserSecret{Name: name, Revision: 1, Content: servers.Content(holding("first"))})
			r.expectRequests("CreateSecrets", 1, 1)
			for _, obj := range []client.Object{r.controller, r.credentials} {
				if r.Refresh(obj); !slices.Contains(obj.GetFinalizers(), finalizer) {
					r.Errorf("%T %s does not have the finalizer", obj, obj.GetName())
				}
			}
			if r.killedAt[0] != "" { // An operator that was not killed only reconciles again.
				deleteAtOnce(r)
				expectAllGone(r)
			}
		},
	}.test(t)
}

func TestDeletionOfAllObjectsAtOnceCompletes(t *testing.T) {
	scenario{
		least: 4,
		setup: func(r *run) {
			createSource(r)
			connect(r)
			r.Await(func() string { return isConnected(r) })
		},
		act: deleteAtOnce, until: allGone, want: expectAllGone,
	}.test(t)
}

func TestDeletionDuringCreationCompletes(t *testing.T) {
	scenario{
		least: 6, setup: createSource, act: connect, until: isConnected, whileDown: deleteAtOnce, want: expectAllGone,
	}.test(t)
}

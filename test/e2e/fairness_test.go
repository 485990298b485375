// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// workers is the number of JujuSecrets that the operator reconciles at a time.
const workers = 256

// maxListingTime is how long the operator waits for the list of a model's
// secrets. On a machine where the other secret takes longer, the test proves
// nothing.
const maxListingTime = 20 * time.Second

// A namespace chooses the server of its JujuController, and this server may
// never answer. Without a fair queue, each of its objects would block a worker
// for ten seconds. Here more objects than there are workers start to wait at
// once, when their controller is connected. Meanwhile, an object of another
// namespace and model must get its secret.
func TestSlowControllerDoesNotDelayOtherTenants(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	other := newFixture(t)
	requested := make(chan struct{})
	var once sync.Once
	proxy.Guard(func(method string) (pass bool, answered func() bool) {
		if method != "Secrets.ListSecrets" {
			return true, nil
		}
		once.Do(func() { close(requested) })
		return false, nil
	})
	for i := range workers + 20 {
		f.Create(gen.JujuSecret(f.Namespace, fmt.Sprintf("slow-%d", i), f.Model.Name, gen.Locally("slow")))
	}
	controller := gen.LocalController(f.Namespace, "slow", proxy.Address, proxy.CACertificate)
	f.Create(gen.Login(f.Namespace, "slow", f.Juju.Operator.Username, f.Juju.Operator.Password), controller)
	f.AwaitReady(controller)
	<-requested

	began := time.Now()
	quick := gen.JujuSecret(other.Namespace, "quick", other.Model.Name)
	other.Create(quick)
	other.AwaitReady(quick)
	took := time.Since(began)
	var waiting v1alpha1.JujuSecretList
	f.Must(f.Kube.List(f.Ctx, &waiting, client.InNamespace(f.Namespace)))
	unreachable := 0
	for _, obj := range waiting.Items {
		ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Reason == string(v1alpha1.ReasonJujuUnreachable) {
			unreachable++
		}
	}
	// Each object gets this status after ten seconds, and all of them get it when
	// the list has failed.
	if unreachable > workers/4 && took < maxListingTime {
		f.Errorf("%d objects were JujuUnreachable before the other namespace got its secret after %v", unreachable, took)
	}
	// These objects have nothing in Juju, so they are deleted at once.
	f.Must(f.Kube.DeleteAllOf(f.Ctx, &v1alpha1.JujuSecret{}, client.InNamespace(f.Namespace)))
	proxy.Guard(nil)
}

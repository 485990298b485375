// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/wire"
)

// workers is how many JujuSecrets the operator works on at a time. So many have to be done with before another one's turn comes, if
// they may take all.
const workers = 64

// What answers at a JujuController is for its namespace to say, and may answer nothing. Without turns its objects would keep
// every worker of the operator waiting, for ten seconds each.
func TestANamespaceWhoseControllerIsSlowHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	slow, proxy := newProxiedScene(t)
	other := newScene(t)
	controller := gen.LocalController(slow.ns, "slow", proxy.Address, proxy.CACertificate)
	slow.create(gen.Secret(slow.ns, "slow", map[string]string{
		"username": slow.juju.Operator.Username, "password": slow.juju.Operator.Password,
	}), controller)
	slow.awaitReady(controller)
	listing := proxy.On("Secrets.ListSecrets", wire.Hold())
	for i := range 80 {
		slow.create(gen.JujuSecret(slow.ns, fmt.Sprintf("slow-%d", i), slow.model.Name, gen.Locally("slow")))
	}
	<-listing

	quick := gen.JujuSecret(other.ns, "quick", other.model.Name)
	other.create(quick)
	other.awaitReady(quick)
	var waiting v1alpha1.JujuSecretList
	slow.must(slow.kube.List(slow.ctx, &waiting, client.InNamespace(slow.ns)))
	told := 0
	for _, obj := range waiting.Items {
		if len(obj.Status.Conditions) > 0 {
			told++
		}
	}
	if told >= workers {
		t.Errorf("%d objects were told how they stand before the other namespace had its secret", told)
	}
}

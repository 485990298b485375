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
	"github.com/juju-secrets/operator/test/wire"
)

// workers is how many JujuSecrets the operator works on at a time. So many have to be done with before another one's turn comes, if
// they may take all.
const workers = 256

// lookPatience is how long a look at a model may take. On a machine on which all else takes longer nothing can be told.
const lookPatience = 20 * time.Second

// What answers at a JujuController is for its namespace to say, and may answer nothing. Without turns its objects would keep
// every worker of the operator waiting, for ten seconds each.
func TestANamespaceWhoseControllerIsSlowHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	slow, proxy := newProxiedScene(t)
	slow.holdUpNobody(proxy, gen.Locally("slow"), func() {
		controller := gen.LocalController(slow.ns, "slow", proxy.Address, proxy.CACertificate)
		slow.Create(gen.Secret(slow.ns, "slow", map[string]string{
			"username": slow.juju.Operator.Username, "password": slow.juju.Operator.Password,
		}), controller)
		slow.AwaitReady(controller)
	})
}

// A model may be big, or its controller busy.
func TestASharedModelThatIsSlowHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	slow, proxy := newProxiedScene(t)
	slow.holdUpNobody(proxy, gen.Through("proxied-"+slow.ns), func() { slow.AwaitReady(slow.connectThrough(proxy)) })
}

// holdUpNobody checks that an object of another namespace and model has its secret while more objects than there are workers wait
// for a model that does not answer. They begin to wait together, when their controller is connected.
func (s *scene) holdUpNobody(proxy *wire.Proxy, through func(*v1alpha1.JujuSecret), connect func()) {
	s.Helper()
	other := newScene(s.T)
	asked := make(chan struct{})
	var once sync.Once
	proxy.Guard(func(method string) (pass bool, answered func() bool) {
		if method != "Secrets.ListSecrets" {
			return true, nil
		}
		once.Do(func() { close(asked) })
		return false, nil
	})
	for i := range workers + 20 {
		s.Create(gen.JujuSecret(s.ns, fmt.Sprintf("slow-%d", i), s.model.Name, through))
	}
	connect()
	<-asked

	began := time.Now()
	quick := gen.JujuSecret(other.ns, "quick", other.model.Name)
	other.Create(quick)
	other.AwaitReady(quick)
	took := time.Since(began)
	var waiting v1alpha1.JujuSecretList
	s.Must(s.Kube.List(s.Ctx, &waiting, client.InNamespace(s.ns)))
	told := 0
	for _, obj := range waiting.Items {
		ready := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Reason == string(v1alpha1.ReasonJujuUnreachable) {
			told++
		}
	}
	// They are told after ten seconds each, and all at once when the look at their model has failed.
	if told > workers/4 && took < lookPatience {
		s.Errorf("%d objects were told how they stand before the other namespace had its secret, after %v", told, took)
	}
	// They have nothing in Juju, so that they go at once.
	s.Must(s.Kube.DeleteAllOf(s.Ctx, &v1alpha1.JujuSecret{}, client.InNamespace(s.ns)))
	proxy.Guard(nil)
}

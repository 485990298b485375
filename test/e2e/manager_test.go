// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// A replica without the lease serves its probes and metrics, and reconciles
// nothing.
func TestStandbyReplicaIsHealthyAndIdle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	holder, seconds, now := "another-replica", int32(3600), metav1.NewMicroTime(time.Now())
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "juju-secrets", Name: "juju-secrets-operator"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now,
		},
	}
	f.Create(lease)
	f.After = append(f.After, lease)
	probes, metrics := env.FreeAddress(f.T), env.FreeAddress(f.T)
	replica := f.StartOperator("without the lease", "--leader-elect",
		"--health-probe-bind-address="+probes, "--metrics-bind-address="+metrics, "--metrics-secure=false")
	f.Await(func() string {
		for url, want := range map[string]string{
			"http://" + probes + "/healthz":  "ok",
			"http://" + probes + "/readyz":   "ok",
			"http://" + metrics + "/metrics": "controller_runtime_",
		} {
			if _, body := env.Get(f.Ctx, url, ""); !strings.Contains(body, want) {
				return url + " returns " + body
			}
		}
		return ""
	})
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	if text := replica.Log(); !strings.Contains(text, "acquire leader lease") || strings.Contains(text, f.Namespace) {
		t.Errorf("the replica did not wait for the lease, or reconciled objects:\n%s", text)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// freeAddress is a loopback address that nobody listens on.
func (s *scene) freeAddress() string {
	s.Helper()
	address, err := servers.FreeAddress(s.Ctx)
	s.Must(err)
	return address
}

// A second replica of the operator serves its probes and metrics, and keeps its hands off while another one leads.
func TestAReplicaThatDoesNotLeadIsHealthyAndIdle(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	holder, seconds, now := "another-replica", int32(3600), metav1.NewMicroTime(time.Now())
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "juju-secrets", Name: "juju-secrets-operator"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now,
		},
	}
	s.Create(lease)
	s.after = append(s.after, lease)
	probes, metrics := s.freeAddress(), s.freeAddress()
	replica, err := stack.Kubernetes.StartOperator(t.TempDir(), "--leader-elect",
		"--health-probe-bind-address="+probes, "--metrics-bind-address="+metrics, "--metrics-secure=false")
	s.Must(err)
	t.Cleanup(func() {
		if err := replica.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.Await(func() string {
		for url, want := range map[string]string{
			"http://" + probes + "/healthz":  "ok",
			"http://" + probes + "/readyz":   "ok",
			"http://" + metrics + "/metrics": "controller_runtime_",
		} {
			if body := s.fetch(url); !strings.Contains(body, want) {
				return url + " answers " + body
			}
		}
		return ""
	})
	obj := gen.JujuSecret(s.ns, "db-login", s.model.Name)
	s.Create(obj)
	s.AwaitReady(obj)
	log, err := os.ReadFile(replica.Log)
	s.Must(err)
	if text := string(log); !strings.Contains(text, "acquire leader lease") || strings.Contains(text, s.ns) {
		t.Errorf("the replica did not wait for the lease, or worked:\n%s", text)
	}
}

func (s *scene) fetch(url string) string {
	request, err := http.NewRequestWithContext(s.Ctx, http.MethodGet, url, nil)
	s.Must(err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// What waits for its turn in Juju was decided while the namespace was a tenant, and may wait long.
func TestWhatWaitsForItsTurnEndsWithTheTenancy(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	through := gen.Through(s.connectThrough(proxy).Name)
	witness := gen.JujuSecret(s.ns, "witness", s.model.Name, through)
	granted, revoking := gen.Access(s.ns, "granted", "witness", "app1"), gen.Access(s.ns, "revoking", "witness", "app2")
	s.Create(witness, granted, revoking)
	s.AwaitReady(witness, granted, revoking)

	release := make(chan struct{})
	answered, err := s.juju.AwaitAnswered(s.Ctx, s.model, "Secrets.CreateSecrets", -1)
	s.Must(err)
	proxy.On("Secrets.CreateSecrets", wire.Until(release))
	under, waiting := gen.JujuSecret(s.ns, "under-way", s.model.Name, through), gen.JujuSecret(s.ns, "waiting", s.model.Name, through)
	s.Create(under)
	_, err = s.juju.AwaitAnswered(s.Ctx, s.model, "Secrets.CreateSecrets", answered)
	s.Must(err)
	s.Create(waiting)
	s.Await(func() string {
		if s.Refresh(waiting); len(waiting.Finalizers) == 0 {
			return "nobody takes up the object that waits"
		}
		return ""
	})
	// It takes over the grant to app1, which its record tells, so that all there is to do in Juju is to revoke that to app2.
	stage.Change(s, revoking, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	s.Await(func() string {
		if s.Refresh(revoking); !strings.Contains(fmt.Sprint(revoking.Annotations), "app1") {
			return "nobody takes up the access that waits"
		}
		return ""
	})
	tenant := func(is string) {
		stage.Change(s, gen.Namespace(s.ns, nil), func(o *corev1.Namespace) { o.Labels["tenant"] = is })
	}
	tenant("no")
	s.AwaitReason(witness, v1alpha1.ReasonTenantDenied)
	close(release)
	s.AwaitReason(under, v1alpha1.ReasonTenantDenied)
	s.AwaitReason(waiting, v1alpha1.ReasonTenantDenied)
	s.AwaitReason(revoking, v1alpha1.ReasonTenantDenied)
	made := func(obj *v1alpha1.JujuSecret) servers.UserSecret {
		return servers.UserSecret{ID: obj.Status.SecretID, Name: obj.Name, Revision: 1, Content: servers.Content(obj.Spec.Value)}
	}
	seen := made(witness)
	seen.Granted = []string{"app1", "app2"}
	s.expectJuju(made(under), seen)

	tenant("true")
	s.AwaitReady(under, waiting, revoking)
	seen.Granted = []string{"app1"}
	s.expectJuju(made(under), made(waiting), seen)
}

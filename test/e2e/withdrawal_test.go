// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// The operator completes changes that it queued while the namespace was a
// tenant. It queues no change after the tenancy has ended.
func TestRemovedTenantStartsNoChanges(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	through := gen.Through(f.connectThrough(proxy).Name)
	witness := gen.JujuSecret(f.Namespace, "witness", f.Model.Name, through)
	granted := gen.Access(f.Namespace, "granted", "witness", "app1")
	revoking := gen.Access(f.Namespace, "revoking", "witness", "app2")
	f.Create(witness, granted, revoking)
	f.AwaitReady(witness, granted, revoking)

	release := make(chan struct{})
	answered, err := f.Juju.AwaitAnswered(f.Ctx, f.Model, "Secrets.CreateSecrets", -1)
	f.Must(err)
	proxy.On("Secrets.CreateSecrets", wire.Until(release))
	sent := gen.JujuSecret(f.Namespace, "sent", f.Model.Name, through)
	waiting := gen.JujuSecret(f.Namespace, "waiting", f.Model.Name, through)
	f.Create(sent)
	_, err = f.Juju.AwaitAnswered(f.Ctx, f.Model, "Secrets.CreateSecrets", answered)
	f.Must(err)
	f.Create(waiting)
	f.Await(func() string {
		if f.Refresh(waiting); len(waiting.Finalizers) == 0 {
			return "the operator has not reconciled the waiting object"
		}
		return ""
	})
	// The access takes over the grant to app1, as its record shows. The only
	// change left in Juju is to revoke the grant to app2.
	env.Change(f, revoking, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	f.Await(func() string {
		if f.Refresh(revoking); !strings.Contains(fmt.Sprint(revoking.Annotations), "app1") {
			return "the operator has not reconciled the waiting access"
		}
		return ""
	})
	tenant := func(value string) {
		env.Change(f, gen.Namespace(f.Namespace, nil), func(o *corev1.Namespace) { o.Labels["tenant"] = value })
	}
	tenant("no")
	f.AwaitReason(witness, v1alpha1.ReasonTenantDenied)
	late := gen.JujuSecret(f.Namespace, "late", f.Model.Name, through)
	f.Create(late)
	f.AwaitReason(late, v1alpha1.ReasonTenantDenied)
	env.Change(f, granted, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1", "app2") })
	f.AwaitReason(granted, v1alpha1.ReasonTenantDenied)
	close(release)
	f.AwaitReason(sent, v1alpha1.ReasonTenantDenied)
	f.AwaitReason(waiting, v1alpha1.ReasonTenantDenied)
	f.AwaitReason(revoking, v1alpha1.ReasonTenantDenied)
	created := func(obj *v1alpha1.JujuSecret) servers.UserSecret {
		return servers.UserSecret{
			ID: obj.Status.SecretID, Name: obj.Name, Revision: 1, Content: servers.Content(obj.Spec.Value),
		}
	}
	granting := created(witness)
	granting.Granted = []string{"app1"}
	f.ExpectJuju(created(sent), created(waiting), granting)

	tenant("true")
	f.AwaitReady(sent, waiting, late, granted, revoking)
	granting.Granted = []string{"app1", "app2"}
	f.ExpectJuju(created(late), created(sent), created(waiting), granting)
}

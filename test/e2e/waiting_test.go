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
)

// connectRarely creates a controller object with the longest interval.
func (f *fixture) connectRarely(address, authority string) *v1alpha1.ClusterJujuController {
	f.Helper()
	controller := gen.Controller("rarely-"+f.Namespace, address, authority, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.DriftDetection.Interval.Duration = 24 * time.Hour
	})
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	return controller
}

// The interval of the drift detection does not delay an object that waits for a
// change in Juju, and the requests do not grow with the number of objects.
func TestWaitingObjectsShareListingsWithLongInterval(t *testing.T) {
	t.Parallel()
	const objects = 20
	for name, row := range map[string]struct {
		reason v1alpha1.Reason
		object func(f *fixture, through string, i int) client.Object
		// before and after change Juju: before the objects exist, and while
		// they wait.
		before, after func(f *fixture) error
	}{
		"JujuSecrets that observe a missing secret": {
			reason: v1alpha1.ReasonSecretNotFound,
			object: func(f *fixture, through string, i int) client.Object {
				return gen.JujuSecret(f.Namespace, fmt.Sprintf("observes-%02d", i), f.Model.Name, gen.Through(through),
					gen.Named("license"), gen.Observed)
			},
			after: addLicense,
		},
		"JujuSecretAccesses to a missing secret": {
			reason: v1alpha1.ReasonSecretNotFound,
			object: func(f *fixture, through string, i int) client.Object {
				ref := v1alpha1.UserSecretReference{Model: f.Model.Name, Name: "license"}
				access := gen.DirectAccess(f.Namespace, fmt.Sprintf("grants-%02d", i), ref, "app1")
				access.Spec.Secret.ControllerRef.Name = through
				return access
			},
			after: addLicense,
		},
		"JujuSecrets with taken names": {
			reason: v1alpha1.ReasonNameTaken,
			object: func(f *fixture, through string, i int) client.Object {
				return gen.JujuSecret(f.Namespace, fmt.Sprintf("taken-%02d", i), f.Model.Name, gen.Through(through))
			},
			before: func(f *fixture) error {
				for i := range objects {
					if _, err := f.Juju.AddSecret(f.Ctx, f.Model, fmt.Sprintf("taken-%02d", i), "", values("theirs")); err != nil {
						return err
					}
				}
				return nil
			},
			after: func(f *fixture) error {
				for _, secret := range f.InJuju() {
					if err := f.Juju.RemoveSecret(f.Ctx, f.Model, secret.ID); err != nil {
						return err
					}
				}
				return nil
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxied(t)
			if row.before != nil {
				f.Must(row.before(f))
			}
			controller := f.connectRarely(proxy.Address, proxy.CACertificate)
			var waiting []client.Object
			for i := range objects {
				waiting = append(waiting, row.object(f, controller.Name, i))
			}
			f.Create(waiting...)
			for _, obj := range waiting {
				f.AwaitReason(obj, row.reason)
			}
			before := proxy.Requests()[listSecrets]
			f.Must(row.after(f))
			f.AwaitReady(waiting...)
			if n := proxy.Requests()[listSecrets] - before; n == 0 || n > objects/2 {
				t.Errorf("%d listings for %d objects that waited, want a few", n, objects)
			}
		})
	}
}

func addLicense(f *fixture) error {
	_, err := f.Juju.AddSecret(f.Ctx, f.Model, "license", "", values("theirs"))
	return err
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// replace replaces an object as kubectl replace does. The manifest has no
// annotations and no finalizers. The status stays.
func (f *fixture) replace(manifest client.Object) {
	f.Helper()
	f.Must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		current := manifest.DeepCopyObject().(client.Object)
		if err := f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(manifest), current); err != nil {
			return err
		}
		manifest.SetResourceVersion(current.GetResourceVersion())
		return f.Kube.Update(f.Ctx, manifest)
	}))
}

// removeRecord removes the record annotation as kubectl annotate does.
func (f *fixture) removeRecord(obj client.Object) {
	f.Helper()
	patch := []byte(`{"metadata":{"annotations":{"` + v1alpha1.AnnotationRecord + `":null}}}`)
	f.Must(f.Kube.Patch(f.Ctx, obj, client.RawPatch(types.MergePatchType, patch)))
}

// grantedAccess creates a JujuSecret and a JujuSecretAccess for app1, app2 and
// app3. app3 and configurable were granted by hand before.
func (f *fixture) grantedAccess() *v1alpha1.JujuSecretAccess {
	f.Helper()
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(secret)
	f.AwaitReady(secret)
	f.Must(f.Juju.Grant(f.Ctx, f.Model, secret.Status.SecretID, "app3", "configurable"))
	access := gen.Access(f.Namespace, "db", "db-login", "app1", "app2", "app3")
	// Makes the operator look at Juju first. Otherwise it takes the grants of
	// the last five seconds for its own.
	access.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: "the start"}
	f.Create(access)
	f.AwaitReady(access)
	f.ExpectJuju(ofDB("app1", "app2", "app3", "configurable"))
	return access
}

// expectRevoked deletes an access and checks that only the grants made by hand
// stay.
func (f *fixture) expectRevoked(access *v1alpha1.JujuSecretAccess) {
	f.Helper()
	f.Delete(access)
	f.AwaitGone(access)
	f.ExpectJuju(ofDB("app3", "configurable"))
}

func TestReplacedAccessRevokes(t *testing.T) {
	t.Parallel()
	all, fewer := []string{"app1", "app2", "app3"}, []string{"app1", "app3"}
	for name, row := range map[string]struct {
		// replaces are the applications in the manifest of each replace.
		replaces [][]string
		// handled is true when the operator handles each replace before the next.
		handled bool
		granted servers.UserSecret
	}{
		"application removed in the same replace": {
			[][]string{fewer}, true, ofDB("app1", "app3", "configurable"),
		},
		"application removed in a later replace": {
			[][]string{all, fewer}, true, ofDB("app1", "app3", "configurable"),
		},
		"application removed in the next replace at once": {
			[][]string{all, fewer}, false, ofDB("app1", "app3", "configurable"),
		},
		"access deleted": {
			[][]string{all}, true, ofDB("app1", "app2", "app3", "configurable"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			access := f.grantedAccess()
			for _, apps := range row.replaces {
				access = gen.Access(f.Namespace, "db", "db-login", apps...)
				f.replace(access)
				if row.handled {
					f.LookNow(access)
				}
			}
			f.LookNow(access)
			f.AwaitReady(access)
			f.ExpectJuju(row.granted)
			f.expectRevoked(access)
		})
	}
}

func TestAccessWithoutItsAnnotationRevokes(t *testing.T) {
	t.Parallel()
	for name, shorten := range map[string]bool{
		"application removed": true,
		"access deleted":      false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			access := f.grantedAccess()
			f.removeRecord(access)
			if shorten {
				env.Change(f, access, func(o *v1alpha1.JujuSecretAccess) {
					o.Spec.Applications = gen.Applications("app1", "app3")
				})
				f.AwaitReady(access)
				f.ExpectJuju(ofDB("app1", "app3", "configurable"))
				f.removeRecord(access)
			}
			f.expectRevoked(access)
		})
	}
}

func TestReplacedSecretKeepsItsID(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		value    string
		revision int
	}{
		"same content":  {"value", 1},
		"other content": {"other", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
			f.Create(obj)
			f.AwaitReady(obj)
			want := servers.UserSecret{
				ID: obj.Status.SecretID, Name: "db-login", Revision: row.revision, Content: servers.Content(values(row.value)),
			}

			obj = gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Value(values(row.value)))
			f.replace(obj)
			f.LookNow(obj)
			f.AwaitReady(obj)
			if obj.Status.SecretID != want.ID || obj.Status.Revision != want.Revision {
				t.Errorf("the status has %s at revision %d, want %s at %d",
					obj.Status.SecretID, obj.Status.Revision, want.ID, want.Revision)
			}
			f.ExpectJuju(want)
			f.Delete(obj)
			f.AwaitGone(obj)
			f.ExpectJuju()
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

const recordAnnotation = "jujusecrets.io/record"

// kept holds what the operator stored in an object: the record in the
// annotation, and the status with a copy of the record.
type kept struct {
	annotation string
	status     map[string]any
}

// keptIn reads what the operator stored in an object. It fails when the object
// has no record.
func (f *fixture) keptIn(obj client.Object) kept {
	f.Helper()
	whole := f.whole(obj)
	status, _, err := unstructured.NestedMap(whole.Object, "status")
	f.Must(err)
	k := kept{annotation: whole.GetAnnotations()[recordAnnotation], status: status}
	if k.annotation == "" {
		f.Fatalf("%T %s has no record in its annotation", obj, obj.GetName())
	}
	if k.record() == "" {
		f.Fatalf("%T %s has no record in its status", obj, obj.GetName())
	}
	return k
}

// record returns the copy of the record in the status.
func (k kept) record() string {
	record, _ := k.status["record"].(string)
	return record
}

// whole reads an object with all fields that the API server serves.
func (f *fixture) whole(obj client.Object) *unstructured.Unstructured {
	f.Helper()
	gvk, err := apiutil.GVKForObject(obj, f.Kube.Scheme())
	f.Must(err)
	whole := &unstructured.Unstructured{}
	whole.SetGroupVersionKind(gvk)
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), whole))
	return whole
}

// A place is one of the two places that a forger can write.
type place func(f *fixture, obj client.Object, k kept)

// places returns the annotation and the status subresource.
func places() map[string]place {
	return map[string]place{
		"annotation": func(f *fixture, obj client.Object, k kept) {
			env.Change(f, obj, func(o client.Object) { env.Annotate(o, recordAnnotation, k.annotation) })
		},
		"status": func(f *fixture, obj client.Object, k kept) {
			f.Must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
				whole := f.whole(obj)
				whole.Object["status"] = (&unstructured.Unstructured{Object: k.status}).DeepCopy().Object
				return f.Kube.Status().Update(f.Ctx, whole)
			}))
		},
	}
}

// altered returns what an object keeps, changed by a user without the
// installation's key.
func (f *fixture) altered(k kept, withMAC bool, replace ...string) kept {
	f.Helper()
	change := func(text string) string {
		changed := strings.NewReplacer(replace...).Replace(text)
		if changed == text {
			f.Fatal("the record does not contain the text to alter")
		}
		if withMAC {
			return changed
		}
		parts := strings.SplitN(changed, ".", 4) // The version, the mark of the key, the MAC and the record.
		parts[2] = ""
		return strings.Join(parts, ".")
	}
	whole, err := json.Marshal(k.status)
	f.Must(err)
	forged := kept{annotation: change(k.annotation)}
	f.Must(json.Unmarshal([]byte(strings.NewReplacer(replace...).Replace(string(whole))), &forged.status))
	forged.status["record"] = change(k.record())
	return forged
}

// A forgery says where a foreign record comes from.
type forgery struct {
	// sameName is true when the owner has the forger's name and another
	// namespace. Otherwise it has another name in the forger's namespace.
	sameName bool
	// made is true when the forger alters its own record, rather than copying
	// the owner's.
	made, withMAC bool
}

func forgeries() map[string]forgery {
	return map[string]forgery{
		"copied from another object in the namespace":                   {},
		"copied from an object with the same name in another namespace": {sameName: true},
		"own record altered, with the old MAC":                          {made: true, withMAC: true},
		"own record altered, without a MAC":                             {made: true},
	}
}

// sharedModel is a fixture with two namespaces that are tenants of one
// ClusterJujuController for the same model.
type sharedModel struct {
	*fixture

	forger, other string
	in            model
	controller    string
}

func newSharedModel(t *testing.T) *sharedModel {
	t.Helper()
	f := newFixture(t)
	h := &sharedModel{fixture: f, forger: f.namespace("forger", nil), other: f.namespace("other", nil)}
	h.in = f.model(shared.Juju, "shared")
	tenants := []v1alpha1.Tenant{named(h.forger, h.in.Name), named(h.other, h.in.Name)}
	h.controller = f.controller("shared", shared.Juju, shared.Juju.Operator, tenants...).Name
	return h
}

// forgerName sorts before any owner's, so that the forger counts as the older
// object.
const forgerName = "a-forger"

// owner returns the namespace and the name of the owner.
func (h *sharedModel) owner(f forgery) (namespace, name string) {
	if f.sameName {
		return h.other, forgerName
	}
	return h.forger, "owner"
}

// secret creates a JujuSecret and updates its content once.
func (h *sharedModel) secret(
	namespace, name, inJuju string, modify ...func(*v1alpha1.JujuSecret),
) *v1alpha1.JujuSecret {
	h.Helper()
	obj := gen.JujuSecret(namespace, name, h.in.Name, append(modify, gen.Named(inJuju), gen.Through(h.controller))...)
	h.Create(obj)
	h.AwaitReady(obj)
	env.Change(h, obj, gen.Value(map[string]string{"key": inJuju}))
	h.AwaitReady(obj)
	return obj
}

// access creates a JujuSecretAccess to a secret of the model.
func (h *sharedModel) access(
	namespace, name, id string, modify func(*v1alpha1.JujuSecretAccess), apps ...string,
) *v1alpha1.JujuSecretAccess {
	h.Helper()
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: h.controller}
	obj := directAccess(namespace, name, through, v1alpha1.UserSecretReference{Model: h.in.Name, ID: id}, apps...)
	modify(obj)
	h.Create(obj)
	h.AwaitReady(obj)
	return obj
}

func TestForeignRecordOfAJujuSecretReachesNoOtherSecret(t *testing.T) {
	t.Parallel()
	for from, f := range forgeries() {
		for where, put := range places() {
			t.Run(where+", "+from, func(t *testing.T) {
				t.Parallel()
				h := newSharedModel(t)
				forger := h.secret(h.forger, forgerName, "copied")
				namespace, name := h.owner(f)
				owner := h.secret(namespace, name, "db-login")
				access := gen.Access(namespace, "db-login", name, "app1", "app2")
				h.Create(access)
				h.AwaitReady(access)
				id, theirs := forger.Status.SecretID, owner.Status.SecretID
				foreign := h.keptIn(owner)
				if f.made {
					foreign = h.altered(h.keptIn(forger), f.withMAC, id, theirs, "copied", "db-login")
				}
				untouched := held(theirs, "db-login", 2, "db-login", "app1", "app2")

				put(h.fixture, forger, foreign)
				h.LookNow(forger, owner, access)
				h.AwaitReady(forger, owner, access)
				h.expectJuju(h.in, held(id, "copied", 2, "copied"), untouched)
				env.Change(h, forger, gen.Value(map[string]string{"key": "changed"}))
				h.AwaitReady(forger)
				if forger.Status.SecretID != id {
					t.Errorf("the status has the secret %s, want the forger's own, %s", forger.Status.SecretID, id)
				}
				h.expectJuju(h.in, held(id, "copied", 3, "changed"), untouched)
				put(h.fixture, forger, foreign) // The operator may have overwritten it.
				h.deleteAll(forger)
				h.expectJuju(h.in, untouched)

				env.Change(h, owner, gen.Value(map[string]string{"key": "changed"}))
				h.AwaitReady(owner)
				h.expectJuju(h.in, held(theirs, "db-login", 3, "changed", "app1", "app2"))
				h.deleteAll(access, owner)
				h.expectJuju(h.in)
			})
		}
	}
}

func TestForeignRecordOfAJujuSecretTakesNoRetainedSecret(t *testing.T) {
	t.Parallel()
	for from, f := range map[string]forgery{
		"copied from another object in the namespace":                   {},
		"copied from an object with the same name in another namespace": {sameName: true},
	} {
		for where, put := range places() {
			t.Run(where+", "+from, func(t *testing.T) {
				t.Parallel()
				h := newSharedModel(t)
				namespace, name := h.owner(f)
				owner := h.secret(namespace, name, "db-login", gen.Retained)
				foreign, id := h.keptIn(owner), owner.Status.SecretID
				h.deleteAll(owner)
				retained := held(id, "db-login", 2, "db-login")

				forger := gen.JujuSecret(h.forger, forgerName, h.in.Name,
					gen.Named("db-login"), gen.Through(h.controller), gen.Deleted)
				h.Create(forger)
				h.AwaitReason(forger, v1alpha1.ReasonNameTaken, id)
				put(h.fixture, forger, foreign)
				h.LookNow(forger)
				h.AwaitReason(forger, v1alpha1.ReasonNameTaken, id)
				env.Change(h, forger, gen.Value(map[string]string{"key": "changed"}))
				h.AwaitReason(forger, v1alpha1.ReasonNameTaken, id)
				h.expectJuju(h.in, retained)

				put(h.fixture, forger, foreign)
				env.Change(h, forger, gen.Named("copied"))
				h.AwaitReady(forger)
				h.expectJuju(h.in, held("", "copied", 1, "changed"), retained)
				put(h.fixture, forger, foreign)
				h.deleteAll(forger)
				h.expectJuju(h.in, retained)
			})
		}
	}
}

func TestForeignRecordOfAJujuSecretAccessRevokesNoOtherGrant(t *testing.T) {
	t.Parallel()
	for from, f := range forgeries() {
		for where, put := range places() {
			t.Run(where+", "+from, func(t *testing.T) {
				t.Parallel()
				h := newSharedModel(t)
				id := h.add(h.in, "by-hand")
				granted := func(apps ...string) {
					t.Helper()
					h.expectJuju(h.in, held(id, "by-hand", 1, "by hand", apps...))
				}
				forger := h.access(h.forger, forgerName, id, func(*v1alpha1.JujuSecretAccess) {}, "app3")
				namespace, name := h.owner(f)
				owner := h.access(namespace, name, id, func(o *v1alpha1.JujuSecretAccess) {
					o.Spec.DeletionPolicy = v1alpha1.GrantsRetain
				}, "app1", "app2")
				foreign := h.keptIn(owner)
				if f.made {
					foreign = h.altered(h.keptIn(forger), f.withMAC, "app3", "app1")
				}

				put(h.fixture, forger, foreign)
				h.LookNow(forger, owner)
				h.AwaitReady(forger, owner)
				granted("app1", "app2", "app3")
				h.deleteAll(owner) // Its grants are no longer wanted, and are retained.
				put(h.fixture, forger, foreign)
				h.LookNow(forger)
				h.AwaitReady(forger)
				granted("app1", "app2", "app3")
				env.Change(h, forger, func(o *v1alpha1.JujuSecretAccess) {
					o.Spec.Applications = gen.Applications("configurable")
				})
				h.AwaitReady(forger)
				granted("app1", "app2", "configurable")
				put(h.fixture, forger, foreign)
				h.deleteAll(forger)
				granted("app1", "app2")
			})
		}
	}
}

func TestOldRecordOfAJujuSecretAccessRevokesNoGrantMadeByHand(t *testing.T) {
	t.Parallel()
	for where, put := range places() {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			h := newSharedModel(t)
			id := h.add(h.in, "by-hand")
			access := h.access(h.forger, "access", id, func(*v1alpha1.JujuSecretAccess) {}, "app1", "app2")
			old := h.keptIn(access)
			env.Change(h, access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
			h.AwaitReady(access)
			h.expectJuju(h.in, held(id, "by-hand", 1, "by hand", "app1"))
			h.Must(h.in.juju.Grant(h.Ctx, h.in.Model, id, "app2"))

			put(h.fixture, access, old)
			h.LookNow(access)
			h.AwaitReady(access)
			h.expectJuju(h.in, held(id, "by-hand", 1, "by hand", "app1", "app2"))
			put(h.fixture, access, old)
			h.deleteAll(access)
			h.expectJuju(h.in, held(id, "by-hand", 1, "by hand", "app2"))
		})
	}
}

func TestOldRecordOfAJujuSecretMakesNoRevision(t *testing.T) {
	t.Parallel()
	for where, put := range places() {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			h := newSharedModel(t)
			obj := h.secret(h.forger, "secret", "db-login")
			old, id := h.keptIn(obj), obj.Status.SecretID
			env.Change(h, obj, gen.Value(map[string]string{"key": "newer"}))
			h.AwaitReady(obj)

			put(h.fixture, obj, old)
			h.LookNow(obj)
			h.AwaitReady(obj)
			h.expectJuju(h.in, held(id, "db-login", 3, "newer"))
			if obj.Status.SecretID != id || obj.Status.Revision != 3 {
				t.Errorf("the status has %s at revision %d, want %s at 3", obj.Status.SecretID, obj.Status.Revision, id)
			}
			put(h.fixture, obj, old)
			h.deleteAll(obj)
			h.expectJuju(h.in)
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// proof returns a proof of the formats before v1 for an object with the UID
// "uid".
func proof(format string, args ...any) string {
	return keeper.Key.DigestOf("uid", content.Seal(fmt.Sprintf(format, args...)))
}

// legacy returns the text of an annotation before v1.
func legacy(t *testing.T, fields map[string]any) string {
	t.Helper()
	fields["uid"] = "uid"
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// legacyCreation returns a creation with a proof, and a proof of its ID.
func legacyCreation(id, creatingProof, recognised string) map[string]any {
	return map[string]any{"creatingProof": creatingProof, "creating": map[string]any{
		"name": "db", "replaces": "old", "digests": []string{"one"}, "id": id, "proof": recognised,
	}}
}

func creationProof(id string) string {
	return proof("creates %q instead of %q with %q, which is %q", "db", "old", []string{"one"}, id)
}

func legacyGrants(grantsProof string) map[string]any {
	return map[string]any{"grants": map[string]any{
		"controller": "default", "model": "prod/app", "secretID": "one", "granted": []string{"app1"},
		"proof": grantsProof,
	}}
}

// withAdopted adds adopted grants, which the proof does not cover.
func withAdopted(legacy map[string]any, apps ...string) map[string]any {
	legacy["grants"].(map[string]any)["adopted"] = apps
	return legacy
}

func grantsProof(apps ...string) string {
	return proof("grants %q %q %q %q to %q", "default", "prod/app", "", "one", apps)
}

// owner sets the status of an owner in the format before v1.
func owner(ownershipProof string) func(object) {
	return func(o object) {
		s := o.RecordedObject.(*v1alpha1.JujuSecret)
		s.Status.ModelUUID, s.Status.SecretID, s.Status.Managed, s.Status.Adopted = "uuid", "one", true, true
		s.Status.OwnershipProof = ownershipProof
	}
}

func ownerProof() string { return proof("owns %q %q %q", "default", "uuid", "one") }

type legacyTest struct {
	object     func() object
	annotation map[string]any
	status     func(object)
	want       says
}

func legacyTests() map[string]legacyTest {
	none := func(object) {}
	owned := &record.Owned{ModelUUID: "uuid", SecretID: "one", Adopted: true}
	begun := func(id string) plan.Record {
		return plan.Record{Creating: &plan.Creation{Name: "db", Replaces: "old", Digests: []string{"one"}, ID: id}}
	}
	return map[string]legacyTest{
		"a creation": {
			secret, legacyCreation("", creationProof(""), ""), none, says{Record: begun(""), Salt: "uid"},
		},
		"a creation with a known ID": {
			secret, legacyCreation("one", creationProof("one"), proof("recognised %q", "one")), none,
			says{Record: begun("one"), Salt: "uid"},
		},
		"a creation with the proof of another ID": {
			secret, legacyCreation("one", creationProof("one"), proof("recognised %q", "two")), none,
			says{Record: begun(""), Salt: "uid"},
		},
		"a creation with the proof of another creation": {
			secret, legacyCreation("one", creationProof("two"), proof("recognised %q", "one")), none, nothing("uid"),
		},
		"a creation without a proof": {secret, legacyCreation("", "", ""), none, nothing("uid")},
		"an owner":                   {secret, nil, owner(ownerProof()), says{Owned: owned, Salt: "uid"}},
		"an owner with the proof of another secret": {
			secret, nil, owner(proof("owns %q %q %q", "default", "uuid", "two")), nothing("uid"),
		},
		"an owner with the proof of another model": {
			secret, nil, owner(proof("owns %q %q %q", "default", "other", "one")), nothing("uid"),
		},
		"an owner with the proof of another controller": {
			secret, nil, owner(proof("owns %q %q %q", "other", "uuid", "one")), nothing("uid"),
		},
		"an owner without a proof": {secret, nil, owner(""), nothing("uid")},
		"an owner that adopted": {
			secret, map[string]any{"adopting": "one"}, owner(ownerProof()),
			says{Record: plan.Record{Adopting: "one"}, Owned: owned, Salt: "uid"},
		},
		"an adoption of another secret": {
			secret, map[string]any{"adopting": "two"}, owner(ownerProof()), says{Owned: owned, Salt: "uid"},
		},
		"an adoption alone": {secret, map[string]any{"adopting": "one"}, none, nothing("uid")},
		"grants": {
			access, legacyGrants(grantsProof("app1")), none,
			says{Record: plan.Record{Model: app, SecretID: "one", Granted: []string{"app1"}}, Salt: "uid"},
		},
		"grants with adopted grants, which that format did not have": {
			access, withAdopted(legacyGrants(grantsProof("app1")), "app2"), none,
			says{Record: plan.Record{Model: app, SecretID: "one", Granted: []string{"app1"}}, Salt: "uid"},
		},
		"grants with the proof of other grants": {
			access, legacyGrants(grantsProof("app1", "app2")), none, nothing("uid"),
		},
		"grants without a proof": {access, legacyGrants(""), none, nothing("uid")},
	}
}

// stored returns the object of a row as an earlier version left it.
func (r legacyTest) stored(t *testing.T) object {
	t.Helper()
	obj := r.object()
	if r.annotation != nil {
		obj.setAnnotation(legacy(t, r.annotation))
	}
	r.status(obj)
	return obj
}

func TestLegacyRecordIsReadByItsProofs(t *testing.T) {
	t.Parallel()
	for name, row := range legacyTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, saidBy(row.stored(t).read())); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
		t.Run(name+", under another UID", func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			obj.SetUID("another")
			if diff := cmp.Diff(nothing("another"), saidBy(obj.read())); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLegacyRecordIsLeftUntilItChanges(t *testing.T) {
	t.Parallel()
	for name, row := range legacyTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			annotation := obj.annotation()
			state := obj.read()
			obj.copy(t, state.Record, state.Owned)
			if *obj.RecordCopy() != "" || obj.annotation() != annotation {
				t.Errorf("without a change the status is %s and the annotation %s", *obj.RecordCopy(), obj.annotation())
			}
			if row.want.Owned == nil && cmp.Equal(row.want.Record, plan.Record{}) {
				return
			}
			obj.annotate(t, plan.Record{Adopting: "new"})
			if !strings.HasPrefix(obj.annotation(), "v1.") {
				t.Errorf("after a change the annotation is %s", obj.annotation())
			}
			want := row.want
			want.Record = plan.Record{Adopting: "new"}
			if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" {
				t.Errorf("after a change the record is (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLegacyRecordDoesNotCountBesideANewOne(t *testing.T) {
	t.Parallel()
	obj := legacyTests()["a creation"].stored(t)
	old := obj.annotation()
	obj.annotate(t, plan.Record{Adopting: "new"})
	obj.copy(t, plan.Record{Adopting: "new"}, nil)
	obj.setAnnotation(old)
	want := says{Record: plan.Record{Adopting: "new"}, Salt: "uid"}
	if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

func TestLegacyRecordOfAnotherKeyIsReported(t *testing.T) {
	t.Parallel()
	obj := legacyTests()["a creation"].stored(t)
	want := nothing("uid")
	want.ForeignKey = true
	if diff := cmp.Diff(want, saidBy(stranger.Read(obj.RecordedObject, obj.model))); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

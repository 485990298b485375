// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strconv"
	"testing"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

func TestVerifiedRecordIsOnlyOfItsObject(t *testing.T) {
	v, obj := NewVerified(), &v1alpha1.JujuSecret{}
	obj.Namespace, obj.Name = "team-a", "db"
	v.add(obj, "stored", &payload{})
	if v.find(obj, "stored") == nil {
		t.Error("the record of the object is not found")
	}
	namespace, name := obj.DeepCopy(), obj.DeepCopy()
	namespace.Namespace, name.Name = "team-b", "other"
	access := &v1alpha1.JujuSecretAccess{ObjectMeta: obj.ObjectMeta}
	for of, other := range map[string]v1alpha1.RecordedObject{
		"another namespace": namespace, "another name": name, "another kind": access,
	} {
		if v.find(other, "stored") != nil {
			t.Errorf("a copy of the record counts for an object with %s", of)
		}
	}
}

func TestVerifiedRecordsAreBounded(t *testing.T) {
	v, obj := NewVerified(), &v1alpha1.JujuSecret{}
	v.add(obj, "used", &payload{})
	for i := range 5 * verifiedLimit {
		v.add(obj, strconv.Itoa(i), &payload{})
		if v.find(obj, "used") == nil {
			t.Fatalf("a record in use was dropped after %d others", i)
		}
	}
	if kept := len(v.recent) + len(v.former); kept > 2*verifiedLimit {
		t.Errorf("%d records are kept, want at most %d", kept, 2*verifiedLimit)
	}
	if v.find(obj, "0") != nil {
		t.Error("a record that was not used for long is still kept")
	}
}

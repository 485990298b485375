// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"sync"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// verifiedLimit is how many records are added before the oldest ones are
// dropped.
const verifiedLimit = 2048

// Verified holds records that were verified and decoded a short time ago. Each
// change of an object reads its record many times: for each index, predicate
// and event handler. Verified is safe for concurrent use. A nil Verified holds
// nothing.
type Verified struct {
	mu sync.Mutex
	// recent has the newest records, by their stored form. former has the ones
	// before that, and is dropped when recent is full.
	recent, former map[string]verifiedRecord
}

// verifiedRecord is a decoded record, and the object that it was signed for. The
// record must not be changed.
type verifiedRecord struct {
	kind, namespace, name string
	payload               *payload
}

// NewVerified returns a Verified without records.
func NewVerified() *Verified { return &Verified{recent: map[string]verifiedRecord{}} }

// find returns the record with a stored form if it is signed for an object, or
// nil if it is not known.
func (v *Verified) find(obj v1alpha1.RecordedObject, stored string) *payload {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	found, ok := v.recent[stored]
	if !ok {
		if found, ok = v.former[stored]; !ok {
			return nil
		}
		v.keep(stored, found)
	}
	if found.kind != obj.RecordKind() || found.namespace != obj.GetNamespace() || found.name != obj.GetName() {
		return nil
	}
	return found.payload
}

// add adds a verified record of an object.
func (v *Verified) add(obj v1alpha1.RecordedObject, stored string, p *payload) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keep(stored, verifiedRecord{obj.RecordKind(), obj.GetNamespace(), obj.GetName(), p})
}

// keep adds a record to the newest ones. The lock is held.
func (v *Verified) keep(stored string, found verifiedRecord) {
	if len(v.recent) >= verifiedLimit {
		v.recent, v.former = map[string]verifiedRecord{}, v.recent
	}
	v.recent[stored] = found
}

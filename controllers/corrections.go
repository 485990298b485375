// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/internal/plan"
)

// correctionLog holds the corrections of each object. It is in memory only, so
// after a restart package plan counts corrections from zero.
type correctionLog struct {
	mu      sync.Mutex
	objects map[client.ObjectKey]*correctedObject
}

// correctedObject holds the corrections of one version of a manifest and its
// sources.
type correctedObject struct {
	version manifestVersion
	fields  map[string]correctedField
	waiting bool
}

type correctedField struct {
	inARow int
	at     time.Time
}

// manifestVersion changes when a user changes the object or its sources.
type manifestVersion struct {
	uid        types.UID
	generation int64
	// content is the digest of the content of a JujuSecret, and the ID of the
	// secret of a JujuSecretAccess.
	content string
}

// versionOf returns the version of an object with this content.
func versionOf(obj client.Object, content string) manifestVersion {
	return manifestVersion{uid: obj.GetUID(), generation: obj.GetGeneration(), content: content}
}

func newCorrectionLog() *correctionLog {
	return &correctionLog{objects: map[client.ObjectKey]*correctedObject{}}
}

// of returns the corrections of an object since its version changed.
func (l *correctionLog) of(key client.ObjectKey, version manifestVersion, now time.Time) plan.Corrections {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.objects[key]
	if found == nil {
		return nil
	}
	if found.version != version {
		delete(l.objects, key)
		return nil
	}
	corrections := plan.Corrections{}
	for field, last := range found.fields {
		corrections[field] = plan.Correction{InARow: last.inARow, Ago: now.Sub(last.at), Waiting: found.waiting}
	}
	return corrections
}

// add stores the fields that a plan restored, and whether further corrections
// wait.
func (l *correctionLog) add(
	key client.ObjectKey, version manifestVersion, before plan.Corrections, restored []string, waiting bool, now time.Time,
) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.objects[key]
	if found == nil || found.version != version {
		if len(restored) == 0 {
			return
		}
		found = &correctedObject{version: version, fields: map[string]correctedField{}}
		l.objects[key] = found
	}
	for _, field := range restored {
		found.fields[field] = correctedField{inARow: before[field].Next(), at: now}
	}
	found.waiting = waiting
}

// forget removes an object that is deleted, or that another installation
// serves.
func (l *correctionLog) forget(key client.ObjectKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.objects, key)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/juju/wire"
)

// filled returns a JSON list of about a number of bytes that repeats one
// element.
func filled(element string, bytes int) string {
	return "[" + strings.Repeat(element+",", bytes/(len(element)+1)) + element + "]"
}

// allocated returns how many bytes fn allocates. No other test may run
// meanwhile.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// It measures the allocations of the process, so it does not run in parallel.
func TestListingMemoryIsBounded(t *testing.T) {
	const bytes, most = 1 << 20, 32 << 20
	for name, row := range map[string]struct {
		text     string
		rejected bool
	}{
		"empty secrets": {`{"results":` + filled(`{}`, bytes) + `}`, true},
		"null secrets":  {`{"results":` + filled(`null`, bytes) + `}`, true},
		"several lists of secrets": {
			`{"results":[]` + strings.Repeat(`,"results":`+filled(`{}`, bytes/8), 8) + `}`, true,
		},
		"revisions of one secret": {`{"results":[{"revisions":` + filled(`{}`, bytes) + `}]}`, false},
		"grants of one secret":    {`{"results":[{"access":` + filled(`{"target-tag":"application-a"}`, bytes) + `}]}`, true},
		"empty grants":            {`{"results":[{"access":` + filled(`{}`, bytes) + `}]}`, false},
		"an error of one secret": {
			`{"results":[{"value":{"error":{"info":{"x":` + filled(`{}`, bytes) + `}}}}]}`, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := allocated(func() { err = new(Listing).UnmarshalJSON([]byte(row.text)) })
			if _, ok := errors.AsType[wire.LimitError](err); ok != row.rejected || !ok && err != nil {
				t.Errorf("the error is %v, want a LimitError: %t", err, row.rejected)
			}
			if took > most {
				t.Errorf("%d bytes took %d, want at most %d", len(row.text), took, most)
			}
		})
	}
}

func TestLargeModelIsListedCompletely(t *testing.T) {
	t.Parallel()
	const secrets = 1_000
	model := names.NewModelTag("8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a11").String()
	internal, now := "internal", time.Now()
	listed := make([]params.ListSecretResult, secrets)
	for i := range listed {
		listed[i] = params.ListSecretResult{
			URI: fmt.Sprintf("secret:d9l0k2nmp25c76%05dg", i), Version: 1, OwnerTag: model, RotatePolicy: "never",
			Label: fmt.Sprintf("database-password-%d", i), Description: "Login of the database of the shop",
			LatestRevision: 1, LatestRevisionChecksum: strings.Repeat("0f", 32), CreateTime: now, UpdateTime: now,
			Revisions: []params.SecretRevision{{Revision: 1, BackendName: &internal, CreateTime: now, UpdateTime: now}},
			Access:    []params.AccessInfo{{TargetTag: "application-shop-frontend", ScopeTag: model, Role: "view"}},
		}
	}
	answer, err := json.Marshal(params.ListSecretResults{Results: listed})
	if err != nil {
		t.Fatal(err)
	}
	var found Listing
	if err := found.UnmarshalJSON(answer); err != nil || len(found.Secrets) != secrets {
		t.Errorf("%d secrets were found, with %v, want %d", len(found.Secrets), err, secrets)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
)

// Package plan tests that all types with values are redacted by all printers.

func TestSealedRevealsItsValueOnlyToOpen(t *testing.T) {
	t.Parallel()
	s := content.Seal("hunter2")
	text, err := s.MarshalText()
	got := []any{
		s.Open(), s.String(), string(text), err, s.LogValue().String(), s.MarshalLog(),
		fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %x %d", s, s, s, s, s, s),
	}
	want := []any{
		"hunter2", "REDACTED", "REDACTED", nil, "REDACTED", "REDACTED",
		"REDACTED", "REDACTED REDACTED REDACTED REDACTED REDACTED REDACTED",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Open, String, MarshalText, LogValue, MarshalLog, Sprint, Sprintf (-want +got):\n%s", diff)
	}
}

func TestOpenOfAnEmptySealedReturnsZero(t *testing.T) {
	t.Parallel()
	var (
		text content.Sealed[string]
		data content.Sealed[map[string][]byte]
		c    content.Content
	)
	if text.Open() != "" || data.Open() != nil || c.Encoded() != nil {
		t.Errorf("got %q, %v, %v", text.Open(), data.Open(), c.Encoded())
	}
	if got := fmt.Sprint(text, data, c); got != "REDACTED REDACTED REDACTED" {
		t.Errorf("prints as %s, want the same as with a value", got)
	}
}

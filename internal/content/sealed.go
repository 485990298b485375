// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "REDACTED"

// Sealed holds a value that no printer, logger or encoder shows: they write
// REDACTED. The value is behind a function, because package fmt prints
// unexported fields without calling their methods.
type Sealed[T any] struct{ open func() T }

// Seal returns a Sealed that holds v.
func Seal[T any](v T) Sealed[T] { return Sealed[T]{open: func() T { return v }} }

// Open returns the value, or the zero value of T if nothing was sealed.
func (s Sealed[T]) Open() T {
	if s.open == nil {
		var zero T
		return zero
	}
	return s.open()
}

// Format writes REDACTED for every verb of package fmt.
func (Sealed[T]) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns REDACTED.
func (Sealed[T]) String() string { return redacted }

// MarshalText returns REDACTED, which encoding/json and encoding/xml use too.
func (Sealed[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue makes package log/slog write REDACTED.
func (Sealed[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalLog makes logr write REDACTED.
func (Sealed[T]) MarshalLog() any { return redacted }

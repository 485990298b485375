// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"fmt"
	"time"
)

// Await looks again and again until a condition holds: look returns what is still missing, or nothing. It gives up after
// patience, and at once on an error.
func Await(ctx context.Context, patience time.Duration, look func() (missing string, err error)) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(patience)
	for {
		missing, err := look()
		if err != nil || missing == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout:
			return fmt.Errorf("after %v: %s", patience, missing)
		case <-ticker.C:
		}
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"fmt"
	"time"
)

// Await polls until a condition holds. The function look returns what is
// missing, or the empty string. After patience, Await returns an error. An
// error of look ends it at once.
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

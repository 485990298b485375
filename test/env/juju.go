// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// InJuju returns the secrets in the fixture's model, from Juju's own client.
func (f *Fixture) InJuju() []servers.UserSecret {
	f.Helper()
	return f.InModel(f.Juju, f.Model)
}

// InModel returns the secrets in a model.
func (f *Fixture) InModel(juju *servers.Juju, model servers.Model) (secrets []servers.UserSecret) {
	f.Helper()
	// While Juju removes secrets its listing can fail as a whole, because it
	// reads them one by one.
	f.Await(func() string {
		var err error
		if secrets, err = juju.Secrets(f.Ctx, model); err != nil {
			return err.Error()
		}
		return ""
	})
	return secrets
}

// ExpectJuju checks that the fixture's model holds these secrets and no others.
// IDs are compared where they are given.
func (f *Fixture) ExpectJuju(want ...servers.UserSecret) {
	f.Helper()
	f.ExpectModel(f.Juju, f.Model, want...)
}

// ExpectModel checks that a model holds these secrets and no others.
func (f *Fixture) ExpectModel(juju *servers.Juju, model servers.Model, want ...servers.UserSecret) {
	f.Helper()
	if diff := DiffSecrets(want, f.InModel(juju, model)); diff != "" {
		f.Fatalf("unexpected secrets in %s (-want +got):\n%s", model.Name, diff)
	}
}

// AwaitJuju waits until the fixture's model holds these secrets and no others.
func (f *Fixture) AwaitJuju(want ...servers.UserSecret) {
	f.Helper()
	f.AwaitModel(f.Juju, f.Model, want...)
}

// AwaitModel waits until a model holds these secrets and no others.
func (f *Fixture) AwaitModel(juju *servers.Juju, model servers.Model, want ...servers.UserSecret) {
	f.Helper()
	f.Await(func() string {
		if diff := DiffSecrets(want, f.InModel(juju, model)); diff != "" {
			return "unexpected secrets in " + model.Name + " (-want +got):\n" + diff
		}
		return ""
	})
}

// DiffSecrets compares secrets. IDs are compared where they are given.
func DiffSecrets(want, got []servers.UserSecret) string {
	want = slices.Clone(want)
	slices.SortStableFunc(want, func(a, b servers.UserSecret) int { return strings.Compare(a.Name, b.Name) })
	for i := range min(len(want), len(got)) {
		if want[i].ID == "" {
			got[i].ID = ""
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// Requests counts the requests to Juju about the fixture's model, by
// Facade.Method. They come from the operator, and from the test itself.
func (f *Fixture) Requests() map[string]int {
	f.Helper()
	counts, err := f.Juju.Requests(f.Ctx, f.Model)
	f.Must(err)
	return counts
}

// AwaitRequests waits until a proxy has seen this many requests of a method.
func (f *Fixture) AwaitRequests(proxy *wire.Proxy, method string, count int) {
	f.Helper()
	f.Await(func() string {
		if n := proxy.Requests()[method]; n < count {
			return fmt.Sprintf("%d requests of %s, want at least %d", n, method, count)
		}
		return ""
	})
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// With the deployed roles the operator does all its work, and no request is
// denied. In particular, an operator with --watch-namespaces requests nothing
// at cluster scope.
func TestRolesAreSufficient(t *testing.T) {
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			f := newFixture(t, m, m.roles)
			f.Must(f.act(f.Ctx))
			if denied := f.denials(); len(denied) > 0 {
				t.Errorf("the API server denied %v", denied)
			}
		})
	}
}

// Without one of its permissions, the API server denies exactly the requests
// that need it.
func TestRolesAreMinimal(t *testing.T) {
	for _, m := range modes(t) {
		for _, lacking := range m.roles.needed() {
			t.Run(m.name+"/"+lacking.String(), func(t *testing.T) {
				var environment []string
				if lacking.verb == "list" {
					// A current client gets the list from the watch. It sends a
					// list request only to an older API server.
					environment = append(environment, "KUBE_FEATURE_WatchListClient=false")
				}
				newFixture(t, m, m.roles.without(lacking), environment...).expectDenial(lacking)
			})
		}
	}
}

// afterwards is the timeout for a denial that the scenario does not wait for.
const afterwards = 20 * time.Second

// expectDenial runs the scenario until the API server denies the request that
// needs the missing permission. No other request may be denied.
func (f *fixture) expectDenial(lacking grant) {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Ctx)
	var result error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		result = f.act(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	defer stop()
	look := func() (string, error) {
		denied := f.denials()
		needed := denied[lacking.request()]
		delete(denied, lacking.request())
		switch {
		case len(denied) > 0:
			return "", fmt.Errorf("the operator has no permission to %s, and the API server denied %v",
				lacking, slices.Collect(maps.Keys(denied)))
		case needed:
			return "", nil
		}
		return "the API server has not denied to " + lacking.String(), nil
	}
	err := servers.Await(ctx, 2*env.Patience, func() (string, error) {
		missing, err := look()
		select {
		case <-ended:
			return "", err
		default:
			return missing, err
		}
	})
	stop()
	f.Must(err)
	// The scenario does not wait for all requests of the operator.
	if err := servers.Await(f.Ctx, afterwards, look); err != nil {
		f.Fatalf("%v: remove the permission from the markers if it is unused, or extend the scenario, which returned: %v",
			err, result)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// desired returns the next step towards a desired state of a secret, or nil
// when the secret is in that state.
type desired func(name string, secret *plan.UserSecret) plan.Step

// desiredStates returns the desired states of one object, in order.
func desiredStates() []desired {
	content := func(value string) desired {
		return func(name string, secret *plan.UserSecret) plan.Step {
			switch {
			case secret == nil:
				return creating(name, value)
			case !secret.Holds(holding(value)):
				return updating(secret.ID, value)
			}
			return nil
		}
	}
	granted := func(want bool) desired {
		return func(_ string, secret *plan.UserSecret) plan.Step {
			switch has := len(secret.Granted) > 0; {
			case want && !has:
				return plan.Grant{ID: secret.ID, Applications: []string{"app1"}}
			case !want && has:
				return plan.Revoke{ID: secret.ID, Applications: []string{"app1"}}
			}
			return nil
		}
	}
	return []desired{content("first"), granted(true), content("second"), granted(false), content("third")}
}

// converge executes steps until the pool shows the desired state. It returns
// the pool's view of the secret.
func (f *fixture) converge(name string, want desired) (secret *plan.UserSecret, err error) {
	err = servers.Await(f.Ctx, patience, func() (string, error) {
		view := f.view(plan.Query{Name: name})
		if !view.Known {
			return name + ": " + view.Problem.Message, nil
		}
		secret = view.ByName
		step := want(name, secret)
		if step == nil {
			return "", nil
		}
		return fmt.Sprintf("%s: %T: %+v", name, step, f.do(step)[0].Problem), nil
	})
	return secret, err
}

func TestConvergenceDespiteFaults(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	for method, faults := range map[string][]wire.Fault{
		create:       {wire.CutAfter(), wire.Fail("try again", "not now")},
		update:       {wire.CutDuring(), wire.Fail("try again", "not now")},
		grantSecret:  {wire.Fail("try again", "not now")},
		revokeSecret: {wire.Fail("try again", "not now")},
		list:         {wire.CutAfter(), wire.Fail("try again", "not now")},
	} {
		for _, fault := range faults {
			f.proxy.On(method, fault)
		}
	}
	f.convergeAll(numbered(30))
}

func TestConvergenceAcrossSessions(t *testing.T) {
	t.Parallel()
	f := newConnected(t)
	replaced := make(chan error, 1)
	go func() {
		var err error
		for i, user := range slices.Repeat([]servers.Account{f.Juju.Admin, f.Juju.Operator}, 5) {
			before := f.calls()
			err = errors.Join(err, servers.Await(f.Ctx, patience, func() (string, error) {
				if f.calls() < before+3 {
					return fmt.Sprintf("session %d has made fewer than 3 changes", i), nil
				}
				return "", nil
			}))
			f.pool.Set(f.Ctx, controller, f.connection(user), longInterval)
		}
		replaced <- err
	}()
	f.convergeAll(numbered(60))
	f.Must(<-replaced)
}

// calls returns the number of requests that change secrets.
func (f *fixture) calls() int {
	requests := f.proxy.Requests()
	return requests[create] + requests[update] + requests[grantSecret] + requests[revokeSecret]
}

// convergeAll takes secrets of these names through all desired states. It
// checks that no step was lost or executed twice.
func (f *fixture) convergeAll(names []string) {
	f.Helper()
	want := make([]servers.UserSecret, len(names))
	var objects sync.WaitGroup
	for i, name := range names {
		objects.Go(func() {
			for _, desired := range desiredStates() {
				secret, err := f.converge(name, desired)
				if err != nil {
					f.Error(err)
					return
				}
				want[i] = servers.UserSecret{ID: secret.ID, Name: name, Revision: secret.Revision}
			}
			if want[i].Revision != 3 {
				f.Errorf("%s is at revision %d after three contents, want 3", name, want[i].Revision)
			}
		})
	}
	objects.Wait()
	found := f.secrets()
	for _, secret := range found {
		if !secret.Content.Equal(holding("third")) {
			f.Errorf("Juju has %+v, want the third content", secret)
		}
	}
	if diff := cmp.Diff(want, found, cmpopts.IgnoreFields(servers.UserSecret{}, "Content")); diff != "" {
		f.Errorf("secrets in Juju at the end (-want +got):\n%s", diff)
	}
}

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

// wish is the step that is missing until the secret of a name is as somebody wants it, or nil.
type wish func(name string, secret *plan.UserSecret) plan.Step

// wishes are those of one object, one after the other.
func wishes() []wish {
	content := func(value string) wish {
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
	granted := func(want bool) wish {
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
	return []wish{content("first"), granted(true), content("second"), granted(false), content("third")}
}

// fulfil repeats a wish until the Pool says that nothing is missing, and returns what it says.
func (s *scene) fulfil(name string, want wish) (secret *plan.UserSecret, err error) {
	err = servers.Await(s.ctx, patience, func() (string, error) {
		world := s.world(plan.Query{Name: name})
		if !world.Known {
			return name + ": " + world.Trouble.Message, nil
		}
		secret = world.ByName
		step := want(name, secret)
		if step == nil {
			return "", nil
		}
		return fmt.Sprintf("%s: %T: %+v", name, step, s.do(step)[0].Trouble), nil
	})
	return secret, err
}

func TestEveryObjectGetsWhatItWantsWhateverBreaks(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	for method, faults := range map[string][]wire.Fault{
		create:       {wire.CutAfter(), wire.Fail("try again", "not now")},
		update:       {wire.CutDuring(), wire.Fail("try again", "not now")},
		grantSecret:  {wire.Fail("try again", "not now")},
		revokeSecret: {wire.Fail("try again", "not now")},
		list:         {wire.CutAfter(), wire.Fail("try again", "not now")},
	} {
		for _, fault := range faults {
			s.proxy.On(method, fault)
		}
	}
	s.fulfilAll(numbered(30))
}

func TestEveryObjectGetsWhatItWantsThroughManySessions(t *testing.T) {
	t.Parallel()
	s := newConnectedScene(t)
	replaced := make(chan error, 1)
	go func() {
		var err error
		for i, user := range slices.Repeat([]servers.Account{s.server.Admin, s.server.Operator}, 5) {
			before := s.calls()
			err = errors.Join(err, servers.Await(s.ctx, patience, func() (string, error) {
				if s.calls() < before+3 {
					return fmt.Sprintf("session %d does nothing", i), nil
				}
				return "", nil
			}))
			s.pool.Set(s.ctx, controller, s.connection(user), seldom)
		}
		replaced <- err
	}()
	s.fulfilAll(numbered(60))
	s.must(<-replaced)
}

// calls counts the requests that changed something.
func (s *scene) calls() int {
	requests := s.proxy.Requests()
	return requests[create] + requests[update] + requests[grantSecret] + requests[revokeSecret]
}

// fulfilAll fulfils all wishes of objects of these names, and checks that nothing was lost or done twice.
func (s *scene) fulfilAll(names []string) {
	s.Helper()
	want := make([]servers.UserSecret, len(names))
	var objects sync.WaitGroup
	for i, name := range names {
		objects.Go(func() {
			for _, wish := range wishes() {
				secret, err := s.fulfil(name, wish)
				if err != nil {
					s.Error(err)
					return
				}
				want[i] = servers.UserSecret{ID: secret.ID, Name: name, Revision: secret.Revision}
			}
			if want[i].Revision != 3 {
				s.Errorf("%s took %d revisions to have three contents", name, want[i].Revision)
			}
		})
	}
	objects.Wait()
	found := s.secrets()
	for _, secret := range found {
		if !secret.Content.Equal(holding("third")) {
			s.Errorf("Juju has: %+v", secret)
		}
	}
	if diff := cmp.Diff(want, found, cmpopts.IgnoreFields(servers.UserSecret{}, "Content")); diff != "" {
		s.Errorf("what Juju has in the end (-want +got):\n%s", diff)
	}
}

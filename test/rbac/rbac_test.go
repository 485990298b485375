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

	"github.com/juju-secrets/operator/test/servers"
)

// With the roles as they are deployed the operator does all its work, and is refused nothing. So one that watches a namespace
// asks for nothing outside of namespaces.
func TestTheRolesAreEnough(t *testing.T) {
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			s := newScene(t, m, m.roles)
			s.Must(s.tell(s.Ctx))
			if refused := s.refusals(); len(refused) > 0 {
				t.Errorf("the operator was refused %v", refused)
			}
		})
	}
}

// Without any single one of its grants the operator is refused just that.
func TestNoGrantCanBeTakenAway(t *testing.T) {
	for _, m := range modes(t) {
		for _, lacking := range m.roles.needed() {
			t.Run(m.name+"/"+lacking.String(), func(t *testing.T) {
				var environment []string
				if lacking.verb == "list" {
					// A client of today is streamed the list when it watches. Of an older API server it asks for one.
					environment = append(environment, "KUBE_FEATURE_WatchListClient=false")
				}
				newScene(t, m, m.roles.without(lacking), environment...).expectRefusal(lacking)
			})
		}
	}
}

// afterwards is how long a refusal may take that the story does not wait for.
const afterwards = 20 * time.Second

// expectRefusal tells the story until the operator is refused what it lacks, and nothing else.
func (s *scene) expectRefusal(lacking grant) {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Ctx)
	var told error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		told = s.tell(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	defer stop()
	look := func() (string, error) {
		refused := s.refusals()
		needed := refused[lacking.asked()]
		delete(refused, lacking.asked())
		switch {
		case len(refused) > 0:
			return "", fmt.Errorf("the operator lacks %s, and was refused %v", lacking, slices.Collect(maps.Keys(refused)))
		case needed:
			return "", nil
		}
		return "the operator was not refused to " + lacking.String(), nil
	}
	err := servers.Await(ctx, 2*patience, func() (string, error) {
		missing, err := look()
		select {
		case <-ended:
			return "", err
		default:
			return missing, err
		}
	})
	stop()
	s.Must(err)
	// Not all that the operator does is waited for by the story.
	if err := servers.Await(s.Ctx, afterwards, look); err != nil {
		s.Fatalf("%v: either nothing needs that, and it can be taken out of the markers, or the story is too short; it ended with: %v", err, told)
	}
}

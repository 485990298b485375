// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corecharm "github.com/juju/juju/core/charm"
	applicationservice "github.com/juju/juju/domain/application/service"
	"github.com/juju/juju/domain/deployment/charm"
)

const (
	// plainCharm has only a name. Secrets are granted to its applications.
	plainCharm = "plain"
	// configurableCharm has options for a secret's URI.
	configurableCharm = "configurable"
)

// initialApplications maps the applications of every model to their charms.
var initialApplications = map[string]string{
	"app1":         plainCharm,
	"app2":         plainCharm,
	"app3":         plainCharm,
	"configurable": configurableCharm,
}

var charmOptions = map[string]map[string]charm.Option{
	plainCharm: {},
	configurableCharm: {
		"db-secret": {Type: "secret", Description: "URI of a user secret that is granted to the application"},
		"note":      {Type: "string", Description: "Any text"},
	},
}

// platform is the platform of the charms. No machine is started for them.
var platform = corecharm.Platform{OS: "ubuntu", Channel: "24.04", Architecture: "amd64"}

// addApplication deploys an application without units.
func (m *model) addApplication(ctx context.Context, name, charmName string) error {
	options, ok := charmOptions[charmName]
	if !ok {
		return fmt.Errorf("%w: charm %q", errUnknown, charmName)
	}
	deployed := charm.NewCharmBase(
		&charm.Meta{Name: charmName, Summary: "For tests", Description: "For tests"},
		&charm.Manifest{Bases: []charm.Base{{
			Name:          platform.OS,
			Channel:       charm.Channel{Track: platform.Channel, Risk: charm.Stable},
			Architectures: []string{platform.Architecture},
		}}},
		&charm.ConfigSpec{Options: options},
		charm.NewActions(),
	)
	revision := 0
	origin := corecharm.Origin{Source: corecharm.Local, Revision: &revision, Platform: platform}
	args := applicationservice.AddApplicationArgs{ReferenceName: charmName}
	if _, err := m.services.Application().CreateIAASApplication(ctx, name, deployed, origin, args); err != nil {
		return fmt.Errorf("cannot add application %q: %w", name, err)
	}
	return nil
}

// removeApplication removes an application as a completed juju
// remove-application does. A job removes the rows, immediately and even while
// the workers are paused.
func (m *model) removeApplication(ctx context.Context, name string) error {
	uuid, err := m.services.Application().GetApplicationUUIDByName(ctx, name)
	if err != nil {
		return fmt.Errorf("cannot remove application %q: %w", name, err)
	}
	const destroyStorage, force = true, true
	if _, err := m.services.Removal().RemoveApplication(ctx, uuid, destroyStorage, force, 0); err != nil {
		return fmt.Errorf("cannot remove application %q: %w", name, err)
	}
	return m.executeJobs(ctx, func(entity string) bool { return entity == uuid.String() })
}

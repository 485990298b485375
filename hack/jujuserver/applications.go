// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	corecharm "github.com/juju/juju/core/charm"
	"github.com/juju/juju/domain/application"
	applicationcharm "github.com/juju/juju/domain/application/charm"
	applicationservice "github.com/juju/juju/domain/application/service"
	"github.com/juju/juju/domain/deployment/charm"
)

const (
	// plainCharm has only a name. Secrets are granted to its applications.
	plainCharm = "plain"
	// configurableCharm has options for a secret's URI.
	configurableCharm = "configurable"
	// refreshedCharm is a newer configurable that has lost these options.
	refreshedCharm = "refreshed"
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
		"db-secret":   {Type: "secret", Description: "URI of a user secret that is granted to the application"},
		"db-secret-2": {Type: "secret", Description: "URI of another user secret"},
		"note":        {Type: "string", Description: "Any text"},
		"greeting":    {Type: "string", Description: "Any text", Default: "hello"},
		"port":        {Type: "int", Description: "Any number", Default: int64(5432)},
		"verbose":     {Type: "boolean", Description: "Any choice"},
	},
	refreshedCharm: {
		"note": {Type: "string", Description: "Any text"},
	},
}

// charmRevision is the revision of every charm.
const charmRevision = 0

// platform is the platform of the charms. No machine is started for them.
var platform = corecharm.Platform{OS: "ubuntu", Channel: "24.04", Architecture: "amd64"}

// charmOf returns a charm by its name.
func charmOf(name string) (charm.Charm, error) {
	options, ok := charmOptions[name]
	if !ok {
		return nil, fmt.Errorf("%w: charm %q", errUnknown, name)
	}
	return charm.NewCharmBase(
		&charm.Meta{Name: name, Summary: "For tests", Description: "For tests"},
		&charm.Manifest{Bases: []charm.Base{{
			Name:          platform.OS,
			Channel:       charm.Channel{Track: platform.Channel, Risk: charm.Stable},
			Architectures: []string{platform.Architecture},
		}}},
		&charm.ConfigSpec{Options: options},
		charm.NewActions(),
	), nil
}

// charmOrigin returns the origin of every charm.
func charmOrigin() corecharm.Origin {
	revision := charmRevision
	return corecharm.Origin{Source: corecharm.Local, Revision: &revision, Platform: platform}
}

// addApplication deploys an application without units.
func (m *model) addApplication(ctx context.Context, name, charmName string) error {
	deployed, err := charmOf(charmName)
	if err != nil {
		return err
	}
	args := applicationservice.AddApplicationArgs{ReferenceName: charmName}
	_, err = m.services.Application().CreateIAASApplication(ctx, name, deployed, charmOrigin(), args)
	if err != nil {
		return fmt.Errorf("cannot add application %q: %w", name, err)
	}
	return nil
}

// refreshApplication gives an application another charm, as juju refresh
// --switch does. It keeps the options that the charm has.
func (m *model) refreshApplication(ctx context.Context, name, charmName string) error {
	refreshed, err := charmOf(charmName)
	if err != nil {
		return err
	}
	args := applicationcharm.ReserveCharmRevisionArgs{
		Charm: refreshed, Source: corecharm.Local, ReferenceName: charmName, Revision: charmRevision,
		Architecture: platform.Architecture,
	}
	if _, _, err := m.services.Application().ReserveCharmRevision(ctx, args); err != nil {
		return fmt.Errorf("cannot add charm %q: %w", charmName, err)
	}
	locator := applicationcharm.CharmLocator{
		Name: charmName, Revision: charmRevision, Source: applicationcharm.LocalSource,
	}
	with := application.SetCharmParams{CharmOrigin: charmOrigin()}
	if err := m.services.Application().SetApplicationCharm(ctx, name, locator, with); err != nil {
		return fmt.Errorf("cannot refresh application %q: %w", name, err)
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

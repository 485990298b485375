// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/juju/juju/api/base"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"
)

// ConfigurableCharm is a charm with options for the URI of a secret:
// db-secret and db-secret-2 of type secret, note of type string, and options of
// other types.
const ConfigurableCharm = "configurable"

// AddApplicationOf adds an application of a charm to a model.
func (j *Juju) AddApplicationOf(ctx context.Context, model Model, name, charm string) error {
	path := "/models/" + model.UUID + "/applications/" + name + "?charm=" + url.QueryEscape(charm)
	return j.control(ctx, http.MethodPut, path, nil)
}

// RefreshApplication refreshes an application to another charm.
func (j *Juju) RefreshApplication(ctx context.Context, model Model, name, charm string) error {
	path := "/models/" + model.UUID + "/applications/" + name + "/charm?charm=" + url.QueryEscape(charm)
	return j.control(ctx, http.MethodPut, path, nil)
}

// Options returns the options of an application that a user set, with their
// values.
func (j *Juju) Options(ctx context.Context, model Model, app string) (map[string]any, error) {
	var results params.ApplicationGetConfigResults
	args := params.Entities{Entities: []params.Entity{{Tag: names.NewApplicationTag(app).String()}}}
	if err := j.callApplication(ctx, model, "GetConfig", args, &results); err != nil {
		return nil, err
	}
	if len(results.Results) != 1 {
		return nil, fmt.Errorf("got %d configurations of %s, want one", len(results.Results), app)
	}
	if err := results.Results[0].Error; err != nil {
		return nil, err
	}
	set := map[string]any{}
	for name, option := range results.Results[0].Config {
		if details, ok := option.(map[string]any); ok && details["source"] == "user" {
			set[name] = details["value"]
		}
	}
	return set, nil
}

// SetOption sets an option of an application as a user does.
func (j *Juju) SetOption(ctx context.Context, model Model, app, name, value string) error {
	var results params.ErrorResults
	args := params.ConfigSetArgs{Args: []params.ConfigSet{{ApplicationName: app, Config: map[string]string{name: value}}}}
	if err := j.callApplication(ctx, model, "SetConfigs", args, &results); err != nil {
		return err
	}
	return results.OneError()
}

// ResetOption resets an option of an application as a user does.
func (j *Juju) ResetOption(ctx context.Context, model Model, app, name string) error {
	var results params.ErrorResults
	args := params.ApplicationConfigUnsetArgs{Args: []params.ApplicationUnset{{
		ApplicationName: app, Options: []string{name},
	}}}
	if err := j.callApplication(ctx, model, "UnsetApplicationsConfig", args, &results); err != nil {
		return err
	}
	return results.OneError()
}

// callApplication calls Juju's facade for applications as the administrator.
func (j *Juju) callApplication(ctx context.Context, model Model, method string, args, results any) error {
	conn, err := j.connection(ctx, model.UUID)
	if err != nil {
		return err
	}
	_, caller := base.NewClientFacade(conn, "Application")
	return caller.FacadeCall(ctx, method, args, results)
}

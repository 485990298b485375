// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	coremodel "github.com/juju/juju/core/model"
	accesserrors "github.com/juju/juju/domain/access/errors"
	applicationerrors "github.com/juju/juju/domain/application/errors"
	modelerrors "github.com/juju/juju/domain/model/errors"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"
	"github.com/juju/tc"
)

// answerTimeout bounds how long a caller waits for answered requests.
const answerTimeout = 30 * time.Second

// control is an HTTP API for changes that tests make to a controller and that
// Juju's API does not offer. README.md lists the requests.
type control struct {
	c        *tc.C
	listener net.Listener
	http     *http.Server
}

// endpoint returns a value to encode as JSON, or nil for no content.
type endpoint func(*http.Request) (any, error)

// startControl serves until stop is called. When the context ends, callers stop
// waiting.
func startControl(ctx context.Context, c *tc.C, j *controller) *control {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	c.Assert(err, tc.ErrorIsNil)
	mux := http.NewServeMux()
	endpoints := modelEndpoints(j)
	maps.Copy(endpoints, userEndpoints(j))
	maps.Copy(endpoints, serverEndpoints(ctx, j))
	for pattern, serve := range endpoints {
		mux.Handle(pattern, serve)
	}
	started := &control{c: c, listener: listener, http: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	go func() { _ = started.http.Serve(listener) }()
	return started
}

func (s *control) url() string {
	return "http://" + s.listener.Addr().String()
}

// stop waits for pending requests, because they use the controller.
func (s *control) stop() {
	s.c.Check(s.http.Shutdown(context.Background()), tc.ErrorIsNil)
}

func modelEndpoints(j *controller) map[string]endpoint {
	return map[string]endpoint{
		"POST /models": func(r *http.Request) (any, error) {
			name := r.FormValue("name")
			if !names.IsValidModelName(name) {
				// Juju rejects the name too, but only after it has reserved it.
				return nil, fmt.Errorf("%w: model name %q", errInvalid, name)
			}
			return j.addModel(r.Context(), name)
		},
		"DELETE /models/{uuid}": func(r *http.Request) (any, error) {
			return nil, j.removeModel(r.Context(), coremodel.UUID(r.PathValue("uuid")))
		},
		"PUT /models/{uuid}/applications/{name}": func(r *http.Request) (any, error) {
			charm := r.FormValue("charm")
			if charm == "" {
				charm = plainCharm
			}
			m, err := j.models.get(r.Context(), coremodel.UUID(r.PathValue("uuid")))
			if err != nil {
				return nil, err
			}
			return nil, m.addApplication(r.Context(), r.PathValue("name"), charm)
		},
		"PUT /models/{uuid}/applications/{name}/charm": func(r *http.Request) (any, error) {
			m, err := j.models.get(r.Context(), coremodel.UUID(r.PathValue("uuid")))
			if err != nil {
				return nil, err
			}
			return nil, m.refreshApplication(r.Context(), r.PathValue("name"), r.FormValue("charm"))
		},
		"DELETE /models/{uuid}/applications/{name}": func(r *http.Request) (any, error) {
			m, err := j.models.get(r.Context(), coremodel.UUID(r.PathValue("uuid")))
			if err != nil {
				return nil, err
			}
			return nil, m.removeApplication(r.Context(), r.PathValue("name"))
		},
		"POST /models/{uuid}/applications/{name}/secrets": func(r *http.Request) (any, error) {
			m, err := j.models.get(r.Context(), coremodel.UUID(r.PathValue("uuid")))
			if err != nil {
				return nil, err
			}
			return m.addCharmSecret(r.Context(), r.PathValue("name"), r.FormValue("label"))
		},
		"POST /removals/pause": func(r *http.Request) (any, error) {
			return nil, j.models.holdRemovals(r.Context(), coremodel.UUID(r.FormValue("model")), true)
		},
		"POST /removals/resume": func(r *http.Request) (any, error) {
			return nil, j.models.holdRemovals(r.Context(), coremodel.UUID(r.FormValue("model")), false)
		},
	}
}

func userEndpoints(j *controller) map[string]endpoint {
	return map[string]endpoint{
		"POST /users": func(r *http.Request) (any, error) {
			return j.addUser(r.Context(), r.FormValue("name"))
		},
		"PUT /users/{name}/password": func(r *http.Request) (any, error) {
			return nil, j.setPassword(r.Context(), account{Username: r.PathValue("name"), Password: r.FormValue("password")})
		},
		"PUT /models/{uuid}/access": func(r *http.Request) (any, error) {
			return nil, j.grant(r.Context(), r.FormValue("user"), r.FormValue("access"), r.PathValue("uuid"))
		},
		"DELETE /models/{uuid}/access": func(r *http.Request) (any, error) {
			return nil, j.revoke(r.Context(), r.FormValue("user"), r.FormValue("access"), r.PathValue("uuid"))
		},
		"POST /tokens": func(r *http.Request) (any, error) {
			wanted := claims{user: r.FormValue("user"), controller: r.FormValue("controller"), models: map[string]string{}}
			for _, text := range r.Form["model"] {
				uuid, access, _ := strings.Cut(text, ":")
				wanted.models[uuid] = access
			}
			return j.issueToken(r.Context(), wanted)
		},
	}
}

func serverEndpoints(ctx context.Context, j *controller) map[string]endpoint {
	return map[string]endpoint{
		"POST /stop": func(*http.Request) (any, error) { return nil, j.server.stop() },
		"POST /start": func(*http.Request) (any, error) {
			// The server must outlive the request that starts it.
			return nil, j.server.start(j.c.Context())
		},
		"POST /drop": func(*http.Request) (any, error) {
			j.server.drop()
			return nil, nil
		},
		"POST /upgrade/begin": func(*http.Request) (any, error) {
			j.server.beginUpgrade()
			return nil, nil
		},
		"POST /upgrade/end": func(*http.Request) (any, error) {
			j.server.endUpgrade()
			return nil, nil
		},
		"GET /requests": func(r *http.Request) (any, error) {
			if uuid := r.FormValue("model"); uuid != "" {
				return j.received.of(uuid), nil
			}
			return j.received.total(), nil
		},
		"GET /answered": func(r *http.Request) (any, error) {
			above, err := strconv.Atoi(r.FormValue("above"))
			if err != nil {
				return nil, fmt.Errorf("%w: above: %w", errInvalid, err)
			}
			ctx, cancel := context.WithTimeout(ctx, answerTimeout)
			defer cancel()
			context.AfterFunc(r.Context(), cancel) // Stop waiting when the caller disconnects.
			count, err := j.answered.await(ctx, r.FormValue("model"), r.FormValue("method"), above)
			return map[string]int{"answered": count}, err
		},
	}
}

// ServeHTTP implements http.Handler.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := e(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), status(err))
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// status returns the HTTP status of an error. Errors of the caller have a
// status below 500.
func status(err error) int {
	switch {
	case errors.Is(err, errUnknown), errors.Is(err, modelerrors.NotFound),
		errors.Is(err, applicationerrors.ApplicationNotFound), errors.Is(err, accesserrors.UserNotFound):
		return http.StatusNotFound
	case errors.Is(err, errNotAllowed), params.IsCodeAlreadyExists(err),
		errors.Is(err, applicationerrors.ApplicationAlreadyExists), errors.Is(err, accesserrors.UserAlreadyExists):
		return http.StatusConflict
	case errors.Is(err, errTooLate):
		return http.StatusRequestTimeout
	case errors.Is(err, errInvalid), errors.Is(err, applicationerrors.ApplicationNameNotValid):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/juju/juju/apiserver"
	"github.com/juju/juju/apiserver/apiserverhttp"
	"github.com/juju/juju/apiserver/authentication"
	"github.com/juju/juju/apiserver/stateauthenticator"
	coremodel "github.com/juju/juju/core/model"
)

// server is Juju's API server on a port of 127.0.0.1 that it keeps over stops and starts.
type server struct {
	// config is complete but for what start adds.
	config      apiserver.ServerConfig
	certificate tls.Certificate
	upgrading   atomic.Bool

	mu sync.Mutex
	// address is chosen by the first start.
	address string
	// running is nil while the server is stopped.
	running *runningServer
}

type runningServer struct {
	connections *connections
	http        *http.Server
	api         *apiserver.Server
}

// start listens and serves, or does nothing when the server runs already.
func (s *server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	config := s.config
	config.UpgradeComplete = func() bool { return !s.upgrading.Load() }
	config.Mux = apiserverhttp.NewMux()
	authenticator, err := newAuthenticator(ctx, config)
	if err != nil {
		return fmt.Errorf("cannot create the authenticator: %w", err)
	}
	if err := authenticator.AddHandlers(config.Mux); err != nil {
		return fmt.Errorf("cannot route logins: %w", err)
	}
	config.LocalMacaroonAuthenticator = authenticator

	listener, err := net.Listen("tcp4", s.address)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	api, err := apiserver.NewServer(ctx, config)
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("cannot start the API server: %w", err)
	}
	s.address = listener.Addr().String()
	s.running = &runningServer{
		connections: trackConnections(listener),
		api:         api,
		http: &http.Server{
			Handler:   config.Mux,
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{s.certificate}},
			// Clients that break off a handshake are no news here.
			ErrorLog: log.New(io.Discard, "", 0),
		},
	}
	go func(running *runningServer) { _ = running.http.ServeTLS(running.connections, "", "") }(s.running)
	return nil
}

// stop returns when nobody listens, all clients are gone and all requests have ended.
func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	_ = s.running.http.Close()
	s.running.connections.drop()
	err := s.running.api.Stop()
	s.running = nil
	if err != nil && !errors.Is(err, apiserver.ErrAPIServerDying) {
		return fmt.Errorf("cannot stop the API server: %w", err)
	}
	return nil
}

// drop closes the connections of all clients.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.connections.drop()
	}
}

// beginUpgrade drops all clients, as the restart into a new version does. Those that log in from here on are told, for
// almost all they ask, that an upgrade is in progress.
func (s *server) beginUpgrade() {
	s.upgrading.Store(true)
	s.drop()
}

// endUpgrade lets those do everything again that log in from here on. Juju decides at the login, and restarts nothing at
// the end of an upgrade, so whoever logged in before is told of an upgrade until their connection ends.
func (s *server) endUpgrade() {
	s.upgrading.Store(false)
}

func newAuthenticator(ctx context.Context, config apiserver.ServerConfig) (*stateauthenticator.Authenticator, error) {
	services, err := config.DomainServicesGetter.ServicesForModel(ctx, config.ControllerModelUUID)
	if err != nil {
		return nil, err
	}
	passwords := agentPasswords(func(ctx context.Context, uuid coremodel.UUID) (authentication.AgentPasswordService, error) {
		of, err := config.DomainServicesGetter.ServicesForModel(ctx, uuid)
		if err != nil {
			return nil, err
		}
		return of.AgentPassword(), nil
	})
	return stateauthenticator.NewAuthenticator(
		ctx, config.ControllerModelUUID, services.ControllerConfig(), passwords, services.Access(), services.Macaroon(),
		authentication.NewAgentAuthenticatorGetter(services.AgentPassword(), nil), config.Clock,
	)
}

// agentPasswords finds the passwords of agents. No agent ever logs in, but the authenticator insists.
type agentPasswords func(context.Context, coremodel.UUID) (authentication.AgentPasswordService, error)

// GetAgentPasswordServiceForModel implements stateauthenticator.AgentPasswordServiceGetter.
func (f agentPasswords) GetAgentPasswordServiceForModel(
	ctx context.Context, uuid coremodel.UUID,
) (authentication.AgentPasswordService, error) {
	return f(ctx, uuid)
}

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

// server is Juju's API server. It keeps its port on 127.0.0.1 when it is
// stopped and started.
type server struct {
	// config lacks only the fields that start sets.
	config      apiserver.ServerConfig
	certificate tls.Certificate
	upgrading   atomic.Bool

	mu sync.Mutex
	// address is set by the first start.
	address string
	// running is nil while the server is stopped.
	running *runningServer
}

type runningServer struct {
	connections *connections
	http        *http.Server
	api         *apiserver.Server
}

// start listens and serves. It does nothing if the server is running.
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
			// Clients that abort a handshake are expected.
			ErrorLog: log.New(io.Discard, "", 0),
		},
	}
	go func(running *runningServer) { _ = running.http.ServeTLS(running.connections, "", "") }(s.running)
	return nil
}

// stop returns when the port is closed, all clients are disconnected and all
// requests have ended.
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

// beginUpgrade disconnects all clients, as the restart with a new version does.
// Most calls of clients that log in later fail because an upgrade is in
// progress.
func (s *server) beginUpgrade() {
	s.upgrading.Store(true)
	s.drop()
}

// endUpgrade ends the restriction for clients that log in later. Juju decides
// at login and does not restart at the end of an upgrade, so connections from
// before remain restricted.
func (s *server) endUpgrade() {
	s.upgrading.Store(false)
}

func newAuthenticator(ctx context.Context, config apiserver.ServerConfig) (*stateauthenticator.Authenticator, error) {
	services, err := config.DomainServicesGetter.ServicesForModel(ctx, config.ControllerModelUUID)
	if err != nil {
		return nil, err
	}
	passwords := agentPasswords(func(
		ctx context.Context, uuid coremodel.UUID,
	) (authentication.AgentPasswordService, error) {
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

// agentPasswords returns the password service of a model's agents. No agent
// logs in, but the authenticator requires it.
type agentPasswords func(context.Context, coremodel.UUID) (authentication.AgentPasswordService, error)

// GetAgentPasswordServiceForModel implements
// stateauthenticator.AgentPasswordServiceGetter.
func (f agentPasswords) GetAgentPasswordServiceForModel(
	ctx context.Context, uuid coremodel.UUID,
) (authentication.AgentPasswordService, error) {
	return f(ctx, uuid)
}

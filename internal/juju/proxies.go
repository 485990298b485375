// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"cmp"
	"fmt"

	"github.com/juju/juju/api/proxy/config"
	"github.com/juju/proxy"
)

// UseProxies makes all connections go through the proxy that the environment names: HTTPS_PROXY, or else HTTP_PROXY, but
// for the hosts of NO_PROXY. It is called once, before the first connection.
func UseProxies() error {
	settings := proxy.DetectProxies()
	// Juju's client takes its WebSockets for no HTTPS, and would go through the proxy for HTTP alone.
	settings.Http = cmp.Or(settings.Https, settings.Http)
	if err := config.DefaultConfig.Set(settings); err != nil {
		return fmt.Errorf("cannot use the proxy of the environment: %w", err)
	}
	return nil
}

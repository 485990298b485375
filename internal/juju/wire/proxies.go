// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"cmp"
	"fmt"

	"github.com/juju/juju/api/proxy/config"
	"github.com/juju/proxy"
)

// UseProxies sets the proxy of all connections from the environment:
// HTTPS_PROXY, otherwise HTTP_PROXY, except for the hosts in NO_PROXY. Call it
// once, before the first connection.
func UseProxies() error {
	settings := proxy.DetectProxies()
	// Juju's client uses the HTTP proxy for its websockets.
	settings.Http = cmp.Or(settings.Https, settings.Http)
	if err := config.DefaultConfig.Set(settings); err != nil {
		return fmt.Errorf("cannot use the proxy of the environment: %w", err)
	}
	return nil
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports for programs that need a fixed port. The range is outside the
// ephemeral ports of the system. Until the program starts, only another test
// can take its port.
const (
	firstPort = 15_000
	lastPort  = 30_000
)

// given holds the addresses that this process has received. A program may start
// to listen on its address much later.
var given sync.Map

// FreeAddress returns a loopback address that no program listens on. It never
// returns the same address twice.
func FreeAddress(ctx context.Context) (string, error) {
	for range 100 {
		port := firstPort + rand.N(lastPort-firstPort) //nolint:gosec // Any port is good enough.
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("cannot find a free port")
}

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

// The ports for programs that have to be told one. The system gives none of them to whoever asks for any, or makes a connection, so
// that between now and the program's start nobody but another test can take one.
const (
	firstPort = 15_000
	lastPort  = 30_000
)

// given are the addresses that this process was told, as a program that is told one may begin to listen much later.
var given sync.Map

// FreeAddress is a loopback address that nobody listens on, and that it has not returned before.
func FreeAddress(ctx context.Context) (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.N(lastPort-firstPort)) //nolint:gosec // Any will do.
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("cannot find a port that is free")
}

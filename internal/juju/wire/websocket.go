// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/gorilla/websocket"
	"github.com/juju/juju/api/proxy/config"
	jujuversion "github.com/juju/juju/core/version"
	"github.com/juju/juju/rpc/jsoncodec"
	"github.com/juju/juju/rpc/params"
)

// maxHandshake bounds the bytes that are read before the websocket is open,
// which are certificates and headers.
const maxHandshake = 1 << 20

// noController is the message for an address with another server.
const noController = "the server at this address is not a Juju controller: compare the addresses with " +
	"api-endpoints in the output of juju show-controller"

// handshakeReader limits the bytes that are read from a connection until the
// handshake is over. Juju's client accepts headers of any length.
type handshakeReader struct {
	net.Conn

	read int
	over atomic.Bool
}

// Read implements net.Conn.
func (g *handshakeReader) Read(into []byte) (int, error) {
	n, err := g.Conn.Read(into)
	if g.over.Load() {
		return n, err
	}
	if g.read += n; g.read > maxHandshake {
		return 0, errors.New(noController)
	}
	return n, err
}

// dialWebsocket connects like Juju's client, but it accepts no long messages,
// and trusts every certificate of a bundle. The error contains nothing that the
// server sent, because a user can set an address that only the operator can
// reach.
func (e *Endpoint) dialWebsocket(
	ctx context.Context, address string, tlsConfig *tls.Config, ipAddress string,
) (jsoncodec.JSONConn, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	tlsConfig = tlsConfig.Clone()
	if tlsConfig.RootCAs != nil {
		tlsConfig.RootCAs = tlsConfig.RootCAs.Clone()
		tlsConfig.RootCAs.AppendCertsFromPEM([]byte(e.Connection.CACertificate))
	}
	greeted := new(handshakeReader)
	dialer := &websocket.Dialer{
		NetDialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if to == target.Host { // Without a proxy, use the address that the name resolved to.
				to = ipAddress
			}
			conn, err := new(net.Dialer).DialContext(ctx, network, to)
			greeted.Conn = conn
			return greeted, err
		},
		Proxy: config.DefaultConfig.GetProxy, HandshakeTimeout: DialTimeout, TLSClientConfig: tlsConfig,
	}
	header := http.Header{params.JujuClientVersion: {jujuversion.Current.String()}}
	answered := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { answered = true }})
	conn, response, err := dialer.DialContext(ctx, address, header)
	var network *net.OpError
	switch {
	case errors.Is(err, websocket.ErrBadHandshake):
		_ = response.Body.Close()
		status := strings.TrimSpace(strconv.Itoa(response.StatusCode) + " " + http.StatusText(response.StatusCode))
		return nil, fmt.Errorf("HTTP status %s: %s", status, noController)
	case answered && err != nil && !errors.As(err, &network) && ctx.Err() == nil:
		return nil, errors.New(noController)
	case err != nil:
		return nil, err
	case len(response.Header.Values("Sec-Websocket-Extensions")) > 0:
		// Compressed messages were not requested, and their size cannot be
		// limited.
		_ = conn.Close()
		return nil, errors.New(noController)
	}
	greeted.over.Store(true)
	conn.SetReadLimit(e.maxMessage())
	return messages{jsoncodec.NewWebsocketConn(conn), e.maxMessage()}, nil
}

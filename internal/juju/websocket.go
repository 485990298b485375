// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

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

// maxGreeting bounds what is read before there is a websocket, in bytes: certificates and headers.
const maxGreeting = 1 << 20

// noController is what to do about an address at which something else answers.
const noController = "what answers there opens no connection as a Juju controller does: compare the addresses with what juju " +
	"show-controller prints under api-endpoints"

// greeting is a connection of which only so much is read until it is over: Juju's client takes headers without an end.
type greeting struct {
	net.Conn

	read int
	over atomic.Bool
}

// Read implements net.Conn.
func (g *greeting) Read(into []byte) (int, error) {
	n, err := g.Conn.Read(into)
	if g.over.Load() {
		return n, err
	}
	if g.read += n; g.read > maxGreeting {
		return 0, errors.New(noController)
	}
	return n, err
}

// dialWebsocket connects as Juju's client does, but takes no message that is too long, and trusts every certificate of a bundle.
// Of what another server says nothing is passed on: it may be one that whoever named it cannot reach.
func (c *controller) dialWebsocket(ctx context.Context, address string, tlsConfig *tls.Config, ipAddress string) (jsoncodec.JSONConn, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	tlsConfig = tlsConfig.Clone()
	if tlsConfig.RootCAs != nil {
		tlsConfig.RootCAs = tlsConfig.RootCAs.Clone()
		tlsConfig.RootCAs.AppendCertsFromPEM([]byte(c.connection.CACertificate))
	}
	greeted := new(greeting)
	dialer := &websocket.Dialer{
		NetDialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if to == target.Host { // Without a proxy: the address that was found for the name.
				to = ipAddress
			}
			conn, err := new(net.Dialer).DialContext(ctx, network, to)
			greeted.Conn = conn
			return greeted, err
		},
		Proxy: config.DefaultConfig.GetProxy, HandshakeTimeout: dialTimeout, TLSClientConfig: tlsConfig,
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
	case len(response.Header.Values("Sec-Websocket-Extensions")) > 0: // Compressed messages, for which nobody asked, have no bounds.
		_ = conn.Close()
		return nil, errors.New(noController)
	}
	greeted.over.Store(true)
	conn.SetReadLimit(c.maxMessage())
	return messages{jsoncodec.NewWebsocketConn(conn), c.maxMessage()}, nil
}

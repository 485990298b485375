// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"crypto/sha1" //nolint:gosec // What a websocket is greeted with.
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/juju/juju/rpc/jsoncodec"

	"github.com/juju-secrets/operator/internal/plan"
)

// dialServer connects a controller of a key to a server of the test's own.
func dialServer(t *testing.T, key plan.ControllerKey, handler http.HandlerFunc) (*controller, jsoncodec.JSONConn, error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	address := server.Listener.Addr().String()
	c := &controller{key: key}
	conn, err := c.dialWebsocket(t.Context(), "wss://"+address+"/api", &tls.Config{RootCAs: authorities}, address)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return c, conn, err
}

// raw answers a request for a websocket with bytes.
func raw(answer func(conn net.Conn, r *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer func() { _ = conn.Close() }()
		answer(conn, r)
	}
}

// A tenant may name a server that only the operator's Pod reaches.
func TestNothingIsToldOfWhatAnotherServerSays(t *testing.T) {
	t.Parallel()
	const sentinel = "for-the-inside-only"
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Inside", sentinel)
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(sentinel))
		}, "HTTP status 403 Forbidden"},
		"words of its own for a status": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("HTTP/1.1 500 " + sentinel + "\r\n\r\n"))
		}), "HTTP status 500 Internal Server Error"},
		"another protocol": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("220 " + sentinel + "\r\n"))
		}), "api-endpoints"},
		"headers that are none": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n" + sentinel + "\r\n\r\n"))
		}), "api-endpoints"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, err := dialServer(t, "team-a/prod", row.handler)
			if err == nil {
				t.Fatal("it is taken for a controller")
			}
			told := c.loginTrouble(err)
			if strings.Contains(told.Message, sentinel) || !strings.Contains(told.Message, row.want) {
				t.Errorf("the message is %q, want %q in it, and not what the server said", told.Message, row.want)
			}
			if told.Kind != plan.Unreachable || !strings.Contains(told.Message, "api-endpoints") {
				t.Errorf("the trouble is %+v, want it told what to do", told)
			}
		})
	}
}

func TestHeadersWithoutAnEndAreNotRead(t *testing.T) {
	t.Parallel()
	const line, most = 1 << 10, 32 << 20 // Some are in the buffers of the system.
	sent := make(chan int, 1)
	_, _, err := dialServer(t, "team-a/prod", raw(func(conn net.Conn, _ *http.Request) {
		_, err := conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
		n := 0
		for ; err == nil && n <= most; n += line {
			_, err = conn.Write([]byte("X-More: " + strings.Repeat("x", line) + "\r\n"))
		}
		sent <- n
	}))
	if err == nil || !strings.Contains(err.Error(), noController) {
		t.Errorf("the error is %v, want it told that this is no controller", err)
	}
	if n := <-sent; n > most {
		t.Errorf("%d bytes of headers were read", n)
	}
}

// What a message has when it is no longer compressed has no bounds.
func TestCompressionThatNobodyAskedForIsRefused(t *testing.T) {
	t.Parallel()
	_, _, err := dialServer(t, "team-a/prod", raw(func(conn net.Conn, r *http.Request) {
		key := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // See above.
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(key[:]) + "\r\n" +
			"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1))
	}))
	if err == nil {
		t.Error("compressed messages are taken")
	}
}

func TestATenantsServerMaySendLessThanOneOfTheCluster(t *testing.T) {
	t.Parallel()
	long := func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"response":"`+strings.Repeat("x", maxMessageOfTenants)+`"}`))
		_, _, _ = conn.ReadMessage() // Until the client goes.
		_ = conn.Close()
	}
	for key, taken := range map[plan.ControllerKey]bool{"prod": true, "team-a/prod": false} {
		t.Run(string(key), func(t *testing.T) {
			t.Parallel()
			_, conn, err := dialServer(t, key, long)
			if err != nil {
				t.Fatal(err)
			}
			var message json.RawMessage
			err = conn.Receive(&message)
			_, much := errors.AsType[excess](err)
			if taken != (err == nil) || taken == much || much && !strings.Contains(err.Error(), "8 MiB") {
				t.Errorf("the error is %v, want one that says too much: %t", err, !taken)
			}
		})
	}
}

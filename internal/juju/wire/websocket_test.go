// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/sha1" //nolint:gosec // The websocket handshake uses it.
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

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// dialServer starts a server, and connects the endpoint of a key to it.
func dialServer(t *testing.T, key plan.ControllerKey, handler http.HandlerFunc) (*Endpoint, jsoncodec.JSONConn, error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	authorities := x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	address := server.Listener.Addr().String()
	c := &Endpoint{Key: key}
	conn, err := c.dialWebsocket(t.Context(), "wss://"+address+"/api", &tls.Config{RootCAs: authorities}, address)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return c, conn, err
}

// raw returns a handler that answers a websocket request with raw bytes.
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

// A tenant can set the address of a server that only the operator's Pod
// reaches.
func TestAnswerOfOtherServerIsNotLeaked(t *testing.T) {
	t.Parallel()
	const sentinel = "internal-only"
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"an HTTP page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Internal", sentinel)
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(sentinel))
		}, "HTTP status 403 Forbidden"},
		"a custom status text": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("HTTP/1.1 500 " + sentinel + "\r\n\r\n"))
		}), "HTTP status 500 Internal Server Error"},
		"another protocol": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("220 " + sentinel + "\r\n"))
		}), "api-endpoints"},
		"malformed headers": {raw(func(conn net.Conn, _ *http.Request) {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n" + sentinel + "\r\n\r\n"))
		}), "api-endpoints"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, err := dialServer(t, "team-a/prod", row.handler)
			if err == nil {
				t.Fatal("the server is accepted as a controller")
			}
			problem := c.LoginProblem(err)
			if strings.Contains(problem.Message, sentinel) || !strings.Contains(problem.Message, row.want) {
				t.Errorf("the message is %q, want %q in it, and nothing from the server", problem.Message, row.want)
			}
			if problem.Reason != v1alpha1.ReasonJujuUnreachable || !strings.Contains(problem.Message, "api-endpoints") {
				t.Errorf("the problem is %+v, want the cure in its message", problem)
			}
		})
	}
}

func TestEndlessHeadersAreRejected(t *testing.T) {
	t.Parallel()
	const line, most = 1 << 10, 32 << 20 // The system buffers some of them.
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
		t.Errorf("the error is %v, want the error for another server", err)
	}
	if n := <-sent; n > most {
		t.Errorf("%d bytes of headers were read", n)
	}
}

// The size of a message after decompression is not limited.
func TestUnrequestedCompressionIsRejected(t *testing.T) {
	t.Parallel()
	_, _, err := dialServer(t, "team-a/prod", raw(func(conn net.Conn, r *http.Request) {
		key := r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
		accept := sha1.Sum([]byte(key)) //nolint:gosec // See above.
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(accept[:]) + "\r\n" +
			"Sec-WebSocket-Extensions: permessage-deflate; " +
			"server_no_context_takeover; client_no_context_takeover\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1))
	}))
	if err == nil {
		t.Error("compressed messages are accepted")
	}
}

func TestTenantServerHasLowerMessageLimit(t *testing.T) {
	t.Parallel()
	long := func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_ = conn.WriteMessage(websocket.TextMessage,
			[]byte(`{"response":"`+strings.Repeat("x", maxMessageOfTenants)+`"}`))
		_, _, _ = conn.ReadMessage() // It returns when the client disconnects.
		_ = conn.Close()
	}
	for key, accepted := range map[plan.ControllerKey]bool{"prod": true, "team-a/prod": false} {
		t.Run(string(key), func(t *testing.T) {
			t.Parallel()
			_, conn, err := dialServer(t, key, long)
			if err != nil {
				t.Fatal(err)
			}
			var message json.RawMessage
			err = conn.Receive(&message)
			_, much := errors.AsType[LimitError](err)
			if accepted != (err == nil) || accepted == much || much && !strings.Contains(err.Error(), "8 MiB") {
				t.Errorf("the error is %v, want a LimitError: %t", err, !accepted)
			}
		})
	}
}

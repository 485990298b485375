// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/juju/juju/api"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/test/wire"
)

func TestRewriteChangesAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Rewrite("Admin.Login", func(answer *wire.Answer) { answer.Response["server-version"] = "3.5.0" })
	f.proxy.Rewrite("Secrets.CreateSecrets", func(answer *wire.Answer) {
		answer.Response, answer.Error, answer.ErrorCode = nil, "rewritten error", "other"
	})
	f.proxy.Rewrite("Secrets.ListSecrets", func(answer *wire.Answer) {
		for _, result := range answer.Response["results"].([]any) {
			secret := result.(map[string]any)
			secret["latest-revision-checksum"] = "rewritten after revision " + secret["latest-revision"].(json.Number).String()
		}
	})
	conn := f.connect()
	if version, known := conn.ServerVersion(); !known || version.String() != "3.5.0" {
		t.Error("the client sees the server version", version)
	}
	for range 2 {
		if err := create(f.Ctx, conn, "name", "value"); params.ErrCode(err) != "other" {
			t.Error("the client got the error", err)
		}
	}
	listed, err := list(f.Ctx, conn)
	f.Must(err)
	if len(listed) != 1 || listed[0].LatestRevisionChecksum != "rewritten after revision 1" {
		t.Errorf("the client got the secrets %+v", listed)
	}
}

func TestSilenceSendsNoBytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.connect()
	f.proxy.Silence()
	f.awaitClosed("the end of the connection", before.Broken())
	impatient, cancel := context.WithTimeout(f.Ctx, 300*time.Millisecond) // Juju's own client waits for 45 seconds.
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	if _, err := dialer.DialContext(impatient, "tcp", f.proxy.Address); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the client got the error", err)
	}
	f.awaitOpen(0) // The proxy notices clients that give up.

	conn, err := (&net.Dialer{}).DialContext(f.Ctx, "tcp", f.proxy.Address)
	f.Must(err)
	defer func() { _ = conn.Close() }()
	f.awaitOpen(1)
	f.proxy.Speak()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !wasReset(err) {
		t.Errorf("got %d bytes and the error %v, want a reset connection", n, err)
	}
	f.Must(create(f.Ctx, f.connect(), "name", "value"))
}

func TestRequestsAndConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	conn, err := f.dial(names.NewModelTag(f.Model.UUID))
	f.Must(err)
	_, err = list(f.Ctx, conn)
	f.Must(err)
	f.proxy.On("Secrets.ListSecrets", wire.Fail("code", "no"))
	_, _ = list(f.Ctx, conn)
	controller, err := f.dial(names.ModelTag{})
	f.Must(err)
	requests := f.proxy.Requests()
	if requests["Admin.Login"] != 2 || requests["Secrets.ListSecrets"] != 1 {
		t.Errorf("counted %v, want 2 logins and 1 listing", requests)
	}
	if open, mostOpening := f.proxy.Connections(); open != 2 || mostOpening != 1 {
		t.Errorf("%d connections are open, at most %d were logging in at once, want 2 and 1", open, mostOpening)
	}
	f.Must(errors.Join(conn.Close(), controller.Close()))
	f.awaitOpen(0)

	held := []<-chan struct{}{f.proxy.On("Admin.Login", wire.Hold()), f.proxy.On("Admin.Login", wire.Hold())}
	ctx, cancel := context.WithCancel(f.Ctx)
	defer cancel()
	for range held {
		go func() { _, _ = dial(ctx, f.proxy, names.ModelTag{}) }()
	}
	for _, met := range held {
		f.awaitClosed("a login", met)
	}
	if open, mostOpening := f.proxy.Connections(); open != 2 || mostOpening != 2 {
		t.Errorf("%d connections are open, at most %d were logging in at once, want 2 and 2", open, mostOpening)
	}
}

func TestUnreachableServerFailsConnections(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	closed, err := (&net.ListenConfig{}).Listen(f.Ctx, "tcp", "127.0.0.1:0")
	f.Must(err)
	f.Must(closed.Close())
	proxy, err := wire.Start(f.Ctx, closed.Addr().String(), f.Juju.CACertificate)
	f.Must(err)
	defer proxy.Close()
	if _, err := dial(f.Ctx, proxy, names.ModelTag{}); !errors.Is(err, api.ConnectionFailure) {
		t.Error("the client got the error", err)
	}
}

func TestOtherMessagesPassUnchanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(f.proxy.CACertificate))
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	_, response, err := dialer.DialContext(f.Ctx, "wss://"+f.proxy.Address+"/nowhere", nil)
	if err == nil || response == nil || response.StatusCode != http.StatusNotFound {
		t.Error("error of an unknown path:", err)
	}
	_ = response.Body.Close()

	conn, response, err := dialer.DialContext(f.Ctx, "wss://"+f.proxy.Address+"/api", nil)
	f.Must(err)
	_ = response.Body.Close()
	heard := make(chan string, 1)
	conn.SetPongHandler(func(text string) error {
		heard <- text
		return nil
	})
	ended := make(chan error, 1)
	go func() {
		_, _, err := conn.ReadMessage()
		ended <- err
	}()
	f.Must(conn.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(patience)))
	if text := <-heard; text != "hello" {
		t.Errorf("the server answered the ping with %q", text)
	}
	closing := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	f.Must(conn.WriteControl(websocket.CloseMessage, closing, time.Now().Add(patience)))
	if err := <-ended; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Error("the close message was answered with:", err)
	}
	f.Must(conn.Close())
	f.awaitOpen(0)
}

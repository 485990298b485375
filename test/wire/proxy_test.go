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

func TestAnswersAreRewritten(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.proxy.Rewrite("Admin.Login", func(answer *wire.Answer) { answer.Response["server-version"] = "3.5.0" })
	s.proxy.Rewrite("Secrets.CreateSecrets", func(answer *wire.Answer) {
		answer.Response, answer.Error, answer.ErrorCode = nil, "said otherwise", "other"
	})
	s.proxy.Rewrite("Secrets.ListSecrets", func(answer *wire.Answer) {
		for _, result := range answer.Response["results"].([]any) {
			secret := result.(map[string]any)
			secret["latest-revision-checksum"] = "rewritten after revision " + secret["latest-revision"].(json.Number).String()
		}
	})
	conn := s.connect()
	if version, known := conn.ServerVersion(); !known || version.String() != "3.5.0" {
		t.Error("the server's version is", version)
	}
	for range 2 {
		if err := create(s.ctx, conn, "name", "value"); params.ErrCode(err) != "other" {
			t.Error("the client got:", err)
		}
	}
	listed, err := list(s.ctx, conn)
	s.must(err)
	if len(listed) != 1 || listed[0].LatestRevisionChecksum != "rewritten after revision 1" {
		t.Errorf("the client got: %+v", listed)
	}
}

func TestASilentServerSaysNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.connect()
	s.proxy.Silence()
	s.await("the end of the connection", before.Broken())
	impatient, cancel := context.WithTimeout(s.ctx, 300*time.Millisecond) // Juju's own client waits for 45 seconds.
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	if _, err := dialer.DialContext(impatient, "tcp", s.proxy.Address); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the client got:", err)
	}
	s.awaitOpen(0) // Who gives up is noticed.

	conn, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", s.proxy.Address)
	s.must(err)
	defer func() { _ = conn.Close() }()
	s.awaitOpen(1)
	s.proxy.Speak()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !wasReset(err) {
		t.Errorf("got %d bytes, then: %v", n, err)
	}
	s.must(create(s.ctx, s.connect(), "name", "value"))
}

func TestRequestsAndConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	conn, err := s.dial(names.NewModelTag(s.model.UUID))
	s.must(err)
	_, err = list(s.ctx, conn)
	s.must(err)
	s.proxy.On("Secrets.ListSecrets", wire.Fail("code", "no"))
	_, _ = list(s.ctx, conn)
	controller, err := s.dial(names.ModelTag{})
	s.must(err)
	requests := s.proxy.Requests()
	if requests["Admin.Login"] != 2 || requests["Secrets.ListSecrets"] != 1 {
		t.Errorf("counted %v, want 2 logins and 1 listing", requests)
	}
	if open, mostOpening := s.proxy.Connections(); open != 2 || mostOpening != 1 {
		t.Errorf("%d connections are open, and %d were in their opening at once, want 2 and 1", open, mostOpening)
	}
	s.must(errors.Join(conn.Close(), controller.Close()))
	s.awaitOpen(0)

	held := []<-chan struct{}{s.proxy.On("Admin.Login", wire.Hold()), s.proxy.On("Admin.Login", wire.Hold())}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	slow := &scene{T: t, ctx: ctx, proxy: s.proxy}
	for range held {
		go func() { _, _ = slow.dial(names.ModelTag{}) }()
	}
	for _, met := range held {
		s.await("a login", met)
	}
	if open, mostOpening := s.proxy.Connections(); open != 2 || mostOpening != 2 {
		t.Errorf("%d connections are open, and %d were in their opening at once, want 2 and 2", open, mostOpening)
	}
}

func TestAServerThatIsAwayLooksLikeIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	nobody, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	s.must(err)
	s.must(nobody.Close())
	proxy, err := wire.Start(s.ctx, nobody.Addr().String(), juju.CACertificate)
	s.must(err)
	defer proxy.Close()
	alone := &scene{T: t, ctx: s.ctx, proxy: proxy}
	if _, err := alone.dial(names.ModelTag{}); !errors.Is(err, api.ConnectionFailure) {
		t.Error("the client got:", err)
	}
}

func TestWhatIsNoRequestPassesToo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(s.proxy.CACertificate))
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	_, response, err := dialer.DialContext(s.ctx, "wss://"+s.proxy.Address+"/nowhere", nil)
	if err == nil || response == nil || response.StatusCode != http.StatusNotFound {
		t.Error("a path that the server does not have:", err)
	}
	_ = response.Body.Close()

	conn, response, err := dialer.DialContext(s.ctx, "wss://"+s.proxy.Address+"/api", nil)
	s.must(err)
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
	s.must(conn.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(patience)))
	if text := <-heard; text != "hello" {
		t.Errorf("the server answered the ping with %q", text)
	}
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	s.must(conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(patience)))
	if err := <-ended; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Error("the goodbye was answered with:", err)
	}
	s.must(conn.Close())
	s.awaitOpen(0)
}

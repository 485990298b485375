// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

const (
	// loginAnswer is the same for the controller and a model but for one tag.
	loginAnswer = `{"controller-tag":"controller-8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a11","server-version":"3.6.0",` +
		`"model-tag":"MODEL","user-info":{"identity":"user-operator","controller-access":"login"},` +
		`"facades":[{"name":"Secrets","versions":[2]},{"name":"ModelManager","versions":[10]},{"name":"Pinger","versions":[1]}]}`
	modelsAnswer = `{"user-models":[{"model":{"name":"prod","uuid":"8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a12","qualifier":"ops",` +
		`"owner-tag":"user-ops","type":"iaas"}}]}`
)

// A server that a tenant names answers anything. The trouble says so, and what Juju's client makes of it stays small.
func TestATenantsServerThatSendsTooMuchIsToldSo(t *testing.T) {
	t.Parallel()
	const bytes = 256 << 10
	for name, row := range map[string]struct {
		method, answer, want string
		keeps                bool // the connection
	}{
		"secrets":  {"ListSecrets", `{"results":` + filled(`{}`, bytes) + `}`, "lists more than 50000 secrets", true},
		"models":   {"ListModels", `{"user-models":` + filled(`{}`, bytes) + `}`, "more than 65536 values", true},
		"servers":  {"Login", `{"servers":[` + filled(`{}`, bytes) + `]}`, "more than 65536 values", false},
		"all":      {"ListSecrets", `{"padding":"` + strings.Repeat("x", maxMessageOfTenants) + `"}`, "more than 8 MiB", false},
		"no list":  {"ListSecrets", `{"results":"none"}`, "something else than a list", true},
		"no types": {"ListSecrets", `{"results":[{"uri":1}]}`, "cannot unmarshal number", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logins atomic.Int32
			answers := map[string]string{"Login": loginAnswer, "ListModels": modelsAnswer}
			answers[row.method] = row.answer
			server := httptest.NewUnstartedServer(answering(answers, &logins))
			certificate := selfSigned(t)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
			server.StartTLS()
			t.Cleanup(server.Close)
			pool := NewPool(func(string) bool { return true }, nil)
			t.Cleanup(pool.Close)
			go func() {
				for range pool.Changed() {
				}
			}()
			key := plan.ControllerKey("team-a/own")
			authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
			health := pool.Set(t.Context(), key, content.Connection{
				Addresses: []string{server.Listener.Addr().String()}, CACertificate: string(authority),
				Username: "operator", Password: content.Seal("none"),
			}, time.Hour)
			ask := func() *plan.Trouble {
				ref := plan.ModelRef{Controller: key, Name: "ops/prod"}
				return pool.World(t.Context(), ref, plan.Query{Name: "any"}).Trouble
			}
			told := health.Trouble
			// On a busy machine the first answers are that there is none yet.
			for began := time.Now(); (told == nil || strings.HasSuffix(told.Message, " yet")) && time.Since(began) < time.Minute; {
				told = ask()
			}
			if told == nil || !strings.Contains(told.Message, row.want) {
				t.Errorf("the trouble is %+v, want it told of %q", told, row.want)
			}
			before := logins.Load()
			if again := ask(); row.keeps && row.method == "ListSecrets" && (again == nil || again.Kind != told.Kind) {
				t.Errorf("the trouble is %+v, and then %+v", told, again)
			}
			if n := logins.Load(); row.keeps && n != before {
				t.Errorf("%d logins were made because of it, want the connection kept", n-before)
			}
		})
	}
}

// answering is a server that gives one answer to each method.
func answering(answers map[string]string, logins *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		for {
			var asked struct {
				ID     uint64 `json:"request-id"`
				Method string `json:"request"`
			}
			if conn.ReadJSON(&asked) != nil {
				return
			}
			answer := answers[asked.Method]
			if asked.Method == "Login" {
				logins.Add(1)
				model, inModel := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/api"), "/model/")
				if inModel {
					model = "model-" + model
				}
				answer = strings.ReplaceAll(answer, "MODEL", model)
			}
			if answer == "" {
				answer = "{}"
			}
			text := fmt.Appendf(nil, `{"request-id":%d,"response":%s}`, asked.ID, answer)
			if conn.WriteMessage(websocket.TextMessage, text) != nil {
				return
			}
		}
	}
}

// selfSigned is the certificate of a Juju controller, which all of them have for the same name.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"juju-apiserver"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

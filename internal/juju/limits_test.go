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
	// loginAnswer answers logins. MODEL is replaced by the model tag, if any.
	loginAnswer = `{"controller-tag":"controller-8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a11","server-version":"3.6.0",` +
		`"model-tag":"MODEL","user-info":{"identity":"user-operator","controller-access":"login"},` +
		`"facades":[{"name":"Secrets","versions":[2]},` +
		`{"name":"ModelManager","versions":[10]},{"name":"Pinger","versions":[1]}]}`
	modelsAnswer = `{"user-models":[{"model":{` +
		`"name":"prod","uuid":"8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a12","qualifier":"ops",` +
		`"owner-tag":"user-ops","type":"iaas"}}]}`
)

// A server that a tenant configures can send any answer. The problem reports
// it, and the decoded answer stays small.
func TestOversizedAnswerIsReported(t *testing.T) {
	t.Parallel()
	const bytes = 256 << 10
	for name, row := range map[string]struct {
		method, answer, want string
		keeps                bool // true when the connection stays open
	}{
		"too many secrets": {
			"ListSecrets", `{"results":` + filled(`{}`, bytes) + `}`, "lists more than 50000 secrets", true,
		},
		"too many models": {
			"ListModels", `{"user-models":` + filled(`{}`, bytes) + `}`, "more than 65536 values", true,
		},
		"too many servers in a login": {
			"Login", `{"servers":[` + filled(`{}`, bytes) + `]}`, "more than 65536 values", false,
		},
		"a message too long": {
			"ListSecrets", `{"padding":"` + strings.Repeat("x", 8<<20) + `"}`, "more than 8 MiB", false,
		},
		"results are not a list":  {"ListSecrets", `{"results":"none"}`, "is not a list", true},
		"a field of another type": {"ListSecrets", `{"results":[{"uri":1}]}`, "cannot unmarshal number", true},
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
			pool := NewPool(func(string) bool { return true }, func(plan.ModelRef) bool { return true }, nil)
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
			ask := func() *plan.Problem {
				ref := plan.ModelRef{Controller: key, Name: "ops/prod"}
				return pool.View(t.Context(), ref, plan.Query{Name: "any"}).Problem
			}
			problem := health.Problem
			// On a busy machine the first problem is that there is no answer
			// yet.
			pending := func() bool { return problem == nil || strings.HasSuffix(problem.Message, " yet") }
			for began := time.Now(); pending() && time.Since(began) < time.Minute; {
				problem = ask()
			}
			if problem == nil || !strings.Contains(problem.Message, row.want) {
				t.Errorf("the problem is %+v, want a message with %q", problem, row.want)
			}
			before := logins.Load()
			again := ask()
			if row.keeps && row.method == "ListSecrets" && (again == nil || again.Reason != problem.Reason) {
				t.Errorf("the problem is %+v, and then %+v", problem, again)
			}
			if n := logins.Load(); row.keeps && n != before {
				t.Errorf("%d more logins, want the connection to stay open", n-before)
			}
		})
	}
}

// filled returns a JSON list of about a number of bytes that repeats one
// element.
func filled(element string, bytes int) string {
	return "[" + strings.Repeat(element+",", bytes/(len(element)+1)) + element + "]"
}

// answering returns a server that has one answer for each method.
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

// selfSigned returns a certificate for the name that all Juju controllers have.
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

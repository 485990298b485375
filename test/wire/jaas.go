// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"strings"
)

// JAASControllerUUID is the UUID that JAAS reports at a login to the
// controller.
const JAASControllerUUID = "ca11ab1e-1aa5-4aa5-8aa5-0123456789ab"

// clientLogin is the method of a login to JAAS with a client ID and its secret.
const clientLogin = "Admin.LoginWithClientCredentials"

// jaas holds the one client that a simulated JAAS knows, and the token for its
// login to the controller.
type jaas struct {
	clientID, clientSecret, token string
}

// AsJAAS makes the proxy simulate JAAS in front of the controller. JAAS knows
// one client. When this client logs in, the proxy logs in to the controller
// with the token. It refuses all other logins, including logins with a
// password. Messages after a login pass unchanged. Requests, On and Guard count
// a login as "Admin.LoginWithClientCredentials". Rewrite sees the resulting
// "Admin.Login".
//
// Like JAAS, the proxy reports no addresses at a login, because they would
// bypass it. A login to the controller reports JAASControllerUUID. A login to a
// model reports the UUID of the controller that hosts the model.
func (p *Proxy) AsJAAS(clientID, clientSecret, token string) {
	p.mu.Lock()
	p.jaas = &jaas{clientID, clientSecret, token}
	p.mu.Unlock()
	p.Rewrite(login, func(answer *Answer) {
		if answer.Error != "" {
			return
		}
		delete(answer.Response, "servers")
		if answer.Response["model-tag"] == nil {
			answer.Response["controller-tag"] = "controller-" + JAASControllerUUID
		}
	})
}

// SetClientSecret changes the secret that JAAS accepts from the client. Open
// connections stay open.
func (p *Proxy) SetClientSecret(clientSecret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jaas.clientSecret = clientSecret
}

// AsController makes the controller report another UUID at each login.
func (p *Proxy) AsController(uuid string) {
	p.Rewrite(login, func(answer *Answer) {
		if answer.Error == "" {
			answer.Response["controller-tag"] = "controller-" + uuid
		}
	})
}

// translate returns the request for the server. For a login that JAAS refuses
// it returns the refusal.
func (p *Proxy) translate(m message) (asked message, refusal []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.jaas == nil:
		return m, nil, nil
	case m.method == clientLogin:
		return p.jaas.logIn(m)
	case m.method == login:
		refusal, err = refuse(m, "not supported", "JIMM does not support login from old clients")
	}
	return m, refusal, err
}

func (j *jaas) logIn(m message) (asked message, refusal []byte, err error) {
	var given struct {
		Params struct {
			ClientID     string `json:"client-id"`
			ClientSecret string `json:"client-secret"`
		} `json:"params"`
	}
	if err := json.Unmarshal(m.text, &given); err != nil {
		return m, nil, err
	}
	asked = message{id: m.id, method: login}
	if given.Params.ClientID != j.clientID || given.Params.ClientSecret != j.clientSecret {
		refusal, err = refuse(m, "unauthorized access", `invalid client credentials: oauth2: "invalid_client"`)
		return asked, refusal, err
	}
	user := j.clientID
	if !strings.Contains(user, "@") {
		user += "@serviceaccount"
	}
	asked.text, err = json.Marshal(map[string]any{
		"request-id": m.id, "type": "Admin", "version": 3, "request": "Login",
		"params": map[string]string{"auth-tag": "user-" + user, "token": j.token},
	})
	return asked, nil, err
}

func refuse(m message, code, text string) ([]byte, error) {
	return json.Marshal(Answer{RequestID: m.id, Error: text, ErrorCode: code})
}

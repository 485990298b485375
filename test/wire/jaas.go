// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"strings"
)

// JAASControllerUUID is what JAAS tells as its UUID to those who log in to it as a controller.
const JAASControllerUUID = "ca11ab1e-1aa5-4aa5-8aa5-0123456789ab"

// clientLogin is how clients log in to JAAS, with a client ID and its secret.
const clientLogin = "Admin.LoginWithClientCredentials"

// jaas is the one client that a Proxy which plays JAAS knows, and the token with which it logs in for it.
type jaas struct {
	clientID, clientSecret, token string
}

// AsJAAS makes the Proxy play JAAS in front of the controller from now on: it knows one client, logs in to the controller with
// the token when this one logs in to it, and lets nobody else in, be it with a password. What follows a login passes as ever.
// A login counts for Requests, On and Guard as "Admin.LoginWithClientCredentials", and for Rewrite as the "Admin.Login" that
// it becomes.
//
// Like JAAS it tells no addresses at a login, as those would lead around it, and a UUID of its own at a login to the
// controller. Who logs in to a model is told the UUID of the controller that has the model.
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

// SetClientSecret changes the secret that JAAS accepts from the client. Connections stay.
func (p *Proxy) SetClientSecret(clientSecret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jaas.clientSecret = clientSecret
}

// AsController makes the controller tell another UUID at each login.
func (p *Proxy) AsController(uuid string) {
	p.Rewrite(login, func(answer *Answer) {
		if answer.Error == "" {
			answer.Response["controller-tag"] = "controller-" + uuid
		}
	})
}

// translate is what the server is asked in place of a request, or the answer of a Proxy that refuses to ask it.
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

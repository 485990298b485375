// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/juju-secrets/operator/test/servers"
)

// Get sends a GET request to an operator, with a token unless it is empty. It
// accepts any certificate, because the operator creates its own. When no answer
// arrives, the status is 0 and the body is the error.
func Get(ctx context.Context, url, token string) (status int, body string) {
	//nolint:gosec // The tests of the certificate use GetWith.
	return GetWith(ctx, &tls.Config{InsecureSkipVerify: true}, url, token)
}

// GetWith is Get with a TLS configuration.
func GetWith(ctx context.Context, config *tls.Config, url, token string) (status int, body string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// Scraping returns the rights to scrape the metrics.
func Scraping() servers.Rights {
	return servers.Rights{Everywhere: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}}
}

// Account creates a service account with rights, and returns its token.
func (e *Environment) Account(ctx context.Context, name string, rights servers.Rights) (token string, err error) {
	path, err := e.Kubernetes.Admit(ctx, name, rights)
	if err != nil {
		return "", err
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return "", err
	}
	return config.AuthInfos[name].Token, nil
}

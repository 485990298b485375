// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// kubeProxy is a proxy between the operator and the API server. It uses the
// operator's token.
type kubeProxy struct {
	// kubeconfig is the path of the kubeconfig that points to the proxy.
	kubeconfig string

	server   *http.Server
	upstream http.RoundTripper
	gate     *gate
	clients  atomic.Int64
}

// startKubeProxy starts a proxy for the user of a kubeconfig.
func startKubeProxy(ctx context.Context, operatorKubeconfig, dir string, gate *gate) (*kubeProxy, error) {
	config, err := clientcmd.BuildConfigFromFlags("", operatorKubeconfig)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	p := &kubeProxy{kubeconfig: filepath.Join(dir, "proxied.kubeconfig"), gate: gate}
	if p.upstream, err = rest.TransportFor(config); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// A killed operator closes its connections. This is expected, so it is not
	// logged.
	silent := log.New(io.Discard, "", 0)
	p.server = &http.Server{ //nolint:gosec // The client is our own.
		ConnState: p.follow, ErrorLog: silent,
		Handler: &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: p, ErrorLog: silent, FlushInterval: -1, // Send watch events at once.
		},
	}
	go func() { _ = p.server.Serve(listener) }()
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["proxied"] = &clientcmdapi.Cluster{Server: "http://" + listener.Addr().String()}
	kubeconfig.Contexts["proxied"] = &clientcmdapi.Context{Cluster: "proxied"}
	kubeconfig.CurrentContext = "proxied"
	return p, clientcmd.WriteToFile(*kubeconfig, p.kubeconfig)
}

func (p *kubeProxy) close() error { return p.server.Close() }

// connections returns the number of open connections of the operator.
func (p *kubeProxy) connections() int { return int(p.clients.Load()) }

func (p *kubeProxy) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		p.clients.Add(1)
	case http.StateClosed, http.StateHijacked:
		p.clients.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

// RoundTrip passes a request on. It holds a blocked request until the operator
// has closed the connection.
func (p *kubeProxy) RoundTrip(request *http.Request) (*http.Response, error) {
	what := stepOf(request)
	if what == "" {
		return p.upstream.RoundTrip(request)
	}
	ctx := request.Context()
	pass, answered := p.gate.arrive(what)
	if !pass {
		if request.Body != nil {
			// The server notices a closed connection only after it read the
			// request.
			_, _ = io.Copy(io.Discard, request.Body)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	response, err := p.upstream.RoundTrip(request)
	if answered() {
		return response, err
	}
	if err == nil {
		_ = response.Body.Close()
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// stepOf returns the write to a kind of this project or to a Secret, and an
// empty string for other requests. It leaves out the creation of Secrets,
// because each operator tries to create the Secret of its key when it starts.
func stepOf(request *http.Request) string {
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		return ""
	}
	if ours, ok := strings.CutPrefix(request.URL.Path, "/apis/jujusecrets.io/v1alpha1/"); ok {
		return request.Method + " " + ours
	}
	core, _ := strings.CutPrefix(request.URL.Path, "/api/v1/")
	if strings.Contains(core, "/secrets/") {
		return request.Method + " " + core
	}
	return ""
}

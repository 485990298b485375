// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"

	coremodel "github.com/juju/juju/core/model"
	"github.com/juju/juju/rpc"
	"github.com/juju/names/v6"
)

// requests counts the requests of clients by facade and method, for example
// "Secrets.ListSecrets". "Admin.Login" counts successful and failed logins. The
// counts of a model include connections to the model only. Connections to the
// controller count for "".
type requests struct {
	mu     sync.Mutex
	counts map[string]map[string]int
	// next is closed and replaced when a request is counted.
	next chan struct{}
}

func newRequests() *requests {
	return &requests{counts: map[string]map[string]int{}, next: make(chan struct{})}
}

func (r *requests) add(model, method string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts[model] == nil {
		r.counts[model] = map[string]int{}
	}
	r.counts[model][method]++
	close(r.next)
	r.next = make(chan struct{})
}

// await returns a count when it exceeds a number, or errTooLate when the
// context ends first.
func (r *requests) await(ctx context.Context, model, method string, above int) (int, error) {
	for {
		r.mu.Lock()
		count, next := r.counts[model][method], r.next
		r.mu.Unlock()
		if count > above {
			return count, nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: %d of %s, which is not above %d", errTooLate, count, method, above)
		}
	}
}

// of returns the counts of one model.
func (r *requests) of(model string) map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := map[string]int{}
	maps.Copy(result, r.counts[model])
	return result
}

// total returns the sum over all models and the controller.
func (r *requests) total() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := map[string]int{}
	for _, counts := range r.counts {
		for method, count := range counts {
			result[method] += count
		}
	}
	return result
}

// requestObserver observes one connection of the API server. It implements
// Juju's observers of connections and of requests.
type requestObserver struct {
	received, answered *requests

	model string
}

// Join reads the model from the path of the request, /model/UUID/api, because a
// login does not name a model.
func (o *requestObserver) Join(_ context.Context, req *http.Request, _ uint64, _ int) {
	if path, ok := strings.CutPrefix(req.URL.Path, "/model/"); ok {
		o.model, _, _ = strings.Cut(path, "/")
	}
}

// RPCObserver implements observer.Observer.
func (o *requestObserver) RPCObserver() rpc.Observer { return o }

// ServerRequest implements rpc.Observer.
func (o *requestObserver) ServerRequest(_ context.Context, header *rpc.Header, _ any) {
	o.received.add(o.model, header.Request.Type+"."+header.Request.Action)
}

// ServerReply implements rpc.Observer. Juju has handled the request and writes
// the reply next.
func (o *requestObserver) ServerReply(_ context.Context, request rpc.Request, _ *rpc.Header, _ any) {
	o.answered.add(o.model, request.Type+"."+request.Action)
}

// Login implements observer.Observer.
func (o *requestObserver) Login(context.Context, names.Tag, names.ModelTag, coremodel.UUID, bool, string) {
}

// Leave implements observer.Observer.
func (o *requestObserver) Leave(context.Context) {}

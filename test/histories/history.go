// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// history is one history in its own namespaces and model.
type history struct {
	site       *site
	seed       uint64
	draft      *draft
	ctx        context.Context
	model      servers.Model
	namespaces []string // its namespaces
	ledger     *ledger
	// patience bounds every wait for a condition.
	patience time.Duration
	// secret is part of every value, so that a value cannot be derived from its
	// number.
	secret string

	// objects and accesses hold the existing objects by slot. former and ended
	// hold the deleted objects.
	objects  map[int]*object
	accesses map[int]*access
	former   []*object
	ended    []*access
	sources  []int // the content of the source in each namespace
	// at is the index of the controller that has the model. through is the index
	// of the controller object that the objects refer to.
	at, through int
	// blocked is true while the operator cannot use the model. A deletion then
	// waits.
	blocked bool

	memory memory

	log    []string // the steps so far
	faults []fault
}

// object is a JujuSecret that was applied.
type object struct {
	desired
	uid types.UID
	// id is spec.id.
	id         string
	ns         string
	generation int64
	requested  string
	// timeline holds the contents that the object requested since the last
	// settled state. The first entry is the content at that time.
	timeline []int
	deleted  bool
	// adopter is true if the object ever had adoptionPolicy: Adopt.
	adopter bool
	// called holds all names that the object ever requested.
	called map[string]bool
}

// access is a JujuSecretAccess that was applied.
type access struct {
	desiredAccess
	uid        types.UID
	ns         string
	generation int64
	requested  string
	deleted    bool
	// everWanted marks the options that the access ever wanted. everAdopted is
	// true if it ever had adoptionPolicy: Adopt.
	everWanted  map[string]bool
	everAdopted bool
}

func newHistory(s *site, seed uint64, patience time.Duration) *history {
	h := &history{
		site: s, seed: seed, patience: patience, draft: drawHistory(seed), secret: rand.Text(),
		objects: map[int]*object{}, accesses: map[int]*access{}, memory: newMemory(),
	}
	for i := range h.draft.namespaces {
		h.namespaces = append(h.namespaces, fmt.Sprintf("history-%d-%c", seed, 'a'+i))
		h.sources = append(h.sources, i+1)
	}
	h.ledger = s.recorder.open(h.namespaces...)
	return h
}

// run runs the history to its end or to the first fault. An error is not a
// result of the operator.
func (h *history) run(ctx context.Context) error {
	h.ctx = ctx
	if err := h.setUp(); err != nil {
		return err
	}
	for i, step := range h.draft.steps {
		if step.settled {
			if err := h.settle(); err != nil || len(h.faults) > 0 {
				return err
			}
		} else if err := h.pause(step.pause); err != nil {
			return err
		}
		note, err := step.do(h)
		if note != "" {
			note = " (" + note + ")"
		}
		h.logf("%2d. %s%s", i+1, step.text, note)
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if len(h.faults) > 0 {
			return nil
		}
	}
	if err := h.settle(); err != nil || len(h.faults) > 0 {
		return err
	}
	for slot := range h.draft.accesses {
		if _, err := h.deleteAccess(slot); err != nil {
			return err
		}
	}
	for slot := range h.draft.objects {
		if _, err := h.delete(slot); err != nil {
			return err
		}
	}
	h.logf("end: delete everything")
	return h.settle()
}

// setUp creates the model, the namespaces and the sources.
func (h *history) setUp() (err error) {
	if h.model, err = h.site.juju.AddModel(h.ctx, fmt.Sprintf("history-%d", h.seed)); err != nil {
		return err
	}
	// The initial applications of every model.
	h.memory.deployed = map[string]bool{"app1": true, "app2": true, "app3": true, configurable: true}
	for i, ns := range h.namespaces {
		for _, obj := range []client.Object{
			gen.Namespace(ns, map[string]string{"tenant": "true"}), gen.Secret(ns, sourceName, h.values(h.sources[i])),
		} {
			if err := h.site.kube.Client.Create(h.ctx, obj); err != nil {
				return err
			}
		}
	}
	return nil
}

// clean deletes the namespaces and the model.
func (h *history) clean(ctx context.Context) error {
	if h.model.UUID == "" {
		return nil
	}
	for _, ns := range h.namespaces {
		if err := client.IgnoreNotFound(h.site.kube.Client.Delete(ctx, gen.Namespace(ns, nil))); err != nil {
			return err
		}
	}
	// If the objects still exist, the operator orphans them when the model is
	// removed.
	if err := h.site.juju.RemoveModel(ctx, h.model); err != nil && !strings.Contains(err.Error(), "404") {
		return err
	}
	return nil
}

func (h *history) pause(span time.Duration) error {
	select {
	case <-time.After(span):
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

// timeFormat is the time format of the operator's log, without the date.
const timeFormat = "15:04:05.000"

// logf logs a step.
func (h *history) logf(format string, args ...any) {
	h.log = append(h.log, time.Now().Format(timeFormat)+" "+fmt.Sprintf(format, args...))
}

// values returns the values of a content.
func (h *history) values(number int) map[string]string {
	return map[string]string{"key": fmt.Sprintf("%s-%d", h.secret, number)}
}

func (h *history) content(number int) content.Content { return servers.Content(h.values(number)) }

// namespaceIndex returns the index of the namespace of a slot.
func (h *history) namespaceIndex(slot int) int { return slot % len(h.namespaces) }

func (h *history) namespaceOf(slot int) string { return h.namespaces[h.namespaceIndex(slot)] }

// wanted returns the number of the content that an object requests.
func (h *history) wanted(o *object) int {
	if o.sourced {
		return h.sources[h.namespaceIndex(o.slot)]
	}
	return o.content
}

// await waits until look returns nothing missing. It calls look at every event,
// and twice a second. After the timeout it returns what is missing.
func (h *history) await(look func() (missing string, err error)) (missing string, err error) {
	timeout := time.NewTimer(h.patience)
	defer timeout.Stop()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		changes := h.ledger.changes()
		missing, err := look()
		if err == nil {
			err = h.site.recorder.broken()
		}
		if err != nil || missing == "" {
			return "", err
		}
		select {
		case <-changes:
		case <-ticker.C:
		case <-timeout.C:
			return missing, nil
		case <-h.ctx.Done():
			return "", h.ctx.Err()
		}
	}
}

// proxy returns the proxy of the controller that has the model.
func (h *history) proxy() *wire.Proxy { return h.site.proxies[h.at] }

// create creates an object when an older object with the same name is deleted.
// created is false if the deletion waits.
func (h *history) create(obj client.Object) (created bool, err error) {
	waits := false
	missing, err := h.await(func() (string, error) {
		obj.SetResourceVersion("")
		err := h.site.kube.Client.Create(h.ctx, obj)
		if waits = apierrors.IsAlreadyExists(err) && h.blocked; waits {
			return "", nil
		}
		if apierrors.IsAlreadyExists(err) {
			return fmt.Sprintf("the old %s is not deleted", obj.GetName()), nil
		}
		return "", err
	})
	if missing != "" {
		h.faults = append(h.faults, fault{lost, missing})
	}
	return missing == "" && !waits, err
}

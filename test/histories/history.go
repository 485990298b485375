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
)

// history is one history that is played, in namespaces and a model of its own.
type history struct {
	site   *site
	seed   uint64
	draft  *draft
	ctx    context.Context
	model  servers.Model
	towns  []string // its namespaces
	ledger *ledger
	// patience is how long anything may take that must come true.
	patience time.Duration
	// secret is in every value, so that no value can be told from its number.
	secret string

	// objects and accesses are those that there are, by slot; former are those that were deleted.
	objects  map[int]*object
	accesses map[int]*access
	former   []*object
	ended    []*access
	sources  []int // the content of the source of each namespace

	memory memory

	told   []string // what was done so far
	faults []fault
}

// object is a JujuSecret that was applied.
type object struct {
	wish
	uid types.UID
	// id is spec.id.
	id         string
	ns         string
	generation int64
	requested  string
	// timeline are the contents that it asked for since the last settled state, the first one what it asked for then.
	timeline []int
	deleted  bool
	// adopter tells that it ever had adoptionPolicy: Adopt.
	adopter bool
	// called are all the names that it ever asked for.
	called map[string]bool
}

// access is a JujuSecretAccess that was applied.
type access struct {
	grantWish
	uid        types.UID
	ns         string
	generation int64
	requested  string
	deleted    bool
}

func newHistory(s *site, seed uint64, patience time.Duration) *history {
	h := &history{
		site: s, seed: seed, patience: patience, draft: drawHistory(seed), secret: rand.Text(),
		objects: map[int]*object{}, accesses: map[int]*access{}, memory: newMemory(),
	}
	for i := range h.draft.towns {
		h.towns = append(h.towns, fmt.Sprintf("history-%d-%c", seed, 'a'+i))
		h.sources = append(h.sources, i+1)
	}
	h.ledger = s.chronicle.open(h.towns...)
	return h
}

// play plays the history to its end, or until something is not as it must be. An error is no verdict.
func (h *history) play(ctx context.Context) error {
	h.ctx = ctx
	if err := h.set(); err != nil {
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
		h.tell("%2d. %s%s", i+1, step.text, note)
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
	h.tell("the end: delete everything")
	return h.settle()
}

// set makes the scene.
func (h *history) set() (err error) {
	if h.model, err = h.site.juju.AddModel(h.ctx, fmt.Sprintf("history-%d", h.seed)); err != nil {
		return err
	}
	h.memory.deployed = map[string]bool{"app1": true, "app2": true, "app3": true} // As every model has them.
	for i, ns := range h.towns {
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

// clean removes the scene.
func (h *history) clean(ctx context.Context) error {
	if h.model.UUID == "" {
		return nil
	}
	for _, ns := range h.towns {
		if err := client.IgnoreNotFound(h.site.kube.Client.Delete(ctx, gen.Namespace(ns, nil))); err != nil {
			return err
		}
	}
	// The model goes first, if the objects are not gone: then the operator lets go of them.
	if err := h.site.juju.RemoveModel(ctx, h.model); err != nil && !strings.Contains(err.Error(), "404") {
		return err
	}
	return nil
}

// pause lets time pass.
func (h *history) pause(span time.Duration) error {
	select {
	case <-time.After(span):
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

// timeFormat is that of the operator's log, without the date.
const timeFormat = "15:04:05.000"

// tell notes what was done.
func (h *history) tell(format string, args ...any) {
	h.told = append(h.told, time.Now().Format(timeFormat)+" "+fmt.Sprintf(format, args...))
}

// values are those of a content.
func (h *history) values(number int) map[string]string {
	return map[string]string{"key": fmt.Sprintf("%s-%d", h.secret, number)}
}

func (h *history) content(number int) content.Content { return servers.Content(h.values(number)) }

// townOf is the number of the namespace of a slot.
func (h *history) townOf(slot int) int { return slot % len(h.towns) }

func (h *history) namespaceOf(slot int) string { return h.towns[h.townOf(slot)] }

// wanted is the number of the content that an object asks for.
func (h *history) wanted(o *object) int {
	if o.sourced {
		return h.sources[h.townOf(o.slot)]
	}
	return o.content
}

// await waits until look finds nothing missing, and looks when something happens, or twice a second. It answers what is
// missing to the end.
func (h *history) await(look func() (missing string, err error)) (missing string, err error) {
	timeout := time.NewTimer(h.patience)
	defer timeout.Stop()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		news := h.ledger.news()
		missing, err := look()
		if err == nil {
			err = h.site.chronicle.broken()
		}
		if err != nil || missing == "" {
			return "", err
		}
		select {
		case <-news:
		case <-ticker.C:
		case <-timeout.C:
			return missing, nil
		case <-h.ctx.Done():
			return "", h.ctx.Err()
		}
	}
}

// create creates an object, once one of its name that is still going is gone.
func (h *history) create(obj client.Object) error {
	missing, err := h.await(func() (string, error) {
		obj.SetResourceVersion("")
		err := h.site.kube.Client.Create(h.ctx, obj)
		if apierrors.IsAlreadyExists(err) {
			return fmt.Sprintf("the former %s is not gone", obj.GetName()), nil
		}
		return "", err
	})
	if missing != "" {
		h.faults = append(h.faults, fault{lost, missing})
	}
	return err
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// step is one thing that somebody does, or that befalls the operator.
type step struct {
	text string
	do   func(h *history) (note string, err error)
	// settled: wait before until the operator is done with all that came before.
	settled bool
	// pause is how long to wait before otherwise, so that the step meets the operator in the middle of its work.
	pause time.Duration
}

// draft draws a history from its seed alone, so that the same seed has the same steps however fast the operator is. It
// supposes that everything works: what a step is about may not be there when its turn comes, and then nothing happens.
type draft struct {
	*rand.Rand

	steps []step
	// towns is how many namespaces there are.
	towns     int
	objects   []*wish // by slot, nil if there is none
	accesses  []*grantWish
	strangers []stranger
	contents  int
	deployed  map[string]bool
	// former are contents that objects had.
	former []int
}

// stranger is a secret that somebody adds by hand.
type stranger struct {
	name string
	gone bool
	// twin: it has the content that an object has, so that it passes for the object's own should it get its name just when
	// the object was creating one. Nobody could tell them apart.
	twin bool
}

func names() []string { return []string{"db-login", "api-key", "tls-cert"} }

func applications() []string { return []string{"app1", "app2", "app3", "late"} }

// drawHistory draws the steps of a history.
func drawHistory(seed uint64) *draft {
	d := &draft{
		Rand:  rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // It has to be the same each time.
		towns: 1, deployed: map[string]bool{"app1": true, "app2": true, "app3": true},
	}
	if d.chance(35) {
		d.towns = 2
	}
	d.objects, d.accesses = make([]*wish, 2+d.IntN(3)), make([]*grantWish, d.IntN(3))
	d.contents = d.towns // Each source begins with its own.
	for range d.IntN(3) {
		d.addStranger()
	}
	for range 2 {
		d.apply()
	}
	for target := len(d.steps) + 10 + d.IntN(9); len(d.steps) < target; {
		d.drawStep()
	}
	return d
}

func (d *draft) chance(percent int) bool { return d.IntN(100) < percent }

func (d *draft) add(text string, do func(h *history) (string, error)) {
	d.steps = append(d.steps, step{text: text, do: do, settled: d.chance(25), pause: d.somePause()})
}

// somePause is mostly short, as the operator is mostly fast.
func (d *draft) somePause() time.Duration {
	longest := []time.Duration{0, 20, 100, 400, 1000}[d.IntN(5)] * time.Millisecond
	return time.Duration(d.Int64N(int64(longest) + 1))
}

// steady makes the last step wait for a settled state, mostly: what it is about has to be there.
func (d *draft) steady() {
	if d.chance(60) {
		d.steps[len(d.steps)-1].settled = true
	}
}

// drawStep draws one step, or nothing if what it drew has nothing to be about.
func (d *draft) drawStep() {
	choices := []struct {
		weight int
		draw   func()
	}{
		{8, d.apply},
		{10, d.changeContent},
		{4, d.changeInfo},
		{6, d.rename},
		{5, d.changePolicy},
		{5, d.suspendOrResume},
		{6, d.delete},
		{6, d.replace},
		{16, d.meddle},
		{9, d.meddleWithStranger},
		{5, d.addStranger},
		{5, d.grantByHand},
		{5, d.moveApplication},
		{8, d.changeAccess},
		{12, d.crash},
		{14, d.cut},
	}
	total := 0
	for _, choice := range choices {
		total += choice.weight
	}
	at := d.IntN(total)
	for _, choice := range choices {
		if at -= choice.weight; at < 0 {
			choice.draw()
			return
		}
	}
}

// pick picks one of those that fit, -1 if none does.
func (d *draft) pick(n int, fits func(i int) bool) int {
	var fitting []int
	for i := range n {
		if fits(i) {
			fitting = append(fitting, i)
		}
	}
	if len(fitting) == 0 {
		return -1
	}
	return fitting[d.IntN(len(fitting))]
}

func (d *draft) live() int {
	return d.pick(len(d.objects), func(i int) bool { return d.objects[i] != nil })
}

func (d *draft) newContent() int {
	d.contents++
	return d.contents
}

// someName is the name of a secret in Juju. There are few, so that several want the same.
func (d *draft) someName() string { return names()[d.IntN(len(names()))] }

func (d *draft) drawWish(slot int) wish {
	w := wish{
		slot: slot, name: d.someName(), stranger: -1, sourced: d.chance(40), adopt: d.chance(40), report: d.chance(12),
		prune: d.chance(20), deletion: d.drawDeletion(),
	}
	if d.chance(50) {
		w.info = fmt.Sprintf("info %d", d.IntN(5))
	}
	if d.chance(15) {
		if k := d.pick(len(d.strangers), func(i int) bool { return !d.strangers[i].gone }); k >= 0 {
			w.stranger, w.adopt = k, true
			if d.chance(50) {
				w.name = ""
			}
		}
	}
	if !w.sourced {
		w.content = d.someContent()
	}
	return w
}

// someContent is a new content, or one that there was.
func (d *draft) someContent() int {
	if len(d.former) > 0 && d.chance(25) {
		return d.former[d.IntN(len(d.former))]
	}
	content := d.newContent()
	d.former = append(d.former, content)
	return content
}

func (d *draft) drawDeletion() v1alpha1.DeletionPolicy {
	return []v1alpha1.DeletionPolicy{"", "", v1alpha1.DeletionDelete, v1alpha1.DeletionRetain}[d.IntN(4)]
}

func (d *draft) apply() {
	slot := d.pick(len(d.objects), func(i int) bool { return d.objects[i] == nil })
	if slot < 0 {
		return
	}
	w := d.drawWish(slot)
	if len(d.former) > 0 && w.stranger >= 0 && d.strangers[w.stranger].twin && d.chance(60) {
		w.sourced, w.content = false, d.former[0] // What the twin has: adopting it adds no revision.
	}
	d.objects[slot] = &w
	said := w
	d.add("apply "+w.String(), func(h *history) (string, error) { return h.apply(said) })
}

// revise changes the manifest of an object.
func (d *draft) revise(text string, change func(w *wish)) {
	slot := d.live()
	if slot < 0 {
		return
	}
	change(d.objects[slot])
	said := *d.objects[slot]
	d.add(fmt.Sprintf("%s: now %s", text, said), func(h *history) (string, error) { return h.revise(said) })
}

func (d *draft) changeContent() {
	if d.chance(35) {
		town, content := d.IntN(d.towns), d.someContent()
		d.add(fmt.Sprintf("change the source in namespace %d to content %d", town, content), func(h *history) (string, error) {
			return h.changeSource(town, content)
		})
		return
	}
	d.revise("change the content", func(w *wish) { w.sourced, w.content = false, d.someContent() })
}

func (d *draft) changeInfo() {
	d.revise("change the info", func(w *wish) { w.info = []string{"", "info 6", "info 7", "info 8"}[d.IntN(4)] })
}

func (d *draft) rename() {
	d.revise("rename", func(w *wish) {
		if w.name = d.someName(); d.chance(30) {
			w.name = "own-name-" + fmt.Sprint(w.slot)
		}
	})
}

func (d *draft) changePolicy() {
	d.revise("change the policies", func(w *wish) {
		w.adopt, w.deletion, w.prune, w.report = w.stranger >= 0 || d.chance(50), d.drawDeletion(), d.chance(20), d.chance(12)
	})
}

func (d *draft) suspendOrResume() {
	d.revise("suspend or resume", func(w *wish) { w.suspended = !w.suspended })
}

func (d *draft) delete() {
	slot := d.live()
	if slot < 0 {
		return
	}
	d.objects[slot] = nil
	d.add("delete "+objectName(slot), func(h *history) (string, error) { return h.delete(slot) })
}

// replace deletes an object and applies it again at once, perhaps with other policies.
func (d *draft) replace() {
	slot := d.live()
	if slot < 0 {
		return
	}
	w := *d.objects[slot]
	if d.chance(30) {
		w = d.drawWish(slot)
	}
	d.objects[slot] = &w
	said := w
	d.add("delete and apply again: "+w.String(), func(h *history) (string, error) {
		if note, err := h.delete(slot); err != nil {
			return note, err
		}
		return h.apply(said)
	})
}

// meddle does something by hand to the secret of an object.
func (d *draft) meddle() {
	slot := d.live()
	if slot < 0 {
		return
	}
	name := objectName(slot)
	switch content, other := d.newContent(), d.someName(); d.IntN(6) {
	case 0, 1:
		d.add(fmt.Sprintf("by hand: content %d for the secret of %s", content, name), func(h *history) (string, error) {
			return h.meddleContent(slot, content)
		})
	case 2:
		d.add("by hand: another info for the secret of "+name, func(h *history) (string, error) { return h.meddleInfo(slot) })
	case 3:
		if d.chance(50) {
			other = "theirs"
		}
		d.add(fmt.Sprintf("by hand: call the secret of %s %q", name, other), func(h *history) (string, error) {
			return h.meddleName(slot, other)
		})
	case 4:
		d.add("by hand: remove the secret of "+name, func(h *history) (string, error) { return h.meddleRemove(slot) })
	default:
		d.add("by hand: remove the latest revision of the secret of "+name, func(h *history) (string, error) {
			return h.meddleRevision(slot)
		})
	}
	d.steady()
}

func (d *draft) addStranger() {
	k, other := len(d.strangers), stranger{name: d.someName()}
	if d.chance(40) {
		other.name = fmt.Sprintf("stranger-%d", k)
	}
	content := d.newContent()
	if len(d.steps) == 0 && d.chance(50) {
		other.twin = true
		d.former = append(d.former, content) // An object may get it, and adopts without a new revision.
	}
	d.strangers = append(d.strangers, other)
	d.add(fmt.Sprintf("by hand: add stranger %d called %q with content %d", k, other.name, content), func(h *history) (string, error) {
		return h.addStranger(k, other.name, content)
	})
}

func (d *draft) meddleWithStranger() {
	k := d.pick(len(d.strangers), func(i int) bool { return !d.strangers[i].gone })
	if k < 0 {
		return
	}
	switch content, name := d.newContent(), d.someName(); d.IntN(4) {
	case 0:
		d.add(fmt.Sprintf("by hand: content %d for stranger %d", content, k), func(h *history) (string, error) {
			return h.strangerContent(k, content)
		})
	case 1:
		d.add(fmt.Sprintf("by hand: another info for stranger %d", k), func(h *history) (string, error) { return h.strangerInfo(k) })
	case 2:
		if d.strangers[k].twin {
			return
		}
		d.add(fmt.Sprintf("by hand: call stranger %d %q", k, name), func(h *history) (string, error) { return h.strangerName(k, name) })
	default:
		d.strangers[k].gone = true
		d.add(fmt.Sprintf("by hand: remove stranger %d", k), func(h *history) (string, error) { return h.strangerRemove(k) })
	}
}

func (d *draft) grantByHand() {
	app := applications()[d.IntN(3)]
	if k := d.pick(len(d.strangers), func(i int) bool { return !d.strangers[i].gone }); k >= 0 && d.chance(40) {
		d.add(fmt.Sprintf("by hand: grant stranger %d to %s", k, app), func(h *history) (string, error) { return h.strangerGrant(k, app) })
		return
	}
	slot := d.live()
	if slot < 0 {
		return
	}
	if d.chance(50) {
		d.add(fmt.Sprintf("by hand: grant the secret of %s to %s", objectName(slot), app), func(h *history) (string, error) {
			return h.meddleGrant(slot, app)
		})
	} else {
		d.add(fmt.Sprintf("by hand: revoke the secret of %s from %s", objectName(slot), app), func(h *history) (string, error) {
			return h.meddleRevoke(slot, app)
		})
	}
	d.steady()
}

func (d *draft) moveApplication() {
	app := applications()[1+d.IntN(3)]
	was := d.deployed[app]
	d.deployed[app] = !was
	again := d.chance(40)
	switch {
	case was && again:
		d.deployed[app] = true
		d.add("by hand: remove and deploy again "+app, func(h *history) (string, error) {
			if note, err := h.removeApplication(app); err != nil {
				return note, err
			}
			return h.deployApplication(app)
		})
	case was:
		d.add("by hand: remove application "+app, func(h *history) (string, error) { return h.removeApplication(app) })
	default:
		d.add("by hand: deploy application "+app, func(h *history) (string, error) { return h.deployApplication(app) })
	}
}

func (d *draft) someApps() []string {
	apps := applications()
	d.Shuffle(len(apps), func(i, j int) { apps[i], apps[j] = apps[j], apps[i] })
	apps = apps[:1+d.IntN(3)]
	slices.Sort(apps)
	return apps
}

// changeAccess applies, changes or deletes an access.
func (d *draft) changeAccess() {
	if len(d.accesses) == 0 {
		return
	}
	slot := d.IntN(len(d.accesses))
	now := d.accesses[slot]
	switch {
	case now == nil:
		w := grantWish{slot: slot, of: d.IntN(len(d.objects)), apps: d.someApps(), retain: d.chance(20)}
		d.accesses[slot] = &w
		said := w
		d.add("apply "+w.String(), func(h *history) (string, error) { return h.applyAccess(said) })
	case d.chance(60):
		now.apps, now.retain = d.someApps(), d.chance(20)
		said := *now
		d.add("change "+said.String(), func(h *history) (string, error) { return h.reviseAccess(said) })
	default:
		d.accesses[slot] = nil
		d.add("delete "+accessName(slot), func(h *history) (string, error) { return h.deleteAccess(slot) })
	}
}

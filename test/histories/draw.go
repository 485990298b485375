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

// step is one action of a user, or one fault of the operator.
type step struct {
	text string
	do   func(h *history) (note string, err error)
	// settled makes the history wait until the operator is done with all
	// previous steps.
	settled bool
	// pause is the time to wait otherwise, so that the step reaches the
	// operator in the middle of its work.
	pause time.Duration
}

// draft draws a history from its seed only, so that a seed always has the same
// steps, regardless of the operator's speed. It assumes that every step
// succeeds. A step without its object does nothing.
type draft struct {
	*rand.Rand

	steps []step
	// namespaces is the number of namespaces.
	namespaces int
	objects    []*desired // by slot, nil if there is none
	accesses   []*desiredAccess
	foreign    []foreignSecret
	contents   int
	deployed   map[string]bool
	// former holds the contents that objects had before.
	former []int
}

// foreignSecret is a secret that a user adds manually in Juju.
type foreignSecret struct {
	name string
	gone bool
	// twin is true if the secret has the same content as an object, so that it
	// looks like the object's own secret if it gets the name while the object
	// creates its secret. The operator cannot distinguish them.
	twin bool
}

func names() []string { return []string{"db-login", "api-key", "tls-cert"} }

func applications() []string { return []string{"app1", "app2", "app3", "late", configurable} }

// drawHistory draws the steps of a history.
func drawHistory(seed uint64) *draft {
	d := &draft{
		Rand:       rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // The seed must determine the steps.
		namespaces: 1, deployed: map[string]bool{"app1": true, "app2": true, "app3": true, configurable: true},
	}
	if d.chance(35) {
		d.namespaces = 2
	}
	d.objects, d.accesses = make([]*desired, 2+d.IntN(3)), make([]*desiredAccess, d.IntN(3))
	d.contents = d.namespaces // Each source starts with its own content.
	for range d.IntN(3) {
		d.addForeign()
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

// somePause returns a pause that is short in most cases, because the operator
// is fast in most cases.
func (d *draft) somePause() time.Duration {
	longest := []time.Duration{0, 20, 100, 400, 1000}[d.IntN(5)] * time.Millisecond
	return time.Duration(d.Int64N(int64(longest) + 1))
}

// steady makes, in most cases, the last step wait for a settled state, because
// its secret must exist.
func (d *draft) steady() {
	if d.chance(60) {
		d.steps[len(d.steps)-1].settled = true
	}
}

// drawStep draws one step, or none if its object does not exist.
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
		{16, d.drift},
		{9, d.changeForeign},
		{5, d.addForeign},
		{5, d.grantManually},
		{5, d.moveApplication},
		{8, d.changeAccess},
		{5, d.changeOption},
		{12, d.crash},
		{14, d.cut},
		{5, d.loseAccess},
		{5, d.dropMetadata},
		{5, d.dropStatus},
		{4, d.migrate},
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

// pick returns a random index that fits, or -1.
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

// someName returns the name of a secret in Juju. There are few names, so that
// objects compete for them.
func (d *draft) someName() string { return names()[d.IntN(len(names()))] }

func (d *draft) drawDesired(slot int) desired {
	w := desired{
		slot: slot, name: d.someName(), foreign: -1, sourced: d.chance(40), adopt: d.chance(40), report: d.chance(12),
		prune: d.chance(20), deletion: d.drawDeletion(),
	}
	if d.chance(50) {
		w.info = fmt.Sprintf("info %d", d.IntN(5))
	}
	if d.chance(15) {
		if k := d.pick(len(d.foreign), func(i int) bool { return !d.foreign[i].gone }); k >= 0 {
			w.foreign, w.adopt = k, true
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

// someContent returns a new content or a former content.
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
	w := d.drawDesired(slot)
	if len(d.former) > 0 && w.foreign >= 0 && d.foreign[w.foreign].twin && d.chance(60) {
		// The content of the twin: adopting it adds no revision.
		w.sourced, w.content = false, d.former[0]
	}
	d.objects[slot] = &w
	said := w
	d.add("apply "+w.String(), func(h *history) (string, error) { return h.apply(said) })
}

// revise draws a change of an object's manifest.
func (d *draft) revise(text string, change func(w *desired)) {
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
		index, content := d.IntN(d.namespaces), d.someContent()
		text := fmt.Sprintf("change the source in namespace %d to content %d", index, content)
		d.add(text, func(h *history) (string, error) {
			return h.changeSource(index, content)
		})
		return
	}
	d.revise("change the content", func(w *desired) { w.sourced, w.content = false, d.someContent() })
}

func (d *draft) changeInfo() {
	d.revise("change the info", func(w *desired) { w.info = []string{"", "info 6", "info 7", "info 8"}[d.IntN(4)] })
}

func (d *draft) rename() {
	d.revise("rename", func(w *desired) {
		if w.name = d.someName(); d.chance(30) {
			w.name = "own-name-" + fmt.Sprint(w.slot)
		}
	})
}

func (d *draft) changePolicy() {
	d.revise("change the policies", func(w *desired) {
		w.adopt, w.deletion, w.prune, w.report = w.foreign >= 0 || d.chance(50), d.drawDeletion(), d.chance(20), d.chance(12)
	})
}

func (d *draft) suspendOrResume() {
	d.revise("suspend or resume", func(w *desired) { w.suspended = !w.suspended })
}

func (d *draft) delete() {
	slot := d.live()
	if slot < 0 {
		return
	}
	d.objects[slot] = nil
	d.add("delete "+objectName(slot), func(h *history) (string, error) { return h.delete(slot) })
}

// replace deletes an object and immediately applies it again, in some cases
// with other policies.
func (d *draft) replace() {
	slot := d.live()
	if slot < 0 {
		return
	}
	w := *d.objects[slot]
	if d.chance(30) {
		w = d.drawDesired(slot)
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

// drift changes the secret of an object manually.
func (d *draft) drift() {
	slot := d.live()
	if slot < 0 {
		return
	}
	name := objectName(slot)
	switch content, other := d.newContent(), d.someName(); d.IntN(6) {
	case 0, 1:
		d.add(fmt.Sprintf("manually: content %d for the secret of %s", content, name), func(h *history) (string, error) {
			return h.driftContent(slot, content)
		})
	case 2:
		d.add("manually: another info for the secret of "+name, func(h *history) (string, error) { return h.driftInfo(slot) })
	case 3:
		if d.chance(50) {
			other = "theirs"
		}
		d.add(fmt.Sprintf("manually: rename the secret of %s to %q", name, other), func(h *history) (string, error) {
			return h.driftName(slot, other)
		})
	case 4:
		d.add("manually: remove the secret of "+name, func(h *history) (string, error) { return h.driftRemove(slot) })
	default:
		d.add("manually: remove the latest revision of the secret of "+name, func(h *history) (string, error) {
			return h.driftRevision(slot)
		})
	}
	d.steady()
}

func (d *draft) addForeign() {
	k, other := len(d.foreign), foreignSecret{name: d.someName()}
	if d.chance(40) {
		other.name = fmt.Sprintf("foreign-%d", k)
	}
	content := d.newContent()
	if len(d.steps) == 0 && d.chance(50) {
		other.twin = true
		// An object may get the same content, and then adopts the secret
		// without a new revision.
		d.former = append(d.former, content)
	}
	d.foreign = append(d.foreign, other)
	text := fmt.Sprintf("manually: add foreign secret %d with the name %q and content %d", k, other.name, content)
	d.add(text, func(h *history) (string, error) {
		return h.addForeign(k, other.name, content)
	})
}

func (d *draft) changeForeign() {
	k := d.pick(len(d.foreign), func(i int) bool { return !d.foreign[i].gone })
	if k < 0 {
		return
	}
	switch content, name := d.newContent(), d.someName(); d.IntN(4) {
	case 0:
		d.add(fmt.Sprintf("manually: content %d for foreign secret %d", content, k), func(h *history) (string, error) {
			return h.foreignContent(k, content)
		})
	case 1:
		d.add(fmt.Sprintf("manually: another info for foreign secret %d", k), func(h *history) (string, error) {
			return h.foreignInfo(k)
		})
	case 2:
		if d.foreign[k].twin {
			return
		}
		d.add(fmt.Sprintf("manually: rename foreign secret %d to %q", k, name), func(h *history) (string, error) {
			return h.foreignName(k, name)
		})
	default:
		d.foreign[k].gone = true
		d.add(fmt.Sprintf("manually: remove foreign secret %d", k), func(h *history) (string, error) {
			return h.foreignRemove(k)
		})
	}
}

func (d *draft) grantManually() {
	app := applications()[d.IntN(3)]
	if k := d.pick(len(d.foreign), func(i int) bool { return !d.foreign[i].gone }); k >= 0 && d.chance(40) {
		d.add(fmt.Sprintf("manually: grant foreign secret %d to %s", k, app), func(h *history) (string, error) {
			return h.foreignGrant(k, app)
		})
		return
	}
	slot := d.live()
	if slot < 0 {
		return
	}
	if d.chance(50) {
		d.add(fmt.Sprintf("manually: grant the secret of %s to %s", objectName(slot), app), func(h *history) (string, error) {
			return h.driftGrant(slot, app)
		})
	} else {
		text := fmt.Sprintf("manually: revoke the secret of %s from %s", objectName(slot), app)
		d.add(text, func(h *history) (string, error) {
			return h.driftRevoke(slot, app)
		})
	}
	d.steady()
}

func (d *draft) moveApplication() {
	app := applications()[1+d.IntN(4)]
	was := d.deployed[app]
	d.deployed[app] = !was
	again := d.chance(40)
	switch {
	case was && again:
		d.deployed[app] = true
		d.add("manually: remove and deploy again "+app, func(h *history) (string, error) {
			if note, err := h.removeApplication(app); err != nil {
				return note, err
			}
			return h.deployApplication(app)
		})
	case was:
		d.add("manually: remove application "+app, func(h *history) (string, error) { return h.removeApplication(app) })
	default:
		d.add("manually: deploy application "+app, func(h *history) (string, error) { return h.deployApplication(app) })
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
		w := desiredAccess{
			slot: slot, of: d.IntN(len(d.objects)), apps: d.someApps(), retain: d.chance(20), adopt: d.chance(40),
		}
		w.options = d.someOptions(w.apps)
		d.accesses[slot] = &w
		said := w
		d.add("apply "+w.String(), func(h *history) (string, error) { return h.applyAccess(said) })
	case d.chance(60):
		now.apps, now.retain, now.adopt = d.someApps(), d.chance(20), d.chance(40)
		now.options = d.someOptions(now.apps)
		said := *now
		d.add("change "+said.String(), func(h *history) (string, error) { return h.reviseAccess(said) })
	default:
		d.accesses[slot] = nil
		d.add("delete "+accessName(slot), func(h *history) (string, error) { return h.deleteAccess(slot) })
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// score counts what must not be.
type score struct {
	run    int
	counts [4]int
}

func (s *score) add(faults []fault) {
	for _, f := range faults {
		s.counts[f.kind]++
	}
}

func (s score) fine() bool { return s.counts == [4]int{} }

func (s score) String() string {
	return fmt.Sprintf("histories: %d run, %d lost, %d doubled, %d strangers touched, %d needless revisions",
		s.run, s.counts[lost], s.counts[doubled], s.counts[touched], s.counts[needless])
}

// explain prints what it takes to understand a history that failed.
func (h *history) explain(ctx context.Context) {
	h.ctx = ctx
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("\nHistory %d failed:", h.seed)
	for _, f := range h.faults {
		line("  %s: %s", f.kind, f.text)
	}
	line("What was done:")
	for _, told := range h.told {
		line("  %s", told)
	}
	for _, ns := range h.towns {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
			line("%T in %s:\n%s", list, ns, h.objectsIn(list, ns))
		}
	}
	line("All versions of the objects:")
	for _, version := range h.ledger.told() {
		line("  %s", version)
	}
	line("Juju holds in %s:", h.model.Name)
	now, err := h.inJuju()
	if err != nil {
		line("  %v", err)
	}
	for _, secret := range now {
		line("  secret:%s called %q, info %q, revision %d, content %s, granted to %v", secret.ID, secret.Name, secret.Info,
			secret.Revision, h.numberOf(secret.Content), secret.Granted)
	}
	line("The operator said:")
	for _, said := range h.site.operator.said(h.towns...) {
		line("  %s", said)
	}
	line("run it again: make histories N=1 SEED=%d", h.seed)
	fmt.Print(text.String())
}

// objectsIn are the objects of a kind as YAML, without the values of contents.
func (h *history) objectsIn(list client.ObjectList, ns string) string {
	if err := h.site.kube.Client.List(h.ctx, list, client.InNamespace(ns)); err != nil {
		return err.Error()
	}
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		item.(client.Object).SetManagedFields(nil)
		if secret, ok := item.(*v1alpha1.JujuSecret); ok && secret.Spec.Value != nil {
			secret.Spec.Value = map[string]string{"key": "REDACTED"}
		}
		return nil
	})
	text, err := yaml.Marshal(list)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// numberOf is the number of a content.
func (h *history) numberOf(c content.Content) string {
	for number := range h.draft.contents + 1 {
		if c.Equal(h.content(number)) {
			return fmt.Sprint(number)
		}
	}
	return "unknown"
}

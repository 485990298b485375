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

// score counts the faults by kind.
type score struct {
	run    int
	counts [4]int
}

func (s *score) add(faults []fault) {
	for _, f := range faults {
		s.counts[f.kind]++
	}
}

func (s score) ok() bool { return s.counts == [4]int{} }

func (s score) String() string {
	return fmt.Sprintf("histories: %d run, %d lost, %d duplicated, %d foreign secrets changed, %d needless revisions",
		s.run, s.counts[lost], s.counts[duplicated], s.counts[touched], s.counts[needless])
}

// explain prints the details of a failed history.
func (h *history) explain(ctx context.Context) {
	h.ctx = ctx
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("\nHistory %d failed:", h.seed)
	for _, f := range h.faults {
		line("  %s: %s", f.kind, f.text)
	}
	line("Steps:")
	for _, entry := range h.log {
		line("  %s", entry)
	}
	for _, ns := range h.namespaces {
		for _, list := range []client.ObjectList{&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}} {
			line("%T in %s:\n%s", list, ns, h.objectsIn(list, ns))
		}
	}
	line("All versions of the objects:")
	for _, version := range h.ledger.log() {
		line("  %s", version)
	}
	line("Secrets of the model %s:", h.model.Name)
	now, err := h.inJuju()
	if err != nil {
		line("  %v", err)
	}
	for _, secret := range now {
		line("  secret:%s name %q, info %q, revision %d, content %s, granted to %v", secret.ID, secret.Name, secret.Info,
			secret.Revision, h.numberOf(secret.Content), secret.Granted)
	}
	line("Log of the operator:")
	for _, said := range h.site.operator.logLines(h.namespaces...) {
		line("  %s", said)
	}
	line("To repeat it: make histories N=1 SEED=%d", h.seed)
	fmt.Print(text.String())
}

// objectsIn returns the objects of a kind as YAML, without inline values.
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

// numberOf returns the number of a content.
func (h *history) numberOf(c content.Content) string {
	for number := range h.draft.contents + 1 {
		if c.Equal(h.content(number)) {
			return fmt.Sprint(number)
		}
	}
	return "unknown"
}

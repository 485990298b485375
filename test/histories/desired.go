// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// desired is the manifest of a JujuSecret. Contents are identified by numbers,
// never by their values.
type desired struct {
	slot int
	// name is the name in Juju. It is empty only together with an ID.
	name string
	// foreign is the number of the foreign secret with the ID, or -1.
	foreign int
	info    string
	// sourced is true if the content comes from the Secret in the namespace.
	// Otherwise content is its number.
	sourced   bool
	content   int
	adopt     bool
	deletion  v1alpha1.DeletionPolicy
	report    bool
	prune     bool
	suspended bool
}

func (w desired) String() string {
	parts := []string{fmt.Sprintf("%s named %q", objectName(w.slot), w.name)}
	if w.foreign >= 0 {
		parts = append(parts, fmt.Sprintf("by the ID of foreign secret %d", w.foreign))
	}
	if w.sourced {
		parts = append(parts, "content of the source")
	} else {
		parts = append(parts, fmt.Sprintf("content %d", w.content))
	}
	if w.info != "" {
		parts = append(parts, fmt.Sprintf("info %q", w.info))
	}
	return strings.Join(append(parts, w.policies()...), ", ")
}

func (w desired) policies() []string {
	words := []string{"Never"}
	if w.adopt {
		words[0] = "Adopt"
	}
	if w.deletion != "" {
		words = append(words, string(w.deletion))
	}
	if w.report {
		words = append(words, "Report")
	}
	if w.prune {
		words = append(words, "autoPrune")
	}
	if w.suspended {
		words = append(words, "suspended")
	}
	return words
}

// spec writes the manifest to a spec. id is the ID of the foreign secret, if
// any.
func (w desired) spec(h *history, into *v1alpha1.JujuSecretSpec, id string) {
	into.ID, into.Name, into.Info = id, w.name, w.info
	into.Value, into.ValueFrom = nil, nil
	if w.sourced {
		into.ValueFrom = []v1alpha1.ValueSource{{SecretRef: &v1alpha1.SourceReference{Name: sourceName}}}
	} else {
		into.Value = h.values(w.content)
	}
	into.AdoptionPolicy, into.DriftPolicy = "", ""
	if w.adopt {
		into.AdoptionPolicy = v1alpha1.AdoptionAdopt
	}
	if w.report {
		into.DriftPolicy = v1alpha1.DriftReport
	}
	into.DeletionPolicy, into.AutoPrune, into.Suspend = w.deletion, w.prune, w.suspended
}

// manifest returns the object.
func (w desired) manifest(h *history, id string) *v1alpha1.JujuSecret {
	through := gen.Through(controllers()[h.through])
	return gen.JujuSecret(h.namespaceOf(w.slot), objectName(w.slot), h.model.Name, through, func(o *v1alpha1.JujuSecret) {
		w.spec(h, &o.Spec, id)
	})
}

// desiredAccess is the manifest of a JujuSecretAccess.
type desiredAccess struct {
	slot int
	// of is the slot of the JujuSecret.
	of   int
	apps []string
	// options are the options of configurable that name the secret.
	options []string
	retain  bool
	adopt   bool
}

func (w desiredAccess) String() string {
	text := fmt.Sprintf("%s of %s to %s", accessName(w.slot), objectName(w.of), strings.Join(w.apps, ", "))
	if len(w.options) > 0 {
		text += ", options " + strings.Join(w.options, ", ")
	}
	if w.retain {
		text += ", Retain"
	}
	if w.adopt {
		text += ", Adopt"
	}
	return text
}

func (w desiredAccess) manifest(h *history) *v1alpha1.JujuSecretAccess {
	obj := gen.Access(h.namespaceOf(w.of), accessName(w.slot), objectName(w.of), w.apps...)
	for i := range obj.Spec.Applications {
		if app := &obj.Spec.Applications[i]; app.Name == configurable {
			for _, name := range w.options {
				app.ConfigOptions = append(app.ConfigOptions, v1alpha1.ConfigOption{Name: name})
			}
		}
	}
	if w.retain {
		obj.Spec.DeletionPolicy = v1alpha1.GrantsRetain
	}
	if w.adopt {
		obj.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt
	}
	return obj
}

// sourceName is the name of the source Secret in each namespace.
const sourceName = "source"

func objectName(slot int) string { return fmt.Sprintf("object-%d", slot) }
func accessName(slot int) string { return fmt.Sprintf("access-%d", slot) }

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"bytes"
	"context"
	"os"
	"slices"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

// Explain prints the state that explains a failure: the objects with their
// conditions, the events, the content of the models, and the log lines of the
// shared operator about the namespaces. The log of an operator of the fixture
// is printed when it has ended.
func (f *Fixture) Explain() {
	if f.Details != nil {
		f.Details()
	}
	ctx := context.Background() // The test's own context may be cancelled.
	if f.Kube != nil {
		f.print(ctx, &v1alpha1.ClusterJujuControllerList{})
		for _, ns := range f.Namespaces {
			f.printDeletion(ctx, ns)
			for _, list := range append(kinds(), &eventsv1.EventList{}) {
				f.print(ctx, list, client.InNamespace(ns))
			}
		}
	}
	for _, m := range f.models {
		secrets, err := m.juju.Secrets(ctx, m.Model)
		f.Logf("secrets in the model %s (%s): %+v (error: %v)", m.Name, m.UUID, secrets, err)
	}
	for i, path := range f.sharedLogs() {
		f.printLog(i+1, path, slices.Concat(f.Namespaces, alarms, f.LogWords))
	}
}

// sharedLogs returns the logs of the shared operator, without the processes
// that had ended before the fixture was made.
func (f *Fixture) sharedLogs() []string {
	if f.Env.Operator == nil {
		return nil
	}
	return f.Env.Operator.Logs()[f.earlier:]
}

// SearchLogs searches the logs of the shared operator for forbidden text.
func (f *Fixture) SearchLogs() {
	for _, path := range f.sharedLogs() {
		log, err := os.ReadFile(path) //nolint:gosec // Our own file.
		if err != nil {
			f.Error(err)
		}
		for _, found := range f.Env.forbidden(string(log)) {
			f.Errorf("the log of the operator contains %s:\n%s", found, log)
		}
	}
}

// printDeletion prints what keeps a namespace that is being deleted.
func (f *Fixture) printDeletion(ctx context.Context, name string) {
	ns := gen.Namespace(name, nil)
	err := f.Kube.Get(ctx, client.ObjectKeyFromObject(ns), ns)
	if err == nil && ns.DeletionTimestamp != nil {
		f.Logf("the namespace %s is being deleted: %+v", name, ns.Status.Conditions)
	}
}

// print prints the objects of a kind, unless there are none.
func (f *Fixture) print(ctx context.Context, list client.ObjectList, options ...client.ListOption) {
	if err := f.Kube.List(ctx, list, options...); err != nil {
		f.Log(err)
	}
	if meta.LenList(list) == 0 {
		return
	}
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		item.(client.Object).SetManagedFields(nil)
		return nil
	})
	text, _ := yaml.Marshal(list)
	f.Logf("%T:\n%s", list, text)
}

// printLog prints the lines of the log of a process that contain one of the
// words.
func (f *Fixture) printLog(process int, path string, words []string) {
	log, err := os.ReadFile(path) //nolint:gosec // Our own file.
	if err != nil {
		f.Log(err)
	}
	for line := range bytes.Lines(log) {
		if slices.ContainsFunc(words, func(word string) bool { return bytes.Contains(line, []byte(word)) }) {
			f.Logf("operator %d: %s", process, bytes.TrimSpace(line))
		}
	}
}

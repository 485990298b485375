// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/juju-secrets/operator/test/servers"
)

// operator is the operator's process. It is restarted after each crash.
type operator struct {
	kube *servers.Kubernetes
	dir  string

	crashing sync.Mutex // held during a crash and restart

	mu      sync.Mutex
	process *servers.Operator
	logs    []string
	crashes int
	stopped bool
	err     error
}

func (o *operator) start() error {
	// Nanoseconds to compare the log with the steps.
	process, err := o.kube.StartOperator(o.dir, "--zap-time-encoding=rfc3339nano")
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.err = errors.Join(o.err, err)
		return err
	}
	o.process, o.logs = process, append(o.logs, process.Log)
	go func() {
		<-process.Ended()
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.process == process && !o.stopped {
			o.err = errors.Join(o.err, fmt.Errorf("the operator exited unexpectedly:\n%s", end(process.Log)))
		}
	}()
	return nil
}

// crash kills the operator and starts it again. It does nothing during another
// crash.
func (o *operator) crash() {
	if !o.crashing.TryLock() {
		return
	}
	defer o.crashing.Unlock()
	o.mu.Lock()
	process := o.process
	if o.stopped || process == nil {
		o.mu.Unlock()
		return
	}
	o.process = nil
	o.crashes++
	o.mu.Unlock()
	_ = process.Kill() // It fails only if the process has exited.
	_ = o.start()      // The error is kept in o.err.
}

func (o *operator) stop() error {
	o.mu.Lock()
	o.stopped = true
	o.mu.Unlock()
	o.crashing.Lock() // A crash in progress starts another process.
	defer o.crashing.Unlock()
	if o.process == nil {
		return nil
	}
	return o.process.Stop()
}

func (o *operator) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.crashes
}

// failures returns the errors of the operator's process itself.
func (o *operator) failures() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	errs := []error{o.err}
	for _, log := range o.logs {
		for _, line := range grep(log, "panic:", "DATA RACE") {
			errs = append(errs, fmt.Errorf("the operator's log contains: %s", line))
		}
	}
	return errors.Join(errs...)
}

// logLines returns the log lines of all processes that contain one of the
// words.
func (o *operator) logLines(words ...string) []string {
	o.mu.Lock()
	logs := slices.Clone(o.logs)
	o.mu.Unlock()
	var lines []string
	for _, log := range logs {
		lines = append(lines, grep(log, words...)...)
	}
	return lines
}

func grep(path string, words ...string) []string {
	text, err := os.ReadFile(path) //nolint:gosec // A file of this program.
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for line := range bytes.Lines(text) {
		if slices.ContainsFunc(words, func(word string) bool { return bytes.Contains(line, []byte(word)) }) {
			found = append(found, string(bytes.TrimSpace(line)))
		}
	}
	return found
}

// end returns the end of a file.
func end(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // A file of this program.
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

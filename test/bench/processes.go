// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// ticks is how many units of a process's time Linux counts in a second.
	ticks = 100
	// idleShare is the part of one core that all servers together take when they have nothing to do, and some more.
	idleShare = 0.25
)

// rest waits until the servers and the operator have nothing to do: a Kubernetes API server is busy for some time after it
// says that it is ready.
func rest(ctx context.Context) error {
	deadline := time.Now().Add(time.Minute)
	for {
		before, err := cpuTime("")
		if err != nil {
			return err
		}
		began := time.Now()
		if err := pass(ctx, time.Second); err != nil {
			return err
		}
		after, err := cpuTime("")
		if err != nil {
			return err
		}
		share := (after - before).Seconds() / time.Since(began).Seconds()
		if share < idleShare {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the servers do not come to rest: they take %.0f %% of a core", 100*share)
		}
	}
}

// cpuTime is how long the child processes of this one have used processors, in their own code and in the kernel: those
// that run a program, or all.
func cpuTime(program string) (time.Duration, error) {
	if program != "" {
		var err error
		if program, err = filepath.EvalSymlinks(program); err != nil {
			return 0, err
		}
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	found := false
	for _, path := range stats {
		used, parent := readStat(path)
		if parent != os.Getpid() {
			continue
		}
		if target, _ := os.Readlink(filepath.Join(filepath.Dir(path), "exe")); program == "" || target == program {
			sum, found = sum+used, true
		}
	}
	if !found {
		return 0, errors.New("cannot find the processes that are to be measured: this takes Linux")
	}
	return sum, nil
}

// readStat reads what Linux tells of a process; one that has ended meanwhile has no parent.
func readStat(path string) (used time.Duration, parent int) {
	text, _ := os.ReadFile(path)                  //nolint:gosec // Of the kernel's own choice.
	_, rest, _ := strings.Cut(string(text), ") ") // What comes before is the program's name, whatever is in it.
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, parent
}

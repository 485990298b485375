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
	// ticks is the number of units of process time in a second on Linux.
	ticks = 100
	// idleShare is an upper bound for the share of a core that all idle servers
	// use together.
	idleShare = 0.25
)

// rest waits until the servers and the operator are idle. A Kubernetes API
// server is busy for some time after it is ready.
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
			return fmt.Errorf("the servers are not idle: they use %.0f %% of a core", 100*share)
		}
	}
}

// cpuTime returns the CPU time of the child processes of this process, user and
// system: of the processes that run a program, or of all if it is empty.
func cpuTime(program string) (time.Duration, error) {
	found, err := children(program)
	var sum time.Duration
	for _, dir := range found {
		used, _ := readStat(filepath.Join(dir, "stat"))
		sum += used
	}
	return sum, err
}

// children returns the folders in /proc of the child processes of this process
// that run a program, or of all if it is empty. There is at least one.
func children(program string) ([]string, error) {
	if program != "" {
		var err error
		if program, err = filepath.EvalSymlinks(program); err != nil {
			return nil, err
		}
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, path := range stats {
		if _, parent := readStat(path); parent != os.Getpid() {
			continue
		}
		dir := filepath.Dir(path)
		if target, _ := os.Readlink(filepath.Join(dir, "exe")); program == "" || target == program {
			found = append(found, dir)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("cannot find the processes to measure: this requires Linux")
	}
	return found, nil
}

// memory is what a process has resident in memory, in bytes.
type memory struct{ now, peak float64 }

// memoryOf returns the memory of the child process that runs a program.
func memoryOf(program string) (memory, error) {
	found, err := children(program)
	if err != nil {
		return memory{}, err
	}
	status := filepath.Join(found[0], "status")
	var used memory
	for key, value := range map[string]*float64{"VmRSS:": &used.now, "VmHWM:": &used.peak} {
		kib, err := strconv.ParseFloat(strings.TrimSuffix(lineOf(status, key), " kB"), 64)
		if err != nil {
			return memory{}, fmt.Errorf("cannot read the memory of the operator: %w", err)
		}
		*value = kib * 1024
	}
	return used, nil
}

// readStat reads the CPU time and the parent of a process. The parent is 0 if
// the process has exited.
func readStat(path string) (used time.Duration, parent int) {
	text, _ := os.ReadFile(path) //nolint:gosec // The kernel names these paths.
	// The field before is the program's name, which may contain spaces.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, parent
}

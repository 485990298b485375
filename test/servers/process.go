// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stopTimeout is the time after which a stopping program is killed.
// The operator finishes its requests to Juju within a minute.
const stopTimeout = 75 * time.Second

// Process is a running program. Its output goes to the file Log.
type Process struct {
	Log string

	name  string
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
	err   error
}

// startProcess starts the program in an environment variable.
func startProcess(variable, dir string, environment []string, args ...string) (*Process, error) {
	path := os.Getenv(variable)
	if path == "" {
		return nil, fmt.Errorf("%s is not set: run this through the Makefile, which builds the program and sets it", variable)
	}
	p := &Process{name: filepath.Base(path), ended: make(chan struct{})}
	log, err := os.CreateTemp(dir, p.name+"-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // The child has its own handle.
	p.Log = log.Name()
	p.cmd = exec.Command(path, args...) //nolint:gosec,noctx // Our own programs. Stop ends them.
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// Its own process group, so that a Ctrl-C in the terminal does not signal
	// it before Stop does.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Ended returns a channel that is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop stops the program and waits until it has ended. After the end it does
// nothing.
func (p *Process) Stop() error {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		var exit *exec.ExitError
		if errors.As(p.err, &exit) && exit.ExitCode() != -1 {
			return fmt.Errorf("%s ended with status %d: see %s", p.name, exit.ExitCode(), p.Log)
		}
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s did not stop within %v and was killed", p.name, stopTimeout), p.Kill())
	}
}

// Kill kills the program, like a crash.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	<-p.ended
	return err
}

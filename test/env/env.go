// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package env is the test environment of the end-to-end suites. An Environment
// starts the servers that all scenarios of a suite share. A Fixture holds the
// resources of one scenario: namespaces, models, proxies and operators. It
// creates and changes objects, waits for conditions, removes everything at the
// end, and explains a failure. The suites contain only their scenarios.
package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// Root is the root of the repository, as seen from a suite.
	Root = "../.."
	// Patience is how long a condition may take to become true. The machine is
	// busy with other tests.
	Patience = 90 * time.Second
)

// Options configures what an Environment starts and checks.
type Options struct {
	servers.Options

	// Lazy starts the servers when a test first calls Need.
	Lazy bool
	// Prepare creates what all scenarios share, once the servers have started.
	Prepare func(ctx context.Context, e *Environment) error
	// Verify checks what the scenarios have left, before the servers stop.
	Verify func(ctx context.Context, e *Environment) error
	// Finish stops what Prepare started, once the operator has stopped.
	Finish func() error
	// Forbidden returns the forbidden text in the log of an operator. Every log
	// is searched for panics and data races in any case.
	Forbidden func(e *Environment, log string) []string
}

// Environment holds the servers that all scenarios of a suite share. They exist
// once they have started.
type Environment struct {
	*servers.Stack

	options Options
	start   func() error
}

// New returns an environment that has not started.
func New(o Options) *Environment {
	e := &Environment{Stack: &servers.Stack{}, options: o}
	e.start = sync.OnceValue(func() error {
		ctx := context.Background()
		err := e.Start(ctx, o.Options)
		if err == nil && o.Prepare != nil {
			err = o.Prepare(ctx, e)
		}
		return err
	})
	return e
}

// Main starts the environment, runs the tests and stops the environment, also
// when the tests are interrupted. It returns the exit status.
func (e *Environment) Main(m *testing.M) int {
	stack, err := servers.NewStack()
	if err != nil {
		return failed("cannot create a folder", err)
	}
	*e.Stack = *stack
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		_ = e.stop()
		os.Exit(1)
	}()
	code := 0
	if !e.options.Lazy {
		if err := e.start(); err != nil {
			code = failed("cannot start the servers", err)
		}
	}
	if code == 0 {
		code = m.Run()
		if err := e.verify(); err != nil {
			code = failed("the check after the scenarios failed", err)
		}
	}
	if err := e.stop(); err != nil {
		code = failed("cannot stop the servers", err)
	}
	return code
}

func failed(what string, err error) (code int) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	return 1
}

// Need starts the servers of a lazy environment, or fails the test.
func (e *Environment) Need(t *testing.T) {
	t.Helper()
	if err := e.start(); err != nil {
		t.Fatal("cannot start the servers: ", err)
	}
}

// verify checks what the scenarios left, and the log of the shared operator.
func (e *Environment) verify() error {
	var errs []error
	if e.options.Verify != nil {
		errs = append(errs, e.options.Verify(context.Background(), e))
	}
	if e.Operator != nil {
		text, err := e.Operator.Output()
		errs = append(errs, err)
		for _, found := range e.forbidden(text) {
			errs = append(errs, fmt.Errorf("the operator's log contains %s", found))
		}
	}
	return errors.Join(errs...)
}

// forbidden returns the text in a log of an operator that must not be there.
func (e *Environment) forbidden(log string) (found []string) {
	for _, word := range alarms {
		if _, after, ok := strings.Cut(log, word); ok {
			report := strings.SplitN(after, "\n", alarmLines+1)
			report = report[:min(len(report), alarmLines)]
			found = append(found, fmt.Sprintf("%q%s", word, strings.Join(report, "\n")))
		}
	}
	if e.options.Forbidden != nil {
		found = append(found, e.options.Forbidden(e, log)...)
	}
	return found
}

// alarms are words in the log of an operator with a defect.
var alarms = []string{"panic", "DATA RACE"}

// alarmLines is how many lines of the log are shown from such a word on. The log
// is removed with the servers, and two stacks of a race fit.
const alarmLines = 60

func (e *Environment) stop() error {
	var errs []error
	if e.Operator != nil {
		errs = append(errs, e.Operator.Stop())
	}
	if e.options.Finish != nil {
		errs = append(errs, e.options.Finish())
	}
	return errors.Join(append(errs, e.Stop())...)
}

// Connect creates a ClusterJujuController for the first Juju server, with its
// credentials, and waits until the operator has logged in.
func (e *Environment) Connect(ctx context.Context, name string, modify ...func(*v1alpha1.ClusterJujuController)) error {
	controller := gen.Controller(name, e.Juju.Addresses[0], e.Juju.CACertificate, modify...)
	login := controller.Spec.Credentials.UserPass.SecretRef
	operator := e.Juju.Operator
	credentials := gen.Login(login.Namespace, login.Name, operator.Username, operator.Password)
	for _, obj := range []client.Object{credentials, controller} {
		if err := e.Kubernetes.Client.Create(ctx, obj); err != nil {
			return err
		}
	}
	return servers.Await(ctx, Patience, func() (string, error) {
		err := e.Kubernetes.Client.Get(ctx, client.ObjectKeyFromObject(controller), controller)
		if !meta.IsStatusConditionTrue(controller.Status.Conditions, v1alpha1.ConditionReady) {
			return "the operator is not logged in to Juju", err
		}
		return "", err
	})
}

// FreeAddress returns a loopback address that no program listens on.
func FreeAddress(t *testing.T) string {
	t.Helper()
	address, err := servers.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/wire"
)

// Fixture holds the resources of one scenario. Its methods end the test when
// they fail.
type Fixture struct {
	*testing.T

	// Ctx ends with the clean-up.
	Ctx context.Context
	Env *Environment
	// Kube is nil without Kubernetes.
	Kube client.WithWatch
	// Juju is the server of Model.
	Juju *servers.Juju
	// Namespace is the first namespace, and Model the first model.
	Namespace string
	Model     servers.Model
	// Namespaces are all namespaces, the oldest first.
	Namespaces []string
	// After are objects that are deleted once the namespaces are gone, because
	// the objects in the namespaces need them until then.
	After []client.Object
	// Dir holds the logs of the fixture's operators.
	Dir string
	// CleanUp removes the objects at the end of the test. The default is
	// Remove.
	CleanUp func() error
	// Details prints more state that explains a failure.
	Details func()
	// LogWords selects lines of the shared operator's log for Explain, beside
	// the names of the namespaces.
	LogWords []string

	// fail ends the goroutine with an error; nil for Fatal.
	fail func(error)

	cancel    context.CancelFunc
	models    []heldModel
	operators []*Operator
	ends      []func()
	// earlier is the number of logs that the shared operator had at first.
	earlier int
}

// heldModel is a model and the server that holds it.
type heldModel struct {
	servers.Model

	juju *servers.Juju
}

// NewFixture returns a fixture without a namespace. The end of the test cleans
// it up.
func (e *Environment) NewFixture(t *testing.T) *Fixture {
	t.Helper()
	// The context of the test ends before its clean-up.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	f := &Fixture{T: t, Ctx: ctx, Env: e, Juju: e.Juju, Dir: t.TempDir(), cancel: cancel}
	if e.Kubernetes != nil {
		f.Kube = e.Kubernetes.Client
	}
	if e.Operator != nil {
		f.earlier = len(e.Operator.Logs()) - 1
	}
	f.CleanUp = f.Remove
	t.Cleanup(f.clean)
	return f
}

// NewTenant returns a fixture with a tenant namespace and a model of its name.
func (e *Environment) NewTenant(t *testing.T) *Fixture {
	t.Helper()
	f := e.NewFixture(t)
	f.AddModel(f.AddTenant())
	return f
}

// AddTenant creates a namespace with the label of tenants, and returns its
// name.
func (f *Fixture) AddTenant() string {
	f.Helper()
	return f.AddNamespace(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"tenant": "true"},
	}})
}

// AddNamespace creates a namespace, and returns its name.
func (f *Fixture) AddNamespace(ns *corev1.Namespace) string {
	f.Helper()
	f.Create(ns)
	if f.Namespace == "" {
		f.Namespace = ns.Name
	}
	f.Namespaces = append(f.Namespaces, ns.Name)
	return ns.Name
}

// AddModel adds a model to the fixture's Juju server.
func (f *Fixture) AddModel(name string) servers.Model {
	f.Helper()
	return f.AddModelTo(f.Juju, name)
}

// AddModelTo adds a model to a Juju server.
func (f *Fixture) AddModelTo(juju *servers.Juju, name string) servers.Model {
	f.Helper()
	model, err := juju.AddModel(f.Ctx, name)
	f.Must(err)
	if f.models == nil {
		f.Model = model
	}
	f.models = append(f.models, heldModel{model, juju})
	return model
}

// StartProxy starts a proxy for the fixture's Juju server, until the fixture
// is cleaned up.
func (f *Fixture) StartProxy() *wire.Proxy {
	f.Helper()
	proxy, err := wire.Start(f.Ctx, f.Juju.Addresses[0], f.Juju.CACertificate)
	f.Must(err)
	f.AtEnd(proxy.Close)
	return proxy
}

// StartJuju starts a Juju server for the fixture alone.
func (f *Fixture) StartJuju() *servers.Juju {
	f.Helper()
	juju, err := servers.StartJuju(f.Ctx, f.Dir)
	f.Must(err)
	f.Juju = juju
	f.AtEnd(func() {
		if err := juju.Stop(); err != nil {
			f.Error(err)
		}
	})
	return juju
}

// AtEnd registers a function that runs after the objects and models are
// removed, in reverse order.
func (f *Fixture) AtEnd(end func()) { f.ends = append(f.ends, end) }

// Must ends the test if there is an error.
func (f *Fixture) Must(err error) {
	f.Helper()
	switch {
	case err == nil:
	case f.fail != nil:
		f.fail(err)
	default:
		f.Fatal(err)
	}
}

// Try runs a scenario that may fail until ctx is done, with a copy of the
// fixture of that context. It returns the error that ended the scenario.
func (f *Fixture) Try(ctx context.Context, scenario func(f *Fixture)) (err error) {
	tried := *f
	tried.Ctx = ctx
	tried.fail = func(cause error) {
		err = cause
		runtime.Goexit()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		scenario(&tried)
	}()
	<-ended
	return err
}

// clean removes the fixture, and explains a failure before that.
func (f *Fixture) clean() {
	defer f.cancel()
	if f.Failed() {
		f.Explain()
	}
	defer func() {
		for _, end := range slices.Backward(f.ends) {
			end()
		}
	}()
	defer f.endOperators()
	if err := f.CleanUp(); err != nil {
		f.Explain()
		f.Error(err)
	}
	for _, m := range f.models {
		if err := m.juju.RemoveModel(f.Ctx, m.Model); err != nil && !strings.Contains(err.Error(), "404") {
			f.Error(err)
		}
	}
}

// Remove deletes the namespaces, and the controller manager deletes their
// objects. It then deletes the objects in After. It waits until all are gone,
// which proves that no deletion hangs. The fixture's operators run meanwhile.
func (f *Fixture) Remove() error {
	for _, o := range f.operators {
		if !o.Runs() {
			if err := o.Restart(); err != nil {
				return err
			}
		}
	}
	var namespaces []client.Object
	for _, name := range f.Namespaces {
		namespaces = append(namespaces, gen.Namespace(name, nil))
	}
	var errs []error
	for _, objs := range [][]client.Object{namespaces, f.After} {
		for _, obj := range objs {
			err := f.Kube.Delete(f.Ctx, obj)
			if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				errs = append(errs, err)
			}
		}
		errs = append(errs, f.WaitGone(objs...))
	}
	return errors.Join(errs...)
}

// WaitGone waits until objects do not exist, or returns an error.
func (f *Fixture) WaitGone(objs ...client.Object) error {
	return servers.Await(f.Ctx, Patience, func() (string, error) {
		for _, obj := range objs {
			err := f.Kube.Get(f.Ctx, client.ObjectKeyFromObject(obj), obj)
			if !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
				return fmt.Sprintf("%T %s still exists, with the finalizers %v (error: %v)",
					obj, client.ObjectKeyFromObject(obj), obj.GetFinalizers(), err), nil
			}
		}
		return "", nil
	})
}

// Clear kills the fixture's operators, and removes the objects that the
// operators have not released: the objects in the namespaces and in After.
func (f *Fixture) Clear() error {
	f.KillOperators()
	left := f.After
	for _, ns := range f.Namespaces {
		for _, list := range append(kinds(), &corev1.SecretList{}) {
			if err := f.Kube.List(f.Ctx, list, client.InNamespace(ns)); err != nil {
				return err
			}
			err := meta.EachListItem(list, func(item apiruntime.Object) error {
				left = append(left, item.(client.Object))
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	var errs []error
	for _, obj := range left {
		errs = append(errs, f.Release(obj))
	}
	for _, ns := range f.Namespaces {
		errs = append(errs, f.Kube.Delete(f.Ctx, gen.Namespace(ns, nil)))
	}
	return errors.Join(errs...)
}

// Release deletes an object without its finalizers.
func (f *Fixture) Release(obj client.Object) error {
	err := client.IgnoreNotFound(f.Kube.Delete(f.Ctx, obj))
	none := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	return errors.Join(err, client.IgnoreNotFound(f.Kube.Patch(f.Ctx, obj, none)))
}

// kinds returns empty lists of the operator's namespaced kinds.
func kinds() []client.ObjectList {
	return []client.ObjectList{
		&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{},
	}
}

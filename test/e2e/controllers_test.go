// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// relay forwards connections to a server and is its second address.
type relay struct {
	net.Listener

	to string

	mu      sync.Mutex
	conns   []net.Conn
	closed  bool
	running sync.WaitGroup
}

// startRelay starts a relay. The fixture closes it at the end of the test.
func (f *fixture) startRelay(to string) *relay {
	f.Helper()
	listener, err := (&net.ListenConfig{}).Listen(f.Ctx, "tcp", "127.0.0.1:0")
	f.Must(err)
	r := &relay{Listener: listener, to: to}
	r.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.running.Go(func() { r.forward(client) })
		}
	})
	f.AtEnd(r.close)
	return r
}

func (r *relay) address() string { return r.Addr().String() }

func (r *relay) forward(client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.to)
	if err != nil {
		_ = client.Close()
		return
	}
	if !r.track(client, server) {
		return
	}
	r.running.Go(func() { copyTo(server, client) })
	copyTo(client, server)
}

// track records connections, or closes them if the relay is closed. It reports
// whether the relay is open.
func (r *relay) track(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		closeAll(conns)
	}
	r.conns = append(r.conns, conns...)
	return !r.closed
}

func copyTo(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	closeAll([]net.Conn{to, from})
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// close closes all connections and the listener.
func (r *relay) close() {
	r.mu.Lock()
	r.closed = true
	closeAll(r.conns)
	r.mu.Unlock()
	_ = r.Close()
	r.running.Wait()
}

// hasReachable returns a function that reports whether the reachable addresses
// in a status are exactly these.
func hasReachable(addresses ...string) func(*v1alpha1.JujuControllerStatus) bool {
	return func(found *v1alpha1.JujuControllerStatus) bool {
		return slices.Equal(found.ReachableAddresses, addresses)
	}
}

func TestStatusReportsReachableAddresses(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	other := f.startRelay(proxy.Address)
	closed := env.FreeAddress(f.T)
	addresses := func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Addresses = []string{other.address(), closed, proxy.Address}
	}
	controller := gen.Controller("addresses-"+f.Namespace, other.address(), proxy.CACertificate, addresses)
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	f.awaitFound(controller, "the two open addresses", hasReachable(other.address(), proxy.Address))

	other.close()
	proxy.Silence() // Cuts all connections, so the operator logs in again.
	proxy.Speak()
	f.awaitFound(controller, "the remaining address", hasReachable(proxy.Address))
	f.AwaitReady(controller)
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = []string{closed} })
	f.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	f.awaitFound(controller, "no reachable address", hasReachable())
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = []string{proxy.Address} })
	f.AwaitReady(controller)
	f.awaitFound(controller, "the only address", hasReachable(proxy.Address))
}

func TestStatusReportsControllerAndKnownFaults(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	proxy.AsJuju36()
	controller := f.connectThrough(proxy)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReady(controller, secret)
	f.AwaitEvent(controller, v1alpha1.ReasonFaultyJujuVersion)
	f.awaitFound(controller, "the version, its faults and the user", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.Version == "3.6.9" && found.User == f.Juju.Operator.Username &&
			meta.IsStatusConditionTrue(found.Conditions, v1alpha1.ConditionKnownFaults) &&
			found.SecretsFacadeVersion == 2 && found.ControllerUUID == f.Juju.ControllerUUID
	})
}

// modelStatus returns the status of a model that some objects use.
func modelStatus(model servers.Model, access string, objects int32) v1alpha1.ModelStatus {
	return v1alpha1.ModelStatus{
		UUID: model.UUID, Name: model.Name, Access: access, CheckedBy: plan.CheckedByListing, Objects: objects,
	}
}

// hasModels returns a function that reports whether the models in a status are
// exactly these.
func hasModels(want ...v1alpha1.ModelStatus) func(*v1alpha1.JujuControllerStatus) bool {
	return func(found *v1alpha1.JujuControllerStatus) bool { return slices.Equal(found.Models, want) }
}

func TestStatusCountsObjectsOfEachModel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := f.AddModel(f.Namespace + "-second")
	controller := gen.Controller("counts-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate)
	f.createController(controller, f.Juju.Operator.Password)
	f.AwaitReady(controller)
	f.awaitFound(controller, "no model", hasModels())
	of := func(model servers.Model, objects int32) v1alpha1.ModelStatus {
		return modelStatus(model, "write", objects)
	}
	one := gen.JujuSecret(f.Namespace, "one", f.Model.Name, gen.Through(controller.Name))
	two := gen.JujuSecret(f.Namespace, "two", "", gen.Through(controller.Name), func(o *v1alpha1.JujuSecret) {
		o.Spec.ModelUUID = second.UUID
	})
	access := gen.Access(f.Namespace, "one", "one", "app1")
	f.Create(one, two, access)
	f.AwaitReady(one, two, access)
	f.awaitFound(controller, "three objects", hasModels(of(f.Model, 2), of(second, 1)))
	three := gen.JujuSecret(f.Namespace, "three", second.Name, gen.Through(controller.Name))
	f.Create(three)
	f.awaitFound(controller, "one more", hasModels(of(f.Model, 2), of(second, 2)))
	f.Delete(access)
	f.awaitFound(controller, "one less", hasModels(of(f.Model, 1), of(second, 2)))
	f.Delete(two)
	f.Delete(three)
	f.awaitFound(controller, "one model", hasModels(of(f.Model, 1)))
	f.Delete(one)
	f.awaitFound(controller, "no model", hasModels())
}

func TestStatusReportsModelAccess(t *testing.T) {
	t.Parallel()
	for access, message := range map[string]string{
		"write": "", "admin": "admin of prod/", "superuser": "superuser of the controller",
	} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			controller := f.connectWith(access)
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
			f.Create(secret)
			f.AwaitReady(controller, secret)
			f.awaitFound(controller, "the access", hasModels(modelStatus(f.Model, access, 1)))
			ready := meta.FindStatusCondition(controller.Status.Conditions, v1alpha1.ConditionReady)
			if message == "" && strings.Contains(ready.Message, "access") {
				t.Errorf("got message %q, want no hint about the access", ready.Message)
			}
			if !strings.Contains(ready.Message, message) ||
				message != "" && !strings.Contains(ready.Message, "write access is enough") {
				t.Errorf("got message %q, want the access %q and that write access is enough", ready.Message, message)
			}
			if access == "admin" && !strings.Contains(ready.Message, f.Model.Name) {
				t.Errorf("the message %q does not name the model", ready.Message)
			}
		})
	}
}

func TestInsufficientModelAccessIsReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := f.connectWith("read")
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReason(secret, v1alpha1.ReasonPermissionDenied)
	f.awaitFound(controller, "the access", hasModels(modelStatus(f.Model, "read", 1)))
	f.ExpectJuju()
}

// connectWith creates a ClusterJujuController for a new user with this access
// to the fixture's model. For superuser it takes the administrator.
func (f *fixture) connectWith(
	access string, modify ...func(*v1alpha1.ClusterJujuController),
) *v1alpha1.ClusterJujuController {
	f.Helper()
	user := f.Juju.Admin
	if access != "superuser" {
		var err error
		user, err = f.Juju.AddUser(f.Ctx, "user-"+f.Namespace)
		f.Must(err)
		f.Must(f.Juju.GrantModel(f.Ctx, f.Model, user.Username, access))
	}
	controller := gen.Controller(access+"-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, modify...)
	credentials := gen.Credentials(controller.Name, user.Username, user.Password)
	f.Create(credentials, controller)
	f.After = append(f.After, controller, credentials)
	return controller
}

func TestRestartDoesNotChangeStatus(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"write", "admin", "superuser"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxied(t)
			other, o := f.startRelay(proxy.Address), f.StartOwn("of the test")
			addresses := []string{proxy.Address, other.address()}
			controller := f.connectWith(access, o.Serves, func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Addresses, c.Spec.CACertificate = addresses, proxy.CACertificate
			})
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
			f.Create(secret)
			f.AwaitReady(controller, secret)
			f.awaitFound(controller, "addresses, facade and models", func(found *v1alpha1.JujuControllerStatus) bool {
				return hasReachable(addresses...)(found) && found.SecretsFacadeVersion == 2 &&
					hasModels(modelStatus(f.Model, access, 1))(found)
			})
			o.MustStop()
			f.Refresh(controller)
			before, logins := controller.DeepCopy(), proxy.Requests()[login]
			writes := f.countWrites(&v1alpha1.ClusterJujuControllerList{})
			o.MustRestart()
			f.AwaitRequests(proxy, login, logins+2) // One to the controller and one to the model.
			f.LookNow(secret)
			if f.Refresh(controller); controller.ResourceVersion != before.ResourceVersion {
				t.Errorf("the restart changed the object (-before +after):\n%s", cmp.Diff(before, controller))
			}
			// A late write is complete when the operator has handled a request.
			f.LookNow(controller)
			before.Status.LastHandledReconcileAt = controller.Status.LastHandledReconcileAt
			if diff := cmp.Diff(before.Status, controller.Status); diff != "" {
				t.Errorf("the restart changed the status (-before +after):\n%s", diff)
			}
			marker := gen.Controller("marker-"+f.Namespace, f.Juju.Addresses[0], f.Juju.CACertificate, o.Serves)
			f.createController(marker, f.Juju.Operator.Password)
			if n := writes(controller.Name, marker.Name); n != 2 {
				t.Errorf("got %d writes, want 2: the request and the answer", n)
			}
		})
	}
}

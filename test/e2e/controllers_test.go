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
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// relay passes connections on to an address: it is another address of the same server.
type relay struct {
	net.Listener

	to string

	mu    sync.Mutex
	ends  []net.Conn
	over  bool
	alive sync.WaitGroup
}

// startRelay starts a relay, which is there until the scenes that are made after it are cleaned, or it is closed.
func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: listener, to: to}
	r.alive.Go(func() {
		for {
			here, err := listener.Accept()
			if err != nil {
				return
			}
			r.alive.Go(func() { r.pass(here) })
		}
	})
	t.Cleanup(r.close)
	return r
}

func (r *relay) address() string { return r.Addr().String() }

func (r *relay) pass(here net.Conn) {
	there, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.to)
	if err != nil {
		_ = here.Close()
		return
	}
	if !r.holds(here, there) {
		return
	}
	r.alive.Go(func() { copyTo(there, here) })
	copyTo(here, there)
}

// holds notes the two ends of a connection, and closes them if the relay is closed.
func (r *relay) holds(ends ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		closeAll(ends)
	}
	r.ends = append(r.ends, ends...)
	return !r.over
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

// close cuts every connection and lets nobody in any more.
func (r *relay) close() {
	r.mu.Lock()
	r.over = true
	closeAll(r.ends)
	r.mu.Unlock()
	_ = r.Close()
	r.alive.Wait()
}

// answering tells that the reachable addresses are these.
func answering(addresses ...string) func(*v1alpha1.JujuControllerStatus) bool {
	return func(found *v1alpha1.JujuControllerStatus) bool {
		return slices.Equal(found.ReachableAddresses, addresses)
	}
}

func TestTheAddressesThatAnswerAreTold(t *testing.T) {
	t.Parallel()
	proxy := startProxy(t)
	other := startRelay(t, proxy.Address)
	s := newScene(t)
	closed := s.freeAddress()
	controller := gen.Controller("addresses-"+s.ns, other.address(), proxy.CACertificate, func(c *v1alpha1.ClusterJujuController) {
		c.Spec.Addresses = []string{other.address(), closed, proxy.Address}
	})
	s.createController(controller, s.juju.Operator.Password)
	s.AwaitReady(controller)
	s.awaitFound(controller, "the two that are open", answering(other.address(), proxy.Address))

	other.close()
	proxy.Silence() // Every connection is cut, so that the operator logs in again.
	proxy.Speak()
	s.awaitFound(controller, "the one that is left", answering(proxy.Address))
	s.AwaitReady(controller)
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = []string{closed} })
	s.AwaitReason(controller, v1alpha1.ReasonJujuUnreachable)
	s.awaitFound(controller, "none", answering())
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = []string{proxy.Address} })
	s.AwaitReady(controller)
	s.awaitFound(controller, "the only one", answering(proxy.Address))
}

func TestTheStatusTellsWhoAnswered(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	proxy.AsJuju36()
	controller := s.connectThrough(proxy)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReady(controller, secret)
	s.awaitFound(controller, "the version, the user and the facade", func(found *v1alpha1.JujuControllerStatus) bool {
		return found.Version == "3.6.9" && found.User == s.juju.Operator.Username && found.SecretsFacadeVersion == 2 &&
			found.ControllerUUID == s.juju.ControllerUUID
	})
}

// models tells that the models are these.
func models(want ...v1alpha1.ModelStatus) func(*v1alpha1.JujuControllerStatus) bool {
	return func(found *v1alpha1.JujuControllerStatus) bool { return slices.Equal(found.Models, want) }
}

// addModel adds a model to a scene, with a name that comes after that of the scene's own.
func (s *scene) addModel(suffix string) servers.Model {
	s.Helper()
	model, err := s.juju.AddModel(s.Ctx, s.ns+suffix)
	s.Must(err)
	s.Cleanup(func() {
		if err := s.juju.RemoveModel(context.Background(), model); err != nil {
			s.Error(err)
		}
	})
	return model
}

func TestTheObjectsOfEachModelAreCounted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	second := s.addModel("-second")
	controller := gen.Controller("counts-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate)
	s.createController(controller, s.juju.Operator.Password)
	s.AwaitReady(controller)
	s.awaitFound(controller, "no model", models())
	of := func(model servers.Model, objects int32) v1alpha1.ModelStatus {
		return v1alpha1.ModelStatus{UUID: model.UUID, Name: model.Name, Access: "write", Objects: objects}
	}
	one := gen.JujuSecret(s.ns, "one", s.model.Name, gen.Through(controller.Name))
	two := gen.JujuSecret(s.ns, "two", "", gen.Through(controller.Name), func(o *v1alpha1.JujuSecret) { o.Spec.ModelUUID = second.UUID })
	access := gen.Access(s.ns, "one", "one", "app1")
	s.Create(one, two, access)
	s.AwaitReady(one, two, access)
	s.awaitFound(controller, "three objects", models(of(s.model, 2), of(second, 1)))
	three := gen.JujuSecret(s.ns, "three", second.Name, gen.Through(controller.Name))
	s.Create(three)
	s.awaitFound(controller, "one more", models(of(s.model, 2), of(second, 2)))
	s.Delete(access)
	s.awaitFound(controller, "one less", models(of(s.model, 1), of(second, 2)))
	s.Delete(two)
	s.Delete(three)
	s.awaitFound(controller, "one model", models(of(s.model, 1)))
	s.Delete(one)
	s.awaitFound(controller, "no model", models())
}

func TestTheAccessOfTheUserIsTold(t *testing.T) {
	t.Parallel()
	for access, message := range map[string]string{
		"write": "", "admin": "admin of prod/", "superuser": "that of a superuser of the controller",
	} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			controller := s.connectWith(access)
			secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
			s.Create(secret)
			s.AwaitReady(controller, secret)
			s.awaitFound(controller, "the access", models(
				v1alpha1.ModelStatus{UUID: s.model.UUID, Name: s.model.Name, Access: access, Objects: 1}))
			ready := meta.FindStatusCondition(controller.Status.Conditions, v1alpha1.ConditionReady)
			if message == "" && strings.Contains(ready.Message, "access") {
				t.Errorf("the message of a user with just enough access is %q", ready.Message)
			}
			if !strings.Contains(ready.Message, message) || message != "" && !strings.Contains(ready.Message, "write access is enough") {
				t.Errorf("the message is %q", ready.Message)
			}
			if access == "admin" && !strings.Contains(ready.Message, s.model.Name) {
				t.Errorf("the message %q does not name the model", ready.Message)
			}
		})
	}
}

func TestAccessThatIsTooLittleIsToldByBoth(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := s.connectWith("read")
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReason(secret, v1alpha1.ReasonPermissionDenied)
	s.awaitFound(controller, "the access", models(v1alpha1.ModelStatus{UUID: s.model.UUID, Name: s.model.Name, Access: "read", Objects: 1}))
	s.expectJuju()
}

// connectWith makes a controller object whose user has an access to the scene's model, or is the administrator.
func (s *scene) connectWith(access string, modify ...func(*v1alpha1.ClusterJujuController)) *v1alpha1.ClusterJujuController {
	s.Helper()
	user := s.juju.Admin
	if access != "superuser" {
		var err error
		user, err = s.juju.AddUser(s.Ctx, "user-"+s.ns)
		s.Must(err)
		s.Must(s.juju.GrantModel(s.Ctx, s.model, user.Username, access))
	}
	controller := gen.Controller(access+"-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate, modify...)
	credentials := gen.Credentials(controller.Name, user.Username, user.Password)
	s.Create(credentials, controller)
	s.after = append(s.after, controller, credentials)
	return controller
}

func TestARestartWritesNothingToTheStatus(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"write", "admin", "superuser"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			proxy := startProxy(t)
			other, o := startRelay(t, proxy.Address), startOperator(t)
			s := newScene(t)
			addresses := []string{proxy.Address, other.address()}
			controller := s.connectWith(access, o.serves, func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Addresses, c.Spec.CACertificate = addresses, proxy.CACertificate
			})
			secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
			s.Create(secret)
			s.AwaitReady(controller, secret)
			s.awaitFound(controller, "all there is", func(found *v1alpha1.JujuControllerStatus) bool {
				return answering(addresses...)(found) && found.SecretsFacadeVersion == 2 &&
					models(v1alpha1.ModelStatus{UUID: s.model.UUID, Name: s.model.Name, Access: access, Objects: 1})(found)
			})
			o.stop()
			s.Refresh(controller)
			before, logins, writes := controller.DeepCopy(), proxy.Requests()[login], s.countWrites(&v1alpha1.ClusterJujuControllerList{})
			o.start()
			s.awaitRequests(proxy, login, logins+2) // To the controller, and to the model.
			s.LookNow(secret)
			if s.Refresh(controller); controller.ResourceVersion != before.ResourceVersion {
				t.Errorf("the restart changed the object (-before +after):\n%s", cmp.Diff(before, controller))
			}
			// What is written late is written by the time that the operator has answered a request.
			s.LookNow(controller)
			before.Status.LastHandledReconcileAt = controller.Status.LastHandledReconcileAt
			if diff := cmp.Diff(before.Status, controller.Status); diff != "" {
				t.Errorf("the status is another one after the restart (-before +after):\n%s", diff)
			}
			marker := gen.Controller("marker-"+s.ns, s.juju.Addresses[0], s.juju.CACertificate, o.serves)
			s.createController(marker, s.juju.Operator.Password)
			if n := writes(controller.Name, marker.Name); n != 2 {
				t.Errorf("the object was written %d times, want twice, for the request and for its answer", n)
			}
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// credentials is the name of the Secret with the login.
	credentials = "credentials"
	// corrected is the revision of the secret after the correction.
	corrected = 3
)

// scenario holds the objects of everything that an operator does for a tenant.
type scenario struct {
	*fixture

	login, source *corev1.Secret
	config        *corev1.ConfigMap
	secret        *v1alpha1.JujuSecret
	access        *v1alpha1.JujuSecretAccess
}

// act runs the scenario until it ends, ctx is canceled or a step fails.
func (f *fixture) act(ctx context.Context) error {
	var step string
	err := f.Try(ctx, func(tried *env.Fixture) {
		copied := *f
		copied.Fixture = tried
		s := &scenario{
			fixture: &copied,
			login:   gen.Login(f.Namespace, credentials, f.Juju.Operator.Username, f.Juju.Operator.Password),
			source:  gen.Secret(f.Namespace, "source", map[string]string{"password": "first"}),
			config:  gen.ConfigMap(f.Namespace, "source", map[string]string{"user": "first"}),
			secret: gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, f.mode.through(f.controller.GetName()),
				gen.FromSecret("source"), gen.FromConfigMap("source")),
			access: gen.Access(f.Namespace, "db-login", "db-login", "app1", "app2"),
		}
		for _, next := range []struct {
			what string
			do   func()
		}{
			{"lead", s.lead},
			{"connect", s.connect},
			{"connect a JujuController", s.connectLocally},
			{"create", s.create},
			{"update", s.update},
			{"correct", s.correct},
			{"grant and revoke", s.grant},
			{"keep objects in use", s.hold},
			{"remove", s.remove},
			{"release unused objects", func() { s.AwaitGone(s.controller, s.login) }},
			{"record events", s.events},
			{"serve metrics to authorized users", s.serveMetrics},
			{"renew the Lease", s.lead},
			{"restart", s.restart},
		} {
			step = next.what
			next.do()
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}

// lead waits until the operator acquires or renews the Lease.
func (s *scenario) lead() {
	before := s.lease()
	s.Await(func() string {
		if now := s.lease(); now.RenewTime == nil || now.RenewTime.Equal(before.RenewTime) {
			return "no operator acquires or renews the Lease"
		}
		return ""
	})
}

func (s *scenario) connect() {
	s.Create(s.login, s.controller)
	s.AwaitReady(s.controller)
}

// connectLocally connects and deletes a JujuController, also when the scenario
// uses a ClusterJujuController.
func (s *scenario) connectLocally() {
	local := s.localController(credentials)
	if local.GetName() == s.controller.GetName() {
		return
	}
	s.Create(local)
	s.AwaitReady(local)
	s.Delete(local)
	s.AwaitGone(local)
}

func (s *scenario) create() {
	s.Create(s.source, s.config, s.secret)
	s.AwaitReady(s.secret)
	s.AwaitJuju(s.held("first", "first", 1))
}

// update changes both sources, one after the other.
func (s *scenario) update() {
	env.Change(s, s.source, func(o *corev1.Secret) { o.StringData = map[string]string{"password": "second"} })
	s.AwaitJuju(s.held("first", "second", 2))
	env.Change(s, s.config, func(o *corev1.ConfigMap) { o.Data["user"] = "second" })
	s.AwaitJuju(s.held("second", "second", 3))
}

// correct removes the latest revision in Juju. Juju reuses its number.
func (s *scenario) correct() {
	s.AwaitReady(s.secret)
	s.Must(s.Juju.RemoveRevision(s.Ctx, s.Model, s.secret.Status.SecretID, 3))
	env.Change(s, s.secret, func(o *v1alpha1.JujuSecret) {
		env.Annotate(o, v1alpha1.AnnotationReconcileRequestedAt, "now")
	})
	s.AwaitJuju(s.held("second", "second", corrected))
}

func (s *scenario) grant() {
	s.Create(s.access)
	s.AwaitJuju(s.held("second", "second", corrected, "app1", "app2"))
	s.AwaitReady(s.access)
	env.Change(s, s.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app1") })
	s.AwaitJuju(s.held("second", "second", corrected, "app1"))
}

// hold deletes the objects that the operator needs to remove the secret from
// Juju. They must stay.
func (s *scenario) hold() {
	for _, obj := range []client.Object{s.login, s.controller} {
		s.Delete(obj)
		s.Refresh(obj)
		if !controllerutil.ContainsFinalizer(obj, "jujusecrets.io/finalizer") {
			s.Must(fmt.Errorf("%T %s does not have the finalizer", obj, obj.GetName()))
		}
	}
}

func (s *scenario) remove() {
	for _, obj := range []client.Object{s.access, s.secret} {
		s.Delete(obj)
		s.AwaitGone(obj)
	}
	s.AwaitJuju()
}

// events waits until there is an event for each kind of later change.
func (s *scenario) events() {
	missing := map[string]bool{"Updated": true, "Corrected": true, "Revoked": true, "Removed": true}
	s.Await(func() string {
		var list eventsv1.EventList
		s.Must(s.Kube.List(s.Ctx, &list, client.InNamespace(s.Namespace)))
		for _, event := range list.Items {
			delete(missing, event.Reason)
		}
		if len(missing) == 0 {
			return ""
		}
		return fmt.Sprintf("there are no events with the reasons %v", slices.Sorted(maps.Keys(missing)))
	})
}

// serveMetrics scrapes the operator as an authorized user and as an
// unauthorized user.
func (s *scenario) serveMetrics() {
	if !s.mode.scraped {
		return
	}
	for _, user := range []struct {
		name   string
		rights servers.Rights
		want   int
	}{
		{s.own + "-reader", env.Scraping(), http.StatusOK},
		{s.own + "-stranger", servers.Rights{}, http.StatusForbidden},
	} {
		token, err := s.Env.Account(s.Ctx, user.name, user.rights)
		s.Must(err)
		s.Await(func() string {
			if got, _ := env.Get(s.Ctx, "https://"+s.metrics+"/metrics", token); got != user.want {
				return fmt.Sprintf("%s gets the status %d, want %d", user.name, got, user.want)
			}
			return ""
		})
	}
}

// restart stops the operator, which releases the Lease. Then it starts an
// operator that finds the existing objects.
func (s *scenario) restart() {
	s.Must(s.operator.Stop())
	if holder := s.lease().HolderIdentity; holder != nil && *holder != "" {
		s.Must(fmt.Errorf("%s has stopped and kept the Lease", *holder))
	}
	s.Must(s.operator.Restart())
	s.lead()
}

// held returns the secret as Juju reports it.
func (s *scenario) held(user, password string, revision int, apps ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: s.secret.Name, Revision: revision, Granted: apps,
		Content: servers.Content(map[string]string{"user": user, "password": password}),
	}
}

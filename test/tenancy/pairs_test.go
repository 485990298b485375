// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// matrix is a scene in which two Juju servers have two models each, of the same names, and three namespaces may use some of
// them.
type matrix struct {
	*scene

	controllers []*v1alpha1.ClusterJujuController
	// byController are the models of each, byHand the ID of the secret that a person made in each.
	byController [][]model
	byHand       map[string]string

	// frontend is a tenant by its name, of the models of a pattern; backend by its label, of one model by its name and, at the
	// other controller, of every model; guest by its name, of one model by its UUID.
	frontend, backend, guest string
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{scene: newScene(t), byHand: map[string]string{}}
	m.frontend, m.backend, m.guest = m.namespace("frontend", nil), m.namespace("backend", team("backend")), m.namespace("guest", team("guest"))
	for _, juju := range []*servers.Juju{town.one, town.two} {
		m.byController = append(m.byController, []model{m.model(juju, "shop-live"), m.model(juju, "ledger")})
	}
	for _, in := range m.models {
		m.byHand[in.UUID] = m.add(in, "by-hand")
	}
	m.controllers = []*v1alpha1.ClusterJujuController{
		m.controller("one", town.one, town.one.Operator, named(m.frontend, "prod/"+m.prefix+"shop-*"), labelled("backend", m.byController[0][1].Name)),
		m.controller("two", town.two, town.two.Operator, labelled("backend", "*"), named(m.guest, m.byController[1][0].UUID)),
	}
	return m
}

// reference is one way for a namespace to name a model.
type reference struct {
	ns         string
	controller int
	// in is the model that is meant; byUUID tells how it is named.
	in     model
	byUUID bool
}

func (r reference) String() string {
	return fmt.Sprintf("%s through %d to %s (%s), by its UUID: %t", r.ns, r.controller+1, r.in.Name, r.in.UUID, r.byUUID)
}

// references are all there are: those by UUID with the models of the other controller too.
func (m *matrix) references() []reference {
	var all []reference
	for _, ns := range m.namespaces {
		for controller := range m.controllers {
			for _, in := range m.byController[controller] {
				all = append(all, reference{ns, controller, in, false})
			}
			for _, in := range m.models {
				all = append(all, reference{ns, controller, in, true})
			}
		}
	}
	return all
}

// allowed tells what the tenants above come to, one by one.
func (m *matrix) allowed(r reference) bool {
	oneShop, oneLedger, twoShop := m.byController[0][0], m.byController[0][1], m.byController[1][0]
	switch r.ns {
	case m.frontend:
		return r.controller == 0 && r.in == oneShop && !r.byUUID
	case m.backend:
		return r.controller == 1 || r.in == oneLedger && !r.byUUID
	}
	return r.controller == 1 && r.in == twoShop && r.byUUID
}

// there tells that the controller has the model.
func (m *matrix) there(r reference) bool { return slices.Contains(m.byController[r.controller], r.in) }

// objects are one of every kind that asks for something in the model.
func (m *matrix) objects(i int, r reference) []client.Object {
	name := func(kind string) string { return fmt.Sprintf("%s-r%d", kind, i) }
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: m.controllers[r.controller].Name}
	target := v1alpha1.UserSecretReference{Model: r.in.Name}
	if r.byUUID {
		target = v1alpha1.UserSecretReference{ModelUUID: r.in.UUID}
	}
	secret := func(kind string, modify ...func(*v1alpha1.JujuSecret)) client.Object {
		return gen.JujuSecret(r.ns, name(kind), target.Model, append(modify, gen.Through(through.Name), func(s *v1alpha1.JujuSecret) {
			s.Spec.ModelUUID = target.ModelUUID
		})...)
	}
	byID, byName := target, target
	byID.ID, byName.Name = m.byHand[r.in.UUID], "by-hand"
	return []client.Object{
		secret("manage"),
		secret("observe", gen.Observed, gen.Named("by-hand")),
		secret("adopt", gen.Adopting, gen.Named(fmt.Sprintf("orphan-r%d", i))),
		secret("adopt-by-id", gen.Adopting, gen.ByID(byID.ID)),
		directAccess(r.ns, name("grant-by-id"), through, byID, "app1"),
		directAccess(r.ns, name("grant-by-name"), through, byName, "app2"),
	}
}

// rule are the parts of a message that names the rule by which a reference is refused.
func (m *matrix) rule(r reference) []string {
	parts := []string{fmt.Sprintf("ClusterJujuController %q", m.controllers[r.controller].Name), fmt.Sprintf("namespace %q", r.ns), "spec.tenants"}
	served := r.ns != m.frontend || r.controller == 0
	if served = served && (r.ns != m.guest || r.controller == 1); !served {
		return parts
	}
	if r.byUUID {
		return append(parts, fmt.Sprintf("the model %q", r.in.UUID))
	}
	return append(parts, fmt.Sprintf("the model %q", r.in.Name))
}

// allRequests counts the requests to each model, and all that both servers got.
func (m *matrix) allRequests() map[string]map[string]int {
	m.Helper()
	counts := map[string]map[string]int{}
	for _, in := range append(slices.Clone(m.models), model{juju: town.one}, model{juju: town.two}) {
		counts[fmt.Sprintf("%s %s at %s", in.Name, in.UUID, in.juju.ControllerUUID)] = m.requests(in)
	}
	return counts
}

// This test runs before the others, which are parallel, and so can tell that the servers got no request at all.
func TestWhoIsNoTenantIsRefusedBeforeJujuIsContacted(t *testing.T) {
	m := newMatrix(t)
	before := m.allRequests()
	refused := map[int]reference{}
	for i, r := range m.references() {
		if !m.allowed(r) {
			refused[i] = r
		}
	}
	if want := 8 + 19; len(refused) != want {
		t.Fatalf("%d references are to be refused, want %d", len(refused), want)
	}
	objs := map[int][]client.Object{}
	for i, r := range refused {
		objs[i] = m.objects(i, r)
		m.Create(objs[i]...)
	}
	m.LookNow(slices.Concat(slices.Collect(maps.Values(objs))...)...) // Nor is Juju asked when somebody wants to know now.
	for i, r := range refused {
		for _, obj := range objs[i] {
			m.AwaitReason(obj, v1alpha1.ReasonTenantDenied, m.rule(r)...)
		}
		m.deleteAll(objs[i]...)
	}
	if diff := cmp.Diff(before, m.allRequests()); diff != "" {
		t.Errorf("Juju was contacted (-before +after):\n%s", diff)
	}
	for _, in := range m.models {
		m.expectJuju(in, held(m.byHand[in.UUID], "by-hand", 1, "by hand"))
	}
}

func TestATenantUsesItsModelsAndNoOthers(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	want := map[string][]servers.UserSecret{}
	for _, in := range m.models {
		byHand := held(m.byHand[in.UUID], "by-hand", 1, "by hand")
		want[in.UUID] = append(want[in.UUID], byHand)
	}
	objs := map[int][]client.Object{}
	for i, r := range m.references() {
		objs[i] = slices.Delete(m.objects(i, r), 3, 4) // Only one of all could adopt it.
		if !m.allowed(r) {
			objs[i] = objs[i][:1] // The others had their turn above.
		}
		if m.allowed(r) && m.there(r) {
			orphan := m.add(r.in, fmt.Sprintf("orphan-r%d", i))
			want[r.in.UUID][0].Granted = []string{"app1", "app2"}
			want[r.in.UUID] = append(want[r.in.UUID],
				held("", fmt.Sprintf("manage-r%d", i), 1, "value"), held(orphan, fmt.Sprintf("orphan-r%d", i), 2, "value"))
		}
		m.Create(objs[i]...)
	}
	for i, r := range m.references() {
		switch {
		case !m.allowed(r):
			for _, obj := range objs[i] {
				m.AwaitReason(obj, v1alpha1.ReasonTenantDenied, m.rule(r)...)
			}
		case !m.there(r):
			for _, obj := range objs[i] {
				m.AwaitReason(obj, v1alpha1.ReasonModelNotFound, r.in.UUID)
			}
		default:
			m.AwaitReady(objs[i]...)
			for _, obj := range objs[i] {
				if secret, ok := obj.(*v1alpha1.JujuSecret); ok && secret.Status.ModelUUID != r.in.UUID {
					t.Errorf("%s: %s is in the model %s", r, secret.Name, secret.Status.ModelUUID)
				}
			}
		}
	}
	for _, in := range m.models {
		m.expectJuju(in, want[in.UUID]...)
	}
}

// What a tenancy allows, Juju has to allow as well: the user of the controller object may write in one model.
func TestATenantGetsNoFurtherThanTheJujuUser(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ns := s.namespace("tenant", nil)
	mine, hidden := s.model(town.one, "mine"), s.model(town.one, "hidden")
	user := s.user(town.one, "narrow", map[model]string{mine: "write"})
	narrow := s.controller("narrow", town.one, user, named(ns, "*"))
	id := s.add(hidden, "by-hand")
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: narrow.Name}

	writes := gen.JujuSecret(ns, "writes", mine.Name, gen.Through(narrow.Name))
	creates := gen.JujuSecret(ns, "creates", hidden.Name, gen.Through(narrow.Name))
	adopts := gen.JujuSecret(ns, "adopts", hidden.Name, gen.Through(narrow.Name), gen.Adopting, gen.Named("by-hand"))
	observes := gen.JujuSecret(ns, "observes", hidden.Name, gen.Through(narrow.Name), gen.Observed, gen.Named("by-hand"))
	grants := directAccess(ns, "grants", through, v1alpha1.UserSecretReference{ModelUUID: hidden.UUID, ID: id}, "app1")
	s.Create(writes, creates, adopts, observes, grants)
	s.AwaitReady(writes)
	for _, obj := range []client.Object{creates, adopts, observes} {
		s.AwaitReason(obj, v1alpha1.ReasonModelNotFound, hidden.Name, user.Username, "access")
	}
	s.AwaitReason(grants, v1alpha1.ReasonModelNotFound, hidden.UUID, user.Username, "access")

	s.Must(town.one.GrantModel(s.Ctx, hidden.Model, user.Username, "read"))
	s.LookNow(creates, adopts, observes, grants)
	for _, obj := range []client.Object{creates, adopts, grants} {
		s.AwaitReason(obj, v1alpha1.ReasonPermissionDenied, "Juju answered: ", "permission denied")
	}
	s.AwaitReady(observes) // For which it is enough.
	s.expectJuju(hidden, held(id, "by-hand", 1, "by hand"))
	s.expectJuju(mine, held(writes.Status.SecretID, "writes", 1, "value"))
}

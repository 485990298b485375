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

// matrix is a fixture with two Juju servers and four namespaces. Each server
// has two models, and the names are the same on both servers. Each namespace
// may use some of the models.
type matrix struct {
	*fixture

	controllers []*v1alpha1.ClusterJujuController
	// byController holds the models of each controller. byHand holds the ID of
	// the manually created secret by model UUID.
	byController [][]model
	byHand       map[string]string

	// frontend is a tenant by name. It may use the models that match a pattern.
	// backend is a tenant by label. It may use one model by name, and every
	// model of the other controller. guest is a tenant by name. It may use one
	// model by UUID. stranger is no tenant.
	frontend, backend, guest, stranger string
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{fixture: newFixture(t), byHand: map[string]string{}}
	m.frontend = m.namespace("frontend", nil)
	m.backend, m.guest = m.namespace("backend", team("backend")), m.namespace("guest", team("guest"))
	m.stranger = m.namespace("stranger", team("stranger"))
	for _, juju := range []*servers.Juju{shared.Juju, second()} {
		m.byController = append(m.byController, []model{m.model(juju, "shop-live"), m.model(juju, "ledger")})
	}
	for _, in := range m.models {
		m.byHand[in.UUID] = m.add(in, "by-hand")
	}
	m.controllers = []*v1alpha1.ClusterJujuController{
		m.controller("one", shared.Juju, shared.Juju.Operator,
			named(m.frontend, "prod/"+m.prefix+"shop-*"), labelled("backend", m.byController[0][1].Name)),
		m.controller("two", second(), second().Operator,
			labelled("backend", "*"), named(m.guest, m.byController[1][0].UUID)),
	}
	return m
}

// reference is one way to refer to a model from a namespace.
type reference struct {
	ns         string
	controller int
	// in is the model. byUUID is true when the reference has its UUID instead
	// of its name.
	in     model
	byUUID bool
}

func (r reference) String() string {
	return fmt.Sprintf("%s through controller %d to %s (%s), by UUID: %t",
		r.ns, r.controller+1, r.in.Name, r.in.UUID, r.byUUID)
}

// references returns all combinations. References by UUID include the models of
// the other controller.
func (m *matrix) references() []reference {
	var all []reference
	for _, ns := range m.Namespaces {
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

// allowed reports whether the tenants in newMatrix allow a reference. It lists
// them one by one.
func (m *matrix) allowed(r reference) bool {
	oneShop, oneLedger, twoShop := m.byController[0][0], m.byController[0][1], m.byController[1][0]
	switch r.ns {
	case m.frontend:
		return r.controller == 0 && r.in == oneShop
	case m.backend:
		return r.controller == 1 || r.in == oneLedger
	case m.guest:
		return r.controller == 1 && r.in == twoShop
	}
	return false
}

// served reports whether the namespace is a tenant of the controller object.
func (m *matrix) served(r reference) bool {
	switch r.ns {
	case m.frontend:
		return r.controller == 0
	case m.guest:
		return r.controller == 1
	}
	return r.ns == m.backend
}

// hasModel reports whether the controller has the model.
func (m *matrix) hasModel(r reference) bool {
	return slices.Contains(m.byController[r.controller], r.in)
}

// objects returns one object of every kind that uses the model.
func (m *matrix) objects(i int, r reference) []client.Object {
	name := func(kind string) string { return fmt.Sprintf("%s-r%d", kind, i) }
	through := v1alpha1.ControllerReference{
		Kind: v1alpha1.KindClusterJujuController, Name: m.controllers[r.controller].Name,
	}
	target := v1alpha1.UserSecretReference{Model: r.in.Name}
	if r.byUUID {
		target = v1alpha1.UserSecretReference{ModelUUID: r.in.UUID}
	}
	secret := func(kind string, modify ...func(*v1alpha1.JujuSecret)) client.Object {
		byUUID := func(s *v1alpha1.JujuSecret) { s.Spec.ModelUUID = target.ModelUUID }
		return gen.JujuSecret(r.ns, name(kind), target.Model, append(modify, gen.Through(through.Name), byUUID)...)
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

// rule returns the parts of the message that must name the rule that denies a
// reference.
func (m *matrix) rule(r reference) []string {
	parts := []string{
		fmt.Sprintf("ClusterJujuController %q", m.controllers[r.controller].Name),
		fmt.Sprintf("namespace %q", r.ns), "spec.tenants",
	}
	switch {
	case !m.served(r):
		return parts
	case r.byUUID:
		return append(parts, fmt.Sprintf("model %q", r.in.UUID))
	}
	return append(parts, fmt.Sprintf("model %q", r.in.Name))
}

// allRequests counts the requests to each model and to both servers.
func (m *matrix) allRequests() map[string]map[string]int {
	m.Helper()
	counts := map[string]map[string]int{}
	for _, in := range append(slices.Clone(m.models), model{juju: shared.Juju}, model{juju: second()}) {
		counts[fmt.Sprintf("%s %s at %s", in.Name, in.UUID, in.juju.ControllerUUID)] = m.requests(in)
	}
	return counts
}

// This test is not parallel. It runs before the parallel tests, so that it can
// check that the servers get no request.
func TestTenantDenialComesBeforeJujuIsContacted(t *testing.T) {
	m := newMatrix(t)
	for _, row := range []struct {
		name   string
		served bool
		want   int
	}{
		{name: "no tenant", want: 24},
		// The list of models says whether an entry covers the model.
		{name: "a tenant of another model", served: true, want: 12},
	} {
		denied := map[int]reference{}
		for i, r := range m.references() {
			if !m.allowed(r) && m.served(r) == row.served {
				denied[i] = r
			}
		}
		if len(denied) != row.want {
			t.Fatalf("%s: %d references are denied, want %d", row.name, len(denied), row.want)
		}
		before := m.allRequests()
		m.expectDenied(denied)
		after := m.allRequests()
		if row.served {
			for _, counts := range []map[string]map[string]int{before, after} {
				for at := range counts {
					delete(counts[at], listModels)
				}
			}
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s: requests to Juju (-before +after):\n%s", row.name, diff)
		}
	}
	for _, in := range m.models {
		m.expectJuju(in, held(m.byHand[in.UUID], "by-hand", 1, "by hand"))
	}
}

// listModels is the request for the models of a controller.
const listModels = "ModelManager.ListModels"

// expectDenied creates objects of every kind for references, checks that they
// are denied, and deletes them.
func (m *matrix) expectDenied(denied map[int]reference) {
	m.Helper()
	objs := map[int][]client.Object{}
	for i, r := range denied {
		objs[i] = m.objects(i, r)
		m.Create(objs[i]...)
	}
	// A requested reconcile does not contact Juju either.
	m.LookNow(slices.Concat(slices.Collect(maps.Values(objs))...)...)
	for i, r := range denied {
		for _, obj := range objs[i] {
			m.AwaitReason(obj, v1alpha1.ReasonTenantDenied, m.rule(r)...)
			if n := len(obj.GetFinalizers()); n != 0 {
				m.Errorf("%s %s is denied, and has %d finalizers", r, obj.GetName(), n)
			}
		}
		m.deleteAll(objs[i]...)
	}
}

func TestTenantUsesOnlyItsModels(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	want := map[string][]servers.UserSecret{}
	for _, in := range m.models {
		byHand := held(m.byHand[in.UUID], "by-hand", 1, "by hand")
		want[in.UUID] = append(want[in.UUID], byHand)
	}
	objs := map[int][]client.Object{}
	for i, r := range m.references() {
		objs[i] = slices.Delete(m.objects(i, r), 3, 4) // Only one object could adopt the secret.
		if !m.allowed(r) {
			objs[i] = objs[i][:1] // The test above covers the other kinds.
		}
		if m.allowed(r) && m.hasModel(r) {
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
		case !m.hasModel(r):
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

// Juju must also allow what a tenant may use. The Juju user of this controller
// object may write in one model.
func TestTenantIsLimitedByJujuUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ns := f.namespace("tenant", nil)
	mine, hidden := f.model(shared.Juju, "mine"), f.model(shared.Juju, "hidden")
	user := f.user(shared.Juju, "narrow", map[model]string{mine: "write"})
	narrow := f.controller("narrow", shared.Juju, user, named(ns, "*"))
	id := f.add(hidden, "by-hand")
	through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: narrow.Name}

	writes := gen.JujuSecret(ns, "writes", mine.Name, gen.Through(narrow.Name))
	creates := gen.JujuSecret(ns, "creates", hidden.Name, gen.Through(narrow.Name))
	adopts := gen.JujuSecret(ns, "adopts", hidden.Name, gen.Through(narrow.Name), gen.Adopting, gen.Named("by-hand"))
	observes := gen.JujuSecret(ns, "observes", hidden.Name, gen.Through(narrow.Name), gen.Observed, gen.Named("by-hand"))
	grants := directAccess(ns, "grants", through, v1alpha1.UserSecretReference{ModelUUID: hidden.UUID, ID: id}, "app1")
	f.Create(writes, creates, adopts, observes, grants)
	f.AwaitReady(writes)
	for _, obj := range []client.Object{creates, adopts, observes} {
		f.AwaitReason(obj, v1alpha1.ReasonModelNotFound, hidden.Name, user.Username, "access")
	}
	f.AwaitReason(grants, v1alpha1.ReasonPermissionDenied, "juju grant "+user.Username+" write "+hidden.UUID)

	f.Must(shared.Juju.GrantModel(f.Ctx, hidden.Model, user.Username, "read"))
	f.LookNow(creates, adopts, observes, grants)
	for _, obj := range []client.Object{creates, adopts, grants} {
		f.AwaitReason(obj, v1alpha1.ReasonPermissionDenied, "Juju answered: ", "permission denied")
	}
	f.AwaitReady(observes) // Read access is sufficient.
	f.expectJuju(hidden, held(id, "by-hand", 1, "by hand"))
	f.expectJuju(mine, held(writes.Status.SecretID, "writes", 1, "value"))
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// intrusion is a fixture with a victim and an attacker. The attacker may change
// every object in its namespace. Both namespaces are tenants of one
// ClusterJujuController, each for its own model.
type intrusion struct {
	*fixture

	attacker, victim string
	// shared is the name of the ClusterJujuController.
	shared string
	// own is the attacker's model. theirs is the victim's model, on the same
	// server.
	own, theirs model
}

func newIntrusion(t *testing.T) *intrusion {
	t.Helper()
	f := newFixture(t)
	// The attacker's namespace sorts first, so its objects count as older.
	i := &intrusion{fixture: f, attacker: f.namespace("attacker", nil), victim: f.namespace("victim", nil)}
	i.own, i.theirs = f.model(shared.Juju, "own"), f.model(shared.Juju, "theirs")
	tenants := []v1alpha1.Tenant{named(i.attacker, i.own.Name), named(i.victim, i.theirs.Name)}
	i.shared = f.controller("shared", shared.Juju, shared.Juju.Operator, tenants...).Name
	return i
}

// through returns a reference to the ClusterJujuController.
func (i *intrusion) through() v1alpha1.ControllerReference {
	return v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: i.shared}
}

// granted is the victim's secret in Juju. It is granted to app1 and app2.
type granted struct {
	secret *v1alpha1.JujuSecret
	access *v1alpha1.JujuSecretAccess
}

func (i *intrusion) grantedSecret() granted {
	i.Helper()
	h := granted{
		secret: gen.JujuSecret(i.victim, "db-login", i.theirs.Name, gen.Through(i.shared)),
		access: gen.Access(i.victim, "db-login", "db-login", "app1", "app2"),
	}
	i.Create(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	return h
}

// expectUnaffected checks that the victim can still change its secret, revoke
// its grants and delete its objects.
func (i *intrusion) expectUnaffected(h granted, others ...servers.UserSecret) {
	i.Helper()
	i.Refresh(h.secret)
	revision := h.secret.Status.Revision + 1
	env.Change(i, h.secret, func(o *v1alpha1.JujuSecret) { o.Spec.Value = map[string]string{"key": "changed"} })
	env.Change(i, h.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2") })
	i.AwaitReady(h.secret, h.access)
	i.awaitJuju(i.theirs, append(others, held(h.secret.Status.SecretID, "db-login", revision, "changed", "app2"))...)
	i.deleteAll(h.access)
	i.awaitJuju(i.theirs, append(others, held(h.secret.Status.SecretID, "db-login", revision, "changed"))...)
	i.deleteAll(h.secret)
	i.awaitJuju(i.theirs, others...)
}

// expectSameAnswer checks that an answer to the attacker is the same before and
// after the victim has the objects.
func (i *intrusion) expectSameAnswer(ask func() string, objs ...client.Object) {
	i.Helper()
	without := ask()
	i.Create(objs...)
	for _, obj := range objs {
		switch obj.(type) {
		case *v1alpha1.JujuController, *v1alpha1.JujuSecret:
			i.AwaitReady(obj)
		}
	}
	if with := ask(); with != without {
		i.Errorf("the answer with the victim's %T %s differs:\n%s\nwithout it:\n%s",
			objs[0], objs[0].GetName(), with, without)
	}
}

func (i *intrusion) login(namespace, name string) client.Object {
	return gen.Secret(namespace, name, map[string]string{
		"username": shared.Juju.Operator.Username, "password": shared.Juju.Operator.Password,
		"client-id": "client", "client-secret": "secret", "ca.crt": shared.Juju.CACertificate,
	})
}

func TestJujuControllerCannotReferToAnotherNamespace(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	for name, modify := range map[string]func(*v1alpha1.JujuControllerSpec){
		"user-pass": func(spec *v1alpha1.JujuControllerSpec) {
			spec.Credentials.UserPass.SecretRef.Namespace = i.victim
		},
		"client": func(spec *v1alpha1.JujuControllerSpec) {
			spec.Credentials = v1alpha1.Credentials{ClientCredentials: &v1alpha1.ClientCredentials{
				SecretRef: v1alpha1.CredentialsSecretReference{Namespace: i.victim, Name: "client"},
			}}
		},
		"ca-secret": func(spec *v1alpha1.JujuControllerSpec) {
			spec.CACertificate = ""
			spec.CACertificateFrom = &v1alpha1.CertificateSource{
				SecretRef: &v1alpha1.KeyReference{Namespace: i.victim, Name: "ca-secret"},
			}
		},
		"ca-config": func(spec *v1alpha1.JujuControllerSpec) {
			spec.CACertificate = ""
			spec.CACertificateFrom = &v1alpha1.CertificateSource{
				ConfigMapRef: &v1alpha1.KeyReference{Namespace: i.victim, Name: "ca-config"},
			}
		},
	} {
		exists := i.login(i.victim, name)
		if name == "ca-config" {
			exists = gen.ConfigMap(i.victim, name, map[string]string{"ca.crt": shared.Juju.CACertificate})
		}
		i.expectSameAnswer(func() string {
			obj := gen.LocalController(i.attacker, name, shared.Juju.Addresses[0], shared.Juju.CACertificate)
			modify(&obj.Spec)
			err := i.Kube.Create(i.Ctx, obj)
			if err == nil || !strings.Contains(err.Error(), "its own namespace only") {
				i.Fatalf("%s: the creation returns %v", name, err)
			}
			return err.Error()
		}, exists)
	}
}

// The answer to a reference to another namespace is the same whether the object
// exists or not.
func TestTenantCannotProbeAnotherNamespace(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	for name, row := range map[string]struct {
		// obj returns the object that the attacker creates, once for each
		// answer. exists holds the objects that the victim may have.
		obj    func() client.Object
		exists []client.Object
		reason v1alpha1.Reason
		parts  []string
	}{
		"Secret as source": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.own.Name, gen.Through(i.shared), gen.FromSecret("their-secret"))
			},
			exists: []client.Object{i.login(i.victim, "their-secret")},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"Secret their-secret"},
		},
		"ConfigMap as source": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.own.Name, gen.Through(i.shared), gen.FromConfigMap("their-config"))
			},
			exists: []client.Object{gen.ConfigMap(i.victim, "their-config", map[string]string{"key": "value"})},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"ConfigMap their-config"},
		},
		"credentials": {
			obj: func() client.Object {
				obj := gen.LocalController(i.attacker, "probe", shared.Juju.Addresses[0], shared.Juju.CACertificate)
				obj.Spec.Credentials.UserPass.SecretRef.Name = "their-login"
				return obj
			},
			exists: []client.Object{i.login(i.victim, "their-login")},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"/their-login does not exist"},
		},
		"JujuController": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.theirs.Name, gen.Locally("local"))
			},
			exists: i.victimController("local"),
			reason: v1alpha1.ReasonControllerNotReady, parts: []string{`JujuController "local" does not exist`},
		},
		"JujuSecret": {
			obj:    func() client.Object { return gen.Access(i.attacker, "probe", "db-login", "app1") },
			exists: []client.Object{gen.JujuSecret(i.victim, "db-login", i.theirs.Name, gen.Through(i.shared))},
			reason: v1alpha1.ReasonJujuSecretNotReady, parts: []string{`JujuSecret "db-login" does not exist, or has no secret`},
		},
	} {
		i.Log(name)
		i.expectSameAnswer(func() string {
			obj := row.obj()
			i.Create(obj)
			message := i.AwaitReason(obj, row.reason, row.parts...)
			i.deleteAll(obj)
			return message
		}, row.exists...)
	}
}

// victimController returns a JujuController of the victim, with its
// credentials.
func (i *intrusion) victimController(name string) []client.Object {
	controller := gen.LocalController(i.victim, name, shared.Juju.Addresses[0], shared.Juju.CACertificate)
	return []client.Object{i.login(i.victim, name), controller}
}

// The operator keeps its record in metadata that other users can write. A
// forged record proves nothing. The secrets and grants that it names in the
// victim's model stay, and the deletion of the victim's JujuController still
// completes.
func TestForgedRecordReachesNoOtherTenant(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.grantedSecret()
	local := i.localController(i.victim, "local", shared.Juju, shared.Juju.Operator)
	id := h.secret.Status.SecretID
	stranger := i.add(i.theirs, "by-hand")
	i.Must(i.theirs.juju.Grant(i.Ctx, i.theirs.Model, stranger, "app3"))
	secretOf := func(name string, through ...func(*v1alpha1.JujuSecret)) client.Object {
		return gen.JujuSecret(i.attacker, name, i.theirs.Name, append(through, gen.Deleted, gen.Named("by-hand"))...)
	}
	accessOf := func(name, controller string) client.Object {
		through := v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: controller}
		return directAccess(i.attacker, name, through, v1alpha1.UserSecretReference{Model: i.theirs.Name, ID: id}, "app1")
	}
	grants := func(controller, model, id, app string) string {
		return fmt.Sprintf(`"grants":{"controller":%q,%s,"secretID":%q,"granted":[%q],"proof":"forged"}`,
			controller, model, id, app)
	}
	ownName := fmt.Sprintf(`"model":%q`, i.own.Name)
	byName, byUUID := fmt.Sprintf(`"model":%q`, i.theirs.Name), fmt.Sprintf(`"modelUUID":%q`, i.theirs.UUID)
	key := i.victim + "/local"
	creating := fmt.Sprintf(`"creating":{"name":"by-hand","id":%q,"proof":"forged","digests":["forged"]}`, stranger)
	adopting := fmt.Sprintf(`"adopting":%q`, stranger)

	var forged []client.Object
	for record, obj := range map[string]client.Object{
		grants(key, byName, id, "app1"):            accessOf("by-key", i.shared),
		grants(key, byUUID, id, "app1"):            accessOf("by-key-and-uuid", i.shared),
		grants(i.shared, byName, id, "app2"):       accessOf("by-name", i.shared),
		grants(i.shared, byUUID, stranger, "app3"): accessOf("by-uuid", i.shared),
		// The name is the attacker's own model, the UUID is the victim's.
		grants(i.shared, ownName+","+byUUID, stranger, "app3"): accessOf("by-name-and-uuid", i.shared),
		creating:                              secretOf("creating", gen.Through(i.shared)),
		adopting:                              secretOf("adopting", gen.Through(i.shared)),
		creating + `,"adopting":"` + id + `"`: secretOf("both", gen.Through(i.shared)),
	} {
		i.Create(obj)
		i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
		i.forgeRecord(obj, record)
		forged = append(forged, obj)
	}
	i.LookNow(forged...)
	// The forged objects still exist and have the finalizer.
	i.deleteAll(local, i.login(i.victim, "local"))
	i.deleteAll(forged...)
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	others := held(stranger, "by-hand", 1, "by hand", "app3")
	i.expectJuju(i.theirs, others, held(id, "db-login", 1, "value", "app1", "app2"))
	i.expectUnaffected(h, others)
}

// The operator compares the record of a creation with the model. For a denied
// model this would reveal its content, so the operator must not make a request.
func TestForgedRecordCausesNoRequestToDeniedModel(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	id := i.add(i.theirs, "by-hand")
	before := i.requests(i.theirs)
	obj := gen.JujuSecret(i.attacker, "forged", i.theirs.Name, gen.Through(i.shared), gen.Named("by-hand"))
	i.Create(obj)
	i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
	i.forgeRecord(obj, `"creating":{"name":"by-hand","digests":["forged"]}`)
	i.LookNow(obj)
	i.deleteAll(obj)
	if diff := cmp.Diff(before, i.requests(i.theirs)); diff != "" {
		t.Errorf("requests to the denied model (-before +after):\n%s", diff)
	}
	var events eventsv1.EventList
	i.Must(i.Kube.List(i.Ctx, &events, client.InNamespace(i.attacker)))
	for _, event := range events.Items {
		if strings.Contains(event.Note, id) {
			t.Errorf("an event reveals a secret in the denied model: %s", event.Note)
		}
	}
}

// A forged status claims a foreign secret. It proves nothing in a model that
// the namespace may not use, even with the proof copied from the victim's
// status.
func TestForgedStatusRemovesNothingInDeniedModel(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.grantedSecret()
	stranger := i.add(i.theirs, "by-hand")
	forged := map[string]*v1alpha1.JujuSecret{}
	var granting []client.Object
	for what, id := range map[string]string{"theirs": h.secret.Status.SecretID, "strangers": stranger} {
		for kind, proof := range map[string]string{
			"bare": "", "forged": "forged", "copied": h.secret.Status.OwnershipProof,
		} {
			for ref, modify := range map[string]func(*v1alpha1.JujuSecret){
				"name": func(*v1alpha1.JujuSecret) {},
				"uuid": func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", i.theirs.UUID },
			} {
				name := strings.Join([]string{what, kind, ref}, "-")
				obj := gen.JujuSecret(i.attacker, name, i.theirs.Name, gen.Through(i.shared), gen.Deleted, modify)
				i.Create(obj)
				i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
				env.ChangeStatus(i, obj, func(o *v1alpha1.JujuSecret) {
					o.Status.Managed, o.Status.SecretID, o.Status.ModelUUID = true, id, i.theirs.UUID
					o.Status.OwnershipProof = proof
				})
				env.Change(i, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers = []string{"jujusecrets.io/finalizer"} })
				forged[name] = obj
				access := gen.Access(i.attacker, name, name, "app3")
				i.Create(access)
				granting = append(granting, access)
			}
		}
	}
	for _, access := range granting { // Only the forged status names the secret.
		i.AwaitReason(access, v1alpha1.ReasonTenantDenied, i.attacker)
	}
	i.deleteAll(granting...)
	for _, obj := range forged {
		i.deleteAll(obj)
	}
	others := held(stranger, "by-hand", 1, "by hand")
	i.expectJuju(i.theirs, others, held(h.secret.Status.SecretID, "db-login", 1, "value", "app1", "app2"))
	i.expectUnaffected(h, others)
}

// synced returns the conditions of an object in sync.
func synced(obj client.Object) []metav1.Condition {
	return []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSynced),
		ObservedGeneration: obj.GetGeneration(), LastTransitionTime: metav1.Now(),
	}}
}

// Among objects of one secret the oldest object is the owner, and wanted grants
// are kept. Neither rule applies to a claim to a secret in a model that the
// namespace may not use, whatever the claim consists of.
func TestForgedClaimCausesNoConflict(t *testing.T) {
	t.Parallel()
	claims := func(i *intrusion, h granted) func(*v1alpha1.JujuSecret) {
		return func(o *v1alpha1.JujuSecret) {
			o.Status.Managed, o.Status.SecretID, o.Status.URI = true, h.secret.Status.SecretID, h.secret.Status.URI
			o.Status.ModelUUID, o.Status.OwnershipProof = i.theirs.UUID, h.secret.Status.OwnershipProof
			o.Status.Conditions = synced(o)
		}
	}
	// Each attack creates its objects before the victim, so that they are
	// older, and forges them afterwards.
	for name, prepare := range map[string]func(i *intrusion) (forge func(h granted)){
		"JujuSecret in the denied model": func(i *intrusion) func(granted) {
			obj := i.secret(i.theirs)
			i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			return func(h granted) { env.ChangeStatus(i, obj, claims(i, h)) }
		},
		"JujuSecret in an allowed model": func(i *intrusion) func(granted) {
			obj := i.secret(i.own)
			i.AwaitReady(obj)
			return func(h granted) { env.ChangeStatus(i, obj, claims(i, h)) }
		},
		"JujuSecret with a status signed by the operator": func(i *intrusion) func(granted) {
			obj := i.secret(i.own, gen.FromSecret("missing"))
			i.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
			return func(h granted) {
				env.ChangeStatus(i, obj, claims(i, h))
				i.LookNow(obj)
				env.ChangeStatus(i, obj, func(o *v1alpha1.JujuSecret) { o.Status.ModelUUID = i.theirs.UUID })
			}
		},
		"JujuSecretAccess in the denied model": func(i *intrusion) func(granted) {
			obj := i.access(i.theirs)
			i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			return func(h granted) { i.forgeGrants(obj, h) }
		},
		"JujuSecretAccess in an allowed model": func(i *intrusion) func(granted) {
			obj := i.access(i.own)
			i.AwaitReason(obj, v1alpha1.ReasonSecretNotFound)
			return func(h granted) { i.forgeGrants(obj, h) }
		},
		"JujuSecretAccess to a forged JujuSecret": func(i *intrusion) func(granted) {
			obj, access := i.secret(i.own), gen.Access(i.attacker, "db-login", "db-login", "app1", "app2")
			i.Create(access)
			i.AwaitReady(obj, access)
			return func(h granted) {
				env.ChangeStatus(i, obj, claims(i, h))
				i.forgeGrants(access, h)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIntrusion(t)
			forge := prepare(i)
			h := i.grantedSecret()
			forge(h)
			i.LookNow(h.secret, h.access)
			forge(h) // The operator may have corrected the forgery.
			i.expectUnaffected(h)
		})
	}
}

// secret creates an older JujuSecret with the name of the victim's JujuSecret.
func (i *intrusion) secret(in model, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	i.Helper()
	obj := gen.JujuSecret(i.attacker, "db-login", in.Name, append(modify, gen.Through(i.shared))...)
	i.Create(obj)
	return obj
}

// access creates a JujuSecretAccess to the name of the victim's secret.
func (i *intrusion) access(in model) *v1alpha1.JujuSecretAccess {
	i.Helper()
	secret := v1alpha1.UserSecretReference{Model: in.Name, Name: "db-login"}
	obj := directAccess(i.attacker, "db-login", i.through(), secret, "app1", "app2")
	i.Create(obj)
	return obj
}

// forgeGrants makes an access look as if it had made the grants of the victim's
// secret.
func (i *intrusion) forgeGrants(obj *v1alpha1.JujuSecretAccess, h granted) {
	i.Helper()
	env.ChangeStatus(i, obj, func(o *v1alpha1.JujuSecretAccess) {
		o.Status = *h.access.Status.DeepCopy()
		o.Status.Conditions = synced(o)
	})
	i.forgeRecord(obj, fmt.Sprintf(
		`"grants":{"controller":%q,"model":%q,"secretID":%q,"granted":["app1","app2"],"proof":"forged"}`,
		i.shared, i.theirs.Name, h.secret.Status.SecretID))
}

// The victim can use or adopt a name although objects without access to the
// model claim it.
func TestDeniedTenantCannotReserveName(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	orphan := i.add(i.theirs, "orphan")
	for _, name := range []string{"db-login", "orphan"} {
		denied := gen.JujuSecret(i.attacker, "denied-"+name, i.theirs.Name,
			gen.Through(i.shared), gen.Named(name), gen.Adopting)
		elsewhere := gen.JujuSecret(i.attacker, "elsewhere-"+name, i.own.Name,
			gen.Through(i.shared), gen.Named(name), gen.Adopting)
		i.Create(denied, elsewhere)
		i.AwaitReason(denied, v1alpha1.ReasonTenantDenied)
		i.AwaitReady(elsewhere)
		for _, obj := range []*v1alpha1.JujuSecret{denied, elsewhere} {
			env.ChangeStatus(i, obj, func(o *v1alpha1.JujuSecret) {
				o.Status = v1alpha1.JujuSecretStatus{ModelUUID: i.theirs.UUID, Conditions: synced(o)}
			})
		}
	}
	adopts := gen.JujuSecret(i.victim, "adopts", i.theirs.Name,
		gen.Through(i.shared), gen.Named("orphan"), gen.Adopting)
	i.Create(adopts)
	i.AwaitReady(adopts)
	i.expectUnaffected(i.grantedSecret(), held(orphan, "orphan", 2, "value"))
}

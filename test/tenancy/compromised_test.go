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
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// intrusion is a scene with a victim, and a namespace in which an attacker may do everything with any object. Both are tenants
// of one ClusterJujuController, each for a model of its own.
type intrusion struct {
	*scene

	attacker, victim string
	// shared is the name of the ClusterJujuController.
	shared string
	// own is the attacker's model, theirs the victim's, on the same server.
	own, theirs model
}

func newIntrusion(t *testing.T) *intrusion {
	t.Helper()
	s := newScene(t)
	i := &intrusion{scene: s, attacker: s.namespace("attacker", nil), victim: s.namespace("victim", nil)} // The attacker's is older.
	i.own, i.theirs = s.model(town.one, "own"), s.model(town.one, "theirs")
	i.shared = s.controller("shared", town.one, town.one.Operator, named(i.attacker, i.own.Name), named(i.victim, i.theirs.Name)).Name
	return i
}

// through is a reference to the ClusterJujuController.
func (i *intrusion) through() v1alpha1.ControllerReference {
	return v1alpha1.ControllerReference{Kind: v1alpha1.KindClusterJujuController, Name: i.shared}
}

// household is what the victim has in Juju: a secret that is granted to app1 and app2.
type household struct {
	secret *v1alpha1.JujuSecret
	access *v1alpha1.JujuSecretAccess
}

func (i *intrusion) household() household {
	i.Helper()
	h := household{
		secret: gen.JujuSecret(i.victim, "db-login", i.theirs.Name, gen.Through(i.shared)),
		access: gen.Access(i.victim, "db-login", "db-login", "app1", "app2"),
	}
	i.Create(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	return h
}

// goesOn checks that nobody is in the victim's way: its secret is changed, its grants are revoked and its objects go.
func (i *intrusion) goesOn(h household, beside ...servers.UserSecret) {
	i.Helper()
	i.Refresh(h.secret)
	revision := h.secret.Status.Revision + 1
	stage.Change(i.scene, h.secret, func(o *v1alpha1.JujuSecret) { o.Spec.Value = map[string]string{"key": "changed"} })
	stage.Change(i.scene, h.access, func(o *v1alpha1.JujuSecretAccess) { o.Spec.Applications = gen.Applications("app2") })
	i.AwaitReady(h.secret, h.access)
	i.awaitJuju(i.theirs, append(beside, held(h.secret.Status.SecretID, "db-login", revision, "changed", "app2"))...)
	i.deleteAll(h.access)
	i.awaitJuju(i.theirs, append(beside, held(h.secret.Status.SecretID, "db-login", revision, "changed"))...)
	i.deleteAll(h.secret)
	i.awaitJuju(i.theirs, beside...)
}

// whetherThereOrNot checks that an answer is the same before and after the victim has something.
func (i *intrusion) whetherThereOrNot(ask func() string, there ...client.Object) {
	i.Helper()
	without := ask()
	i.Create(there...)
	for _, obj := range there {
		switch obj.(type) {
		case *v1alpha1.JujuController, *v1alpha1.JujuSecret:
			i.AwaitReady(obj)
		}
	}
	if with := ask(); with != without {
		i.Errorf("the answer tells that the victim has %T %s:\n%s\nand otherwise:\n%s", there[0], there[0].GetName(), with, without)
	}
}

func (i *intrusion) login(namespace, name string) client.Object {
	return gen.Secret(namespace, name, map[string]string{
		"username": town.one.Operator.Username, "password": town.one.Operator.Password,
		"client-id": "client", "client-secret": "secret", "ca.crt": town.one.CACertificate,
	})
}

func TestAJujuControllerCannotNameWhatIsInAnotherNamespace(t *testing.T) {
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
			spec.CACertificateFrom = &v1alpha1.CertificateSource{SecretRef: &v1alpha1.KeyReference{Namespace: i.victim, Name: "ca-secret"}}
		},
		"ca-config": func(spec *v1alpha1.JujuControllerSpec) {
			spec.CACertificate = ""
			spec.CACertificateFrom = &v1alpha1.CertificateSource{ConfigMapRef: &v1alpha1.KeyReference{Namespace: i.victim, Name: "ca-config"}}
		},
	} {
		there := i.login(i.victim, name)
		if name == "ca-config" {
			there = gen.ConfigMap(i.victim, name, map[string]string{"ca.crt": town.one.CACertificate})
		}
		i.whetherThereOrNot(func() string {
			obj := gen.LocalController(i.attacker, name, town.one.Addresses[0], town.one.CACertificate)
			modify(&obj.Spec)
			err := i.Kube.Create(i.Ctx, obj)
			if err == nil || !strings.Contains(err.Error(), "its own namespace only") {
				i.Fatalf("%s: creating it ends in %v", name, err)
			}
			return err.Error()
		}, there)
	}
}

// Whoever names something of another namespace, in whatever way, learns the same whether it exists or not.
func TestNobodyLearnsWhatAnotherNamespaceHas(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	for name, row := range map[string]struct {
		// obj is what the attacker makes, once for each answer; there what the victim may have.
		obj    func() client.Object
		there  []client.Object
		reason v1alpha1.Reason
		parts  []string
	}{
		"a source": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.own.Name, gen.Through(i.shared), gen.FromSecret("their-secret"))
			},
			there:  []client.Object{i.login(i.victim, "their-secret")},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"Secret their-secret"},
		},
		"a source that is a ConfigMap": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.own.Name, gen.Through(i.shared), gen.FromConfigMap("their-config"))
			},
			there:  []client.Object{gen.ConfigMap(i.victim, "their-config", map[string]string{"key": "value"})},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"ConfigMap their-config"},
		},
		"credentials": {
			obj: func() client.Object {
				obj := gen.LocalController(i.attacker, "probe", town.one.Addresses[0], town.one.CACertificate)
				obj.Spec.Credentials.UserPass.SecretRef.Name = "their-login"
				return obj
			},
			there:  []client.Object{i.login(i.victim, "their-login")},
			reason: v1alpha1.ReasonSourceNotFound, parts: []string{"/their-login does not exist"},
		},
		"a JujuController": {
			obj: func() client.Object {
				return gen.JujuSecret(i.attacker, "probe", i.theirs.Name, gen.Locally("local"))
			},
			there:  i.localThere("local"),
			reason: v1alpha1.ReasonControllerNotReady, parts: []string{`JujuController "local" does not exist`},
		},
		"a JujuSecret": {
			obj:    func() client.Object { return gen.Access(i.attacker, "probe", "db-login", "app1") },
			there:  []client.Object{gen.JujuSecret(i.victim, "db-login", i.theirs.Name, gen.Through(i.shared))},
			reason: v1alpha1.ReasonJujuSecretNotReady, parts: []string{`JujuSecret "db-login" does not exist, or has no secret`},
		},
	} {
		i.Log(name)
		i.whetherThereOrNot(func() string {
			obj := row.obj()
			i.Create(obj)
			message := i.AwaitReason(obj, row.reason, row.parts...)
			i.deleteAll(obj)
			return message
		}, row.there...)
	}
}

// localThere is a JujuController of the victim's, with its credentials.
func (i *intrusion) localThere(name string) []client.Object {
	return []client.Object{i.login(i.victim, name), gen.LocalController(i.victim, name, town.one.Addresses[0], town.one.CACertificate)}
}

// What the operator notes in an object's metadata can be written by others, and then says nothing: what it names in a model that
// is not the attacker's stays, and the victim's JujuController goes when the victim says so.
func TestAForgedRecordReachesNothingOfAnotherNamespace(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.household()
	local := i.localController(i.victim, "local", town.one, town.one.Operator)
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
		return fmt.Sprintf(`"grants":{"controller":%q,%s,"secretID":%q,"granted":[%q],"proof":"forged"}`, controller, model, id, app)
	}
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
		// By the name the model is the attacker's own, by the UUID it is the victim's.
		grants(i.shared, fmt.Sprintf(`"model":%q,%s`, i.own.Name, byUUID), stranger, "app3"): accessOf("by-name-and-uuid", i.shared),
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
	// While the forged objects are there, with the finalizer.
	i.deleteAll(local, i.login(i.victim, "local"))
	i.deleteAll(forged...)
	i.LookNow(h.secret, h.access)
	i.AwaitReady(h.secret, h.access)
	beside := held(stranger, "by-hand", 1, "by hand", "app3")
	i.expectJuju(i.theirs, beside, held(id, "db-login", 1, "value", "app1", "app2"))
	i.goesOn(h, beside)
}

// A record of a creation is compared with what the model has: that, too, would tell of a model that is not granted.
func TestAForgedRecordHasNoModelLookedAt(t *testing.T) {
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
		t.Errorf("the model was looked at (-before +after):\n%s", diff)
	}
	var told eventsv1.EventList
	i.Must(i.Kube.List(i.Ctx, &told, client.InNamespace(i.attacker)))
	for _, event := range told.Items {
		if strings.Contains(event.Note, id) {
			t.Errorf("an event tells of a secret in the model: %s", event.Note)
		}
	}
}

// A status that says that somebody else's secret is the object's own proves nothing where the namespace is no tenant of the
// model, not even with the proof out of the victim's own status.
func TestAForgedStatusRemovesNothingInADeniedModel(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	h := i.household()
	stranger := i.add(i.theirs, "by-hand")
	forged := map[string]*v1alpha1.JujuSecret{}
	var granting []client.Object
	for what, id := range map[string]string{"theirs": h.secret.Status.SecretID, "strangers": stranger} {
		for kind, proof := range map[string]string{"bare": "", "forged": "forged", "copied": h.secret.Status.OwnershipProof} {
			for ref, modify := range map[string]func(*v1alpha1.JujuSecret){
				"name": func(*v1alpha1.JujuSecret) {},
				"uuid": func(s *v1alpha1.JujuSecret) { s.Spec.Model, s.Spec.ModelUUID = "", i.theirs.UUID },
			} {
				name := strings.Join([]string{what, kind, ref}, "-")
				obj := gen.JujuSecret(i.attacker, name, i.theirs.Name, gen.Through(i.shared), gen.Deleted, modify)
				i.Create(obj)
				i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
				forge(i.scene, obj, func(o *v1alpha1.JujuSecret) {
					o.Status.Managed, o.Status.SecretID, o.Status.ModelUUID = true, id, i.theirs.UUID
					o.Status.OwnershipProof = proof
				})
				stage.Change(i.scene, obj, func(o *v1alpha1.JujuSecret) { o.Finalizers = []string{"jujusecrets.io/finalizer"} })
				forged[name] = obj
				access := gen.Access(i.attacker, name, name, "app3")
				i.Create(access)
				granting = append(granting, access)
			}
		}
	}
	for _, access := range granting { // Of a secret that its status alone names.
		i.AwaitReason(access, v1alpha1.ReasonTenantDenied, i.attacker)
	}
	i.deleteAll(granting...)
	for _, obj := range forged {
		i.deleteAll(obj)
	}
	beside := held(stranger, "by-hand", 1, "by hand")
	i.expectJuju(i.theirs, beside, held(h.secret.Status.SecretID, "db-login", 1, "value", "app1", "app2"))
	i.goesOn(h, beside)
}

// synced is the status of an object with which all is well.
func synced(obj client.Object) []metav1.Condition {
	return []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSynced),
		ObservedGeneration: obj.GetGeneration(), LastTransitionTime: metav1.Now(),
	}}
}

// Between objects of one secret the older one counts, and what others want granted stays. None of that is so for who claims, in
// whatever it can write, a secret of a model that it may not use.
func TestAForgedClaimToAnothersSecretCountsForNothing(t *testing.T) {
	t.Parallel()
	claims := func(i *intrusion, h household) func(*v1alpha1.JujuSecret) {
		return func(o *v1alpha1.JujuSecret) {
			o.Status.Managed, o.Status.SecretID, o.Status.URI = true, h.secret.Status.SecretID, h.secret.Status.URI
			o.Status.ModelUUID, o.Status.OwnershipProof = i.theirs.UUID, h.secret.Status.OwnershipProof
			o.Status.Conditions = synced(o)
		}
	}
	// Each attack makes its objects before the victim does, so that they are older, and strikes afterwards.
	for name, prepare := range map[string]func(i *intrusion) (strike func(h household)){
		"a JujuSecret of the same model": func(i *intrusion) func(household) {
			obj := i.secret(i.theirs)
			i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			return func(h household) { forge(i.scene, obj, claims(i, h)) }
		},
		"a JujuSecret of a model that it may use": func(i *intrusion) func(household) {
			obj := i.secret(i.own)
			i.AwaitReady(obj)
			return func(h household) { forge(i.scene, obj, claims(i, h)) }
		},
		"a JujuSecret that the operator attests": func(i *intrusion) func(household) {
			obj := i.secret(i.own, gen.FromSecret("missing"))
			i.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
			return func(h household) {
				forge(i.scene, obj, claims(i, h))
				i.LookNow(obj)
				forge(i.scene, obj, func(o *v1alpha1.JujuSecret) { o.Status.ModelUUID = i.theirs.UUID })
			}
		},
		"a JujuSecretAccess of the same model": func(i *intrusion) func(household) {
			obj := i.access(i.theirs)
			i.AwaitReason(obj, v1alpha1.ReasonTenantDenied)
			return func(h household) { i.forgeGrants(obj, h) }
		},
		"a JujuSecretAccess of a model that it may use": func(i *intrusion) func(household) {
			obj := i.access(i.own)
			i.AwaitReason(obj, v1alpha1.ReasonSecretNotFound)
			return func(h household) { i.forgeGrants(obj, h) }
		},
		"a JujuSecretAccess of a forged JujuSecret": func(i *intrusion) func(household) {
			obj, access := i.secret(i.own), gen.Access(i.attacker, "db-login", "db-login", "app1", "app2")
			i.Create(access)
			i.AwaitReady(obj, access)
			return func(h household) {
				forge(i.scene, obj, claims(i, h))
				i.forgeGrants(access, h)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIntrusion(t)
			strike := prepare(i)
			h := i.household()
			strike(h)
			i.LookNow(h.secret, h.access)
			strike(h) // As often as the operator mends what was forged.
			i.goesOn(h)
		})
	}
}

// secret makes an older JujuSecret of the name that the victim's will have.
func (i *intrusion) secret(in model, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	i.Helper()
	obj := gen.JujuSecret(i.attacker, "db-login", in.Name, append(modify, gen.Through(i.shared))...)
	i.Create(obj)
	return obj
}

// access makes a JujuSecretAccess of the name that the victim's secret will have.
func (i *intrusion) access(in model) *v1alpha1.JujuSecretAccess {
	i.Helper()
	obj := directAccess(i.attacker, "db-login", i.through(), v1alpha1.UserSecretReference{Model: in.Name, Name: "db-login"}, "app1", "app2")
	i.Create(obj)
	return obj
}

// forgeGrants makes an access look as if it had granted the victim's secret.
func (i *intrusion) forgeGrants(obj *v1alpha1.JujuSecretAccess, h household) {
	i.Helper()
	forge(i.scene, obj, func(o *v1alpha1.JujuSecretAccess) {
		o.Status = *h.access.Status.DeepCopy()
		o.Status.Conditions = synced(o)
	})
	i.forgeRecord(obj, fmt.Sprintf(
		`"grants":{"controller":%q,"model":%q,"secretID":%q,"granted":["app1","app2"],"proof":"forged"}`,
		i.shared, i.theirs.Name, h.secret.Status.SecretID))
}

// A name that the victim is about to use, or to adopt, is not lost to who only says that it asks for it in that model.
func TestANameIsNotLostToWhoMayNotUseTheModel(t *testing.T) {
	t.Parallel()
	i := newIntrusion(t)
	orphan := i.add(i.theirs, "orphan")
	for _, name := range []string{"db-login", "orphan"} {
		denied := gen.JujuSecret(i.attacker, "denied-"+name, i.theirs.Name, gen.Through(i.shared), gen.Named(name), gen.Adopting)
		elsewhere := gen.JujuSecret(i.attacker, "elsewhere-"+name, i.own.Name, gen.Through(i.shared), gen.Named(name), gen.Adopting)
		i.Create(denied, elsewhere)
		i.AwaitReason(denied, v1alpha1.ReasonTenantDenied)
		i.AwaitReady(elsewhere)
		for _, obj := range []*v1alpha1.JujuSecret{denied, elsewhere} {
			forge(i.scene, obj, func(o *v1alpha1.JujuSecret) {
				o.Status = v1alpha1.JujuSecretStatus{ModelUUID: i.theirs.UUID, Conditions: synced(o)}
			})
		}
	}
	adopts := gen.JujuSecret(i.victim, "adopts", i.theirs.Name, gen.Through(i.shared), gen.Named("orphan"), gen.Adopting)
	i.Create(adopts)
	i.AwaitReady(adopts)
	i.goesOn(i.household(), held(orphan, "orphan", 2, "value"))
}

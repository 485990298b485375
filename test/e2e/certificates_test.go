// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
	"github.com/juju-secrets/operator/test/wire"
)

// aStranger is a certificate that the Juju server has nothing to do with.
func aStranger() string { return string(stack.Kubernetes.Config.CAData) }

// certificateIn makes an object with the Juju server's certificate under a key that nobody asks for, and what sets that under a
// key.
type certificateIn func(ns, key string) (obj client.Object, set func(certificate string))

const anotherKey = "not-asked-for"

func inSecret(ns, key string) (client.Object, func(string)) {
	secret := gen.Secret(ns, "ca", map[string]string{anotherKey: stack.Juju.CACertificate})
	return secret, func(certificate string) { secret.Data[key] = []byte(certificate) }
}

func inConfigMap(ns, key string) (client.Object, func(string)) {
	configMap := gen.ConfigMap(ns, "ca", map[string]string{anotherKey: stack.Juju.CACertificate})
	return configMap, func(certificate string) { configMap.Data[key] = certificate }
}

func fromSecret(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource {
	return &v1alpha1.CertificateSource{SecretRef: ref}
}

func fromConfigMap(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource {
	return &v1alpha1.CertificateSource{ConfigMapRef: ref}
}

func TestACACertificateIsReadWhereItIsAndFollowed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in     certificateIn
		from   func(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource
		object string
		key    string
		local  bool
	}{
		"a Secret":                    {in: inSecret, from: fromSecret, object: "Secret "},
		"a Secret, under another key": {in: inSecret, from: fromSecret, object: "Secret ", key: "authority.pem"},
		"a Secret of the namespace":   {in: inSecret, from: fromSecret, object: "Secret ", local: true},
		"a ConfigMap":                 {in: inConfigMap, from: fromConfigMap, object: "ConfigMap "},
		"a ConfigMap of the namespace, under another key": {in: inConfigMap, from: fromConfigMap, object: "ConfigMap ", key: "authority.pem", local: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			ref := &v1alpha1.KeyReference{Namespace: s.ns, Name: "ca", Key: row.key}
			controller, through := s.connectTo(s.juju.Addresses[0], row.local, func(spec *v1alpha1.JujuControllerSpec) {
				if row.local {
					ref.Namespace = ""
				}
				spec.CACertificateFrom = row.from(ref)
			})
			secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, through)
			s.Create(secret)
			key := cmp.Or(row.key, "ca.crt")
			s.AwaitReason(controller, v1alpha1.ReasonSourceNotFound, row.object+s.ns+"/ca", "spec.caCertificateFrom", key,
				"put the controller's CA certificate there")
			s.AwaitReason(secret, v1alpha1.ReasonControllerNotReady)

			obj, set := row.in(s.ns, key)
			s.Create(obj)
			stage.Change(s, obj, func(client.Object) { set(aStranger()) })
			s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "spec.caCertificateFrom", "juju show-controller")
			s.AwaitReason(secret, v1alpha1.ReasonCertificateMismatch)
			stage.Change(s, obj, func(client.Object) { set(s.juju.CACertificate) })
			s.AwaitReady(controller, secret)
			stage.Change(s, obj, func(client.Object) { set("no certificate") })
			s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "PEM")
			stage.Change(s, obj, func(client.Object) { set(s.juju.CACertificate) })
			s.AwaitReady(controller, secret)
		})
	}
}

// connectTo makes a controller object without a CA certificate, for the cluster or for the scene's namespace, and what makes a
// JujuSecret go through it.
func (s *scene) connectTo(address string, local bool, modify func(*v1alpha1.JujuControllerSpec)) (v1alpha1.ControllerObject, func(*v1alpha1.JujuSecret)) {
	s.Helper()
	name := "ca-" + s.ns
	if local {
		controller := gen.LocalController(s.ns, name, address, "", func(c *v1alpha1.JujuController) { modify(&c.Spec) })
		s.Create(controller, gen.Secret(s.ns, name, map[string]string{
			"username": s.juju.Operator.Username, "password": s.juju.Operator.Password,
		}))
		return controller, gen.Locally(name)
	}
	controller := gen.Controller(name, address, "", func(c *v1alpha1.ClusterJujuController) { modify(&c.Spec.JujuControllerSpec) })
	s.createController(controller, s.juju.Operator.Password)
	return controller, gen.Through(name)
}

// byName is the address of a proxy by the host name that its certificate is for.
func byName(proxy *wire.Proxy) string {
	return strings.Replace(proxy.Address, "127.0.0.1", "localhost", 1)
}

func TestTheSystemsAuthoritiesDoWithoutACACertificate(t *testing.T) {
	t.Parallel()
	proxy := startProxy(t)
	bundle := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(bundle, []byte(proxy.CACertificate), 0o600); err != nil {
		t.Fatal(err)
	}
	o := startOperator(t, "SSL_CERT_FILE="+bundle)
	s := newScene(t)
	controller := gen.Controller("public-"+s.ns, byName(proxy), "", o.serves)
	s.createController(controller, s.juju.Operator.Password)
	secret := gen.JujuSecret(s.ns, "db-login", s.model.Name, gen.Through(controller.Name))
	s.Create(secret)
	s.AwaitReady(controller, secret)
	// They do not stand in for a certificate that is named.
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = aStranger() })
	s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "does not match the CA certificate")
	stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "" })
	s.AwaitReady(controller, secret)

	// By an address that the certificate is not for, and an authority that the system does not know.
	other := gen.Controller("private-"+s.ns, s.juju.Addresses[0], "", o.serves)
	s.createController(other, s.juju.Operator.Password)
	s.AwaitReason(other, v1alpha1.ReasonCertificateMismatch, "set spec.caCertificate", "juju show-controller")
	stage.Change(s, other, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = s.juju.CACertificate })
	s.AwaitReady(other)
}

func TestAnAuthorityThatTheSystemDoesNotKnowIsTold(t *testing.T) {
	t.Parallel()
	s, proxy := newProxiedScene(t)
	for name, address := range map[string]string{"by-name": byName(proxy), "by-address": proxy.Address} {
		controller := gen.Controller(name+"-"+s.ns, address, "")
		s.createController(controller, s.juju.Operator.Password)
		s.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "set spec.caCertificate", "juju show-controller")
		stage.Change(s, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = proxy.CACertificate })
		s.AwaitReady(controller)
	}
}

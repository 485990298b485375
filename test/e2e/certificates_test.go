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
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/wire"
)

// wrongCertificate returns a CA certificate that did not sign the Juju server's
// certificate.
func wrongCertificate() string { return string(shared.Kubernetes.Config.CAData) }

// certificateIn returns an object with the Juju server's CA certificate under
// otherKey. set writes a certificate under the key that the test uses.
type certificateIn func(ns, key string) (obj client.Object, set func(certificate string))

const otherKey = "other-key"

func inSecret(ns, key string) (client.Object, func(string)) {
	secret := gen.Secret(ns, "ca", map[string]string{otherKey: shared.Juju.CACertificate})
	return secret, func(certificate string) { secret.Data[key] = []byte(certificate) }
}

func inConfigMap(ns, key string) (client.Object, func(string)) {
	configMap := gen.ConfigMap(ns, "ca", map[string]string{otherKey: shared.Juju.CACertificate})
	return configMap, func(certificate string) { configMap.Data[key] = certificate }
}

func fromSecret(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource {
	return &v1alpha1.CertificateSource{SecretRef: ref}
}

func fromConfigMap(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource {
	return &v1alpha1.CertificateSource{ConfigMapRef: ref}
}

func TestCertificateSourceIsFollowed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		in     certificateIn
		from   func(ref *v1alpha1.KeyReference) *v1alpha1.CertificateSource
		object string
		key    string
		local  bool
	}{
		"cluster, Secret":            {in: inSecret, from: fromSecret, object: "Secret "},
		"cluster, Secret, other key": {in: inSecret, from: fromSecret, object: "Secret ", key: "authority.pem"},
		"namespace, Secret":          {in: inSecret, from: fromSecret, object: "Secret ", local: true},
		"cluster, ConfigMap":         {in: inConfigMap, from: fromConfigMap, object: "ConfigMap "},
		"namespace, ConfigMap, other key": {
			in: inConfigMap, from: fromConfigMap, object: "ConfigMap ", key: "authority.pem", local: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ref := &v1alpha1.KeyReference{Namespace: f.Namespace, Name: "ca", Key: row.key}
			controller, through := f.connectTo(f.Juju.Addresses[0], row.local, func(spec *v1alpha1.JujuControllerSpec) {
				if row.local {
					ref.Namespace = ""
				}
				spec.CACertificateFrom = row.from(ref)
			})
			secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, through)
			f.Create(secret)
			key := cmp.Or(row.key, "ca.crt")
			f.AwaitReason(controller, v1alpha1.ReasonSourceNotFound,
				row.object+f.Namespace+"/ca", "spec.caCertificateFrom", key, "add the controller's CA certificate there")
			f.AwaitReason(secret, v1alpha1.ReasonControllerNotReady)

			obj, set := row.in(f.Namespace, key)
			f.Create(obj)
			env.Change(f, obj, func(client.Object) { set(wrongCertificate()) })
			f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "spec.caCertificateFrom", "juju show-controller")
			f.AwaitReason(secret, v1alpha1.ReasonCertificateMismatch)
			env.Change(f, obj, func(client.Object) { set(f.Juju.CACertificate) })
			f.AwaitReady(controller, secret)
			env.Change(f, obj, func(client.Object) { set("no certificate") })
			f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "PEM")
			env.Change(f, obj, func(client.Object) { set(f.Juju.CACertificate) })
			f.AwaitReady(controller, secret)
		})
	}
}

// connectTo creates a controller object without a CA certificate. It is a
// JujuController in the fixture's namespace if local is true, and otherwise a
// ClusterJujuController. connectTo also returns the modifier for a JujuSecret
// that refers to it.
func (f *fixture) connectTo(
	address string, local bool, modify func(*v1alpha1.JujuControllerSpec),
) (v1alpha1.ControllerObject, func(*v1alpha1.JujuSecret)) {
	f.Helper()
	name := "ca-" + f.Namespace
	if local {
		controller := gen.LocalController(f.Namespace, name, address, "", func(c *v1alpha1.JujuController) {
			modify(&c.Spec)
		})
		f.Create(controller, gen.Login(f.Namespace, name, f.Juju.Operator.Username, f.Juju.Operator.Password))
		return controller, gen.Locally(name)
	}
	controller := gen.Controller(name, address, "", func(c *v1alpha1.ClusterJujuController) {
		modify(&c.Spec.JujuControllerSpec)
	})
	f.createController(controller, f.Juju.Operator.Password)
	return controller, gen.Through(name)
}

// byName returns a proxy's address with the host name in its certificate.
func byName(proxy *wire.Proxy) string {
	return strings.Replace(proxy.Address, "127.0.0.1", "localhost", 1)
}

func TestSystemAuthoritiesVerifyWithoutCACertificate(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	bundle := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(bundle, []byte(proxy.CACertificate), 0o600); err != nil {
		t.Fatal(err)
	}
	o := f.StartOwnIn([]string{"SSL_CERT_FILE=" + bundle}, "of the test")
	controller := gen.Controller("public-"+f.Namespace, byName(proxy), "", o.Serves)
	f.createController(controller, f.Juju.Operator.Password)
	secret := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.Through(controller.Name))
	f.Create(secret)
	f.AwaitReady(controller, secret)
	// System authorities do not replace a CA certificate in the spec.
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = wrongCertificate() })
	f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "does not match the CA certificate")
	env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "" })
	f.AwaitReady(controller, secret)

	// The certificate has neither this address nor a known authority.
	other := gen.Controller("private-"+f.Namespace, f.Juju.Addresses[0], "", o.Serves)
	f.createController(other, f.Juju.Operator.Password)
	f.AwaitReason(other, v1alpha1.ReasonCertificateMismatch, "set spec.caCertificate", "juju show-controller")
	env.Change(f, other, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = f.Juju.CACertificate })
	f.AwaitReady(other)
}

func TestUnknownCertificateAuthorityIsReported(t *testing.T) {
	t.Parallel()
	f, proxy := newProxied(t)
	for name, address := range map[string]string{"by-name": byName(proxy), "by-address": proxy.Address} {
		controller := gen.Controller(name+"-"+f.Namespace, address, "")
		f.createController(controller, f.Juju.Operator.Password)
		f.AwaitReason(controller, v1alpha1.ReasonCertificateMismatch, "set spec.caCertificate", "juju show-controller")
		env.Change(f, controller, func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = proxy.CACertificate })
		f.AwaitReady(controller)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

const (
	certificate = "-----BEGIN CERTIFICATE-----\n..."
	addressRule = "write each of the addresses as host:port, without https://"
	modelRule   = "write each of the models as qualifier/name"
	classRule   = "write controllerClass as in the flag --controller-class"
)

func TestClusterJujuControllerValidation(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.ClusterJujuController {
		return gen.Controller("default", "10.0.0.5:17070", certificate)
	}
	tenant := func(namespaces v1alpha1.TenantNamespaces, models ...string) func(*v1alpha1.ClusterJujuController) {
		return func(c *v1alpha1.ClusterJujuController) {
			c.Spec.Tenants = []v1alpha1.Tenant{{Namespaces: namespaces, Models: models}}
		}
	}
	all := v1alpha1.TenantNamespaces{All: true}
	addresses := func(addresses ...string) func(*v1alpha1.ClusterJujuController) {
		return func(c *v1alpha1.ClusterJujuController) { c.Spec.Addresses = addresses }
	}
	class := func(class string) func(*v1alpha1.ClusterJujuController) {
		return func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerClass = class }
	}
	from := func(source v1alpha1.CertificateSource) func(*v1alpha1.ClusterJujuController) {
		return func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate, c.Spec.CACertificateFrom = "", &source }
	}
	rows := map[string]row[*v1alpha1.ClusterJujuController]{
		"minimal":              {func(*v1alpha1.ClusterJujuController) {}, nil},
		"host names and IPs":   {addresses("juju.example.com:17070", "[2001:db8::5]:17070", "10.0.0.6:443"), nil},
		"no address":           {addresses(), []string{"spec.addresses"}},
		"address with scheme":  {addresses("https://10.0.0.5:17070"), []string{"spec.addresses[0]", addressRule}},
		"address without port": {addresses("10.0.0.5"), []string{"spec.addresses[0]", addressRule}},
		"second address without port": {
			addresses("10.0.0.5:17070", "10.0.0.6"), []string{"spec.addresses[1]", addressRule},
		},
		"userPass without namespace": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials.UserPass.SecretRef.Namespace = "" },
			[]string{"set spec.credentials.userPass.secretRef.namespace"},
		},
		"clientCredentials": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = clientCredentials("juju-secrets") }, nil,
		},
		"clientCredentials without namespace": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = clientCredentials("") },
			[]string{"set spec.credentials.clientCredentials.secretRef.namespace"},
		},
		"userPass and clientCredentials": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Credentials.ClientCredentials = clientCredentials("juju-secrets").ClientCredentials
			},
			[]string{"spec.credentials", "exactly one of userPass and clientCredentials"},
		},
		"no credentials": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = v1alpha1.Credentials{} },
			[]string{"spec.credentials"},
		},
		"adoptionPolicy": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.AdoptionPolicy = v1alpha1.AdoptionAdopt }, nil,
		},
		"unknown adoptionPolicy": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.AdoptionPolicy = "Always" },
			[]string{"spec.adoptionPolicy", "Never", "Adopt"},
		},
		"no certificate": {func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "" }, nil},
		"certificate not in PEM": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "abc" },
			[]string{"spec.caCertificate", "write caCertificate in PEM", "ca-cert"},
		},
		"certificate from a ConfigMap": {from(inConfigMap("juju-secrets")), nil},
		"certificate from a Secret":    {from(inSecret("juju-secrets")), nil},
		"certificate from a ConfigMap without namespace": {
			from(inConfigMap("")), []string{"set spec.caCertificateFrom.configMapRef.namespace"},
		},
		"certificate from a Secret without namespace": {
			from(inSecret("")), []string{"set spec.caCertificateFrom.secretRef.namespace"},
		},
		"certificate from a Secret and a ConfigMap": {
			from(v1alpha1.CertificateSource{
				SecretRef: inSecret("juju-secrets").SecretRef, ConfigMapRef: inConfigMap("juju-secrets").ConfigMapRef,
			}),
			[]string{"spec.caCertificateFrom", "exactly one of secretRef and configMapRef"},
		},
		"certificate from no source": {
			from(v1alpha1.CertificateSource{}), []string{"spec.caCertificateFrom", "exactly one of secretRef and configMapRef"},
		},
		"two certificates": {
			func(c *v1alpha1.ClusterJujuController) {
				from(inSecret("juju-secrets"))(c)
				c.Spec.CACertificate = certificate
			},
			[]string{"at most one of caCertificate and caCertificateFrom"},
		},
		"controllerUUID":          {func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = modelUUID }, nil},
		"controllerClass":         {class("team-a"), nil},
		"invalid controllerClass": {class("Team_A"), []string{"spec.controllerClass", classRule}},
		"long controllerClass":    {class(strings.Repeat("a", 64)), []string{"spec.controllerClass", "63"}},
		"no tenants":              {func(c *v1alpha1.ClusterJujuController) { c.Spec.Tenants = nil }, nil},
		"models":                  {tenant(all, "*", "prod/*", "prod/team-a-*", "prod/test", modelUUID), nil},
		"model without qualifier": {tenant(all, "test"), []string{"spec.tenants[0].models[0]", modelRule, "UUID", "*"}},
		"tenant without models":   {tenant(all), []string{"spec.tenants[0].models"}},
		"namespaces by name":      {tenant(v1alpha1.TenantNamespaces{MatchNames: []string{"a"}}, "*"), nil},
		"namespaces by label":     {tenant(v1alpha1.TenantNamespaces{MatchLabels: map[string]string{"a": "b"}}, "*"), nil},
		"no namespaces": {
			tenant(v1alpha1.TenantNamespaces{}, "*"), []string{"spec.tenants[0].namespaces: Required"},
		},
		"namespaces by name and all": {
			tenant(v1alpha1.TenantNamespaces{MatchNames: []string{"a"}, All: true}, "*"),
			[]string{"spec.tenants[0].namespaces", "exactly one of matchNames, matchLabels and all: true"},
		},
	}
	for name, uuid := range invalidUUIDs() {
		rows["controllerUUID with "+name] = row[*v1alpha1.ClusterJujuController]{
			func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = uuid },
			[]string{
				"spec.controllerUUID", "write controllerUUID as juju show-controller prints it under controller-uuid", modelUUID,
			},
		}
	}
	check(t, base, rows)
}

// clientCredentials returns credentials in a Secret of a namespace.
func clientCredentials(namespace string) v1alpha1.Credentials {
	return v1alpha1.Credentials{ClientCredentials: &v1alpha1.ClientCredentials{
		SecretRef: v1alpha1.CredentialsSecretReference{Namespace: namespace, Name: "jaas"},
	}}
}

// inSecret returns a certificate source in a Secret of a namespace.
func inSecret(namespace string) v1alpha1.CertificateSource {
	return v1alpha1.CertificateSource{SecretRef: &v1alpha1.KeyReference{Namespace: namespace, Name: "juju-ca"}}
}

// inConfigMap returns a certificate source in a ConfigMap of a namespace.
func inConfigMap(namespace string) v1alpha1.CertificateSource {
	return v1alpha1.CertificateSource{ConfigMapRef: &v1alpha1.KeyReference{Namespace: namespace, Name: "juju-ca"}}
}

func TestJujuControllerValidation(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuController {
		return gen.LocalController("default", "default", "10.0.0.5:17070", certificate)
	}
	userPass := func(namespace string) func(*v1alpha1.JujuController) {
		return func(c *v1alpha1.JujuController) { c.Spec.Credentials.UserPass.SecretRef.Namespace = namespace }
	}
	service := func(namespace string) func(*v1alpha1.JujuController) {
		return func(c *v1alpha1.JujuController) { c.Spec.Credentials = clientCredentials(namespace) }
	}
	from := func(source v1alpha1.CertificateSource) func(*v1alpha1.JujuController) {
		return func(c *v1alpha1.JujuController) { c.Spec.CACertificate, c.Spec.CACertificateFrom = "", &source }
	}
	const own = "own namespace only"
	check(t, base, map[string]row[*v1alpha1.JujuController]{
		"userPass": {func(*v1alpha1.JujuController) {}, nil},
		"userPass of another namespace": {
			userPass("kube-system"), []string{"remove spec.credentials.userPass.secretRef.namespace", own},
		},
		"userPass of its own namespace": {
			userPass("default"), []string{"remove spec.credentials.userPass.secretRef.namespace", own},
		},
		"clientCredentials": {service(""), nil},
		"clientCredentials of another namespace": {
			service("kube-system"), []string{"remove spec.credentials.clientCredentials.secretRef.namespace", own},
		},
		"certificate from a ConfigMap": {from(inConfigMap("")), nil},
		"certificate from a Secret":    {from(inSecret("")), nil},
		"certificate from a ConfigMap of another namespace": {
			from(inConfigMap("kube-system")), []string{"remove spec.caCertificateFrom.configMapRef.namespace", own},
		},
		"certificate from a Secret of another namespace": {
			from(inSecret("kube-system")), []string{"remove spec.caCertificateFrom.secretRef.namespace", own},
		},
	})
}

// The operator decodes every object of a kind into Go types. One interval that the
// API server accepts and Go does not would stop it for all objects.
func TestDriftDetectionIntervalValidation(t *testing.T) {
	t.Parallel()
	accepted := []string{"10s", "1m", "1m0s", "1h30m", "0.5h", "90000ms", "24h", "24h0m0s"}
	refused := []string{
		"9s", "25h", "24h1s", "0", "-5m", "1d", "1day", "1 min", "60", "60 seconds", "1m nonsense", "1x", "m", ".5h", "",
		"999999999999h",
	}
	rows := map[string]bool{}
	for _, interval := range accepted {
		rows[interval] = true
	}
	for _, interval := range refused {
		rows[interval] = false
	}
	for interval, ok := range rows {
		t.Run("interval "+interval, func(t *testing.T) {
			t.Parallel()
			obj := gen.LocalController("default", "default", "10.0.0.5:17070", certificate)
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
			expect(t, err, nil)
			manifest := &unstructured.Unstructured{Object: content}
			manifest.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("JujuController"))
			expect(t, unstructured.SetNestedField(content, interval, "spec", "driftDetection", "interval"), nil)
			err = shared.Kubernetes.Client.Create(t.Context(), manifest, client.DryRunAll)
			if !ok {
				expect(t, err, []string{"spec.driftDetection.interval", "write interval as a duration from 10s to 24h", "1h30m"})
				return
			}
			expect(t, err, nil)
			var decoded v1alpha1.JujuController
			expect(t, runtime.DefaultUnstructuredConverter.FromUnstructured(manifest.Object, &decoded), nil)
			want, err := time.ParseDuration(interval)
			expect(t, err, nil)
			if got := decoded.Spec.DriftDetection.Interval.Duration; got != want {
				t.Errorf("interval is %v, want %v", got, want)
			}
		})
	}
}

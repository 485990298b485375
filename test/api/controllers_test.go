// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

func TestClusterJujuControllerRules(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.ClusterJujuController {
		return gen.Controller("default", "10.0.0.5:17070", "-----BEGIN CERTIFICATE-----\n...")
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
	interval := func(d time.Duration) func(*v1alpha1.ClusterJujuController) {
		return func(c *v1alpha1.ClusterJujuController) { c.Spec.DriftDetection.Interval.Duration = d }
	}
	check(t, base, map[string]row[*v1alpha1.ClusterJujuController]{
		"one address":               {func(*v1alpha1.ClusterJujuController) {}, nil},
		"every kind of address":     {addresses("juju.example.com:17070", "[2001:db8::5]:17070", "10.0.0.6:443"), nil},
		"no address":                {addresses(), []string{"spec.addresses"}},
		"an address with a scheme":  {addresses("https://10.0.0.5:17070"), []string{"host:port", "without https://"}},
		"an address without a port": {addresses("10.0.0.5"), []string{"host:port"}},
		"a certificate that is none": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "abc" }, []string{"in PEM", "ca-cert"},
		},
		"credentials without a namespace": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials.UserPass.SecretRef.Namespace = "" },
			[]string{"spec.credentials.userPass.secretRef.namespace"},
		},
		"client credentials without a namespace": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = serviceAccount("") },
			[]string{"spec.credentials.clientCredentials.secretRef.namespace"},
		},
		"client credentials": {func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = serviceAccount("juju-secrets") }, nil},
		"two ways to log in": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.Credentials.ClientCredentials = serviceAccount("juju-secrets").ClientCredentials
			},
			[]string{"exactly one of userPass and clientCredentials"},
		},
		"no way to log in": {
			func(c *v1alpha1.ClusterJujuController) { c.Spec.Credentials = v1alpha1.Credentials{} }, []string{"spec.credentials"},
		},
		"the system's authorities": {func(c *v1alpha1.ClusterJujuController) { c.Spec.CACertificate = "" }, nil},
		"a certificate from a ConfigMap": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.JujuControllerSpec = certifiedFrom(c.Spec.JujuControllerSpec, "juju-secrets")
			}, nil,
		},
		"a certificate from a ConfigMap of no namespace": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.JujuControllerSpec = certifiedFrom(c.Spec.JujuControllerSpec, "")
			},
			[]string{"set the namespace in spec.caCertificateFrom"},
		},
		"two certificates": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.CACertificateFrom = certifiedFrom(c.Spec.JujuControllerSpec, "juju-secrets").CACertificateFrom
			},
			[]string{"only one of caCertificate and caCertificateFrom"},
		},
		"a certificate from nowhere": {
			func(c *v1alpha1.ClusterJujuController) {
				c.Spec.CACertificate, c.Spec.CACertificateFrom = "", &v1alpha1.CertificateSource{}
			},
			[]string{"exactly one of secretRef and configMapRef"},
		},
		"a controller's UUID":       {func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = modelUUID }, nil},
		"what is no UUID":           {func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerUUID = "juju" }, []string{"controller-uuid"}},
		"a class":                   {func(c *v1alpha1.ClusterJujuController) { c.Spec.ControllerClass = "team-a" }, nil},
		"no tenants":                {func(c *v1alpha1.ClusterJujuController) { c.Spec.Tenants = nil }, nil},
		"models of every form":      {tenant(all, "*", "prod/*", "prod/team-a-*", "prod/test", modelUUID), nil},
		"a model without qualifier": {tenant(all, "test"), []string{"qualifier/name", "UUID", "*"}},
		"a tenant without models":   {tenant(all), []string{"models"}},
		"namespaces by name":        {tenant(v1alpha1.TenantNamespaces{MatchNames: []string{"a"}}, "*"), nil},
		"namespaces by label":       {tenant(v1alpha1.TenantNamespaces{MatchLabels: map[string]string{"a": "b"}}, "*"), nil},
		"namespaces by nothing":     {tenant(v1alpha1.TenantNamespaces{}, "*"), []string{"spec.tenants[0].namespaces: Required"}},
		"the shortest interval":     {interval(10 * time.Second), nil},
		"the longest interval":      {interval(24 * time.Hour), nil},
		"too short an interval":     {interval(9 * time.Second), []string{"driftDetection.interval", "10s to 24h"}},
		"too long an interval":      {interval(25 * time.Hour), []string{"driftDetection.interval", "10s to 24h"}},
		"namespaces by name and all": {
			tenant(v1alpha1.TenantNamespaces{MatchNames: []string{"a"}, All: true}, "*"), []string{"exactly one of matchNames"},
		},
	})
}

// serviceAccount are the client credentials in a Secret of a namespace.
func serviceAccount(namespace string) v1alpha1.Credentials {
	return v1alpha1.Credentials{ClientCredentials: &v1alpha1.ClientCredentials{
		SecretRef: v1alpha1.CredentialsSecretReference{Namespace: namespace, Name: "jaas"},
	}}
}

// certifiedFrom takes the certificate from a ConfigMap of a namespace.
func certifiedFrom(spec v1alpha1.JujuControllerSpec, namespace string) v1alpha1.JujuControllerSpec {
	spec.CACertificate = ""
	spec.CACertificateFrom = &v1alpha1.CertificateSource{ConfigMapRef: &v1alpha1.KeyReference{Namespace: namespace, Name: "juju-ca"}}
	return spec
}

func TestJujuControllerRules(t *testing.T) {
	t.Parallel()
	base := func() *v1alpha1.JujuController {
		return gen.LocalController("default", "default", "10.0.0.5:17070", "-----BEGIN CERTIFICATE-----\n...")
	}
	check(t, base, map[string]row[*v1alpha1.JujuController]{
		"credentials of its own namespace": {func(*v1alpha1.JujuController) {}, nil},
		"credentials of another namespace": {
			func(c *v1alpha1.JujuController) { c.Spec.Credentials.UserPass.SecretRef.Namespace = "kube-system" },
			[]string{"leave out spec.credentials.userPass.secretRef.namespace", "own namespace only"},
		},
		"credentials with the name of its own namespace": {
			func(c *v1alpha1.JujuController) { c.Spec.Credentials.UserPass.SecretRef.Namespace = "default" }, []string{"leave out"},
		},
		"client credentials of another namespace": {
			func(c *v1alpha1.JujuController) { c.Spec.Credentials = serviceAccount("kube-system") },
			[]string{"leave out spec.credentials.clientCredentials.secretRef.namespace", "own namespace only"},
		},
		"client credentials": {func(c *v1alpha1.JujuController) { c.Spec.Credentials = serviceAccount("") }, nil},
		"a certificate from a ConfigMap": {
			func(c *v1alpha1.JujuController) { c.Spec = certifiedFrom(c.Spec, "") }, nil,
		},
		"a certificate from a ConfigMap of another namespace": {
			func(c *v1alpha1.JujuController) { c.Spec = certifiedFrom(c.Spec, "kube-system") }, []string{"own namespace only"},
		},
		"a certificate from a Secret of another namespace": {
			func(c *v1alpha1.JujuController) {
				c.Spec = certifiedFrom(c.Spec, "kube-system")
				c.Spec.CACertificateFrom.SecretRef, c.Spec.CACertificateFrom.ConfigMapRef = c.Spec.CACertificateFrom.ConfigMapRef, nil
			},
			[]string{"own namespace only"},
		},
	})
}

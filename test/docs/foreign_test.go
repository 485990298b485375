// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// foreignKind is a kind of another project that a manifest in the documentation
// uses.
type foreignKind struct{ group, version, kind, plural string }

// The tests check only the group, the version and the kind of these objects.
var foreignKinds = []foreignKind{
	{"argoproj.io", "v1alpha1", "Application", "applications"},
	{"argoproj.io", "v1alpha1", "AppProject", "appprojects"},
	{"bitnami.com", "v1alpha1", "SealedSecret", "sealedsecrets"},
	{"cert-manager.io", "v1", "Certificate", "certificates"},
	{"external-secrets.io", "v1", "ExternalSecret", "externalsecrets"},
	{"external-secrets.io", "v1", "SecretStore", "secretstores"},
	{"helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"},
	{"kustomize.config.k8s.io", "v1beta1", "Kustomization", "kustomizations"},
	{"kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations"},
	{"monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"},
	{"monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"},
	{"secrets.hashicorp.com", "v1beta1", "VaultStaticSecret", "vaultstaticsecrets"},
	{"source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"},
	{"source.toolkit.fluxcd.io", "v1", "HelmRepository", "helmrepositories"},
	{"source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories"},
}

// definition returns a CustomResourceDefinition that accepts any manifest of
// the kind.
func (k foreignKind) definition() *apiextensionsv1.CustomResourceDefinition {
	anything := true
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{
			Name:        k.plural + "." + k.group,
			Annotations: map[string]string{apiextensionsv1.KubeAPIApprovedAnnotation: "unapproved, for a test"},
		},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: k.group,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: k.kind, ListKind: k.kind + "List", Plural: k.plural},
			Scope: apiextensionsv1.NamespaceScoped,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: k.version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &anything,
				}},
			}},
		},
	}
}

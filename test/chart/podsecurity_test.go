// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/gen"
)

// A namespace that enforces the restricted Pod Security Standard must accept
// the Pod of the operator, and reject a privileged Pod. The test creates the
// Pod itself, because the API server only warns about a Deployment.
func TestPodMeetsRestrictedPodSecurityStandard(t *testing.T) {
	t.Parallel()
	const ns = "restricted"
	create(t, gen.Namespace(ns, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}))
	for name, objs := range map[string][]*unstructured.Unstructured{
		"Helm": rendered(t), "kustomize": kustomized(t, "default"),
	} {
		var deployment appsv1.Deployment
		as(t, find(t, objs, "Deployment"), &deployment)
		template := deployment.Spec.Template
		create(t, &corev1.ServiceAccount{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: template.Spec.ServiceAccountName},
		})
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: ns, Name: "manager", Labels: template.Labels, Annotations: template.Annotations,
			},
			Spec: template.Spec,
		}
		privileged := pod.DeepCopy()
		yes := true
		privileged.Spec.Containers[0].SecurityContext.Privileged = &yes
		privileged.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil // It contradicts Privileged.
		if err := shared.Kubernetes.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("with %s, the Pod is rejected: %v", name, err)
		}
		err := shared.Kubernetes.Client.Create(t.Context(), privileged, client.DryRunAll)
		if !apierrors.IsForbidden(err) {
			t.Errorf("with %s, creating a privileged Pod returns %v, want Forbidden", name, err)
		}
	}
}

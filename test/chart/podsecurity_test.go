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

// A namespace that enforces the strictest standard for Pods takes the operator's, and not one that asks for more. A Deployment
// would only be warned of, so the API server is asked about the Pod itself.
func TestThePodMeetsTheRestrictedStandard(t *testing.T) {
	t.Parallel()
	const ns = "restricted"
	create(t, gen.Namespace(ns, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}))
	for name, objs := range map[string][]*unstructured.Unstructured{
		"Helm": rendered(t), "kustomize": kustomized(t, "default"),
	} {
		var deployment appsv1.Deployment
		as(t, find(t, objs, "Deployment"), &deployment)
		template := deployment.Spec.Template
		create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: template.Spec.ServiceAccountName}})
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "manager", Labels: template.Labels, Annotations: template.Annotations},
			Spec:       template.Spec,
		}
		privileged := pod.DeepCopy()
		yes := true
		privileged.Spec.Containers[0].SecurityContext.Privileged = &yes
		privileged.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil // It would contradict.
		if err := kubernetes.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("with %s: %v", name, err)
		}
		if err := kubernetes.Client.Create(t.Context(), privileged, client.DryRunAll); !apierrors.IsForbidden(err) {
			t.Errorf("with %s a privileged Pod is answered with: %v", name, err)
		}
	}
}

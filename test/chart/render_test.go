// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
)

func TestChartPassesLint(t *testing.T) {
	for _, example := range examples(t) {
		helm(t, "lint", "--strict", current, "--values", example)
	}
}

// examples returns the paths of the example values files.
func examples(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(current, "examples", "*.yaml"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("the examples are %v, error %v, want at least five", paths, err)
	}
	return paths
}

// Each example is rendered and sent to the API server as a dry run. An apply
// fails on an unknown field.
func TestExampleValuesRenderValidObjects(t *testing.T) {
	installCRDs(t)
	for _, ns := range []string{operatorNamespace, "team-a", "team-b"} {
		err := shared.Kubernetes.Client.Create(t.Context(), gen.Namespace(ns, nil))
		if client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
	for _, example := range examples(t) {
		t.Run(filepath.Base(example), func(t *testing.T) {
			for _, obj := range rendered(t, "--values", example) {
				// Another field manager owns the CRDs.
				err := shared.Kubernetes.Client.Apply(t.Context(),
					client.ApplyConfigurationFromUnstructured(obj), client.DryRunAll, client.FieldOwner("test"), client.ForceOwnership)
				if err != nil {
					t.Errorf("%s %s: %v", obj.GetKind(), obj.GetName(), err)
				}
			}
		})
	}
}

// installCRDs installs the CRDs of the operator and of the Prometheus operator.
func installCRDs(t *testing.T) {
	t.Helper()
	_, err := envtest.InstallCRDs(shared.Kubernetes.Config, envtest.CRDInstallOptions{
		Paths:              []string{path("config", "crd", "bases"), filepath.Join("testdata", "kinds")},
		ErrorIfPathMissing: true,
		MaxTime:            patience,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The error names the invalid value and says what is valid.
func TestInvalidValuesAreRejected(t *testing.T) {
	t.Parallel()
	// withController returns values that create the default controller object,
	// with additional values for it.
	withController := func(more ...string) []string {
		set := []string{
			"defaultController.create=true", "defaultController.addresses={10.0.0.5:17070}",
			"defaultController.credentials.existingSecret=juju-user",
		}
		for _, value := range more {
			set = append(set, "defaultController."+value)
		}
		return set
	}
	for name, row := range map[string]struct {
		set  []string
		want []string
	}{
		"unknown value": {
			[]string{"watchNamespace=team-a"}, []string{"additional properties 'watchNamespace' not allowed"},
		},
		"unknown nested value": {
			[]string{"metrics.secured=true"}, []string{"'/metrics'", "additional properties 'secured' not allowed"},
		},
		"text instead of a number": {
			[]string{"replicas=two"}, []string{"'/replicas'", "got string, want integer"},
		},
		"invalid namespace": {
			[]string{"watchNamespaces={Team_A}"},
			[]string{"'/watchNamespaces/0'", "'Team_A' does not match pattern"},
		},
		"duplicate namespace": {
			[]string{"watchNamespaces={a,a}"}, []string{"'/watchNamespaces'", "items at 0 and 1 are equal"},
		},
		"invalid class": {
			[]string{"controllerClass=Edge"}, []string{"'/controllerClass'", "'Edge' does not match pattern"},
		},
		"shard without a class": {
			[]string{"shards[0].replicas=2"}, []string{"'/shards/0'", "missing property 'controllerClass'"},
		},
		"long class of a shard": {
			[]string{"shards[0].controllerClass=abcdefghijklmnopqrstu"}, []string{"'/shards/0/controllerClass'", "maxLength"},
		},
		"two shards of a class": {
			[]string{"shards[0].controllerClass=eu", "shards[1].controllerClass=eu", "shards[1].replicas=2"},
			[]string{`shards[].controllerClass "eu" is not unique`},
		},
		"shard of the class of the release": {
			[]string{"controllerClass=eu", "shards[0].controllerClass=eu"},
			[]string{`shards[].controllerClass "eu" is not unique`},
		},
		"invalid digest":           {[]string{"image.digest=latest"}, []string{"'/image/digest'"}},
		"argument without hyphens": {[]string{"extraArgs={debug}"}, []string{"'/extraArgs/0'"}},
		"address with a scheme": {
			withController("addresses={https://10.0.0.5}"), []string{"'/defaultController/addresses/0'"},
		},
		"unknown adoptionPolicy": {
			withController("adoptionPolicy=Always"), []string{"'/defaultController/adoptionPolicy'"},
		},
		"no address": {
			withController("addresses=null"),
			[]string{"defaultController.addresses is missing", "juju show-controller"},
		},
		"no login": {
			withController("credentials.existingSecret="),
			[]string{"set one of", "existingSecret", "username and password", "inline"},
		},
		"two logins": {
			withController("credentials.inline.username=u"), []string{"set one of", "existingSecret", "inline"},
		},
		"incomplete login": {
			withController("credentials.existingSecret=", "credentials.inline.username=u"),
			[]string{"inline has to have the keys username and password"},
		},
		"keys of another login method": {
			withController("credentials.existingSecret=", "credentials.login=clientCredentials",
				"credentials.inline.username=u", "credentials.inline.password=p"),
			[]string{"client-id and client-secret", "login=clientCredentials"},
		},
		"unknown login method": {
			withController("credentials.login=oauth"),
			[]string{"'/defaultController/credentials/login'", "'userPass', 'clientCredentials'"},
		},
		"two certificates": {
			withController("caCertificate=-----BEGIN CERTIFICATE-----",
				"caCertificateFrom.configMapRef.name=ca", "caCertificateFrom.configMapRef.namespace=ca"),
			[]string{"set only one of defaultController.caCertificate and defaultController.caCertificateFrom"},
		},
		"cluster-wide controller for a namespaced release": {
			append(withController(), "watchNamespaces={team-a}"),
			[]string{"leave out watchNamespaces", "JujuController in each"},
		},
		"default service account": {
			[]string{"serviceAccount.create=false"}, []string{"set serviceAccount.name", "account default"},
		},
		"ServiceMonitor without metrics": {
			[]string{"metrics.enabled=false", "metrics.serviceMonitor.enabled=true"},
			[]string{"set metrics.enabled=true"},
		},
		"ServiceMonitor without permission to authenticate": {
			[]string{"watchNamespaces={team-a}", "metrics.serviceMonitor.enabled=true"},
			[]string{"metrics.secure=false", "ClusterRole"},
		},
		"TLS configuration without HTTPS": {
			[]string{
				"metrics.secure=false", "metrics.serviceMonitor.enabled=true",
				"metrics.serviceMonitor.tlsConfig.serverName=operator",
			},
			[]string{"metrics.serviceMonitor.tlsConfig needs HTTPS"},
		},
		"certificate without HTTPS": {
			[]string{"metrics.secure=false", "metrics.certificateSecret=tls"}, []string{"set metrics.secure=true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"template", release, current}
			for _, set := range row.set {
				args = append(args, "--set", set)
			}
			_, err := run(t.Context(), "HELM", args...)
			if err == nil {
				t.Fatalf("%v was accepted", row.set)
			}
			for _, part := range row.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %v, want it to contain %q", err, part)
				}
			}
		})
	}
}

// The chart and kustomize must install the same objects.
func TestChartMatchesKustomize(t *testing.T) {
	t.Parallel()
	for folder, set := range map[string]string{
		"default": "watchNamespaces=null", "namespaced": "watchNamespaces={team-a}",
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			chart := rendered(t, "--set", set, "--set", "fullnameOverride=juju-secrets-manager,image.tag=latest")
			if diff := cmp.Diff(byName(kustomized(t, folder)), byName(chart)); diff != "" {
				t.Errorf("the chart differs from config/%s (-kustomize +Helm):\n%s", folder, diff)
			}
		})
	}
}

// The optional objects, which are not in config/default, must be the same too,
// except for their names.
func TestOptionalChartObjectsMatchConfig(t *testing.T) {
	t.Parallel()
	chart := rendered(t, "--set", "networkPolicy.enabled=true,metrics.serviceMonitor.enabled=true,"+
		"metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true")
	for kind, file := range map[string][]string{
		"NetworkPolicy": {"network-policy", "policy.yaml"}, "PrometheusRule": {"prometheus", "rules.yaml"},
		"ServiceMonitor": {"prometheus", "monitor.yaml"},
	} {
		want := find(t, objects(t, read(t, path(append([]string{"config"}, file...)...))), kind)
		got := find(t, chart, kind)
		for _, obj := range []*unstructured.Unstructured{want, got} {
			strip(obj.Object)
			if kind == "ServiceMonitor" { // Its selector depends on the release.
				unstructured.RemoveNestedField(obj.Object, "spec", "selector")
				unstructured.RemoveNestedField(obj.Object, "spec", "namespaceSelector")
			}
		}
		if diff := cmp.Diff(want.Object["spec"], got.Object["spec"]); diff != "" {
			t.Errorf("the %s differs (-config +Helm):\n%s", kind, diff)
		}
	}
	dashboard, _, err := unstructured.NestedString(find(t, chart, "ConfigMap").Object,
		"data", "juju-secrets-operator.json")
	var want, got any
	err = errors.Join(err, json.Unmarshal([]byte(dashboard), &got),
		json.Unmarshal([]byte(read(t, path("config", "grafana", "dashboard.json"))), &want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the dashboard differs (-config +Helm):\n%s", diff)
	}
}

func TestServiceMonitorSelectsMetricsService(t *testing.T) {
	t.Parallel()
	for name, objs := range map[string][]*unstructured.Unstructured{
		"Helm": rendered(t, "--set", "metrics.serviceMonitor.enabled=true"),
		"kustomize": append(kustomized(t, "default"),
			objects(t, read(t, path("config", "prometheus", "monitor.yaml")))...),
	} {
		monitor, service := find(t, objs, "ServiceMonitor"), find(t, objs, "Service")
		selected, found, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
		if err != nil || !found || !labels.SelectorFromSet(selected).Matches(labels.Set(service.GetLabels())) {
			t.Errorf("with %s, the ServiceMonitor selects %v, but the Service has the labels %v",
				name, selected, service.GetLabels())
		}
		endpoints, _, _ := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
		ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
		if got, want := endpoints[0].(map[string]any)["port"], ports[0].(map[string]any)["name"]; got != want {
			t.Errorf("with %s, the ServiceMonitor scrapes the port %v, but the Service has %v", name, got, want)
		}
	}
}

// A user that configures the check of the certificate must not get
// insecureSkipVerify.
func TestServiceMonitorTLSConfigReplacesInsecureDefault(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]map[string]any{
		"": {"insecureSkipVerify": true},
		",metrics.serviceMonitor.tlsConfig.serverName=operator": {"serverName": "operator"},
	} {
		monitor := find(t, rendered(t, "--set", "metrics.serviceMonitor.enabled=true"+set), "ServiceMonitor")
		endpoints, _, err := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
		if err != nil || len(endpoints) != 1 {
			t.Fatalf("the endpoints are %v, error %v, want one", endpoints, err)
		}
		if diff := cmp.Diff(want, endpoints[0].(map[string]any)["tlsConfig"]); diff != "" {
			t.Errorf("with %q (-want +got):\n%s", set, diff)
		}
	}
}

// The metrics reader role exists only if the metrics server authorizes its
// clients. It is independent of the roles for users.
func TestMetricsReaderRoleRequiresAuthorizedMetrics(t *testing.T) {
	t.Parallel()
	const role = "ClusterRole /juju-secrets-operator-metrics-reader"
	for set, want := range map[string]bool{
		"replicas=1":             true,
		"rbac.userRoles=false":   true,
		"rbac.create=false":      false,
		"metrics.enabled=false":  false,
		"metrics.secure=false":   false,
		"watchNamespaces={team}": false,
	} {
		if _, there := byName(rendered(t, "--set", set))[role]; there != want {
			t.Errorf("with %s, the role exists: %t, want the opposite", set, there)
		}
	}
}

func TestNumericNamesStayStrings(t *testing.T) {
	t.Parallel()
	controller := new(v1alpha1.ClusterJujuController)
	objs := rendered(t,
		"--set-string", "defaultController.name=123,controllerClass=456",
		"--set-string", "defaultController.credentials.existingSecret=789",
		"--set", "defaultController.create=true,defaultController.addresses={jimm:443}")
	as(t, find(t, objs, "ClusterJujuController"), controller)
	login := controller.Spec.Credentials.UserPass.SecretRef.Name
	got := []string{controller.Name, controller.Spec.ControllerClass, login}
	if diff := cmp.Diff([]string{"123", "456", "789"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The notes that Helm prints after an install must match the release. A user
// can copy the commands without harm to other operators in the cluster.
func TestInstallNotesMatchRelease(t *testing.T) {
	t.Parallel()
	const (
		all     = "kubectl delete --all --all-namespaces"
		warning = "of every operator in the cluster"
		binding = "--clusterrole=juju-secrets-operator-metrics-reader"
		teams   = "--show-only templates/user-roles.yaml"
		login   = "juju-secrets-operator-juju-login"
	)
	for name, row := range map[string]struct {
		set       string
		has, lack []string
	}{
		"default":         {"replicas=1", []string{warning, all}, []string{binding, login, teams}},
		"some namespaces": {"watchNamespaces={team-a}", []string{teams}, []string{all}},
		"one class":       {"controllerClass=edge", []string{"class edge"}, []string{"--all"}},
		"shards": {
			"shards[0].controllerClass=eu", []string{"juju-secrets-operator-eu serves the controller objects of the class eu"},
			nil,
		},
		"shards of a class": {
			"controllerClass=edge,shards[0].controllerClass=eu", []string{"classes edge, eu"}, []string{"--all"},
		},
		"authenticated scrapes": {"metrics.serviceMonitor.enabled=true", []string{binding}, nil},
		"unauthenticated scrapes": {
			"metrics.serviceMonitor.enabled=true,metrics.secure=false", nil, []string{binding},
		},
		"inline login": {
			"defaultController.create=true,defaultController.addresses={jimm:443}," +
				"defaultController.credentials.inline.username=u,defaultController.credentials.inline.password=p",
			[]string{login}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			printed := helm(t, "install", release, current, "--namespace", operatorNamespace,
				"--dry-run=client", "--set", row.set)
			_, notes, _ := strings.Cut(printed, "\nNOTES:\n")
			for _, text := range row.has {
				if !strings.Contains(notes, text) {
					t.Errorf("the notes lack %q:\n%s", text, notes)
				}
			}
			for _, text := range row.lack {
				if strings.Contains(notes, text) {
					t.Errorf("the notes contain %q:\n%s", text, notes)
				}
			}
		})
	}
}

func TestHeapLimitFollowsMemoryLimit(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		set  []string
		want []string
	}{
		"default":   {nil, []string{"GOMEMLIMIT=217MiB"}},
		"in Mi":     {[]string{"resources.limits.memory=1000Mi"}, []string{"GOMEMLIMIT=850MiB"}},
		"in Gi":     {[]string{"resources.limits.memory=2Gi"}, []string{"GOMEMLIMIT=1740MiB"}},
		"in bytes":  {[]string{"resources.limits.memory=300M"}, nil},
		"no limits": {[]string{"resources.limits=null"}, nil},
		"own value": {
			[]string{"extraEnv[0].name=GOMEMLIMIT", "extraEnv[0].value=100MiB"}, []string{"GOMEMLIMIT=100MiB"},
		},
		"other variable": {
			[]string{"extraEnv[0].name=NO_PROXY", "extraEnv[0].value=juju"}, []string{"GOMEMLIMIT=217MiB", "NO_PROXY=juju"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--show-only", "templates/deployment.yaml"}
			for _, set := range row.set {
				args = append(args, "--set", set)
			}
			var deployment appsv1.Deployment
			err := runtime.DefaultUnstructuredConverter.FromUnstructured(rendered(t, args...)[0].Object, &deployment)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
				got = append(got, variable.Name+"="+variable.Value)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

// kustomized returns the objects that kustomize builds from a folder of
// config/. It leaves out the Namespace, which Helm creates only on request.
func kustomized(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	text, err := run(t.Context(), "KUSTOMIZE", "build", path("config", folder))
	if err != nil {
		t.Fatal(err)
	}
	var objs []*unstructured.Unstructured
	for _, obj := range objects(t, text) {
		if obj.GetKind() != "Namespace" {
			objs = append(objs, obj)
		}
	}
	return objs
}

// byName returns objects by kind, namespace and name, without the metadata that
// only Helm adds.
func byName(objs []*unstructured.Unstructured) map[string]any {
	found := map[string]any{}
	for _, obj := range objs {
		strip(obj.Object)
		annotations := obj.GetAnnotations()
		delete(annotations, "helm.sh/resource-policy")
		obj.SetAnnotations(annotations)
		if len(annotations) == 0 {
			unstructured.RemoveNestedField(obj.Object, "metadata", "annotations")
		}
		found[obj.GetKind()+" "+obj.GetNamespace()+"/"+obj.GetName()] = obj.Object
	}
	return found
}

// strip removes the labels of Helm at any depth, because selectors contain one
// of them.
func strip(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, label := range []string{
			"app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart",
		} {
			delete(value, label)
		}
		for _, inner := range value {
			strip(inner)
		}
	case []any:
		for _, inner := range value {
			strip(inner)
		}
	}
}

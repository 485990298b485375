// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	certutil "k8s.io/client-go/util/cert"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/metrics"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// The names of objects must not be in the metrics without --metrics-per-object.
const (
	secretName = "private-secret-name"
	sourceName = "private-source-name"
	accessName = "private-access-name"
)

func TestMetricsFollowChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	controller := f.controller("local", f.Juju.Operator.Password)
	key := labels{"controller": f.Namespace + "/local"}
	of := func(more ...string) labels {
		all := labels{"controller": key["controller"]}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	f.AwaitShown(controller, v1alpha1.ReasonConnected)
	f.awaitLeading(1) // Leader election is off.
	f.awaitSum("jujusecrets_juju_logins_total", of("result", "ok"), 1)
	f.awaitSum("jujusecrets_juju_sessions", key, 1)
	f.awaitSum("jujusecrets_snapshot_interval_seconds", key, 10)
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuController", "status": "True", "reason": "Connected"}, 1)

	source := gen.Secret(f.Namespace, sourceName, map[string]string{"key": sentinel})
	obj := gen.JujuSecret(f.Namespace, secretName, f.Model.Name, gen.Locally("local"), gen.FromSecret(sourceName))
	access := gen.Access(f.Namespace, accessName, secretName, "app1")
	f.Create(source, obj, access)
	f.AwaitShown(obj, v1alpha1.ReasonSynced)
	f.AwaitShown(access, v1alpha1.ReasonSynced)
	f.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.CreateSecrets", "code", "ok"), 1)
	f.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.GrantSecret", "code", "ok"), 1)
	f.awaitSum("jujusecrets_juju_batch_items_sum", of("method", "Secrets.CreateSecrets"), 1)
	f.awaitSum("jujusecrets_juju_sessions", key, 2)
	f.awaitSum("jujusecrets_juju_logins_total", of("result", "ok"), 2)
	f.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 1)
	f.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecretAccess"}, 1)
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "status": "True", "reason": "Synced"}, 1)

	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
	f.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.UpdateSecrets", "code", "ok"), 1)
	f.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 2)

	f.awaitSum("jujusecrets_drift_detected_total", key, 0)
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, obj.Status.SecretID, "", "Theirs", nil))
	f.awaitSum("jujusecrets_drift_corrected_total", key, 1)
	f.awaitSum("jujusecrets_drift_detected_total", key, 1)
	// A correction is not a change of the object.
	f.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 2)

	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "reason": "Suspended"}, 1)
	f.expectDiscreet()
	f.expectWellFormed()
}

func TestDriftThatIsOnlyReportedCountsAsDetectedOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.controller("local", f.Juju.Operator.Password)
	obj := gen.JujuSecret(f.Namespace, secretName, f.Model.Name, gen.Locally("local"), gen.Reporting)
	f.Create(obj)
	f.AwaitShown(obj, v1alpha1.ReasonSynced)
	f.Must(f.Juju.UpdateSecret(f.Ctx, f.Model, obj.Status.SecretID, "", "Theirs", nil))
	f.AwaitShown(obj, v1alpha1.ReasonDrifted)
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "status": "False", "reason": "Drifted"}, 1)
	_, all := f.scrape()
	detected := all.sum("jujusecrets_drift_detected_total", nil)
	corrected := all.sum("jujusecrets_drift_corrected_total", nil)
	if detected != 1 || corrected != 0 {
		t.Errorf("detected %v, corrected %v, want 1 and 0", detected, corrected)
	}
}

func TestLoginRejectionIsCountedUntilControllerDeletion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.controller("local", f.Juju.Operator.Password)
	refused := f.controller("refused", sentinel)
	f.AwaitShown(refused, v1alpha1.ReasonCredentialsRejected)
	key := labels{"controller": f.Namespace + "/refused"}
	rejected := labels{"controller": key["controller"], "result": "CredentialsRejected"}
	f.Await(func() string { // The login is retried.
		if _, all := f.scrape(); all.sum("jujusecrets_juju_logins_total", rejected) == 0 {
			return "the rejected login is not counted"
		}
		return ""
	})
	f.awaitSum("jujusecrets_juju_logins_total", labels{"controller": key["controller"], "result": "ok"}, 0)
	f.awaitSum("jujusecrets_juju_sessions", key, 0)
	f.awaitSum("jujusecrets_juju_refused_sessions", key, 1)
	f.awaitSum("jujusecrets_juju_refused_sessions", labels{"controller": f.Namespace + "/local"}, 0)
	notReady := labels{"kind": "JujuController", "status": "False", "reason": "CredentialsRejected"}
	f.awaitSum("jujusecrets_objects", notReady, 1)
	f.expectDiscreet()

	f.remove(refused)
	f.Await(func() string {
		_, all := f.scrape()
		if all.has(key["controller"]) {
			return "the metrics still have series of the deleted controller"
		}
		return ""
	})
	if _, all := f.scrape(); !all.has(f.Namespace + "/local") {
		t.Error("the metrics have no series of the other controller")
	}
}

// expectDiscreet checks that a scrape contains no secret value, and no name of
// an object except controller objects.
func (f *fixture) expectDiscreet() {
	f.Helper()
	text, _ := f.scrape()
	for _, word := range []string{sentinel, f.Juju.Operator.Password, secretName, sourceName, accessName} {
		if strings.Contains(text, word) {
			f.Errorf("the metrics contain %q", word)
		}
	}
}

// expectWellFormed checks that a scrape has exactly the metrics of the
// catalogue, with their labels. promtool must accept them.
func (f *fixture) expectWellFormed() {
	f.Helper()
	text, all := f.scrape()
	known := map[string]bool{}
	for _, metric := range metrics.Catalogue().All() {
		known[metric.Name] = true
		name := metric.Name
		if len(metric.Buckets) > 0 {
			name += "_count"
		}
		found := all.of(name, nil)
		if (len(found) == 0) != metric.OnRequest {
			f.Errorf("there are %d samples of %s, want none only for metrics that need a flag",
				len(found), name)
		}
		for _, one := range found {
			if len(one.labels) != len(metric.Labels) {
				f.Errorf("%s has the labels %v, want %v", name, one.labels, metric.Labels)
			}
		}
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[1] == "HELP" && strings.HasPrefix(fields[2], "jujusecrets_") && !known[fields[2]] {
			f.Errorf("%s is not in the catalogue", fields[2])
		}
	}
	// promtool does not accept the names of some Kubernetes metrics.
	var ours strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "jujusecrets_") {
			ours.WriteString(line)
		}
	}
	if out, err := promtool(f.T, ours.String(), "check", "metrics"); err != nil {
		f.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// promtool runs the program promtool with an input.
func promtool(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	path := os.Getenv("PROMTOOL")
	if path == "" {
		t.Fatal("PROMTOOL is not set: run the test with make, which builds promtool and sets the variable")
	}
	cmd := exec.CommandContext(t.Context(), path, args...) //nolint:gosec // The Makefile sets the path.
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func TestMetricsRequireAuthorization(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.scrape() // Wait until the endpoint serves.
	for name, row := range map[string]struct {
		token string
		want  int
	}{
		"no token":          {"", http.StatusUnauthorized},
		"invalid token":     {"made-up", http.StatusInternalServerError},
		"unauthorized user": {f.account("unauthorized-"+f.Namespace, servers.Rights{}), http.StatusForbidden},
		"authorized user":   {f.reader, http.StatusOK},
	} {
		status, body := f.get(row.token)
		if status != row.want {
			t.Errorf("%s: the scrape returns the status %d, want %d: %.100s", name, status, row.want, body)
		}
		shown := strings.Contains(body, "jujusecrets_") || strings.Contains(body, "go_goroutines")
		if shown != (row.want == http.StatusOK) {
			t.Errorf("%s: the answer contains metrics: %t", name, shown)
		}
	}
	f.url = strings.Replace(f.url, "https:", "http:", 1)
	if status, _ := f.get(f.reader); status == http.StatusOK {
		t.Error("the endpoint also serves plain HTTP")
	}
}

func TestMetricsNameObjectsOnlyWithFlag(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--metrics-per-object")
	f.controller("local", f.Juju.Operator.Password)
	obj := gen.JujuSecret(f.Namespace, secretName, f.Model.Name, gen.Locally("local"))
	f.Create(obj)
	named := labels{"kind": "JujuSecret", "namespace": f.Namespace, "name": secretName, "reason": "Synced"}
	f.awaitSum("jujusecrets_object_ready", named, 1)
	env.Change(f, obj, gen.FromSecret("missing"))
	f.Await(func() string {
		_, all := f.scrape()
		found := all.of("jujusecrets_object_ready", labels{"name": secretName})
		if len(found) != 1 || found[0].labels["reason"] != "SourceNotFound" || found[0].value != 0 {
			return fmt.Sprintf("the object has the samples %v", found)
		}
		return ""
	})
	f.remove(obj)
	f.Await(func() string {
		if _, all := f.scrape(); all.has(secretName) {
			return "the metrics still name the deleted object"
		}
		return ""
	})
}

// With --metrics-cert-dir a client can verify the server of the metrics.
func TestMetricsUseCertificateFromDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	local := []net.IP{net.IPv4(127, 0, 0, 1)}
	certificate, key, err := certutil.GenerateSelfSignedCertKey("metrics.example.com", local, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFixture(t, "--metrics-cert-dir="+dir)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	config := &tls.Config{RootCAs: trusted, ServerName: "metrics.example.com", MinVersion: tls.VersionTLS12}
	f.Await(func() string {
		status, body := env.GetWith(f.Ctx, config, f.url, f.reader)
		if status != http.StatusOK {
			return fmt.Sprintf("the scrape returns the status %d: %.100s", status, body)
		}
		return ""
	})
}

// Authorization of scrapes needs a cluster-wide permission to review tokens and
// accesses. An operator with --watch-namespaces does not have it by default,
// and works without it.
func TestMetricsWithWatchNamespacesRequireReviewPermission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.operator.MustStop()
	account := "watching-" + f.Namespace
	kubeconfig, err := f.Env.Kubernetes.Admit(f.Ctx, account, f.watchedRights())
	f.Must(err)
	f.operator = f.startOperator("--kubeconfig="+kubeconfig, "--watch-namespaces="+f.Namespace)
	controller := f.controller("local", f.Juju.Operator.Password)
	f.AwaitShown(controller, v1alpha1.ReasonConnected)
	f.Await(func() string {
		if status, body := f.get(f.reader); status != http.StatusInternalServerError {
			return fmt.Sprintf("the scrape returns the status %d: %.100s", status, body)
		}
		return ""
	})
	binding := bindingOf(account)
	f.Create(binding)
	f.After = append(f.After, binding)
	f.awaitSum("jujusecrets_objects", labels{"kind": "JujuController", "status": "True"}, 1)
}

// awaitLeading waits until the scraped operator reports this value of the
// leading metric. An operator that does not lead must report no objects.
func (f *fixture) awaitLeading(want float64) {
	f.Helper()
	f.Await(func() string {
		_, all := f.scrape()
		found := all.of("jujusecrets_leading", nil)
		if len(found) != 1 || found[0].value != want {
			return fmt.Sprintf("jujusecrets_leading is %v, want %v", found, want)
		}
		if shown := len(all.of("jujusecrets_objects", nil)) > 0; shown && want == 0 {
			return "an operator that does not lead reports objects"
		}
		return ""
	})
}

func TestLeadingMetricFollowsLeader(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--leader-elect=true")
	f.awaitLeading(1)
	f.startOperator("--leader-elect=true")
	f.awaitLeading(0)
	f.operator.MustStop()
	f.awaitLeading(1)
}

// An operator without access to one of its kinds still serves metrics and
// reports that it does not lead. Otherwise it would look like an operator
// without objects.
func TestLeadingMetricIsZeroWithoutAccessToAKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	account := "blind-" + f.Namespace
	rights := f.watchedRights()
	delete(rights.In, f.Namespace)
	kubeconfig, err := f.Env.Kubernetes.Admit(f.Ctx, account, rights)
	f.Must(err)
	mayReview := bindingOf(account)
	f.Create(mayReview)
	f.After = append(f.After, mayReview)
	blind := f.startOperator("--kubeconfig="+kubeconfig, "--watch-namespaces="+f.Namespace)
	f.Await(func() string {
		if !strings.Contains(blind.Log(), "is forbidden") {
			return "the operator was not denied access"
		}
		return ""
	})
	f.awaitLeading(0)
}

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
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// The names of objects that no metric may have unless it is asked for.
const (
	secretName = "a-name-that-is-nobodys-business"
	sourceName = "a-source-that-is-nobodys-business"
	accessName = "an-access-that-is-nobodys-business"
)

func TestTheMetricsFollowWhatTheOperatorDoes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	controller := s.controller("local", juju.Operator.Password)
	key := labels{"controller": s.ns + "/local"}
	of := func(more ...string) labels {
		all := labels{"controller": key["controller"]}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	s.awaitReason(controller, v1alpha1.ReasonConnected)
	s.awaitLeading(1) // It works without an election.
	s.awaitSum("jujusecrets_juju_logins_total", of("result", "ok"), 1)
	s.awaitSum("jujusecrets_juju_sessions", key, 1)
	s.awaitSum("jujusecrets_snapshot_interval_seconds", key, 10)
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuController", "status": "True", "reason": "Connected"}, 1)

	source := gen.Secret(s.ns, sourceName, map[string]string{"key": sentinel})
	obj := gen.JujuSecret(s.ns, secretName, s.model.Name, gen.Locally("local"), gen.FromSecret(sourceName))
	access := gen.Access(s.ns, accessName, secretName, "app1")
	s.Create(source, obj, access)
	s.awaitReason(obj, v1alpha1.ReasonSynced)
	s.awaitReason(access, v1alpha1.ReasonSynced)
	s.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.CreateSecrets", "code", "ok"), 1)
	s.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.GrantSecret", "code", "ok"), 1)
	s.awaitSum("jujusecrets_juju_batch_items_sum", of("method", "Secrets.CreateSecrets"), 1)
	s.awaitSum("jujusecrets_juju_sessions", key, 2)
	s.awaitSum("jujusecrets_juju_logins_total", of("result", "ok"), 2)
	s.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 1)
	s.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecretAccess"}, 1)
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "status": "True", "reason": "Synced"}, 1)

	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })
	s.awaitSum("jujusecrets_juju_requests_total", of("method", "Secrets.UpdateSecrets", "code", "ok"), 1)
	s.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 2)

	s.awaitSum("jujusecrets_drift_detected_total", key, 0)
	s.Must(juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "Theirs", nil))
	s.awaitSum("jujusecrets_drift_corrected_total", key, 1)
	s.awaitSum("jujusecrets_drift_detected_total", key, 1)
	s.awaitSum("jujusecrets_change_duration_seconds_count", labels{"kind": "JujuSecret"}, 2) // Nobody changed the object.

	stage.Change(s, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Suspend = true })
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "reason": "Suspended"}, 1)
	s.expectDiscreet()
	s.expectWellFormed()
}

func TestOnlyReportedDriftIsDetectedAndNotCorrected(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.controller("local", juju.Operator.Password)
	obj := gen.JujuSecret(s.ns, secretName, s.model.Name, gen.Locally("local"), gen.Reporting)
	s.Create(obj)
	s.awaitReason(obj, v1alpha1.ReasonSynced)
	s.Must(juju.UpdateSecret(s.Ctx, s.model, obj.Status.SecretID, "", "Theirs", nil))
	s.awaitReason(obj, v1alpha1.ReasonDrifted)
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuSecret", "status": "False", "reason": "Drifted"}, 1)
	_, all := s.scrape()
	if detected, corrected := all.sum("jujusecrets_drift_detected_total", nil), all.sum("jujusecrets_drift_corrected_total", nil); detected != 1 || corrected != 0 {
		t.Errorf("detected %v, corrected %v", detected, corrected)
	}
}

func TestARefusedLoginIsCountedAndAForgottenControllerLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.controller("local", juju.Operator.Password)
	refused := s.controller("refused", sentinel)
	s.awaitReason(refused, v1alpha1.ReasonCredentialsRejected)
	key := labels{"controller": s.ns + "/refused"}
	s.awaitSum("jujusecrets_juju_logins_total", labels{"controller": key["controller"], "result": "CredentialsRejected"}, 1)
	s.awaitSum("jujusecrets_juju_logins_total", labels{"controller": key["controller"], "result": "ok"}, 0)
	s.awaitSum("jujusecrets_juju_sessions", key, 0)
	s.awaitSum("jujusecrets_juju_refused_sessions", key, 1)
	s.awaitSum("jujusecrets_juju_refused_sessions", labels{"controller": s.ns + "/local"}, 0)
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuController", "status": "False", "reason": "CredentialsRejected"}, 1)
	s.expectDiscreet()

	s.remove(refused)
	s.Await(func() string {
		_, all := s.scrape()
		if all.has(key["controller"]) {
			return "there is something left of the controller that was forgotten"
		}
		return ""
	})
	if _, all := s.scrape(); !all.has(s.ns + "/local") {
		t.Error("the other controller is forgotten as well")
	}
}

// expectDiscreet checks that a scrape has no value of a secret, and no name of an object but of controller objects.
func (s *scene) expectDiscreet() {
	s.Helper()
	text, _ := s.scrape()
	for _, word := range []string{sentinel, juju.Operator.Password, secretName, sourceName, accessName} {
		if strings.Contains(text, word) {
			s.Errorf("the metrics have %q", word)
		}
	}
}

// expectWellFormed checks that a scrape has every metric of the catalogue with its labels, and none besides, and that promtool finds
// nothing to complain about ours.
func (s *scene) expectWellFormed() {
	s.Helper()
	text, all := s.scrape()
	known := map[string]bool{}
	for _, metric := range metrics.Catalogue().All() {
		known[metric.Name] = true
		name := metric.Name
		if len(metric.Buckets) > 0 {
			name += "_count"
		}
		found := all.of(name, nil)
		if (len(found) == 0) != metric.OnRequest {
			s.Errorf("there are %d samples of %s", len(found), name)
		}
		for _, one := range found {
			if len(one.labels) != len(metric.Labels) {
				s.Errorf("%s has the labels %v, want %v", name, one.labels, metric.Labels)
			}
		}
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[1] == "HELP" && strings.HasPrefix(fields[2], "jujusecrets_") && !known[fields[2]] {
			s.Errorf("%s is not in the catalogue", fields[2])
		}
	}
	// Kubernetes' own metrics have their own ideas of names.
	var ours strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "jujusecrets_") {
			ours.WriteString(line)
		}
	}
	if out, err := promtool(s.T, ours.String(), "check", "metrics"); err != nil {
		s.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// promtool runs promtool.
func promtool(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	path := os.Getenv("PROMTOOL")
	if path == "" {
		t.Fatal("PROMTOOL is not set: run this through the Makefile, which builds the program and sets it")
	}
	cmd := exec.CommandContext(t.Context(), path, args...) //nolint:gosec // A program of our own choice.
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func TestOnlyWhoIsKnownAndAllowedMayScrape(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.scrape() // It serves.
	for name, row := range map[string]struct {
		token string
		want  int
	}{
		"without a token":                 {"", http.StatusUnauthorized},
		"with a token that nobody issued": {"made-up", http.StatusInternalServerError},
		"without the right":               {s.account("nobody-"+s.ns, servers.Rights{}), http.StatusForbidden},
		"with the right":                  {s.reader, http.StatusOK},
	} {
		status, body := s.get(insecure(), row.token)
		if status != row.want {
			t.Errorf("%s: a scrape is answered with %d, want %d: %.100s", name, status, row.want, body)
		}
		if told := strings.Contains(body, "jujusecrets_") || strings.Contains(body, "go_goroutines"); told != (row.want == http.StatusOK) {
			t.Errorf("%s: metrics are told: %t", name, told)
		}
	}
	s.url = strings.Replace(s.url, "https:", "http:", 1)
	if status, _ := s.get(insecure(), s.reader); status == http.StatusOK {
		t.Error("it serves without encryption, too")
	}
}

func TestObjectsAreNamedOnlyIfThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newScene(t, "--metrics-per-object")
	s.controller("local", juju.Operator.Password)
	obj := gen.JujuSecret(s.ns, secretName, s.model.Name, gen.Locally("local"))
	s.Create(obj)
	named := labels{"kind": "JujuSecret", "namespace": s.ns, "name": secretName, "reason": "Synced"}
	s.awaitSum("jujusecrets_object_ready", named, 1)
	stage.Change(s, obj, gen.FromSecret("missing"))
	s.Await(func() string {
		_, all := s.scrape()
		found := all.of("jujusecrets_object_ready", labels{"name": secretName})
		if len(found) != 1 || found[0].labels["reason"] != "SourceNotFound" || found[0].value != 0 {
			return fmt.Sprintf("the object has %v", found)
		}
		return ""
	})
	s.remove(obj)
	s.Await(func() string {
		if _, all := s.scrape(); all.has(secretName) {
			return "the object is still told of"
		}
		return ""
	})
}

// With a certificate of somebody's, who scrapes can see whom it talks to.
func TestTheCertificateIsThatOfTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key, err := certutil.GenerateSelfSignedCertKey("metrics.example.com", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newScene(t, "--metrics-cert-dir="+dir)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	using := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "metrics.example.com", MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	s.Await(func() string {
		status, body := s.get(using, s.reader)
		if status != http.StatusOK {
			return fmt.Sprintf("a scrape is answered with %d: %.100s", status, body)
		}
		return ""
	})
}

// Who reviews tokens and accesses needs a right for the whole cluster, which an operator of some namespaces does not have by itself.
// It works without.
func TestAnOperatorOfNamespacesLetsScrapeOnceItMayReview(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.Must(s.operator.Stop())
	account := "watching-" + s.ns
	kubeconfig, err := kubernetes.Admit(s.Ctx, account, s.watchedRights())
	s.Must(err)
	s.operator, err = kubernetes.StartOperator(s.dir, "--kubeconfig="+kubeconfig, "--watch-namespaces="+s.ns,
		"--controller-class="+s.ns, "--metrics-bind-address="+strings.TrimSuffix(strings.TrimPrefix(s.url, "https://"), "/metrics"))
	s.Must(err)
	controller := s.controller("local", juju.Operator.Password)
	s.awaitReason(controller, v1alpha1.ReasonConnected)
	s.Await(func() string {
		if status, body := s.get(insecure(), s.reader); status != http.StatusInternalServerError {
			return fmt.Sprintf("a scrape is answered with %d: %.100s", status, body)
		}
		return ""
	})
	binding := bindingOf(account)
	s.Create(binding)
	s.controllers = append(s.controllers, binding)
	s.awaitSum("jujusecrets_objects", labels{"kind": "JujuController", "status": "True"}, 1)
}

// startOther starts another operator of the scene's class, and has the scene scrape it from now on.
func (s *scene) startOther(args ...string) *servers.Process {
	s.Helper()
	address := stage.FreeAddress(s.T)
	other, err := kubernetes.StartOperator(s.TempDir(),
		append([]string{"--controller-class=" + s.ns, "--metrics-bind-address=" + address}, args...)...)
	s.Must(err)
	s.Cleanup(func() {
		if err := other.Stop(); err != nil {
			s.Error(err)
		}
	})
	s.url = "https://" + address + "/metrics"
	return other
}

// awaitLeading waits until the operator that is scraped says whether it leads, and nothing of objects unless it does.
func (s *scene) awaitLeading(want float64) {
	s.Helper()
	s.Await(func() string {
		_, all := s.scrape()
		found := all.of("jujusecrets_leading", nil)
		if len(found) != 1 || found[0].value != want {
			return fmt.Sprintf("it tells %v, want %v", found, want)
		}
		if told := len(all.of("jujusecrets_objects", nil)) > 0; told && want == 0 {
			return "it tells of objects, and does not lead"
		}
		return ""
	})
}

func TestOneReplicaSaysThatItLeadsUntilAnotherTakesOver(t *testing.T) {
	t.Parallel()
	s := newScene(t, "--leader-elect=true")
	s.awaitLeading(1)
	s.startOther("--leader-elect=true")
	s.awaitLeading(0)
	s.Must(s.operator.Stop())
	s.awaitLeading(1)
}

// An operator that cannot work can be scraped all the same, and says so: else it would look like one that has nothing to do.
func TestAnOperatorThatMayNotSeeAKindSaysThatItDoesNotLead(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	account := "blind-" + s.ns
	rights := s.watchedRights()
	delete(rights.In, s.ns)
	kubeconfig, err := kubernetes.Admit(s.Ctx, account, rights)
	s.Must(err)
	mayReview := bindingOf(account)
	s.Create(mayReview)
	s.controllers = append(s.controllers, mayReview)
	blind := s.startOther("--kubeconfig="+kubeconfig, "--watch-namespaces="+s.ns)
	s.Await(func() string {
		log, err := os.ReadFile(blind.Log)
		s.Must(err)
		if !strings.Contains(string(log), "is forbidden") {
			return "the operator was not refused to see anything"
		}
		return ""
	})
	s.awaitLeading(0)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// sentinel is in every value that tests put into a Secret, so that a leak of any is found.
const sentinel = "never-show-this-value"

// scene is where one test plays: a namespace, a model, and an operator that serves the class of the namespace's name.
type scene struct {
	*stage.Stage

	model    servers.Model
	ns       string
	dir      string // The logs are in it.
	operator *servers.Process
	// url is where the operator serves its metrics, reader the token of who may get them.
	url, reader string
	// controllers are of the cluster, and outlive the namespace.
	controllers []client.Object
}

// newScene starts an operator.
func newScene(t *testing.T, args ...string) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, kubernetes.Client), dir: t.TempDir()}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "monitoring-", Labels: map[string]string{"tenant": "true"}}}
	s.Must(s.Kube.Create(s.Ctx, ns))
	s.ns = ns.Name
	t.Cleanup(s.clean)
	var err error
	s.model, err = juju.AddModel(s.Ctx, s.ns)
	s.Must(err)
	s.reader = s.account("reader-"+s.ns, mayScrape())
	address := stage.FreeAddress(t)
	s.url = "https://" + address + "/metrics"
	s.operator, err = kubernetes.StartOperator(s.dir,
		append([]string{"--controller-class=" + s.ns, "--metrics-bind-address=" + address}, args...)...)
	s.Must(err)
	return s
}

// mayScrape is what it takes to scrape.
func mayScrape() servers.Rights {
	return servers.Rights{Everywhere: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}}
}

// account makes a service account, and returns its token.
func (s *scene) account(name string, rights servers.Rights) string {
	s.Helper()
	path, err := kubernetes.Admit(s.Ctx, name, rights)
	s.Must(err)
	config, err := clientcmd.LoadFromFile(path)
	s.Must(err)
	return config.AuthInfos[name].Token
}

// clean removes what is left of the scene, and searches what the operator has logged.
func (s *scene) clean() {
	s.Ctx = context.Background() // The test's own context is over.
	if s.operator != nil {
		if err := s.operator.Stop(); err != nil {
			s.Error(err)
		}
		log, err := os.ReadFile(s.operator.Log)
		s.Must(err)
		for _, word := range []string{sentinel, "panic", "DATA RACE"} {
			if strings.Contains(string(log), word) {
				s.Errorf("the operator's log says %q", word)
			}
		}
		if s.Failed() {
			s.Logf("the operator's log:\n%s", log)
		}
	}
	s.Clear([]string{s.ns}, s.controllers...)
	if s.model.UUID != "" {
		s.Must(juju.RemoveModel(s.Ctx, s.model))
	}
}

// controller makes a JujuController that the operator serves, with a password.
func (s *scene) controller(name, password string) *v1alpha1.JujuController {
	s.Helper()
	s.Create(gen.Secret(s.ns, name, map[string]string{"username": juju.Operator.Username, "password": password}))
	obj := gen.LocalController(s.ns, name, juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.JujuController) {
		c.Spec.ControllerClass = s.ns
	})
	s.Create(obj)
	return obj
}

// awaitReason waits until the Ready condition of an object has a reason, for its present generation.
func (s *scene) awaitReason(obj client.Object, reason v1alpha1.Reason) {
	s.Helper()
	s.Await(func() string {
		s.Refresh(obj)
		ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
		if ready != nil && ready.ObservedGeneration == obj.GetGeneration() && ready.Reason == string(reason) {
			return ""
		}
		return fmt.Sprintf("%T %s is %+v, want %s", obj, obj.GetName(), ready, reason)
	})
}

// remove deletes an object and waits until it is gone.
func (s *scene) remove(obj client.Object) {
	s.Helper()
	s.Must(s.Kube.Delete(s.Ctx, obj))
	s.Await(func() string {
		err := s.Kube.Get(s.Ctx, client.ObjectKeyFromObject(obj), obj)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v)", obj, obj.GetName(), err)
	})
}

// insecure is a client that takes any certificate, as the operator makes its own.
func insecure() *http.Client {
	//nolint:gosec // Who serves is not what is tested here.
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
}

// get asks for the metrics with a token, none if it is empty. While nobody listens it answers 0.
func (s *scene) get(using *http.Client, token string) (status int, body string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Ctx, http.MethodGet, s.url, nil)
	s.Must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := using.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// scrape is what Prometheus would get, as text and taken apart.
func (s *scene) scrape() (text string, all scraped) {
	s.Helper()
	s.Await(func() string {
		status, body := s.get(insecure(), s.reader)
		if text = body; status != http.StatusOK {
			return fmt.Sprintf("a scrape is answered with %d: %s", status, body)
		}
		return ""
	})
	return text, parse(text)
}

// awaitSum waits until the samples of a metric with these labels come to a sum.
func (s *scene) awaitSum(name string, having labels, want float64) {
	s.Helper()
	s.Await(func() string {
		_, all := s.scrape()
		if got := all.sum(name, having); got != want {
			return fmt.Sprintf("%s%v is %v, want %v", name, having, got, want)
		}
		return ""
	})
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 40 * time.Second

// scene is an operator with a service account of its own, and what it works on.
type scene struct {
	*stage.Stage

	mode     mode
	model    servers.Model
	operator *servers.Process
	// own is the operator's own namespace, and the name of its service account. It serves the namespace ns.
	own, ns string
	// controller is the object that the story goes through.
	controller client.Object
	// metrics is where the operator serves its metrics.
	metrics string

	dir         string // The logs are in it.
	kubeconfig  string
	environment []string
}

// newScene starts an operator that has these roles and no others.
func newScene(t *testing.T, m mode, granted roles, environment ...string) *scene {
	t.Helper()
	s := &scene{Stage: stage.New(t, kubernetes.Client), mode: m, dir: t.TempDir(), environment: environment}
	s.own, s.ns = s.namespace(nil), s.namespace(map[string]string{"tenant": "true"})
	s.controller = m.controller(s, credentials)
	var err error
	s.model, err = juju.AddModel(s.Ctx, s.ns)
	s.Must(err)
	s.kubeconfig, err = kubernetes.Admit(s.Ctx, s.own, granted.rights(s.own, s.ns))
	s.Must(err)
	s.metrics = stage.FreeAddress(t)
	s.Must(s.start())
	t.Cleanup(s.clean)
	return s
}

// start starts an operator.
func (s *scene) start() (err error) {
	s.operator, err = kubernetes.StartOperatorIn(s.environment, s.dir,
		append(s.mode.args(s.ns), "--kubeconfig="+s.kubeconfig, "--namespace="+s.own, "--leader-elect", "--metrics-bind-address="+s.metrics)...)
	return err
}

// localController makes a JujuController in the scene's namespace.
func (s *scene) localController(credentials string) client.Object {
	return gen.LocalController(s.ns, "local", juju.Addresses[0], juju.CACertificate, func(c *v1alpha1.JujuController) {
		c.Spec.Credentials.UserPass.SecretRef.Name = credentials
	})
}

func (s *scene) namespace(labels map[string]string) string {
	s.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "rbac-", Labels: labels}}
	s.Must(s.Kube.Create(s.Ctx, ns))
	return ns.Name
}

// clean removes all that the next operator would see. This one may not even be able to let go of it.
func (s *scene) clean() {
	s.Ctx = context.Background() // The test's own context is over.
	_ = s.operator.Kill()        // It may have ended before.
	if s.Failed() {
		s.Logf("the operator's log:\n%s", s.log())
	}
	s.Clear([]string{s.ns, s.own}, s.controller)
	s.Must(juju.RemoveModel(s.Ctx, s.model))
}

// log is what the operator has logged since it first started, without the backslashes that quotes get in there.
func (s *scene) log() string {
	s.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	s.Must(err)
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // A path of our own making.
		s.Must(err)
		all.Write(text)
	}
	return strings.ReplaceAll(all.String(), `\`, "")
}

// refusal is how the API server says that a user may not do something.
var refusal = regexp.MustCompile(`User "([^"]*)" cannot (\w+ resource "[^"]*" in API group "[^"]*")`)

// refusals are what the operator was refused so far, each once, in the API server's words.
func (s *scene) refusals() map[string]bool {
	s.Helper()
	found := map[string]bool{}
	for _, match := range refusal.FindAllStringSubmatch(s.log(), -1) {
		if user := match[1]; user != servers.Username(s.own) {
			s.Fatalf("the operator is %s, want %s", user, servers.Username(s.own))
		}
		found[match[2]] = true
	}
	return found
}

// lease is how the operator's instances elect a leader.
func (s *scene) lease(ctx context.Context) (coordinationv1.LeaseSpec, error) {
	var leases coordinationv1.LeaseList
	err := s.Kube.List(ctx, &leases, client.InNamespace(s.own))
	if err != nil || len(leases.Items) == 0 {
		return coordinationv1.LeaseSpec{}, err
	}
	return leases.Items[0].Spec, nil // The namespace is this scene's own.
}

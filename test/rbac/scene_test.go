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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 40 * time.Second

// scene is an operator with a service account of its own, and what it works on.
type scene struct {
	*testing.T

	mode     mode
	ctx      context.Context
	kube     client.Client
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
	s := &scene{T: t, mode: m, ctx: t.Context(), kube: kubernetes.Client, dir: t.TempDir(), environment: environment}
	s.own, s.ns = s.namespace(nil), s.namespace(map[string]string{"tenant": "true"})
	s.controller = m.controller(s, credentials)
	var err error
	s.model, err = juju.AddModel(s.ctx, s.ns)
	s.must(err)
	s.kubeconfig, err = kubernetes.Admit(s.ctx, s.own, granted.rights(s.own, s.ns))
	s.must(err)
	s.metrics = freeAddress(t)
	s.must(s.start())
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
	s.must(s.kube.Create(s.ctx, ns))
	return ns.Name
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// clean removes all that the next operator would see. This one may not even be able to let go of it.
func (s *scene) clean() {
	s.ctx = context.Background() // The test's own context is over.
	_ = s.operator.Kill()        // It may have ended before.
	if s.Failed() {
		s.Logf("the operator's log:\n%s", s.log())
	}
	left := []client.Object{s.controller}
	for _, list := range []client.ObjectList{
		&v1alpha1.JujuSecretList{}, &v1alpha1.JujuSecretAccessList{}, &v1alpha1.JujuControllerList{}, &corev1.SecretList{},
	} {
		s.must(s.kube.List(s.ctx, list, client.InNamespace(s.ns)))
		s.must(meta.EachListItem(list, func(item runtime.Object) error {
			left = append(left, item.(client.Object))
			return nil
		}))
	}
	for _, obj := range left {
		s.must(client.IgnoreNotFound(s.kube.Delete(s.ctx, obj)))
		held := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		s.must(client.IgnoreNotFound(s.kube.Patch(s.ctx, obj, held)))
	}
	for _, name := range []string{s.ns, s.own} {
		s.must(s.kube.Delete(s.ctx, gen.Namespace(name, nil)))
	}
	s.must(juju.RemoveModel(s.ctx, s.model))
}

// log is what the operator has logged since it first started, without the backslashes that quotes get in there.
func (s *scene) log() string {
	s.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	s.must(err)
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // A path of our own making.
		s.must(err)
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
	err := s.kube.List(ctx, &leases, client.InNamespace(s.own))
	if err != nil || len(leases.Items) == 0 {
		return coordinationv1.LeaseSpec{}, err
	}
	return leases.Items[0].Spec, nil // The namespace is this scene's own.
}

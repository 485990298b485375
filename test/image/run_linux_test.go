// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// patience is how long a test waits for what should come true in a moment, on a machine that is busy with other tests.
const patience = 2 * time.Minute

// accountDir is where a Pod has what it logs in to the API server with.
const accountDir = "var/run/secrets/kubernetes.io/serviceaccount"

// unpacked is a folder with the image for this machine, and with the operator's account, where Kubernetes mounts it.
func unpacked(t *testing.T, account map[string][]byte) string {
	t.Helper()
	image, ok := readLayout(t).images(t)[runtime.GOARCH]
	if !ok {
		t.Skipf("there is no image for %s", runtime.GOARCH)
	}
	dir := t.TempDir()
	inside, err := os.OpenRoot(dir)
	must(t, err)
	defer func() { _ = inside.Close() }()
	for _, file := range image.files {
		must(t, inside.WriteFile(file.header.Name, file.content, file.header.FileInfo().Mode()))
	}
	must(t, os.MkdirAll(filepath.Join(dir, accountDir), 0o755)) //nolint:gosec // Another user reads it.
	for name, content := range account {
		must(t, os.WriteFile(filepath.Join(dir, accountDir, name), content, 0o644)) //nolint:gosec // As above.
	}
	return dir
}

func TestTheImageTellsWhichReleaseItIs(t *testing.T) {
	command, _ := confined(t, unpacked(t, nil), nil, "--version")
	output, err := command.Output()
	must(t, err)
	for _, want := range []string{
		"juju-secrets-operator " + version + "\n", "commit: ", "juju client: " + required(t, "github.com/juju/juju") + "\n",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("%q is not in %q", want, output)
		}
	}
}

// pod runs the image as the Deployment of the release does, and returns the URL of its probes and the path of its log. Only its
// addresses are others, as tests listen on loopback alone.
func pod(t *testing.T, kubernetes *servers.Kubernetes) (probes, log string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubernetes.OperatorKubeconfig())
	must(t, err)
	dir := unpacked(t, map[string][]byte{
		"token": []byte(config.BearerToken), "ca.crt": config.CAData, "namespace": []byte(servers.OperatorNamespace),
	})
	server, err := url.Parse(config.Host)
	must(t, err)
	container := deployment(t).Spec.Template.Spec.Containers[0]
	var args []string
	for _, arg := range container.Args {
		if flag, address, ok := strings.Cut(arg, "-bind-address="); ok && strings.HasPrefix(address, ":") {
			loopback := stage.FreeAddress(t)
			arg = flag + "-bind-address=" + loopback
			if strings.HasSuffix(flag, "health-probe") {
				probes = "http://" + loopback
			}
		}
		args = append(args, arg)
	}
	command, isConfined := confined(t, dir, []string{
		"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(),
	}, args...)
	if !isConfined {
		// Where this folder is not the root one, the account is not where a Pod has it.
		command.Args = append(command.Args, "--kubeconfig="+kubernetes.OperatorKubeconfig(), "--namespace="+servers.OperatorNamespace)
	}
	log = run(t, command)
	if isConfined {
		expectUser(t, command)
	}
	return probes, log
}

// run starts a program that has to end by itself, when it is told to and without an error. It returns the path of its log.
func run(t *testing.T, command *exec.Cmd) (log string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	command.Stdout, command.Stderr = file, file
	must(t, command.Start())
	t.Cleanup(func() {
		err := command.Process.Signal(syscall.SIGTERM)
		if err = errors.Join(err, command.Wait(), file.Close()); err != nil {
			t.Errorf("the operator did not end well: %v", err)
		}
		if t.Failed() {
			t.Logf("the operator's log:\n%s", read(t, file.Name()))
		}
	})
	return file.Name()
}

// expectUser waits until a process is that of the image's user.
func expectUser(t *testing.T, command *exec.Cmd) {
	t.Helper()
	want := fmt.Sprintf("Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d\n", user)
	must(t, servers.Await(t.Context(), patience, func() (string, error) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
		if err == nil && !strings.Contains(string(status), want) {
			return "the operator runs as another user", nil
		}
		return "", err
	}))
}

func TestTheImageRunsAsItIsDeployed(t *testing.T) {
	kubernetes, juju := startServers(t)
	kube := kubernetes.Client
	probes, log := pod(t, kubernetes)
	must(t, servers.Await(t.Context(), patience, func() (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, probes+"/readyz", nil)
		must(t, err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err.Error(), nil
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
			return "the operator is not ready: " + response.Status, nil
		}
		return "", nil
	}))
	model, err := juju.AddModel(t.Context(), "image")
	must(t, err)
	secret := gen.JujuSecret("image", "db-login", model.Name, gen.Value(map[string]string{"password": "made up"}))
	for _, obj := range []client.Object{
		gen.Credentials("default", juju.Operator.Username, juju.Operator.Password),
		gen.Controller("default", juju.Addresses[0], juju.CACertificate),
		gen.Namespace("image", map[string]string{"tenant": "true"}), secret,
	} {
		must(t, kube.Create(t.Context(), obj))
	}
	must(t, servers.Await(t.Context(), patience, func() (string, error) {
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
			return "", err
		}
		if meta.IsStatusConditionTrue(secret.Status.Conditions, v1alpha1.ConditionReady) {
			return "", nil
		}
		return fmt.Sprintf("the secret is not Ready: %+v", secret.Status.Conditions), nil
	}))
	held, err := juju.Secrets(t.Context(), model)
	must(t, err)
	if len(held) != 1 || held[0].Name != "db-login" {
		t.Errorf("Juju holds %+v", held)
	}
	first, _, _ := strings.Cut(string(read(t, log)), "\n")
	for _, want := range []string{"Starting", version, required(t, "github.com/juju/juju")} {
		if !strings.Contains(first, want) {
			t.Errorf("the log begins with %q, want it to tell %q", first, want)
		}
	}
}

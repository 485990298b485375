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

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// accountDir is the folder with the service account credentials in a Pod.
const accountDir = "var/run/secrets/kubernetes.io/serviceaccount"

// unpackedImage returns a folder with the image for this machine, and with the
// service account of the operator in the folder where Kubernetes mounts it.
func unpackedImage(t *testing.T, account map[string][]byte) string {
	t.Helper()
	image, ok := readLayout(t).images(t)[runtime.GOARCH]
	if !ok {
		t.Skipf("the release has no image for %s", runtime.GOARCH)
	}
	dir := t.TempDir()
	inside, err := os.OpenRoot(dir)
	must(t, err)
	defer func() { _ = inside.Close() }()
	for _, file := range image.files {
		must(t, inside.WriteFile(file.header.Name, file.content, file.header.FileInfo().Mode()))
	}
	must(t, os.MkdirAll(filepath.Join(dir, accountDir), 0o755)) //nolint:gosec // The user of the image must read it.
	for name, content := range account {
		must(t, os.WriteFile(filepath.Join(dir, accountDir, name), content, 0o644)) //nolint:gosec // As above.
	}
	return dir
}

func TestImageReportsReleaseVersion(t *testing.T) {
	command, _ := confinedCommand(t, unpackedImage(t, nil), nil, "--version")
	output, err := command.Output()
	must(t, err)
	for _, want := range []string{
		"juju-secrets-operator " + version + "\n", "commit: ",
		"juju client: " + requiredVersion(t, "github.com/juju/juju") + "\n",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("the output is %q, want it to contain %q", output, want)
		}
	}
}

// pod runs the image as the Deployment of the release specifies, and returns
// the URL of its probes and the path of its log. Only the listening addresses
// differ, because tests listen on the loopback interface.
func pod(t *testing.T, kubernetes *servers.Kubernetes) (probes, log string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubernetes.OperatorKubeconfig())
	must(t, err)
	dir := unpackedImage(t, map[string][]byte{
		"token": []byte(config.BearerToken), "ca.crt": config.CAData, "namespace": []byte(servers.OperatorNamespace),
	})
	server, err := url.Parse(config.Host)
	must(t, err)
	container := deployment(t).Spec.Template.Spec.Containers[0]
	var args []string
	for _, arg := range container.Args {
		if flag, address, ok := strings.Cut(arg, "-bind-address="); ok && strings.HasPrefix(address, ":") {
			loopback := env.FreeAddress(t)
			arg = flag + "-bind-address=" + loopback
			if strings.HasSuffix(flag, "health-probe") {
				probes = "http://" + loopback
			}
		}
		args = append(args, arg)
	}
	command, isConfined := confinedCommand(t, dir, []string{
		"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(),
	}, args...)
	if !isConfined {
		// The folder is not the root directory, so the operator does not find
		// the service account there.
		command.Args = append(command.Args, "--kubeconfig="+kubernetes.OperatorKubeconfig(),
			"--operator-namespace="+servers.OperatorNamespace)
	}
	log = run(t, command)
	if isConfined {
		expectUser(t, command)
	}
	return probes, log
}

// run starts a program and stops it after the test. The program must exit
// without an error. run returns the path of its log.
func run(t *testing.T, command *exec.Cmd) (log string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	command.Stdout, command.Stderr = file, file
	must(t, command.Start())
	t.Cleanup(func() {
		err := command.Process.Signal(syscall.SIGTERM)
		if err = errors.Join(err, command.Wait(), file.Close()); err != nil {
			t.Errorf("the operator did not exit without an error: %v", err)
		}
		if t.Failed() {
			t.Logf("the operator's log:\n%s", read(t, file.Name()))
		}
	})
	return file.Name()
}

// expectUser waits until a process runs as the user of the image.
func expectUser(t *testing.T, command *exec.Cmd) {
	t.Helper()
	want := fmt.Sprintf("Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d\n", user)
	must(t, servers.Await(t.Context(), env.Patience, func() (string, error) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
		if err == nil && !strings.Contains(string(status), want) {
			return "the operator runs as another user", nil
		}
		return "", err
	}))
}

func TestImageRunsWithReleaseManifests(t *testing.T) {
	shared.Need(t)
	f := shared.NewFixture(t)
	f.CleanUp = f.Clear // The operator has exited by then.
	probes, log := pod(t, f.Env.Kubernetes)
	f.Await(func() string {
		if status, body := env.Get(f.Ctx, probes+"/readyz", ""); status != http.StatusOK {
			return fmt.Sprintf("the operator is not ready: %d: %s", status, body)
		}
		return ""
	})
	model := f.AddModel("image")
	secret := gen.JujuSecret("image", "db-login", model.Name, gen.Value(map[string]string{"password": "made up"}))
	credentials := gen.Credentials("default", f.Juju.Operator.Username, f.Juju.Operator.Password)
	controller := gen.Controller("default", f.Juju.Addresses[0], f.Juju.CACertificate)
	f.After = []client.Object{credentials, controller}
	f.AddNamespace(gen.Namespace("image", map[string]string{"tenant": "true"}))
	f.Create(credentials, controller, secret)
	f.AwaitReady(secret)
	if held := f.InJuju(); len(held) != 1 || held[0].Name != "db-login" {
		t.Errorf("the model contains %+v, want one secret db-login", held)
	}
	first, _, _ := strings.Cut(string(read(t, log)), "\n")
	for _, want := range []string{"Starting", version, requiredVersion(t, "github.com/juju/juju")} {
		if !strings.Contains(first, want) {
			t.Errorf("the log begins with %q, want it to contain %q", first, want)
		}
	}
}

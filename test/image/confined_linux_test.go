// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// confinedIn is the variable by which this program is told to become the image's, with the image as its root folder.
const confinedIn = "IMAGE_TEST_ROOT"

// user is the user and the group of the image.
const user = 65532

// confined is the program of an image in a folder, as a container runtime would run it: with the image as its root folder, which is
// mounted read-only, as the image's user, with no other rights and groups, and nothing of this environment. That takes root. Somebody
// else, or a root who may not do so, gets a program that runs plainly, and is told false.
func confined(t *testing.T, dir string, environment []string, args ...string) (command *exec.Cmd, isConfined bool) {
	t.Helper()
	program := filepath.Join(dir, "manager")
	if os.Geteuid() == 0 {
		//nolint:gosec // This very program.
		probe := exec.CommandContext(t.Context(), os.Args[0], "--version")
		probe.Env = []string{confinedIn + "=" + dir}
		output, err := probe.CombinedOutput()
		if err == nil {
			command = exec.Command(os.Args[0], args...) //nolint:gosec,noctx // Who runs it ends it in order.
			command.Env = slices.Concat(environment, []string{confinedIn + "=" + dir})
			return command, true
		}
		t.Logf("this machine does not let the program be confined: %v: %s", err, output)
	}
	command = exec.Command(program, args...) //nolint:gosec,noctx // As above.
	command.Env = environment
	return command, false
}

// runConfined runs the image's program in place of this one if that is asked for.
func runConfined() {
	dir := os.Getenv(confinedIn)
	if dir == "" {
		return
	}
	runtime.LockOSThread() // Some of this is about a thread.
	err := confine(dir)
	if err == nil {
		var environment []string
		for _, variable := range os.Environ() {
			if !strings.HasPrefix(variable, confinedIn+"=") {
				environment = append(environment, variable)
			}
		}
		err = syscall.Exec("/manager", append([]string{"/manager"}, os.Args[1:]...), environment) //nolint:gosec // The image's own.
	}
	fmt.Fprintln(os.Stderr, "cannot confine the program:", err)
	os.Exit(1)
}

func confine(dir string) error {
	const noNewPrivileges = 38 // PR_SET_NO_NEW_PRIVS
	steps := []func() error{
		func() error { return syscall.Unshare(syscall.CLONE_NEWNS) },
		func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") },
		func() error { return syscall.Mount(dir, dir, "", syscall.MS_BIND, "") },
		func() error {
			return syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_NODEV, "")
		},
		func() error { return syscall.Chroot(dir) },
		func() error { return syscall.Chdir("/") },
		expectReadOnly,
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setresgid(user, user, user) },
		func() error { return syscall.Setresuid(user, user, user) },
		func() error {
			if _, _, errno := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, noNewPrivileges, 1, 0); errno != 0 && !errors.Is(errno, syscall.ENOTSUP) {
				return errno
			}
			return nil // A program that is linked with C cannot, and has no rights any more that it could multiply here.
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// expectReadOnly fails if even root could write into the root folder.
func expectReadOnly() error {
	file, err := os.Create("/written")
	if err == nil {
		return errors.Join(errors.New("the root folder can be written to"), file.Close())
	}
	if !errors.Is(err, syscall.EROFS) {
		return err
	}
	return nil
}

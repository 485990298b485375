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

// rootVariable is the environment variable with the folder of an unpacked
// image. A test program with this variable replaces itself with the program of
// the image, with the folder as its root directory.
const rootVariable = "IMAGE_TEST_ROOT"

// user is the user ID and the group ID of the image.
const user = 65532

// confinedCommand returns a command that runs the program of an unpacked image
// as a container runtime would: with the image as its read-only root directory,
// as the user of the image, without other rights and groups, and without the
// environment of the test. This requires root. Without root, or if the machine
// forbids it, the command runs the program directly, and isConfined is false.
func confinedCommand(
	t *testing.T, dir string, environment []string, args ...string,
) (command *exec.Cmd, isConfined bool) {
	t.Helper()
	program := filepath.Join(dir, "manager")
	if os.Geteuid() == 0 {
		//nolint:gosec // The program of this test.
		probe := exec.CommandContext(t.Context(), os.Args[0], "--version")
		probe.Env = []string{rootVariable + "=" + dir}
		output, err := probe.CombinedOutput()
		if err == nil {
			command = exec.Command(os.Args[0], args...) //nolint:gosec,noctx // The caller stops it.
			command.Env = slices.Concat(environment, []string{rootVariable + "=" + dir})
			return command, true
		}
		t.Logf("cannot confine the program on this machine: %v: %s", err, output)
	}
	command = exec.Command(program, args...) //nolint:gosec,noctx // As above.
	command.Env = environment
	return command, false
}

// runConfined replaces this program with the image's program if rootVariable is
// set.
func runConfined() {
	dir := os.Getenv(rootVariable)
	if dir == "" {
		return
	}
	runtime.LockOSThread() // Some of the calls affect only one thread.
	err := confine(dir)
	if err == nil {
		var environment []string
		for _, variable := range os.Environ() {
			if !strings.HasPrefix(variable, rootVariable+"=") {
				environment = append(environment, variable)
			}
		}
		args := append([]string{"/manager"}, os.Args[1:]...)
		err = syscall.Exec("/manager", args, environment) //nolint:gosec // The program of the image.
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
			const flags = syscall.MS_REMOUNT | syscall.MS_BIND | syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV
			return syscall.Mount("", dir, "", flags, "")
		},
		func() error { return syscall.Chroot(dir) },
		func() error { return syscall.Chdir("/") },
		expectReadOnly,
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setresgid(user, user, user) },
		func() error { return syscall.Setresuid(user, user, user) },
		func() error {
			_, _, errno := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, noNewPrivileges, 1, 0)
			if errno != 0 && !errors.Is(errno, syscall.ENOTSUP) {
				return errno
			}
			// A program that is linked with C does not support this call. It
			// has no privileges left that it could extend.
			return nil
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// expectReadOnly returns an error if root can write to the root directory.
func expectReadOnly() error {
	file, err := os.Create("/written")
	if err == nil {
		return errors.Join(errors.New("the root directory is writable"), file.Close())
	}
	if !errors.Is(err, syscall.EROFS) {
		return err
	}
	return nil
}

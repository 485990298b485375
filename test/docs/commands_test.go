// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// commandTimeout is how long the commands of a block may take, on a machine that is busy with other tests.
const commandTimeout = 3 * time.Minute

// keepingEnvironment runs a block as if all blocks of a page were typed into one shell.
const keepingEnvironment = `
if [ -e "$SHELL_STATE" ]; then . "$SHELL_STATE"; fi
trap 'status=$?; export -p >"$SHELL_STATE"; exit $status' EXIT
. ./block.sh
`

func TestTheCommandsOfEachPageDoWhatItSays(t *testing.T) {
	needServers(t)
	run, notRun := 0, 0
	for _, p := range pages(t, "README.md", "docs") {
		mine := 0
		for _, b := range p.blocks {
			switch {
			case b.language == "console":
				t.Errorf("%s: write commands as sh, without prompts, and what they print as text", b.at)
			case b.marked && b.notRun == "":
				t.Errorf("%s: say why these commands are not run", b.at)
			case b.language == "sh" && b.marked:
				notRun++
			case b.language == "sh":
				mine++
			}
		}
		if mine > 0 {
			t.Run(p.path, func(t *testing.T) { newScene(t).follow(p) })
		}
		run += mine
	}
	t.Logf("%d blocks of commands were run, and %d are marked as not to be run here", run, notRun)
	if run < notRun || run < 30 {
		t.Errorf("only %d of %d blocks are run", run, run+notRun)
	}
}

// follow does what a page says, in its order.
func (s *scene) follow(p page) {
	for _, b := range p.blocks {
		switch {
		case b.marked:
		case b.language == "yaml":
			if name := fileName.FindStringSubmatch(b.text); name != nil {
				s.write(name[1], b.text)
			}
		case b.language == "sh":
			output, err := s.run(b.text)
			if err != nil {
				s.Fatalf("%s: %v\n%s", b.at, err, output)
			}
			if missing := unlike(b.shows, output); missing != "" {
				s.Fatalf("%s: the page shows %q, which is not in\n%s", b.at, missing, output)
			}
		}
	}
}

// run runs commands in the scene's folder.
func (s *scene) run(commands string) (output string, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, commandTimeout)
	defer cancel()
	if err := os.WriteFile(filepath.Join(s.dir, "block.sh"), []byte(commands), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "sh", "-euc", keepingEnvironment)
	cmd.Dir, cmd.Env = s.dir, s.environment
	cmd.WaitDelay = time.Second // What a command left behind may hold its output open.
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// unlike returns the first line that is shown and not among what was printed.
func unlike(shown, printed string) string {
	lines := strings.Split(printed, "\n")
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); line == "" || line == "..." {
			continue
		}
		found := false
		for _, other := range lines {
			found = found || alike(line, other)
		}
		if !found {
			return line
		}
	}
	return ""
}

// alike compares two lines word by word. A word with a digit that is no number, such as an age or an ID, stands for any.
func alike(shown, printed string) bool {
	want, got := strings.Fields(shown), strings.Fields(printed)
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		varies := strings.ContainsAny(want[i], "0123456789") && strings.Trim(want[i], "0123456789") != ""
		if want[i] != got[i] && !varies {
			return false
		}
	}
	return true
}

func TestOutputIsComparedLoosely(t *testing.T) {
	printed := "NAME   READY   REVISION   AGE\ndb     True    2          3s\n"
	for shown, good := range map[string]bool{
		"NAME READY REVISION AGE\ndb True 2 14s\n": true,
		"...\ndb   True   2   1m5s\n":              true,
		"":                                         true,
		"NAME READY AGE\n":                         false,
		"db True 3 3s\n":                           false,
		"db False 2 3s\n":                          false,
		"other True 2 3s\n":                        false,
	} {
		if missing := unlike(shown, printed); (missing == "") != good {
			t.Errorf("%q: %q is missing", shown, missing)
		}
	}
}

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

// commandTimeout bounds the commands of one block, on a machine that is busy
// with other tests.
const commandTimeout = 3 * time.Minute

// blockScript runs a block with the environment of the previous block, as if a
// user typed all blocks of a page into one shell.
const blockScript = `
if [ -e "$SHELL_STATE" ]; then . "$SHELL_STATE"; fi
trap 'status=$?; export -p >"$SHELL_STATE"; exit $status' EXIT
. ./block.sh
`

func TestPageCommands(t *testing.T) {
	shared.Need(t)
	run, notRun := 0, 0
	for _, p := range pages(t, "README.md", "docs") {
		mine := 0
		for _, b := range p.blocks {
			switch {
			case b.language == "console":
				t.Errorf("%s: mark the commands as sh and remove the prompts, and mark their output as text", b.at)
			case b.marked && b.notRun == "":
				t.Errorf("%s: add the reason why these commands are not run", b.at)
			case b.language == "sh" && b.marked:
				notRun++
			case b.language == "sh":
				mine++
			}
		}
		if mine > 0 {
			t.Run(p.path, func(t *testing.T) { newFixture(t).runPage(p) })
		}
		run += mine
	}
	t.Logf("%d blocks of commands ran, and %d are marked as not run", run, notRun)
	if run < notRun || run < 30 {
		t.Errorf("only %d of %d blocks ran", run, run+notRun)
	}
}

// runPage runs the blocks of a page in order.
func (f *fixture) runPage(p page) {
	for _, b := range p.blocks {
		switch {
		case b.marked:
		case b.language == "yaml":
			if name := fileName.FindStringSubmatch(b.text); name != nil {
				f.write(name[1], b.text)
			}
		case b.language == "sh":
			output, err := f.run(b.text)
			if err != nil {
				f.Fatalf("%s: %v\n%s", b.at, err, output)
			}
			if missing := missingLine(b.shows, output); missing != "" {
				f.Fatalf("%s: the page shows %q, which is not in the output:\n%s", b.at, missing, output)
			}
		}
	}
}

// run runs commands in the folder of the fixture.
func (f *fixture) run(commands string) (output string, err error) {
	ctx, cancel := context.WithTimeout(f.Ctx, commandTimeout)
	defer cancel()
	if err := os.WriteFile(filepath.Join(f.dir, "block.sh"), []byte(commands), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "sh", "-euc", blockScript)
	cmd.Dir, cmd.Env = f.dir, f.environment
	cmd.WaitDelay = time.Second // A process in the background may keep the output open.
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// missingLine returns the first shown line that is not in the output.
func missingLine(shown, printed string) string {
	lines := strings.Split(printed, "\n")
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); line == "" || line == "..." {
			continue
		}
		found := false
		for _, other := range lines {
			found = found || linesMatch(line, other)
		}
		if !found {
			return line
		}
	}
	return ""
}

// linesMatch compares two lines word by word. A shown word matches any word if it
// contains a digit but is not a number, for example an age or an ID.
func linesMatch(shown, printed string) bool {
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

func TestOutputComparisonIgnoresVaryingWords(t *testing.T) {
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
		if missing := missingLine(shown, printed); (missing == "") != good {
			t.Errorf("%q: the missing line is %q, want a match: %t", shown, missing, good)
		}
	}
}

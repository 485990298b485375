// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// inRepository matches the path of a file or folder of this repository, or
	// a pattern.
	inRepository = regexp.MustCompile(
		`^(\./)?(api|charts|cmd|config|controllers|docs|hack|internal|test)/[A-Za-z0-9_.*/-]*$`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	targetWord = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

func TestPathsInPagesExist(t *testing.T) {
	named := 0
	for _, p := range pages(t, everywhere...) {
		for at, text := range p.code() {
			for word := range strings.FieldsSeq(text) {
				word = strings.TrimRight(word, ".,:;")
				if inRepository.MatchString(word) {
					named++
					if !exists(word) {
						t.Errorf("%s: %s does not exist", at, word)
					}
				}
			}
		}
	}
	if named < 50 {
		t.Errorf("found only %d paths, want at least 50", named)
	}
}

func TestMakeTargetsInPagesExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, found := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets[found[1]] = true
	}
	named := 0
	for _, p := range pages(t, everywhere...) {
		for at, text := range p.code() {
			for _, target := range targetsIn(text) {
				named++
				if !targets[target] {
					t.Errorf("%s: the Makefile has no target %q", at, target)
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("found only %d targets, want at least 20", named)
	}
}

// code returns the code spans and the commands of a page. The keys are their
// locations, which start with the path.
func (p page) code() map[string]string {
	found := map[string]string{}
	spans := strings.Builder{}
	for _, line := range p.prose {
		for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
			spans.WriteString(span[1] + "\n")
		}
	}
	found[p.path] = spans.String()
	for _, b := range p.blocks {
		if b.language == "sh" {
			found[b.at] = b.text
		}
	}
	return found
}

// targetsIn returns the arguments of make that are targets, in lines of code.
func targetsIn(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "make" {
			continue
		}
		for _, word := range words[1:] {
			if targetWord.MatchString(word) {
				found = append(found, word)
			} else if !strings.Contains(word, "=") {
				break
			}
		}
	}
	return found
}

func TestMakeTargetsAreFoundInCode(t *testing.T) {
	got := strings.Join(targetsIn("make demo EXIT=1\nmake install run   # and make more\nkubectl make x\nmake\n"), " ")
	if want := "demo install run"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everywhere lists the files and folders with documentation.
var everywhere = []string{"README.md", "CONTRIBUTING.md", "docs", "hack", "config", "charts"}

var (
	heading  = regexp.MustCompile(`^#+\s+(.*)$`)
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
	// notInAnchors matches the characters of a heading that are not in its
	// anchor.
	notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
)

func TestLinksHaveTargets(t *testing.T) {
	all := pages(t, everywhere...)
	anchors := map[string][]string{}
	for _, p := range all {
		anchors[p.path] = p.anchors()
	}
	links := 0
	for _, p := range all {
		for i, line := range p.prose {
			for _, found := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, "code"), -1) {
				links++
				if err := p.checkLink(found[1], anchors); err != nil {
					t.Errorf("%s:%d: %v", p.path, i+1, err)
				}
			}
		}
	}
	if links < 50 {
		t.Errorf("found only %d links, want at least 50", links)
	}
}

// checkLink returns an error if a link has no target. Links to other sites are
// not checked.
func (p page) checkLink(target string, anchors map[string][]string) error {
	if strings.Contains(target, "://") {
		return nil
	}
	file, anchor, _ := strings.Cut(target, "#")
	at := p.path
	if file != "" {
		at = path.Join(path.Dir(p.path), file)
	}
	if !exists(at) {
		return fmt.Errorf("%s: %s does not exist", target, at)
	}
	if anchor != "" && filepath.Ext(at) == ".md" && !slices.Contains(anchors[at], anchor) {
		return fmt.Errorf("%s: %s has no such heading", target, at)
	}
	return nil
}

// anchors returns the anchors of the headings, as GitHub creates them.
func (p page) anchors() []string {
	var found []string
	times := map[string]int{}
	for _, line := range p.prose {
		title := heading.FindStringSubmatch(line)
		if title == nil {
			continue
		}
		text := strings.ToLower(strings.TrimSpace(title[1]))
		anchor := strings.ReplaceAll(notInAnchors.ReplaceAllString(text, ""), " ", "-")
		if n := times[anchor]; n > 0 {
			found = append(found, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			found = append(found, anchor)
		}
		times[anchor]++
	}
	return found
}

// exists reports whether a path exists in the repository, or a pattern matches
// at least one path.
func exists(pattern string) bool {
	if _, err := os.Stat(filepath.Join(root, pattern)); err == nil {
		return true
	}
	matches, err := filepath.Glob(filepath.Join(root, pattern))
	return err == nil && len(matches) > 0
}

func TestBrokenLinksAreDetected(t *testing.T) {
	p := page{path: "docs/README.md", prose: []string{"# One `two`, three", "# One"}}
	anchors := map[string][]string{p.path: p.anchors()}
	for target, good := range map[string]bool{
		"#one-two-three":                  true,
		"README.md#one":                   true,
		"../README.md":                    true,
		"explanation":                     true,
		"https://juju.is":                 true,
		"#two":                            false,
		"missing.md":                      false,
		"../docs/README.md#one-two-three": true,
		"README.md#four":                  false,
	} {
		if err := p.checkLink(target, anchors); (err == nil) != good {
			t.Errorf("%s: the error is %v, want a valid link: %t", target, err, good)
		}
	}
}

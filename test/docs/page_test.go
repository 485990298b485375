// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is a parsed Markdown file.
type page struct {
	// path is relative to the root of the repository.
	path string
	// prose holds the lines of the page. The lines of blocks are empty.
	prose  []string
	blocks []block
}

// block is a fenced code block.
type block struct {
	// at is the page and the line of the first fence.
	at string
	// language is the word after the first fence.
	language, text string
	// notRun is the reason why the commands do not run in the tests, if marked
	// is set.
	notRun string
	marked bool
	// shows is the block of text that directly follows: the expected output.
	shows string
}

var (
	fence = regexp.MustCompile("^(\\s*)```(\\S*)\\s*$")
	// mark matches the line before a block that does not run, with the reason.
	mark = regexp.MustCompile(`^<!--\s*not run(.*?)-->$`)
)

// pages reads all pages in the given files and folders, which are relative to
// the root.
func pages(t *testing.T, where ...string) []page {
	t.Helper()
	var found []page
	for _, start := range where {
		err := filepath.WalkDir(filepath.Join(root, start), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
				return err
			}
			text, err := os.ReadFile(path) //nolint:gosec // A file of this repository.
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			p, parseErr := parse(filepath.ToSlash(relative), string(text))
			found = append(found, p)
			return parseErr
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// parse parses a page.
func parse(path, text string) (page, error) {
	p := page{path: path}
	var open *block
	indent, before, sinceBlock := "", "", ""
	var err error
	for i, line := range strings.Split(text, "\n") {
		found := fence.FindStringSubmatch(line)
		switch {
		case found != nil && open == nil:
			indent = found[1]
			open = &block{at: fmt.Sprintf("%s:%d", path, i+1), language: found[2]}
			if m := mark.FindStringSubmatch(strings.TrimSpace(before)); m != nil {
				open.marked, open.notRun = true, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(m[1]), ":"))
			}
		case found != nil:
			if last := len(p.blocks) - 1; open.language == "text" && last >= 0 && strings.TrimSpace(sinceBlock) == "" {
				p.blocks[last].shows = open.text
			}
			p.blocks = append(p.blocks, *open)
			open, sinceBlock = nil, ""
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		default:
			before = line
			sinceBlock += line
			p.prose = append(p.prose, line)
			continue
		}
		p.prose = append(p.prose, "")
	}
	if open != nil {
		err = errors.New(open.at + ": the block does not end")
	}
	return p, err
}

func TestPageParsing(t *testing.T) {
	fenced := func(language, text string) string { return "```" + language + "\n" + text + "```\n" }
	p, err := parse("a.md", "# A\n"+fenced("sh", "one\n")+"\n"+fenced("text", "shown\n")+
		"Not behind it:\n<!-- not run: no cluster -->\n"+fenced("sh", "two\n")+"Said.\n"+fenced("text", "elsewhere\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.blocks) != 4 {
		t.Fatalf("found %d blocks, want 4", len(p.blocks))
	}
	one, two := p.blocks[0], p.blocks[2]
	if one.marked || one.text != "one\n" || one.shows != "shown\n" || one.at != "a.md:2" {
		t.Errorf("the first block is %+v", one)
	}
	if !two.marked || two.notRun != "no cluster" || two.shows != "" {
		t.Errorf("the third block is %+v", two)
	}
	if _, err := parse("a.md", "```sh\n"); err == nil {
		t.Error("a block without an end is accepted, want an error")
	}
}

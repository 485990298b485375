// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// conditionReason matches the reasons that Kubernetes accepts in a condition.
var conditionReason = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

// eventReason is the maximum length of the reason of an event.
const eventReason = 128

func TestEveryReasonIsValidAndDocumented(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		if group.Doc == nil {
			t.Errorf("group of constants at offset %d has no comment", group.Pos())
		}
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(constant.Names[0].Name, "Reason") {
				continue
			}
			name, text := constant.Names[0].Name, constant.Doc.Text()
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a literal", name)
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			switch {
			case "Reason"+value != name:
				t.Errorf("%s is %q, want the name without Reason", name, value)
			case reasons[value]:
				t.Errorf("%q is defined twice", value)
			case !conditionReason.MatchString(value) || len(value) > eventReason:
				t.Errorf("%q is not a valid reason of a condition and an event", value)
			case !strings.HasPrefix(text, name+": ") || !strings.HasSuffix(text, ".\n"):
				t.Errorf("comment of %s is %q, want the form %q", name, text, name+": what it means.")
			case constant.Type == nil:
				t.Errorf("%s has no type", name)
			}
			reasons[value] = true
		}
	}
	if len(reasons) < 20 {
		t.Errorf("found %d reasons in reasons.go, want at least 20", len(reasons))
	}
}

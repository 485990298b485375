// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command selectors lists the metrics and labels that PromQL expressions
// select, with Prometheus' own parser. It reads a JSON list of expressions and
// writes a JSON list with one result for each. Tests of alerts and dashboards
// run it. It is in the module of promtool, which requires the parser anyway, so
// that the operator does not depend on the parser.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// found holds the selectors and labels of one expression.
type found struct {
	// Selectors holds the metrics, each with the labels that select it.
	Selectors []selector `json:"selectors"`
	// Labels holds the labels that group or match results.
	Labels []string `json:"labels"`
}

type selector struct {
	Metric string   `json:"metric"`
	Labels []string `json:"labels"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "selectors:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var expressions []string
	if err := json.NewDecoder(in).Decode(&expressions); err != nil {
		return err
	}
	all := []found{}
	for _, text := range expressions {
		expression, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		all = append(all, inspect(expression))
	}
	return json.NewEncoder(out).Encode(all)
}

func inspect(expression parser.Expr) found {
	f := found{Selectors: []selector{}, Labels: []string{}}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			one := selector{Metric: node.Name, Labels: []string{}}
			for _, matcher := range node.LabelMatchers {
				if matcher.Name != "__name__" {
					one.Labels = append(one.Labels, matcher.Name)
				}
			}
			f.Selectors = append(f.Selectors, one)
		case *parser.AggregateExpr:
			f.Labels = append(f.Labels, node.Grouping...)
		case *parser.BinaryExpr:
			if node.VectorMatching != nil {
				f.Labels = append(f.Labels, node.VectorMatching.MatchingLabels...)
				f.Labels = append(f.Labels, node.VectorMatching.Include...)
			}
		}
		return nil
	})
	slices.Sort(f.Labels)
	f.Labels = slices.Compact(f.Labels)
	return f
}

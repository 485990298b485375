// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// labels are the labels of a series by name.
type labels map[string]string

// sample is one line of a scrape.
type sample struct {
	name   string
	labels labels
	value  float64
}

// scraped holds all samples of a scrape.
type scraped []sample

var (
	lineForm  = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	labelForm = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// parse reads the text format.
func parse(text string) scraped {
	var all scraped
	for line := range strings.Lines(text) {
		match := lineForm.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue // A comment.
		}
		value, err := strconv.ParseFloat(match[3], 64)
		if err != nil {
			continue
		}
		one := sample{name: match[1], labels: labels{}, value: value}
		for _, label := range labelForm.FindAllStringSubmatch(match[2], -1) {
			one.labels[label[1]] = label[2]
		}
		all = append(all, one)
	}
	return all
}

// of returns the samples of a metric with these labels. Samples may have other
// labels too.
func (all scraped) of(name string, having labels) scraped {
	var found scraped
	for _, one := range all {
		has := one.name == name
		for label, value := range having {
			has = has && one.labels[label] == value
		}
		if has {
			found = append(found, one)
		}
	}
	return found
}

// sum returns the sum of the samples of a metric with these labels.
func (all scraped) sum(name string, having labels) float64 {
	sum := 0.0
	for _, one := range all.of(name, having) {
		sum += one.value
	}
	return sum
}

// has reports whether any label of any metric of the operator has a value.
func (all scraped) has(value string) bool {
	return slices.ContainsFunc(all, func(one sample) bool {
		return strings.HasPrefix(one.name, "jujusecrets_") && slices.Contains(slices.Collect(maps.Values(one.labels)), value)
	})
}

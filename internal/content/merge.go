// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// MaxBytes is the most that one secret may hold, counted over its values in base64. Juju's client refuses more, its
// server does not (maxContentSizeBytes in core/secrets/createsecret.go).
const MaxBytes = 1_000_000

// A key of a user secret, as Juju's client wants it (keyRegExp in core/secrets/createsecret.go).
var validKey = regexp.MustCompile(`^[a-z](-?[a-z0-9]){2,}$`)

// keyRule says in words what validKey says in signs.
const keyRule = "lower-case letters, digits and single hyphens, at least three letters or digits, starting with a letter"

// Source is one Kubernetes object that a secret takes keys from, as it was found.
type Source struct {
	// Name is kind and name, for messages: "Secret db".
	Name string
	// Optional sources, or items of them, may be missing.
	Optional bool
	// Items picks and renames keys; none means all of them.
	Items []Item
	// Found tells whether the object is there.
	Found bool
	// Data is what it holds, by key, not encoded.
	Data Sealed[map[string][]byte]
}

// Item picks one key of a Source. As may be empty: then the key is put in Juju's spelling.
type Item struct{ Key, As string }

// State says how far the desired content is known.
type State int

// The states of a desired content. The zero value is not one of them.
const (
	// Ready: Content is complete and keeps Juju's rules.
	Ready State = iota + 1
	// Missing: a source or a key is not there yet; Problem says which.
	Missing
	// Invalid: a rule is broken; Problem says which, and what to do.
	Invalid
)

// Desired is what a secret shall hold, or why that is not known. Problem never carries a value.
type Desired struct {
	State   State
	Content Content
	Problem string
}

// Merge puts inline values and sources together. The same key twice is an error, whoever gives it, since either value
// could be the one that was meant.
func Merge(inline map[string]string, sources []Source) Desired {
	m := merger{values: map[string][]byte{}, givenBy: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(inline)) {
		m.put(key, []byte(inline[key]), fmt.Sprintf("key %q of spec.value", key), "rename it")
	}
	for _, source := range sources {
		m.add(source)
	}
	switch {
	// What is missing may change what is invalid, and is the first thing a person can mend.
	case len(m.missing) > 0:
		return Desired{State: Missing, Problem: strings.Join(m.missing, "; ")}
	case len(m.invalid) > 0:
		return Desired{State: Invalid, Problem: strings.Join(m.invalid, "; ")}
	}
	return m.finish()
}

type merger struct {
	values           map[string][]byte
	givenBy          map[string]string
	missing, invalid []string
	// without are optional sources that are not there.
	without []string
}

func (m *merger) add(source Source) {
	if !source.Found {
		if source.Optional {
			m.without = append(m.without, source.Name)
		} else {
			m.missing = append(m.missing, source.Name+" does not exist")
		}
		return
	}
	data := source.Data.Open()
	items := source.Items
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			items = append(items, Item{Key: key})
		}
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if !source.Optional {
				m.missing = append(m.missing, fmt.Sprintf("%s has no key %q", source.Name, item.Key))
			}
			continue
		}
		as := item.As
		if as == "" {
			as = jujuSpelling(item.Key)
		}
		m.put(as, value, fmt.Sprintf("key %q of %s", item.Key, source.Name), "name it with items")
	}
}

// put adds one value under a key in Juju's spelling; for an error, origin tells where it comes from and cure what to do.
func (m *merger) put(key string, value []byte, origin, cure string) {
	if !validKey.MatchString(key) {
		m.invalid = append(m.invalid, fmt.Sprintf("%s cannot be a key in Juju (%s): %s", origin, keyRule, cure))
		return
	}
	if other, taken := m.givenBy[key]; taken {
		m.invalid = append(m.invalid,
			fmt.Sprintf("%s and %s both give the key %q: pick or rename keys with items", other, origin, key))
		return
	}
	m.values[key], m.givenBy[key] = value, origin
}

func (m *merger) finish() Desired {
	if len(m.values) == 0 && len(m.without) > 0 {
		return Desired{State: Missing, Problem: "no source exists: create " + strings.Join(m.without, " or ")}
	}
	if len(m.values) == 0 {
		return Desired{State: Invalid, Problem: "the sources hold no key: a secret needs at least one"}
	}
	size := 0
	for _, value := range m.values {
		size += base64.StdEncoding.EncodedLen(len(value))
	}
	if size > MaxBytes {
		return Desired{State: Invalid, Problem: fmt.Sprintf(
			"the content takes %d bytes in base64 and Juju allows %d: split it over several secrets", size, MaxBytes)}
	}
	return Desired{State: Ready, Content: New(m.values)}
}

// jujuSpelling writes a Kubernetes key the way Juju writes keys: DB_PASSWORD becomes db-password, tls.crt tls-crt.
func jujuSpelling(key string) string {
	words := strings.FieldsFunc(strings.ToLower(key), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

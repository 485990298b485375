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

// MaxBytes bounds the size of one secret: the sum of its values in base64.
// Juju's client rejects more, Juju's server does not (maxContentSizeBytes in
// core/secrets/createsecret.go).
const MaxBytes = 1_000_000

// validKey matches the keys that Juju's client accepts (keyRegExp in
// core/secrets/createsecret.go).
var validKey = regexp.MustCompile(`^[a-z](-?[a-z0-9]){2,}$`)

// keyRule describes validKey in words.
const keyRule = "lower-case letters, digits and single hyphens, " +
	"at least three letters or digits, starting with a letter"

// Source is one Kubernetes object with keys for a secret.
type Source struct {
	// Name is the kind and name for messages, such as "Secret db".
	Name string
	// Optional is true when the source, or items of the source, may be missing.
	Optional bool
	// Items selects and renames keys. If it is empty, all keys are used.
	Items []Item
	// Found is true when the object exists.
	Found bool
	// Data holds the values of the object by key, not encoded.
	Data Sealed[map[string][]byte]
}

// Item selects one key of a Source. If As is empty, the key is converted to
// Juju's spelling.
type Item struct{ Key, As string }

// State is the state of a desired content.
type State int

// The states of a desired content. The zero value is not a valid state.
const (
	// Ready means that the content is complete and valid in Juju.
	Ready State = iota + 1
	// Missing means that a source or a key does not exist yet. Problem names
	// it.
	Missing
	// Invalid means that the content violates a rule. Problem has the rule and
	// the cure.
	Invalid
)

// Desired is the desired content of a secret, or the problem why there is none.
// Problem never contains a value.
type Desired struct {
	State   State
	Content Content
	Problem string
}

// Merge returns the merged content of inline values and sources. A key that
// occurs twice is an error, because either value could be the intended one.
func Merge(inline map[string]string, sources []Source) Desired {
	m := merger{values: map[string][]byte{}, givenBy: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(inline)) {
		m.put(key, []byte(inline[key]), fmt.Sprintf("key %q of spec.value", key), "rename it")
	}
	for _, source := range sources {
		m.add(source)
	}
	switch {
	// Missing sources come first: they are the first thing to fix, and can
	// change which rules are violated.
	case len(m.missing) > 0:
		return Desired{State: Missing, Problem: strings.Join(m.missing, "; ")}
	case len(m.invalid) > 0:
		return Desired{State: Invalid, Problem: strings.Join(m.invalid, "; ")}
	}
	return m.finish()
}

// merger merges values into one content.
type merger struct {
	values           map[string][]byte
	givenBy          map[string]string
	missing, invalid []string
	// absent holds the names of missing optional sources.
	absent []string
}

// add adds the keys of a source.
func (m *merger) add(source Source) {
	if !source.Found {
		if source.Optional {
			m.absent = append(m.absent, source.Name)
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
		m.put(as, value, fmt.Sprintf("key %q of %s", item.Key, source.Name), "rename it with items")
	}
}

// put adds one value under a key in Juju's spelling. An error names the origin
// of the key and the cure.
func (m *merger) put(key string, value []byte, origin, cure string) {
	if !validKey.MatchString(key) {
		m.invalid = append(m.invalid, fmt.Sprintf("%s cannot be a key in Juju (%s): %s", origin, keyRule, cure))
		return
	}
	if other, taken := m.givenBy[key]; taken {
		m.invalid = append(m.invalid,
			fmt.Sprintf("%s and %s both set the key %q: select or rename keys with items", other, origin, key))
		return
	}
	m.values[key], m.givenBy[key] = value, origin
}

// finish returns the content, or the problem of the content as a whole.
func (m *merger) finish() Desired {
	if len(m.values) == 0 && len(m.absent) > 0 {
		return Desired{State: Missing, Problem: "no source exists: create " + strings.Join(m.absent, " or ")}
	}
	if len(m.values) == 0 {
		return Desired{State: Invalid, Problem: "the sources have no keys: a secret needs at least one"}
	}
	size := 0
	for _, value := range m.values {
		size += base64.StdEncoding.EncodedLen(len(value))
	}
	if size > MaxBytes {
		return Desired{State: Invalid, Problem: fmt.Sprintf(
			"the content has %d bytes in base64, but Juju allows %d: split it into several secrets", size, MaxBytes)}
	}
	return Desired{State: Ready, Content: New(m.values)}
}

// jujuSpelling returns a Kubernetes key in Juju's spelling: DB_PASSWORD becomes
// db-password, tls.crt becomes tls-crt.
func jujuSpelling(key string) string {
	words := strings.FieldsFunc(strings.ToLower(key), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

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
// core/secrets/createsecret.go). Juju's server accepts all keys that are not
// empty. Only keys that the operator chooses must match: a user can choose any
// key that Juju's server accepts.
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
	// Exclude has the keys that are not used if Items is empty.
	Exclude []string
	// Found is true when the object exists.
	Found bool
	// Data holds the values of the object by key, not encoded.
	Data Sealed[map[string][]byte]
}

// Item selects one key of a Source.
type Item struct {
	Key string
	// As is the key in Juju. If it is empty, Key is converted to Juju's spelling.
	As string
	// Base64 is true when charms read the value in standard base64.
	Base64 bool
}

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
		m.put(key, []byte(inline[key]), fmt.Sprintf("key %q of spec.value", key))
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
	switch {
	case !source.Found && source.Optional:
		m.absent = append(m.absent, source.Name)
		return
	case !source.Found:
		m.missing = append(m.missing, source.Name+" does not exist")
		return
	}
	data := source.Data.Open()
	items, cure := source.Items, "set as for it in items"
	if len(items) == 0 {
		items, cure = source.unlisted(), cure+", or list it in exclude"
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if !source.Optional {
				m.missing = append(m.missing, fmt.Sprintf("%s has no key %q", source.Name, item.Key))
			}
			continue
		}
		as, origin := item.As, fmt.Sprintf("key %q of %s", item.Key, source.Name)
		if as == "" {
			as = jujuSpelling(item.Key)
			if !validKey.MatchString(as) {
				m.invalid = append(m.invalid, fmt.Sprintf("%s needs another name in Juju (%s): %s", origin, keyRule, cure))
				continue
			}
		}
		m.put(as, item.encoded(value), origin)
	}
}

// encoded returns a value as charms read it.
func (i Item) encoded(value []byte) []byte {
	if !i.Base64 {
		return value
	}
	return base64.StdEncoding.AppendEncode(nil, value)
}

// unlisted returns the items of a source without items: all keys, sorted, except
// the excluded keys.
func (s Source) unlisted() (items []Item) {
	for _, key := range slices.Sorted(maps.Keys(s.Data.Open())) {
		if !slices.Contains(s.Exclude, key) {
			items = append(items, Item{Key: key})
		}
	}
	return items
}

// put adds one value under its key in Juju. An error names the origin of the
// key.
func (m *merger) put(key string, value []byte, origin string) {
	if other, taken := m.givenBy[key]; taken {
		m.invalid = append(m.invalid, fmt.Sprintf(
			"%s and %s both set the key %q: rename one with items, or leave one out with exclude", other, origin, key))
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

// jujuSpelling returns a Kubernetes key in the spelling of Juju's client: its
// words in lower case, with hyphens between them. DB_PASSWORD becomes
// db-password, tls.crt becomes tls-crt, and clientID becomes client-id.
func jujuSpelling(key string) string {
	var words []string
	separates := func(r rune) bool { return !isLower(r) && !isUpper(r) && !isDigit(r) }
	for _, part := range strings.FieldsFunc(key, separates) {
		words = append(words, wordsOf(part)...)
	}
	return strings.ToLower(strings.Join(words, "-"))
}

// wordsOf splits letters and digits in camel case into words. A part without
// lower-case letters is one word.
func wordsOf(part string) (words []string) {
	if !strings.ContainsFunc(part, isLower) {
		return []string{part}
	}
	start := 0
	for i := 1; i < len(part); i++ {
		if isUpper(rune(part[i])) && startsWord(part, start, i) {
			words, start = append(words, part[start:i]), i
		}
	}
	return append(words, part[start:])
}

// startsWord reports whether the upper-case letter at i starts a word, after a
// word that starts at start.
func startsWord(part string, start, i int) bool {
	switch previous := rune(part[i-1]); {
	case i-start == 1: // One letter is part of the next word, as in mTLS and OAuth.
		return false
	case isDigit(previous): // S3URL, but not K8SToken, where S is part of K8S.
		return i+1 < len(part) && (!isUpper(rune(part[i+1])) || !capitalized(part[i+1:]))
	case isUpper(previous): // CACert, where Cert starts a word, but not IDs.
		return capitalized(part[i:])
	}
	return true
}

// capitalized reports whether an upper-case letter and the lower-case letters
// after it are a word. They are not in the plural of an acronym, such as IDs,
// and before the number of a version, such as IPv4.
func capitalized(part string) bool {
	rest := strings.TrimLeftFunc(part[1:], isLower)
	switch lower := part[1 : len(part)-len(rest)]; lower {
	case "", "s":
		return false
	case "v":
		return rest == "" || !isDigit(rune(rest[0]))
	}
	return true
}

func isLower(r rune) bool { return 'a' <= r && r <= 'z' }
func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }
func isDigit(r rune) bool { return '0' <= r && r <= '9' }

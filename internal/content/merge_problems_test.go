// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/juju-secrets/operator/internal/content"
)

// renames returns the message about a key that needs another name.
func renames(origin string) string {
	return origin + " needs another name in Juju (lower-case letters, digits and single hyphens, " +
		"at least three letters or digits, starting with a letter): set as for it in items, or list it in exclude"
}

// twice returns the result for a key that is set twice.
func twice(one, other, key string) content.Desired {
	return invalid(fmt.Sprintf("%s and %s both set the key %q: rename one with items, or leave one out with exclude",
		one, other, key))
}

func TestMergeReportsMissingSourcesAndKeys(t *testing.T) {
	t.Parallel()
	runMergeTests(t, map[string]mergeTest{
		"a Secret": {
			given: func(m *manifest) { m.sources[0] = content.Source{Name: "Secret db"} },
			want:  missing("Secret db does not exist"),
		},
		"a ConfigMap beside other sources": {
			given: func(m *manifest) {
				m.inline = map[string]string{"port": "5432"}
				m.sources = append(m.sources, content.Source{Name: "ConfigMap settings"})
			},
			want: missing("ConfigMap settings does not exist"),
		},
		"a Secret, without its items": {
			given: func(m *manifest) {
				m.sources[0] = content.Source{Name: "Secret db", Items: []content.Item{{Key: "a"}, {Key: "b"}}}
			},
			want: missing("Secret db does not exist"),
		},
		"a key by its name in the source": {
			given: func(m *manifest) { m.sources[0].Items = []content.Item{{Key: "PASSWORD", As: "db-password"}} },
			want:  missing(`Secret db has no key "PASSWORD"`),
		},
		"everything, in the order of the manifest": {
			given: func(m *manifest) {
				m.sources[0].Items = []content.Item{{Key: "user"}, {Key: "password"}, {Key: "host"}}
				m.sources = append(m.sources, content.Source{Name: "Secret tls"}, content.Source{Name: "ConfigMap a"})
			},
			want: missing(`Secret db has no key "user"; Secret db has no key "host"; Secret tls does not exist; ` +
				`ConfigMap a does not exist`),
		},
		"missing before invalid": {
			given: func(m *manifest) {
				m.sources[0] = source("Secret db", "2fa", "x")
				m.sources = append(m.sources, content.Source{Name: "Secret tls"})
			},
			want: missing("Secret tls does not exist"),
		},
		"missing before too big": {
			given: func(m *manifest) {
				m.inline = map[string]string{"blob": strings.Repeat("x", content.MaxBytes)}
				m.sources[0].Found = false
			},
			want: missing("Secret db does not exist"),
		},
	})
}

func TestMergeReportsInvalidKeys(t *testing.T) {
	t.Parallel()
	runMergeTests(t, map[string]mergeTest{
		"a key that begins with a digit": {
			given: func(m *manifest) { m.sources[0] = source("Secret db", "2FA_TOKEN", "x") },
			want:  invalid(renames(`key "2FA_TOKEN" of Secret db`)),
		},
		"a key that is too short": {
			given: func(m *manifest) { m.sources[0] = source("ConfigMap db", "id", "x") },
			want:  invalid(renames(`key "id" of ConfigMap db`)),
		},
		"a key of two letters": {
			given: func(m *manifest) { m.sources[0] = source("Secret tls", "CA", "x", "tls.crt", "y") },
			want:  invalid(renames(`key "CA" of Secret tls`)),
		},
		"an item without a new name": {
			given: func(m *manifest) {
				m.sources[0] = source("Secret tls", "ca", "x", "tls.crt", "y")
				m.sources[0].Items = []content.Item{{Key: "ca"}}
			},
			want: invalid(strings.TrimSuffix(renames(`key "ca" of Secret tls`), ", or list it in exclude")),
		},
		"a key without letters and digits": {
			given: func(m *manifest) { m.sources[0] = source("Secret db", "___", "x") },
			want:  invalid(renames(`key "___" of Secret db`)),
		},
		"several invalid keys in order": {
			given: func(m *manifest) {
				m.sources[0] = source("Secret db", "b", "x", "password", "hunter2", "a", "x")
				m.sources = append(m.sources, source("Secret aa", "c", "x"))
			},
			want: invalid(strings.Join([]string{
				renames(`key "a" of Secret db`), renames(`key "b" of Secret db`), renames(`key "c" of Secret aa`),
			}, "; ")),
		},
		"two sources with the same key": {
			given: func(m *manifest) { m.sources = append(m.sources, source("ConfigMap settings", "PASSWORD", "x")) },
			want:  twice(`key "password" of Secret db`, `key "PASSWORD" of ConfigMap settings`, "password"),
		},
		"two sources with the same key and value": {
			given: func(m *manifest) { m.sources = append(m.sources, source("Secret copy", "password", "hunter2")) },
			want:  twice(`key "password" of Secret db`, `key "password" of Secret copy`, "password"),
		},
		"an inline value and a source with the same key": {
			given: func(m *manifest) { m.inline = map[string]string{"password": "x"} },
			want:  twice(`key "password" of spec.value`, `key "password" of Secret db`, "password"),
		},
		"two spellings of one key in a source": {
			given: func(m *manifest) { m.sources[0] = source("Secret db", "DB_USER", "x", "db.user", "y") },
			want:  twice(`key "DB_USER" of Secret db`, `key "db.user" of Secret db`, "db-user"),
		},
		"a rename to a key that exists": {
			given: func(m *manifest) {
				settings := source("ConfigMap settings", "pass", "x")
				settings.Items = []content.Item{{Key: "pass", As: "password"}}
				m.sources = append(m.sources, settings)
			},
			want: twice(`key "password" of Secret db`, `key "pass" of ConfigMap settings`, "password"),
		},
		"an item twice": {
			given: func(m *manifest) { m.sources[0].Items = []content.Item{{Key: "password"}, {Key: "password"}} },
			want:  twice(`key "password" of Secret db`, `key "password" of Secret db`, "password"),
		},
		"only a source without keys": {
			given: func(m *manifest) { m.sources[0] = source("Secret db") },
			want:  invalid("the sources have no keys: a secret needs at least one"),
		},
	})
}

// The operator chooses only keys that Juju's client accepts.
func TestConvertedKeysAreValidInJujusClient(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"abc": true, "a12": true, "db-password": true, "a-b-c": true, "a1-b2-c3": true, "x-509": true, "a--b-c": true,
		"-abc-": true, "abc\n": true, "äbc": false, "a_bc": true, strings.Repeat("k", 253): true,

		"a": false, "ab": false, "a-b": false, "a--b": false, "-ab": false, "ab-": false, "a_b": false, "1abc": false,
		"1-abc": false, "---": false, "ß": false,
	}
	for key, valid := range tests {
		t.Run(fmt.Sprintf("%.20q", key), func(t *testing.T) {
			t.Parallel()
			merged := content.Merge(nil, []content.Source{source("Secret db", key, "value")})
			if got := merged.State == content.Ready; got != valid {
				t.Errorf("accepted: %t, want %t (%s)", got, valid, merged.Problem)
			}
			if named := strings.Contains(merged.Problem, fmt.Sprintf("key %q of Secret db", key)); named == valid {
				t.Errorf("the message does not name the key, or is not empty for a valid key: %s", merged.Problem)
			}
		})
	}
}

func TestContentSizeIsLimited(t *testing.T) {
	t.Parallel()
	// Three bytes take four in base64, so this is exactly the limit of Juju's
	// client.
	const most = content.MaxBytes / 4 * 3
	tests := map[string]struct {
		sizes []int
		// size is the size in base64 of content that is too big, otherwise 0.
		size int
	}{
		"the limit in one value":    {sizes: []int{most}},
		"one byte more":             {sizes: []int{most + 1}, size: 1_000_004},
		"the limit in two values":   {sizes: []int{most / 2, most / 2}},
		"two values over the limit": {sizes: []int{most / 2, most/2 + 3}, size: 1_000_004},
		"padding counts":            {sizes: []int{most - 3, 1}},
		"padding over the limit":    {sizes: []int{most - 3, 1, 1}, size: 1_000_004},
		"an empty value":            {sizes: []int{most, 0}},
		"far over the limit":        {sizes: []int{3_000_000}, size: 4_000_000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inline, state, problem := map[string]string{}, content.Ready, ""
			for i, size := range test.sizes {
				inline[fmt.Sprintf("value-%d", i)] = strings.Repeat("x", size)
			}
			if test.size > 0 {
				state, problem = content.Invalid, fmt.Sprintf("the content has %d bytes in base64, "+
					"but Juju allows 1000000: split it into several secrets", test.size)
			}
			if got := content.Merge(inline, nil); got.State != state || got.Problem != problem {
				t.Errorf("state %d, problem %q; want %d, %q", got.State, got.Problem, state, problem)
			}
		})
	}
}

func TestMergeMessageIsDeterministic(t *testing.T) {
	t.Parallel()
	inline, data := map[string]string{}, []string{}
	for i := range 20 {
		inline[fmt.Sprintf("X%d", i)] = ""
		data = append(data, fmt.Sprintf("Y%d", i), "", fmt.Sprintf("key.%d", i+10), "", fmt.Sprintf("KEY_%d", i+10), "")
	}
	first := content.Merge(inline, []content.Source{source("Secret db", data...)}).Problem
	for range 20 {
		if again := content.Merge(inline, []content.Source{source("Secret db", data...)}).Problem; again != first {
			t.Fatalf("the first message is\n%s\nthe second is\n%s", first, again)
		}
	}
}

func TestMergeMessageHasNoValues(t *testing.T) {
	t.Parallel()
	const value = "s3nt1nel"
	broken := source("Secret db", "1", value, "password", value, "PASSWORD", value, "blob",
		strings.Repeat(value, 200_000))
	for name, sources := range map[string][]content.Source{
		"invalid keys": {broken},
		"a missing key": {broken, {
			Name: "Secret tls", Found: true, Data: source("", "a", value).Data, Items: []content.Item{{Key: "b"}},
		}},
		"too big": {source("Secret db", "blob", strings.Repeat(value, 200_000))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := content.Merge(map[string]string{"port": value}, sources)
			if got.State == content.Ready || strings.Contains(got.Problem, value) {
				t.Errorf("state %d, problem %q", got.State, got.Problem)
			}
		})
	}
}

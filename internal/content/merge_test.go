// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
)

// manifest holds the arguments of Merge.
type manifest struct {
	inline  map[string]string
	sources []content.Source
}

// database returns the manifest that rows modify: one Secret with one key.
func database() manifest {
	return manifest{sources: []content.Source{source("Secret db", "password", "hunter2")}}
}

// source returns a Kubernetes object that exists, with alternating keys and
// values.
func source(name string, data ...string) content.Source {
	values := map[string][]byte{}
	for i := 0; i < len(data); i += 2 {
		values[data[i]] = []byte(data[i+1])
	}
	return content.Source{Name: name, Found: true, Data: content.Seal(values)}
}

func ready(keysAndValues ...string) content.Desired {
	return content.Desired{
		State:   content.Ready,
		Content: content.New(source("", keysAndValues...).Data.Open()),
	}
}

func missing(problem string) content.Desired {
	return content.Desired{State: content.Missing, Problem: problem}
}

func invalid(problem string) content.Desired {
	return content.Desired{State: content.Invalid, Problem: problem}
}

// mergeTest is a modification of database, and the result.
type mergeTest struct {
	given func(*manifest)
	want  content.Desired
}

func runMergeTests(t *testing.T, tests map[string]mergeTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := database()
			if test.given != nil {
				test.given(&given)
			}
			if diff := cmp.Diff(test.want, content.Merge(given.inline, given.sources)); diff != "" {
				t.Errorf("Merge (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeCombinesInlineValuesAndSources(t *testing.T) {
	t.Parallel()
	runMergeTests(t, map[string]mergeTest{
		"a Secret": {
			want: ready("password", "hunter2"),
		},
		"inline values": {
			given: func(m *manifest) { m.inline, m.sources = map[string]string{"port": "5432"}, nil },
			want:  ready("port", "5432"),
		},
		"inline values and a source": {
			given: func(m *manifest) { m.inline = map[string]string{"port": "5432"} },
			want:  ready("password", "hunter2", "port", "5432"),
		},
		"several sources": {
			given: func(m *manifest) {
				m.sources = append(m.sources, source("ConfigMap settings", "port", "5432"),
					source("Secret tls", "tls.crt", "PEM"))
			},
			want: ready("password", "hunter2", "port", "5432", "tls-crt", "PEM"),
		},
		"a source without keys": {
			given: func(m *manifest) {
				m.sources = append(m.sources, source("Secret empty"), content.Source{Found: true})
			},
			want: ready("password", "hunter2"),
		},
		"an empty value in a source": {
			given: func(m *manifest) { m.sources[0] = source("Secret db", "password", "") },
			want:  ready("password", ""),
		},
		"an empty value inline": {
			given: func(m *manifest) { m.inline = map[string]string{"token": ""} },
			want:  ready("password", "hunter2", "token", ""),
		},
		"bytes not in UTF-8": {
			given: func(m *manifest) { m.sources[0] = source("Secret db", "blob", "\x00\xff\n") },
			want:  ready("blob", "\x00\xff\n"),
		},
	})
}

func TestMergeConvertsKeysToJujusSpelling(t *testing.T) {
	t.Parallel()
	keys := func(data ...string) func(*manifest) {
		return func(m *manifest) { m.sources[0] = source("Secret db", data...) }
	}
	runMergeTests(t, map[string]mergeTest{
		"upper case and underscores":    {keys("DB_PASSWORD", "x"), ready("db-password", "x")},
		"dots":                          {keys("tls.crt", "x", "tls.key", "y"), ready("tls-crt", "x", "tls-key", "y")},
		"a leading dot is removed":      {keys(".dockerconfigjson", "x"), ready("dockerconfigjson", "x")},
		"other characters at both ends": {keys("__token-.", "x"), ready("token", "x")},
		"other characters in a row": {
			keys("DB__PASSWORD", "x", "a._-b1", "y"), ready("db-password", "x", "a-b1", "y"),
		},
		"camel case is one word":   {keys("dbPassword", "x"), ready("dbpassword", "x")},
		"digits":                   {keys("S3_KEY_2", "x"), ready("s3-key-2", "x")},
		"a valid key is unchanged": {keys("db-password", "x"), ready("db-password", "x")},
		"three characters":         {keys("k-12", "x", "abc", "y"), ready("k-12", "x", "abc", "y")},
		"inline keys are not converted": {
			func(m *manifest) { m.inline = map[string]string{"DB_USER": "x"} },
			invalid(cannot(`key "DB_USER" of spec.value`)),
		},
	})
}

func TestItemsSelectAndRenameKeys(t *testing.T) {
	t.Parallel()
	selected := func(items ...content.Item) func(*manifest) {
		return func(m *manifest) {
			m.sources[0] = source("Secret db", "DB_PASSWORD", "hunter2", "DB_USER", "admin", "db.port", "5432")
			m.sources[0].Items = items
		}
	}
	runMergeTests(t, map[string]mergeTest{
		"an item without a new name": {
			given: selected(content.Item{Key: "DB_PASSWORD"}),
			want:  ready("db-password", "hunter2"),
		},
		"an item with a new name": {
			given: selected(content.Item{Key: "DB_PASSWORD", As: "password"}),
			want:  ready("password", "hunter2"),
		},
		"several items": {
			given: selected(content.Item{Key: "db.port"}, content.Item{Key: "DB_USER", As: "user"}),
			want:  ready("db-port", "5432", "user", "admin"),
		},
		"one key under two names": {
			given: selected(content.Item{Key: "DB_USER", As: "user"}, content.Item{Key: "DB_USER", As: "login"}),
			want:  ready("user", "admin", "login", "admin"),
		},
		"swapped keys": {
			given: selected(content.Item{Key: "DB_USER", As: "db-password"},
				content.Item{Key: "DB_PASSWORD", As: "db-user"}),
			want: ready("db-password", "admin", "db-user", "hunter2"),
		},
		"a new name for an invalid key": {
			given: func(m *manifest) {
				m.sources[0] = source("Secret db", "2fa", "x")
				m.sources[0].Items = []content.Item{{Key: "2fa", As: "second-factor"}}
			},
			want: ready("second-factor", "x"),
		},
		"an invalid key that is not selected": {
			given: func(m *manifest) {
				m.sources[0] = source("Secret db", "password", "hunter2", "2fa", "x", "PASSWORD", "y")
				m.sources[0].Items = []content.Item{{Key: "password"}}
			},
			want: ready("password", "hunter2"),
		},
		"keys are case-sensitive": {
			given: selected(content.Item{Key: "db_password", As: "password"}),
			want:  missing(`Secret db has no key "db_password"`),
		},
	})
}

func TestOptionalSourceMayBeMissing(t *testing.T) {
	t.Parallel()
	extra := func(change func(*content.Source)) func(*manifest) {
		return func(m *manifest) {
			optional := source("Secret extra", "port", "5432")
			optional.Optional = true
			change(&optional)
			m.sources = append(m.sources, optional)
		}
	}
	absent := func(s *content.Source) { s.Found, s.Data = false, content.Sealed[map[string][]byte]{} }
	runMergeTests(t, map[string]mergeTest{
		"an optional source that exists": {
			given: extra(func(*content.Source) {}),
			want:  ready("password", "hunter2", "port", "5432"),
		},
		"a missing optional source": {
			given: extra(absent),
			want:  ready("password", "hunter2"),
		},
		"a missing optional source with items": {
			given: extra(func(s *content.Source) {
				absent(s)
				s.Items = []content.Item{{Key: "port"}}
			}),
			want: ready("password", "hunter2"),
		},
		"a missing key of an optional source": {
			given: extra(func(s *content.Source) {
				s.Items = []content.Item{{Key: "host"}, {Key: "port", As: "db-port"}}
			}),
			want: ready("password", "hunter2", "db-port", "5432"),
		},
		"a duplicate key in an optional source": {
			given: extra(func(s *content.Source) { s.Data = source("", "PASSWORD", "x").Data }),
			want:  twice(`key "password" of Secret db`, `key "PASSWORD" of Secret extra`, "password"),
		},
	})
}

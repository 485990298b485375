// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
)

// keyOf is a key for digests.
func keyOf(text string) content.Key { return content.Key{Sealed: content.Seal([]byte(text))} }

// pairs is content of keys and values.
func pairs(plain ...string) content.Content {
	values := map[string][]byte{}
	for i := 0; i < len(plain); i += 2 {
		values[plain[i]] = []byte(plain[i+1])
	}
	return content.New(values)
}

func TestADigestTellsContentsApart(t *testing.T) {
	t.Parallel()
	ours := pairs("user", "admin", "password", "hunter2")
	tests := map[string]struct {
		key   content.Key
		other content.Content
		same  bool
	}{
		"the same":                      {keyOf("key"), ours, true},
		"the same, made anew":           {keyOf("key"), pairs("user", "admin", "password", "hunter2"), true},
		"the same in another order":     {keyOf("key"), pairs("password", "hunter2", "user", "admin"), true},
		"the same under another key":    {keyOf("another"), ours, false},
		"the same under no key":         {content.Key{}, ours, false},
		"another value":                 {keyOf("key"), pairs("user", "admin", "password", "hunter3"), false},
		"a value more":                  {keyOf("key"), pairs("user", "admin", "password", "hunter2", "port", "5432"), false},
		"a value less":                  {keyOf("key"), pairs("user", "admin"), false},
		"values that changed places":    {keyOf("key"), pairs("user", "hunter2", "password", "admin"), false},
		"the key of the content":        {keyOf("key"), pairs("name", "admin", "password", "hunter2"), false},
		"nothing, the zero value, even": {keyOf("key"), content.Content{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := keyOf("key").Digest("uid", ours), test.key.Digest("uid", test.other)
			if (want == got) != test.same || got != test.key.Digest("uid", test.other) {
				t.Errorf("the digests are %s and %s, want them to be the same: %t", want, got, test.same)
			}
		})
	}
}

func TestADigestIsTheSameForWhoKnowsOnlyTheChecksum(t *testing.T) {
	t.Parallel()
	ours, others := pairs("user", "admin", "password", "hunter2"), pairs("user", "admin")
	for name, row := range map[string]struct {
		key   content.Key
		owner string
		sum   content.Sealed[string]
		same  bool
	}{
		"the checksum of the content":       {keyOf("key"), "uid", ours.Checksum(), true},
		"as Juju tells it":                  {keyOf("key"), "uid", content.Seal(ours.Checksum().Open()), true},
		"that of another content":           {keyOf("key"), "uid", others.Checksum(), false},
		"none":                              {keyOf("key"), "uid", content.Sealed[string]{}, false},
		"under another key":                 {keyOf("another"), "uid", ours.Checksum(), false},
		"of another owner":                  {keyOf("key"), "another", ours.Checksum(), false},
		"of an owner who is no other's end": {keyOf("key"), "uid ", ours.Checksum(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := keyOf("key").Digest("uid", ours), row.key.DigestOf(row.owner, row.sum)
			if (want == got) != row.same {
				t.Errorf("the digests are %s and %s, want them to be the same: %t", want, got, row.same)
			}
		})
	}
}

func TestADigestDoesNotDependOnTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	plain := map[string][]byte{}
	for i := range 50 {
		plain[fmt.Sprintf("key%d", i)] = []byte(strings.Repeat("x", i))
	}
	want := keyOf("key").Digest("uid", content.New(plain))
	for range 100 {
		if got := keyOf("key").Digest("uid", content.New(plain)); got != want {
			t.Fatalf("the digest is %s, and was %s", got, want)
		}
	}
}

func TestADigestIsOfNoUseWithoutTheKey(t *testing.T) {
	t.Parallel()
	// Made with openssl dgst -sha256 -hmac key: of nothing, cut, and of the owner, a space, and the checksum in hex.
	const want = "5d5d1395-c71ea82106a7a585806c2e6e5a41df917d7a6faefb78e809d37492484468ac15"
	c := content.New(map[string][]byte{"password": []byte("hunter2")})
	digest, checksum := keyOf("key").Digest("uid", c), c.Checksum().Open()
	if digest != want {
		t.Errorf("the digest is %s, want %s", digest, want)
	}
	// With the checksum in it, whoever guesses the content could tell.
	if strings.Contains(digest, checksum) || c.Matches(content.Seal(digest)) {
		t.Errorf("the digest %s gives the checksum %s away", digest, checksum)
	}
}

func TestADigestTellsItsKey(t *testing.T) {
	t.Parallel()
	digest := keyOf("key").Digest("uid", content.New(nil))
	if !keyOf("key").Made(digest) || keyOf("another").Made(digest) || keyOf("key").Made("") {
		t.Errorf("%s is taken for one of another key, or not of its own", digest)
	}
}

func TestAKeyIsNotShown(t *testing.T) {
	t.Parallel()
	const redacted = "REDACTED"
	key := keyOf("s3nt1nel")
	encoded, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: onlyKey})).Info("", "key", key)
	want := map[string]string{"json": `{"key":"REDACTED"}`, "slog": `{"key":"REDACTED"}` + "\n", "print": redacted, "error": redacted}
	got := map[string]string{
		"json": string(encoded), "slog": log.String(), "print": fmt.Sprint(key), "error": fmt.Errorf("%v", key).Error(),
	}
	for _, verb := range "vtbcdoOqxXUeEfFgGs" {
		for _, flags := range []string{"%", "%+", "%#", "%-40.40"} {
			format := flags + string(verb)
			want[format], got[format] = redacted, fmt.Sprintf(format, key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

// onlyKey leaves out of a log line what is not the value logged.
func onlyKey(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == "key" {
		return attr
	}
	return slog.Attr{}
}

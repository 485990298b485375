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

// keyOf returns a key for digests.
func keyOf(text string) content.Key { return content.Key{Sealed: content.Seal([]byte(text))} }

// pairs returns a content from keys and values.
func pairs(plain ...string) content.Content {
	values := map[string][]byte{}
	for i := 0; i < len(plain); i += 2 {
		values[plain[i]] = []byte(plain[i+1])
	}
	return content.New(values)
}

func TestDigestDiffersBetweenContents(t *testing.T) {
	t.Parallel()
	ours := pairs("user", "admin", "password", "hunter2")
	tests := map[string]struct {
		key   content.Key
		other content.Content
		same  bool
	}{
		"the same":                   {keyOf("key"), ours, true},
		"an equal content":           {keyOf("key"), pairs("user", "admin", "password", "hunter2"), true},
		"the same in another order":  {keyOf("key"), pairs("password", "hunter2", "user", "admin"), true},
		"the same under another key": {keyOf("another"), ours, false},
		"the same under no key":      {content.Key{}, ours, false},
		"another value":              {keyOf("key"), pairs("user", "admin", "password", "hunter3"), false},
		"one more value": {
			keyOf("key"), pairs("user", "admin", "password", "hunter2", "port", "5432"), false,
		},
		"one value fewer":            {keyOf("key"), pairs("user", "admin"), false},
		"swapped values":             {keyOf("key"), pairs("user", "hunter2", "password", "admin"), false},
		"another key in the content": {keyOf("key"), pairs("name", "admin", "password", "hunter2"), false},
		"the zero value":             {keyOf("key"), content.Content{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := keyOf("key").Digest("uid", ours), test.key.Digest("uid", test.other)
			if (want == got) != test.same || got != test.key.Digest("uid", test.other) {
				t.Errorf("the digests are %s and %s, want them equal: %t", want, got, test.same)
			}
		})
	}
}

func TestDigestOfEqualsDigestForTheSameChecksum(t *testing.T) {
	t.Parallel()
	ours, others := pairs("user", "admin", "password", "hunter2"), pairs("user", "admin")
	for name, row := range map[string]struct {
		key   content.Key
		owner string
		sum   content.Sealed[string]
		same  bool
	}{
		"the checksum of the content":     {keyOf("key"), "uid", ours.Checksum(), true},
		"the checksum as listed by Juju":  {keyOf("key"), "uid", content.Seal(ours.Checksum().Open()), true},
		"the checksum of another content": {keyOf("key"), "uid", others.Checksum(), false},
		"an empty checksum":               {keyOf("key"), "uid", content.Sealed[string]{}, false},
		"another key":                     {keyOf("another"), "uid", ours.Checksum(), false},
		"another owner":                   {keyOf("key"), "another", ours.Checksum(), false},
		"an owner with a trailing space":  {keyOf("key"), "uid ", ours.Checksum(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := keyOf("key").Digest("uid", ours), row.key.DigestOf(row.owner, row.sum)
			if (want == got) != row.same {
				t.Errorf("the digests are %s and %s, want them equal: %t", want, got, row.same)
			}
		})
	}
}

func TestDigestDoesNotDependOnKeyOrder(t *testing.T) {
	t.Parallel()
	plain := map[string][]byte{}
	for i := range 50 {
		plain[fmt.Sprintf("key%d", i)] = []byte(strings.Repeat("x", i))
	}
	want := keyOf("key").Digest("uid", content.New(plain))
	for range 100 {
		if got := keyOf("key").Digest("uid", content.New(plain)); got != want {
			t.Fatalf("the digest is %s, want %s", got, want)
		}
	}
}

func TestDigestDoesNotRevealTheChecksum(t *testing.T) {
	t.Parallel()
	// Made with openssl dgst -sha256 -hmac key: the truncated MAC of an empty
	// text, and the MAC of the owner, a space, and the checksum in hex.
	const want = "5d5d1395-c71ea82106a7a585806c2e6e5a41df917d7a6faefb78e809d37492484468ac15"
	c := content.New(map[string][]byte{"password": []byte("hunter2")})
	digest, checksum := keyOf("key").Digest("uid", c), c.Checksum().Open()
	if digest != want {
		t.Errorf("the digest is %s, want %s", digest, want)
	}
	// With the checksum in it, a guess of the content could be verified.
	if strings.Contains(digest, checksum) || c.Matches(content.Seal(digest)) {
		t.Errorf("the digest %s reveals the checksum %s", digest, checksum)
	}
}

func TestMadeRecognisesDigestsOfTheKey(t *testing.T) {
	t.Parallel()
	digest := keyOf("key").Digest("uid", content.New(nil))
	if !keyOf("key").Made(digest) || keyOf("another").Made(digest) || keyOf("key").Made("") {
		t.Errorf("Made is wrong about %s or an empty digest", digest)
	}
}

func TestKeyIsRedacted(t *testing.T) {
	t.Parallel()
	const redacted = "REDACTED"
	key := keyOf("s3nt1nel")
	encoded, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: onlyKey})).Info("", "key", key)
	want := map[string]string{
		"json": `{"key":"REDACTED"}`, "slog": `{"key":"REDACTED"}` + "\n", "print": redacted, "error": redacted,
	}
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

// onlyKey removes all attributes from a log line, except the logged value.
func onlyKey(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == "key" {
		return attr
	}
	return slog.Attr{}
}

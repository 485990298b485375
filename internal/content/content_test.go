// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
)

func TestChecksumFollowsJujusFormat(t *testing.T) {
	t.Parallel()
	// Juju hashes the JSON of the encoded values with sorted keys and no
	// blanks. The JSON is written out here, and some of the hashes come from
	// another program, so that the test does not depend on the code.
	tests := map[string]struct {
		plain map[string][]byte
		json  string
		sum   string
	}{
		"one key": {
			plain: map[string][]byte{"password": []byte("hunter2")},
			json:  `{"password":"aHVudGVyMg=="}`,
			sum:   "ba3b27ff42274af9b5c4178c3c8c41309639ca29a17a82be6d3e9f40057673de",
		},
		"several keys are sorted": {
			plain: map[string][]byte{"user": []byte("admin"), "password": []byte("hunter2"), "empty": {}},
			json:  `{"empty":"","password":"aHVudGVyMg==","user":"YWRtaW4="}`,
			sum:   "c29597ca8790527526bf0e8eb2203a91d2614cfda1052c147bd0898670357f5e",
		},
		"characters of base64 are not escaped in JSON": {
			plain: map[string][]byte{"bin": {251, 255, 0, 62}},
			json:  `{"bin":"+/8APg=="}`,
			sum:   "515fc9664269d4853aa917a6dbc340315c69f28e945e1cf1564929c51f57c63c",
		},
		"hyphens sort before letters": {
			plain: map[string][]byte{"dba": []byte("1"), "db-a": []byte("2"), "db0": []byte("3")},
			json:  `{"db-a":"Mg==","db0":"Mw==","dba":"MQ=="}`,
		},
		"no key": {plain: map[string][]byte{}, json: `{}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sum := sha256.Sum256([]byte(test.json))
			want := hex.EncodeToString(sum[:])
			got := content.New(test.plain).Checksum().Open()
			if got != want || test.sum != "" && got != test.sum {
				t.Errorf("the checksum is %s, want %s (%s)", got, want, test.sum)
			}
		})
	}
}

func TestEncodedIsBase64ByKey(t *testing.T) {
	t.Parallel()
	got := content.New(map[string][]byte{"empty": nil, "raw": {0, 255}, "text": []byte("hunter2")}).Encoded()
	want := map[string]string{"empty": "", "raw": "AP8=", "text": "aHVudGVyMg=="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Encoded (-want +got):\n%s", diff)
	}
}

func TestEqualComparesEveryKeyAndValue(t *testing.T) {
	t.Parallel()
	of := func(plain ...string) content.Content {
		values := map[string][]byte{}
		for i := 0; i < len(plain); i += 2 {
			values[plain[i]] = []byte(plain[i+1])
		}
		return content.New(values)
	}
	tests := map[string]struct {
		other content.Content
		want  bool
	}{
		"the same":                  {of("user", "admin", "password", "hunter2"), true},
		"the same in another order": {of("password", "hunter2", "user", "admin"), true},
		"another value":             {of("user", "admin", "password", "hunter3"), false},
		"one more value":            {of("user", "admin", "password", "hunter2", "port", "5432"), false},
		"one value fewer":           {of("user", "admin"), false},
		"another key":               {of("name", "admin", "password", "hunter2"), false},
		"swapped values":            {of("user", "hunter2", "password", "admin"), false},
		"a trailing newline":        {of("user", "admin", "password", "hunter2\n"), false},
		"the zero value":            {content.Content{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := of("user", "admin", "password", "hunter2")
			got := []bool{c.Equal(test.other), test.other.Equal(c), c.Matches(test.other.Checksum())}
			if diff := cmp.Diff([]bool{test.want, test.want, test.want}, got); diff != "" {
				t.Errorf("Equal both ways, and Matches (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmptyChecksumMatchesNoContent(t *testing.T) {
	t.Parallel()
	for _, c := range []content.Content{{}, content.New(nil), content.New(map[string][]byte{"key": nil})} {
		if c.Matches(content.Sealed[string]{}) || c.Matches(content.Seal("")) {
			t.Errorf("the content with the checksum %s matches an empty checksum", c.Checksum().Open())
		}
	}
}

func TestContentIsACopyOfItsValues(t *testing.T) {
	t.Parallel()
	value := []byte("hunter2")
	plain := map[string][]byte{"password": value}
	c := content.New(plain)
	value[0] = 'H'
	plain["user"] = []byte("admin")
	if diff := cmp.Diff(map[string]string{"password": "aHVudGVyMg=="}, c.Encoded()); diff != "" {
		t.Errorf("Encoded (-want +got):\n%s", diff)
	}
}

func TestReencodedContentHasAnotherChecksum(t *testing.T) {
	t.Parallel()
	c := content.New(map[string][]byte{"user": []byte("admin"), "password": []byte("hunter2")})
	got := c.Reencoded()
	want := map[string]string{"user": "YWRtaW4=", "password": "aHVudGVyMg==\n"}
	if diff := cmp.Diff(want, got.Encoded()); diff != "" {
		t.Errorf("Encoded (-want +got):\n%s", diff)
	}
	if got.Equal(c) || !got.Equal(c.Reencoded()) {
		t.Error("the checksum is that of the original, or differs between calls")
	}
	if got := (content.Content{}).Reencoded().Encoded(); len(got) != 0 {
		t.Errorf("content without keys becomes %v", got)
	}
}

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

func TestContentIsEncodedAndSummedAsJujuDoesIt(t *testing.T) {
	t.Parallel()
	// What Juju sums is the JSON of the encoded values with sorted keys and no blanks. It is written out here, and some of
	// the sums were made with another program, so that nothing but the rule itself is trusted.
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
		"signs of base64 that JSON could escape are not": {
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

func TestEncodedIsWhatTheApiTakes(t *testing.T) {
	t.Parallel()
	got := content.New(map[string][]byte{"empty": nil, "raw": {0, 255}, "text": []byte("hunter2")}).Encoded()
	want := map[string]string{"empty": "", "raw": "AP8=", "text": "aHVudGVyMg=="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Encoded (-want +got):\n%s", diff)
	}
}

func TestContentsAreEqualIfEveryKeyAndValueIs(t *testing.T) {
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
		"the same":                      {of("user", "admin", "password", "hunter2"), true},
		"the same in another order":     {of("password", "hunter2", "user", "admin"), true},
		"another value":                 {of("user", "admin", "password", "hunter3"), false},
		"a value more":                  {of("user", "admin", "password", "hunter2", "port", "5432"), false},
		"a value less":                  {of("user", "admin"), false},
		"another key":                   {of("name", "admin", "password", "hunter2"), false},
		"values that changed places":    {of("user", "hunter2", "password", "admin"), false},
		"a line end more":               {of("user", "admin", "password", "hunter2\n"), false},
		"nothing, the zero value, even": {content.Content{}, false},
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

func TestNoContentMatchesAChecksumThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, c := range []content.Content{{}, content.New(nil), content.New(map[string][]byte{"key": nil})} {
		if c.Matches(content.Sealed[string]{}) || c.Matches(content.Seal("")) {
			t.Errorf("content with the checksum %s matches none", c.Checksum().Open())
		}
	}
}

func TestContentDoesNotChangeWithWhatItWasMadeOf(t *testing.T) {
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

func TestOneKeyMoreMakesAnotherContent(t *testing.T) {
	t.Parallel()
	c := content.New(map[string][]byte{"password": []byte("hunter2")})
	got := []map[string]string{c.With("port", "5432").Encoded(), c.With("password", "x").Encoded(), content.Content{}.With("port", "").Encoded(), c.Encoded()}
	want := []map[string]string{
		{"password": "aHVudGVyMg==", "port": "NTQzMg=="}, {"password": "eA=="}, {"port": ""}, {"password": "aHVudGVyMg=="},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with another key, a key again, a key alone, and what it was made of (-want +got):\n%s", diff)
	}
}

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
		"digits":                   {keys("S3_KEY_2", "x"), ready("s3-key-2", "x")},
		"a valid key is unchanged": {keys("db-password", "x"), ready("db-password", "x")},
		"three characters":         {keys("k-12", "x", "abc", "y"), ready("k-12", "x", "abc", "y")},
		"inline keys are not converted": {
			func(m *manifest) { m.inline = map[string]string{"DB_USER": "x", "id": "y", "login of the db": "z"} },
			ready("password", "hunter2", "DB_USER", "x", "id", "y", "login of the db", "z"),
		},
	})
}

func TestKeysInCamelCaseAreSplitIntoWords(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		// Words.
		"clientId": "client-id", "clientID": "client-id", "ClientID": "client-id", "dbPassword": "db-password",
		"DBPassword": "db-password", "DatabasePassword": "database-password", "apiKey": "api-key", "APIKey": "api-key",
		"accessKeyId": "access-key-id", "AWSSecretAccessKey": "aws-secret-access-key", "privateKey": "private-key",
		"gitHubToken": "git-hub-token", "dbPASSWORD": "db-password", "planB": "plan-b", "password": "password",

		// Acronyms.
		"tlsCACert": "tls-ca-cert", "HTTPSProxy": "https-proxy", "caCRT": "ca-crt", "dbURL": "db-url", "URLs": "urls",
		"userIDs": "user-ids", "DBId": "db-id", "kubeConfigYAML": "kube-config-yaml", "httpURLPath": "http-url-path",

		// One letter is not a word.
		"mTLSCert": "mtls-cert", "gRPCPort": "grpc-port", "OAuthToken": "oauth-token", "eTag": "etag", "vCPUs": "vcpus",

		// Digits stay with the word before them.
		"s3AccessKey": "s3-access-key", "S3AccessKey": "s3-access-key", "s3URL": "s3-url", "S3URLs": "s3-urls",
		"oauth2Token": "oauth2-token", "OAuth2Token": "oauth2-token", "IPv4": "ipv4", "IPv4Address": "ipv4-address",
		"APIv2Key": "apiv2-key", "ec2InstanceId": "ec2-instance-id", "x509Cert": "x509-cert", "X509Cert": "x509-cert",
		"sha256Sum": "sha256-sum", "k8sToken": "k8s-token", "K8SToken": "k8s-token", "P2PSecret": "p2p-secret",
		"password2": "password2", "password1Hash": "password1-hash", "i18N": "i18n",

		// Keys without lower-case letters have no camel case.
		"DB_PASSWORD": "db-password", "DBPASSWORD": "dbpassword", "K8S_TOKEN": "k8s-token", "S3KEY": "s3key",
		"E2E_KEY": "e2e-key", "AWS_ACCESS_KEY_ID": "aws-access-key-id", "HTTPS_PROXY": "https-proxy",

		// Other characters separate words.
		"tls.crt": "tls-crt", "ca.crt": "ca-crt", ".dockerconfigjson": "dockerconfigjson", "ssh-privatekey": "ssh-privatekey",
		"db_userName": "db-user-name", "Agent-Password": "agent-password", "my.clientID": "my-client-id",
		"application.yaml": "application-yaml", "id_rsa.pub": "id-rsa-pub", "client-id": "client-id",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			got := content.Merge(nil, []content.Source{source("Secret db", key, "x")})
			if diff := cmp.Diff(ready(want, "x"), got); diff != "" {
				t.Errorf("Merge (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExcludedKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	without := func(keys ...string) func(*manifest) {
		return func(m *manifest) {
			m.sources[0] = source("Secret db", "DB_PASSWORD", "hunter2", "id", "x", "2fa", "y")
			m.sources[0].Exclude = keys
		}
	}
	runMergeTests(t, map[string]mergeTest{
		"invalid keys":          {without("id", "2fa"), ready("db-password", "hunter2")},
		"a key that is missing": {without("id", "2fa", "other"), ready("db-password", "hunter2")},
		"keys are case-sensitive and not converted": {
			without("id", "2fa", "db-password", "db_password"), ready("db-password", "hunter2"),
		},
		"all keys": {
			without("id", "2fa", "DB_PASSWORD"), invalid("the sources have no keys: a secret needs at least one"),
		},
		"a key that another source sets": {
			given: func(m *manifest) {
				m.sources = append(m.sources, source("ConfigMap settings", "password", "x", "port", "5432"))
				m.sources[1].Exclude = []string{"password"}
			},
			want: ready("password", "hunter2", "port", "5432"),
		},
		"a key that another item of the same Secret renames": {
			given: func(m *manifest) {
				m.sources = append(m.sources, source("Secret db", "id", "x", "password", "y"))
				m.sources[0] = source("Secret db", "id", "x", "password", "y")
				m.sources[0].Exclude = []string{"id"}
				m.sources[1].Items = []content.Item{{Key: "id", As: "id"}}
			},
			want: ready("password", "y", "id", "x"),
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
		"new names that the juju command line refuses": {
			given: selected(content.Item{Key: "DB_PASSWORD", As: "DB_PASSWORD"}, content.Item{Key: "DB_USER", As: "id"},
				content.Item{Key: "db.port", As: "tls.port"}),
			want: ready("DB_PASSWORD", "hunter2", "id", "admin", "tls.port", "5432"),
		},
		"a value in base64": {
			given: selected(content.Item{Key: "DB_PASSWORD", As: "encoded", Base64: true}, content.Item{Key: "DB_PASSWORD"}),
			want:  ready("encoded", "aHVudGVyMg==", "db-password", "hunter2"),
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

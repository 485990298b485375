// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
)

// line holds the fields of a log line that the tests use.
type line struct {
	Message    string `json:"msg"`
	Kind       string `json:"kind"`
	Object     string `json:"object"`
	Controller string `json:"controller"`
	Model      string `json:"model"`
	SecretID   string `json:"secretID"`
	Revision   int    `json:"revision"`
	Reason     string `json:"reason"`
}

// changes returns the log lines about changes in Juju for an object.
func (f *fixture) changes(object string) []line {
	f.Helper()
	var found []line
	for text := range strings.Lines(f.operator.Log()) {
		var read line
		if json.Unmarshal([]byte(text), &read) == nil && read.Message == "acted on Juju" && read.Object == object {
			found = append(found, read)
		}
	}
	return found
}

func TestLogHasOneLinePerChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.controller("local", f.Juju.Operator.Password)
	source := gen.Secret(f.Namespace, sourceName, map[string]string{"key": sentinel})
	obj := gen.JujuSecret(f.Namespace, secretName, f.Model.Name, gen.Locally("local"), gen.FromSecret(sourceName))
	access := gen.Access(f.Namespace, accessName, secretName, "app1")
	f.Create(source, obj, access)
	f.AwaitShown(obj, v1alpha1.ReasonSynced)
	f.AwaitShown(access, v1alpha1.ReasonSynced)
	env.Change(f, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })

	about := line{
		Message: "acted on Juju", Controller: f.Namespace + "/local", Model: f.Model.Name, SecretID: obj.Status.SecretID,
	}
	created, updated, granted := about, about, about
	created.Kind, created.Object, created.Reason, created.Revision = "JujuSecret", f.Namespace+"/"+secretName, "Created", 1
	updated.Kind, updated.Object, updated.Reason, updated.Revision = "JujuSecret", f.Namespace+"/"+secretName, "Updated", 2
	granted.Kind, granted.Object, granted.Reason = "JujuSecretAccess", f.Namespace+"/"+accessName, "Granted"
	for object, want := range map[string][]line{created.Object: {created, updated}, granted.Object: {granted}} {
		f.Await(func() string {
			if got := f.changes(object); fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Sprintf("the log lines are %+v, want %+v", got, want)
			}
			return ""
		})
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/stage"
)

// line is one line of the operator's log, as far as it is of interest here.
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

// acts are the lines of the log about what was done in Juju for an object.
func (s *scene) acts(object string) []line {
	s.Helper()
	file, err := os.Open(s.operator.Log)
	s.Must(err)
	defer func() { _ = file.Close() }()
	var found []line
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var read line
		if json.Unmarshal(lines.Bytes(), &read) == nil && read.Message == "acted on Juju" && read.Object == object {
			found = append(found, read)
		}
	}
	return found
}

func TestEachThingDoneIsOneLineOfTheLog(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.controller("local", juju.Operator.Password)
	source := gen.Secret(s.ns, sourceName, map[string]string{"key": sentinel})
	obj := gen.JujuSecret(s.ns, secretName, s.model.Name, gen.Locally("local"), gen.FromSecret(sourceName))
	access := gen.Access(s.ns, accessName, secretName, "app1")
	s.Create(source, obj, access)
	s.awaitReason(obj, v1alpha1.ReasonSynced)
	s.awaitReason(access, v1alpha1.ReasonSynced)
	stage.Change(s, source, func(o *corev1.Secret) { o.Data["key"] = []byte(sentinel + " 2") })

	about := line{Message: "acted on Juju", Controller: s.ns + "/local", Model: s.model.Name, SecretID: obj.Status.SecretID}
	created, updated, granted := about, about, about
	created.Kind, created.Object, created.Reason, created.Revision = "JujuSecret", s.ns+"/"+secretName, "Created", 1
	updated.Kind, updated.Object, updated.Reason, updated.Revision = "JujuSecret", s.ns+"/"+secretName, "Updated", 2
	granted.Kind, granted.Object, granted.Reason = "JujuSecretAccess", s.ns+"/"+accessName, "Granted"
	for object, want := range map[string][]line{created.Object: {created, updated}, granted.Object: {granted}} {
		s.Await(func() string {
			if got := s.acts(object); fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Sprintf("the log says %+v, want %+v", got, want)
			}
			return ""
		})
	}
}

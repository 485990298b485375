// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// sentinel is in every value that tests put into a Secret, so that a leak of any is found. Its length is a multiple of
// three, so that it is found in base64 too, where a value begins with it.
const sentinel = "never-show-this-value"

// leaks are the forms of secret values that a text of the operator's contains: plain, in base64, or as Juju's checksum.
func leaks(text string) []string {
	password := stack.Juju.Operator.Password
	forms := map[string]string{
		"the sentinel":              sentinel,
		"the sentinel in base64":    base64.StdEncoding.EncodeToString([]byte(sentinel)),
		"Juju's password":           password,
		"Juju's password in base64": base64.StdEncoding.EncodeToString([]byte(password)),
	}
	for _, key := range []string{"key", "password"} {
		checksum := servers.Content(map[string]string{key: sentinel}).Checksum().Open()
		forms["the checksum of the sentinel as "+key] = checksum
	}
	var found []string
	for what, form := range forms {
		if strings.Contains(text, form) {
			found = append(found, what)
		}
	}
	return found
}

// checkNothingLeaked searches what the operator wrote into the scene: the events, and the metadata and status of the
// objects. Their specs are the test's own. Controller objects of the cluster, with their events, are searched for all tests.
func (s *scene) checkNothingLeaked() {
	there := client.InNamespace(s.ns)
	s.checkListed(&eventsv1.EventList{}, there)
	s.checkListed(&v1alpha1.JujuSecretList{}, there)
	s.checkListed(&v1alpha1.JujuSecretAccessList{}, there)
	s.checkListed(&v1alpha1.JujuControllerList{}, there)
	s.checkListed(&v1alpha1.ClusterJujuControllerList{})
	s.checkListed(&eventsv1.EventList{}, client.InNamespace(metav1.NamespaceDefault))
}

func (s *scene) checkListed(list client.ObjectList, options ...client.ListOption) {
	if err := s.Kube.List(s.Ctx, list, options...); err != nil {
		s.Error(err)
	}
	err := meta.EachListItem(list, func(item runtime.Object) error {
		if secret, ok := item.(*v1alpha1.JujuSecret); ok {
			secret.Spec = v1alpha1.JujuSecretSpec{}
		}
		text, err := json.Marshal(item)
		for _, what := range leaks(string(text)) {
			s.Errorf("LEAK: a %T contains %s", item, what)
		}
		return err
	})
	if err != nil {
		s.Error(err)
	}
}

// checkLog searches the log of the operator that all tests share after them, and returns the exit status for the suite.
func checkLog() int {
	log, err := os.ReadFile(stack.Operator.Log)
	if err != nil || len(log) == 0 {
		fmt.Fprintln(os.Stderr, "cannot search the operator's log for leaked values:", err)
		return 1
	}
	found := leaks(string(log))
	for _, what := range found {
		fmt.Fprintln(os.Stderr, "LEAK: the operator's log contains", what)
	}
	return min(len(found), 1)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/servers"
)

// sentinel is part of the values that tests put into Secrets, so that any leak
// is found. Its length is a multiple of three. Its base64 form is therefore
// part of the base64 form of every value that begins with it.
const sentinel = "never-show-this-value"

// leaks returns the forms of secret values in a text that the operator wrote:
// plain, in base64, or as Juju's checksum.
func leaks(e *env.Environment, text string) []string {
	password := e.Juju.Operator.Password
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

// checkNothingLeaked searches what the operator wrote to the fixture's
// namespace: the events, and the metadata and status of the objects. The specs
// are not searched, because the test wrote them. ClusterJujuControllers and
// their events are searched in every test.
func (f *fixture) checkNothingLeaked() {
	there := client.InNamespace(f.Namespace)
	f.checkListed(&eventsv1.EventList{}, there)
	f.checkListed(&v1alpha1.JujuSecretList{}, there)
	f.checkListed(&v1alpha1.JujuSecretAccessList{}, there)
	f.checkListed(&v1alpha1.JujuControllerList{}, there)
	f.checkListed(&v1alpha1.ClusterJujuControllerList{})
	f.checkListed(&eventsv1.EventList{}, client.InNamespace(metav1.NamespaceDefault))
}

func (f *fixture) checkListed(list client.ObjectList, options ...client.ListOption) {
	if err := f.Kube.List(f.Ctx, list, options...); err != nil {
		f.Error(err)
	}
	err := meta.EachListItem(list, func(item runtime.Object) error {
		if secret, ok := item.(*v1alpha1.JujuSecret); ok {
			secret.Spec = v1alpha1.JujuSecretSpec{}
		}
		text, err := json.Marshal(item)
		for _, what := range leaks(f.Env, string(text)) {
			f.Errorf("LEAK: a %T contains %s", item, what)
		}
		return err
	})
	if err != nil {
		f.Error(err)
	}
}

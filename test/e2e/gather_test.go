// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

// The first change is sent at once, and then at most one a second. The bound
// depends on the time that the changes take, so a slow machine does not matter.
func TestChangesOfASourceAreGathered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	source := gen.Secret(f.Namespace, "source", map[string]string{"user": "0", "password": "0"})
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name, gen.FromSecret("source"))
	f.Create(source, obj)
	f.AwaitReady(obj)
	writes := f.countWrites(&v1alpha1.JujuSecretList{})

	began, content := time.Now(), map[string]string{"user": "0", "password": "0"}
	for i := 1; i <= 30; i++ {
		key := []string{"user", "password"}[i%2]
		content[key] = fmt.Sprint(i)
		env.Change(f, source, func(o *corev1.Secret) { o.Data[key] = []byte(content[key]) })
	}
	var revision int
	f.Await(func() string {
		held := f.InJuju()
		if len(held) != 1 || !held[0].Content.Equal(servers.Content(content)) {
			return "Juju does not hold the content of the last change"
		}
		revision = held[0].Revision
		return ""
	})
	created, first, seconds := 1, 1, int(time.Since(began).Seconds())
	if most := created + first + seconds; revision > most {
		t.Errorf("30 changes in %d seconds made revision %d, want at most %d", seconds, revision, most)
	}
	f.AwaitRevision(obj, revision)
	f.Create(gen.JujuSecret(f.Namespace, "marker", f.Model.Name))
	if n := writes("db-login", "marker"); n > revision {
		t.Errorf("got %d writes for %d updates, want one for each, and one to record the secret", n, revision-created)
	}
}

func TestRenameDoesNotWaitForGatheredContent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	obj := gen.JujuSecret(f.Namespace, "db-login", f.Model.Name)
	f.Create(obj)
	f.AwaitReady(obj)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) { o.Spec.Value = values(sentinel) })
	f.AwaitRevision(obj, 2)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) {
		o.Spec.Name, o.Spec.Value = "renamed", values(sentinel+" 2")
	})
	f.AwaitReady(obj)
	f.ExpectJuju(servers.UserSecret{
		ID: obj.Status.SecretID, Name: "renamed", Revision: 3, Content: servers.Content(values(sentinel + " 2")),
	})
}

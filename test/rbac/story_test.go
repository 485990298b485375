// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rbac

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/servers"
)

const (
	// credentials is the name of the Secret with the login.
	credentials = "credentials"
	// mended is the revision at which the secret is after it was corrected.
	mended = 4
)

// story is all that an operator does for a tenant.
type story struct {
	*scene

	login, source *corev1.Secret
	config        *corev1.ConfigMap
	secret        *v1alpha1.JujuSecret
	access        *v1alpha1.JujuSecretAccess
}

// tell plays the story until it ends or the operator cannot go on.
func (s *scene) tell(ctx context.Context) error {
	st := &story{
		scene:  s,
		login:  gen.Secret(s.ns, credentials, map[string]string{"username": juju.Operator.Username, "password": juju.Operator.Password}),
		source: gen.Secret(s.ns, "source", map[string]string{"password": "first"}),
		config: gen.ConfigMap(s.ns, "source", map[string]string{"user": "first"}),
		secret: gen.JujuSecret(s.ns, "db-login", s.model.Name, s.mode.through(s.controller.GetName()),
			gen.FromSecret("source"), gen.FromConfigMap("source")),
		access: gen.Access(s.ns, "db-login", "db-login", "app1", "app2"),
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"lead", st.lead},
		{"connect", st.connect},
		{"connect a namespace", st.connectLocally},
		{"create", st.create},
		{"update", st.update},
		{"correct", st.correct},
		{"grant and revoke", st.grant},
		{"hold what is in use", st.hold},
		{"remove", st.remove},
		{"let go of what was in use", st.letGo},
		{"tell of it all", st.events},
		{"let scrape who may", st.beScraped},
		{"go on leading", st.lead},
		{"start again", st.startAgain},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// lead waits until the operator, from now on, has told that it leads.
func (st *story) lead(ctx context.Context) error {
	before, err := st.lease(ctx)
	if err != nil {
		return err
	}
	return servers.Await(ctx, patience, func() (string, error) {
		now, err := st.lease(ctx)
		if err != nil || now.RenewTime != nil && !now.RenewTime.Equal(before.RenewTime) {
			return "", err
		}
		return "nobody takes or renews the Lease", nil
	})
}

func (st *story) connect(ctx context.Context) error {
	if err := st.add(ctx, st.login, st.controller); err != nil {
		return err
	}
	return st.awaitReady(ctx, st.controller)
}

// connectLocally connects and lets go of a controller object of the namespace, even if the story goes through another one.
func (st *story) connectLocally(ctx context.Context) error {
	local := st.localController(credentials)
	if local.GetName() == st.controller.GetName() {
		return nil
	}
	if err := st.add(ctx, local); err != nil {
		return err
	}
	if err := st.awaitReady(ctx, local); err != nil {
		return err
	}
	if err := st.Kube.Delete(ctx, local); err != nil {
		return err
	}
	return st.awaitGone(ctx, local)
}

func (st *story) create(ctx context.Context) error {
	if err := st.add(ctx, st.source, st.config, st.secret); err != nil {
		return err
	}
	if err := st.awaitReady(ctx, st.secret); err != nil {
		return err
	}
	return st.awaitJuju(ctx, st.inJuju("first", "first", 1))
}

// update changes both sources, one after the other.
func (st *story) update(ctx context.Context) error {
	before := st.source.DeepCopy()
	st.source.StringData = map[string]string{"password": "second"}
	if err := st.Kube.Patch(ctx, st.source, client.MergeFrom(before)); err != nil {
		return err
	}
	if err := st.awaitJuju(ctx, st.inJuju("first", "second", 2)); err != nil {
		return err
	}
	st.config.Data["user"] = "second"
	if err := st.Kube.Update(ctx, st.config); err != nil {
		return err
	}
	return st.awaitJuju(ctx, st.inJuju("second", "second", 3))
}

// correct removes the latest revision in Juju. It takes two updates to bring that back, which one event tells of: it is
// created, and patched at once. If the patch arrives first it is sent again after ten seconds, which nobody waits for here.
func (st *story) correct(ctx context.Context) error {
	if err := st.awaitReady(ctx, st.secret); err != nil {
		return err
	}
	if err := juju.RemoveRevision(ctx, st.model, st.secret.Status.SecretID, 3); err != nil {
		return err
	}
	before := st.secret.DeepCopy()
	metav1.SetMetaDataAnnotation(&st.secret.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, "now")
	if err := st.Kube.Patch(ctx, st.secret, client.MergeFrom(before)); err != nil {
		return err
	}
	return st.awaitJuju(ctx, st.inJuju("second", "second", mended))
}

func (st *story) grant(ctx context.Context) error {
	if err := st.add(ctx, st.access); err != nil {
		return err
	}
	if err := st.awaitJuju(ctx, st.inJuju("second", "second", mended, "app1", "app2")); err != nil {
		return err
	}
	if err := st.awaitReady(ctx, st.access); err != nil {
		return err
	}
	before := st.access.DeepCopy()
	st.access.Spec.Applications = gen.Applications("app1")
	if err := st.Kube.Patch(ctx, st.access, client.MergeFrom(before)); err != nil {
		return err
	}
	return st.awaitJuju(ctx, st.inJuju("second", "second", mended, "app1"))
}

// hold deletes what it takes to remove the secret from Juju, all of which stays.
func (st *story) hold(ctx context.Context) error {
	for _, obj := range []client.Object{st.login, st.controller} {
		if err := st.Kube.Delete(ctx, obj); err != nil {
			return err
		}
		if err := st.Kube.Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
			return err
		}
		if !controllerutil.ContainsFinalizer(obj, "jujusecrets.io/finalizer") {
			return fmt.Errorf("%T %s goes without the operator", obj, obj.GetName())
		}
	}
	return nil
}

func (st *story) remove(ctx context.Context) error {
	for _, obj := range []client.Object{st.access, st.secret} {
		if err := st.Kube.Delete(ctx, obj); err != nil {
			return err
		}
		if err := st.awaitGone(ctx, obj); err != nil {
			return err
		}
	}
	return st.awaitJuju(ctx)
}

func (st *story) letGo(ctx context.Context) error {
	if err := st.awaitGone(ctx, st.controller); err != nil {
		return err
	}
	return st.awaitGone(ctx, st.login)
}

// events waits until there are events about all that was done.
func (st *story) events(ctx context.Context) error {
	missing := map[string]bool{"Created": true, "Updated": true, "Corrected": true, "Granted": true, "Revoked": true, "Removed": true}
	return servers.Await(ctx, patience, func() (string, error) {
		var list eventsv1.EventList
		if err := st.Kube.List(ctx, &list, client.InNamespace(st.ns)); err != nil {
			return "", err
		}
		for _, event := range list.Items {
			delete(missing, event.Reason)
		}
		if len(missing) == 0 {
			return "", nil
		}
		return fmt.Sprintf("there are no events of %v", slices.Sorted(maps.Keys(missing))), nil
	})
}

// beScraped lets somebody scrape who has the right to, and somebody who has not.
func (st *story) beScraped(ctx context.Context) error {
	if !st.mode.scraped {
		return nil
	}
	reading := servers.Rights{Everywhere: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}}
	for _, who := range []struct {
		name   string
		rights servers.Rights
		want   int
	}{
		{st.own + "-reader", reading, http.StatusOK},
		{st.own + "-stranger", servers.Rights{}, http.StatusForbidden},
	} {
		kubeconfig, err := kubernetes.Admit(ctx, who.name, who.rights)
		if err != nil {
			return err
		}
		config, err := clientcmd.LoadFromFile(kubeconfig)
		if err != nil {
			return err
		}
		err = servers.Await(ctx, patience, func() (string, error) {
			if got := st.scrape(ctx, config.AuthInfos[who.name].Token); got != who.want {
				return fmt.Sprintf("%s is answered with %d, want %d", who.name, got, who.want), nil
			}
			return "", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startAgain stops the operator in order, which gives up the Lease, and starts one that finds what that has left.
func (st *story) startAgain(ctx context.Context) error {
	if err := st.operator.Stop(); err != nil {
		return err
	}
	lease, err := st.lease(ctx)
	if err != nil {
		return err
	}
	if holder := lease.HolderIdentity; holder != nil && *holder != "" {
		return fmt.Errorf("%s has ended and kept the Lease", *holder)
	}
	if err := st.start(); err != nil {
		return err
	}
	return st.lead(ctx)
}

// inJuju is the secret as Juju has it.
func (st *story) inJuju(user, password string, revision int, apps ...string) servers.UserSecret {
	return servers.UserSecret{
		Name: st.secret.Name, Revision: revision, Granted: apps,
		Content: servers.Content(map[string]string{"user": user, "password": password}),
	}
}

func (st *story) add(ctx context.Context, objs ...client.Object) error {
	for _, obj := range objs {
		if err := st.Kube.Create(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

// awaitJuju waits until the model holds these secrets and no others, whatever their IDs.
func (st *story) awaitJuju(ctx context.Context, want ...servers.UserSecret) error {
	return servers.Await(ctx, patience, func() (string, error) {
		// While secrets are being removed Juju's listing can fail as a whole, as it reads them one by one.
		got, err := juju.Secrets(ctx, st.model)
		if err != nil {
			return err.Error(), nil
		}
		diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(servers.UserSecret{}, "ID"))
		if diff == "" {
			return "", nil
		}
		return "Juju holds something else (-want +got):\n" + diff, nil
	})
}

// awaitReady waits until an object is Ready and its status is about its present generation.
func (st *story) awaitReady(ctx context.Context, obj client.Object) error {
	return servers.Await(ctx, patience, func() (string, error) {
		if err := st.Kube.Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
			return "", err
		}
		ready := meta.FindStatusCondition(v1alpha1.ConditionsOf(obj), v1alpha1.ConditionReady)
		if ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == obj.GetGeneration() {
			return "", nil
		}
		return fmt.Sprintf("%T %s is not Ready: %+v", obj, obj.GetName(), ready), nil
	})
}

// awaitGone waits until an object is no more.
func (st *story) awaitGone(ctx context.Context, obj client.Object) error {
	return servers.Await(ctx, patience, func() (string, error) {
		err := st.Kube.Get(ctx, client.ObjectKeyFromObject(obj), obj)
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return fmt.Sprintf("%T %s is still there", obj, obj.GetName()), err
	})
}

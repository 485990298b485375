// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/ownership"
	"github.com/juju-secrets/operator/test/servers"
	"github.com/juju-secrets/operator/test/stage"
)

// TestEachRowOfTheTableOfOwnership brings about every row of test/ownership, on the real servers.
func TestEachRowOfTheTableOfOwnership(t *testing.T) {
	t.Parallel()
	plays := map[string]func(rowScene){}
	for _, group := range []map[string]func(rowScene){
		unseenRows(), referenceRows(), absentRows(), ourRows(), theirRows(), otherRows(), crashRows(), letGoRows(), removedRows(),
	} {
		maps.Copy(plays, group)
	}
	for _, row := range ownership.NewTable().Rows() {
		play, ok := plays[row.ID]
		if !ok {
			t.Errorf("there is no scene for the row %s", row.ID)
			continue
		}
		delete(plays, row.ID)
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			play(rowScene{newScene(t), row})
		})
	}
	for id := range plays {
		t.Errorf("there is no row %s", id)
	}
}

const (
	// db is the name in Juju that most rows are about.
	db = "db-login"
	// said is what the manifests say, unless they are changed; before is what one said, and theirs what somebody else wrote.
	said, before, theirs = "value", "before", "theirs"

	finalizer        = "jujusecrets.io/finalizer"
	recordAnnotation = "jujusecrets.io/record"
	// lingers is a finalizer of somebody else's.
	lingers = "example.com/lingers"
)

// rowScene is where one row plays.
type rowScene struct {
	*scene

	row ownership.Row
}

// values is a content.
func values(value string) map[string]string { return map[string]string{"key": value} }

// held is a secret in Juju called db.
func held(id string, revision int, value string) servers.UserSecret {
	return servers.UserSecret{ID: id, Name: db, Revision: revision, Content: servers.Content(values(value))}
}

// called is a secret of another name.
func called(name string, secret servers.UserSecret) servers.UserSecret {
	secret.Name = name
	return secret
}

// secret is a JujuSecret that asks for db.
func (s rowScene) secret(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	return gen.JujuSecret(s.ns, name, s.model.Name, append([]func(*v1alpha1.JujuSecret){gen.Named(db)}, modify...)...)
}

// made is such a one whose secret is in Juju.
func (s rowScene) made(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	s.Helper()
	obj := s.secret(name, modify...)
	s.Create(obj)
	s.AwaitReady(obj)
	return obj
}

// resting is such a one that is suspended.
func (s rowScene) resting(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	s.Helper()
	obj := s.secret(name, append(modify, gen.Suspended)...)
	s.Create(obj)
	s.awaitRest(obj)
	return obj
}

func (s rowScene) suspend(obj *v1alpha1.JujuSecret) {
	s.Helper()
	stage.Change(s.scene, obj, gen.Suspended)
	s.awaitRest(obj)
}

func (s rowScene) awaitRest(obj client.Object) {
	s.Helper()
	s.awaitShown(obj, v1alpha1.ReasonSuspended)
}

// wake ends the rest of an object, with a look at Juju.
func (s rowScene) wake(obj *v1alpha1.JujuSecret) {
	s.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) {
		o.Spec.Suspend = false
		stage.Annotate(o, v1alpha1.AnnotationReconcileRequestedAt, now)
	})
}

// add adds a secret called db by hand.
func (s rowScene) add(value string) (id string) {
	s.Helper()
	id, err := s.juju.AddSecret(s.Ctx, s.model, db, "", values(value))
	s.Must(err)
	return id
}

// addCharms adds a secret of a charm, and returns its ID and all that Juju holds.
func (s rowScene) addCharms() (id string, all []servers.UserSecret) {
	s.Helper()
	id, err := s.juju.AddCharmSecret(s.Ctx, s.model, "app1", db)
	s.Must(err)
	return id, s.inJuju()
}

// shows waits until the Ready condition has the reason of the row.
func (s rowScene) shows(obj client.Object) {
	s.Helper()
	s.awaitShown(obj, s.row.Then.Reason)
}

func (s rowScene) awaitShown(obj client.Object, reason v1alpha1.Reason) {
	s.Helper()
	s.AwaitCondition(obj, func(ready metav1.Condition) string {
		if ready.Reason != string(reason) {
			return "the reason is " + ready.Reason + ", want " + string(reason) + ": " + ready.Message
		}
		return ""
	})
}

// letsGo deletes an object, and waits until it is gone, with an event that says so unless the row has none.
func (s rowScene) letsGo(obj client.Object) {
	s.Helper()
	gone := obj.DeepCopyObject().(client.Object)
	s.Delete(obj)
	s.AwaitGone(obj)
	if !s.row.Then.Quiet {
		s.awaitEvent(gone, v1alpha1.ReasonLetGo)
		return
	}
	var events eventsv1.EventList
	s.Must(s.Kube.List(s.Ctx, &events, client.InNamespace(s.ns)))
	for _, event := range events.Items {
		if event.Regarding.UID == gone.GetUID() && event.Reason == string(v1alpha1.ReasonLetGo) {
			s.Errorf("there is an event about what was let go: %s", event.Note)
		}
	}
}

// isRemoved deletes an object, and waits until its secret is removed and the object is gone.
func (s rowScene) isRemoved(obj client.Object) {
	s.Helper()
	gone := obj.DeepCopyObject().(client.Object)
	s.Delete(obj)
	s.AwaitGone(obj)
	s.awaitEvent(gone, v1alpha1.ReasonRemoved)
}

// owns checks whose a secret is by the status.
func (s rowScene) owns(obj *v1alpha1.JujuSecret, id string, adopted bool) {
	s.Helper()
	s.Refresh(obj)
	if got := obj.Status; got.SecretID != id || got.Managed != (id != "") || got.Adopted != adopted {
		s.Errorf("the status is %+v, want ID %q, adopted: %t", got, id, adopted)
	}
}

// ownsNothing checks that no secret is the object's by the status, and whether its finalizer is on.
func (s rowScene) ownsNothing(obj *v1alpha1.JujuSecret, held bool) {
	s.Helper()
	s.owns(obj, "", false)
	if got := controllerutil.ContainsFinalizer(obj, finalizer); got != held {
		s.Errorf("the finalizer is on the object: %t, want %t", got, held)
	}
}

// updates counts the requests that changed secrets of the model.
func (s rowScene) updates() int { return s.requests()["Secrets.UpdateSecrets"] }

// hold puts the finalizer on an object that rests, and a record beside it, as the operator would have.
func (s rowScene) hold(obj *v1alpha1.JujuSecret, record map[string]any) {
	s.Helper()
	stage.Change(s.scene, obj, func(o *v1alpha1.JujuSecret) {
		controllerutil.AddFinalizer(o, finalizer)
		if record == nil {
			return
		}
		record["uid"] = o.UID
		text, err := json.Marshal(record)
		s.Must(err)
		stage.Annotate(o, recordAnnotation, string(text))
	})
}

// begun is the record of an object that is about to create db with a value.
func (s rowScene) begun(obj *v1alpha1.JujuSecret, value string, modify ...func(*plan.Creation)) map[string]any {
	s.Helper()
	secret := &corev1.Secret{}
	s.Must(s.Kube.Get(s.Ctx, client.ObjectKey{Namespace: "juju-secrets", Name: "juju-secrets-operator-key"}, secret))
	key := content.Key{Sealed: content.Seal(secret.Data["key"])}
	digest := key.Digest(string(obj.UID), servers.Content(values(value)))
	creation := plan.Creation{Name: db, Digests: []string{digest}}
	for _, f := range modify {
		f(&creation)
	}
	if creation.ID != "" {
		creation.Proof = key.DigestOf(string(obj.UID), content.Seal(fmt.Sprintf("recognised %q", creation.ID)))
	}
	return map[string]any{"creating": creation}
}

// recognisedAs is a creation that was found out to have made a secret.
func recognisedAs(id string) func(*plan.Creation) { return func(c *plan.Creation) { c.ID = id } }

// replacing is a creation in place of a secret that was thought to be gone.
func replacing(id string) func(*plan.Creation) { return func(c *plan.Creation) { c.Replaces = id } }

// another is a scene of its own for the same row.
func (s rowScene) another() rowScene { return rowScene{newScene(s.T), s.row} }

// adopting is the record of an object that is about to adopt a secret.
func adopting(id string) map[string]any { return map[string]any{"adopting": id} }

// give writes into the status of an object that rests that a secret is its own, as after a backup was restored.
func (s rowScene) give(obj *v1alpha1.JujuSecret, id string) {
	s.Helper()
	s.Refresh(obj)
	former := obj.DeepCopy()
	obj.Status.SecretID, obj.Status.URI, obj.Status.Managed, obj.Status.ModelUUID = id, "secret:"+id, true, s.model.UUID
	s.Must(s.Kube.Status().Patch(s.Ctx, obj, client.MergeFrom(former)))
}

// lingering is an object whose deletion retains its secret, and that somebody else's finalizer keeps. End takes that off.
func (s rowScene) lingering(name string) (obj *v1alpha1.JujuSecret, end func()) {
	s.Helper()
	obj = s.secret(name, gen.Retained)
	obj.Finalizers = []string{lingers}
	s.Create(obj)
	end = func() {
		err := s.Kube.Get(context.Background(), client.ObjectKeyFromObject(obj), obj)
		if err == nil {
			former := obj.DeepCopy()
			controllerutil.RemoveFinalizer(obj, lingers)
			err = s.Kube.Patch(context.Background(), obj, client.MergeFrom(former))
		}
		if client.IgnoreNotFound(err) != nil {
			s.Error(err)
		}
	}
	s.Cleanup(end) // So that the namespace can go.
	s.AwaitReady(obj)
	s.Delete(obj)
	s.Await(func() string {
		if s.Refresh(obj); controllerutil.ContainsFinalizer(obj, finalizer) {
			return "the object is not let go"
		}
		return ""
	})
	return obj, end
}

// waiting is an object that asks for db and whose source is missing.
func (s rowScene) waiting(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	s.Helper()
	obj := s.secret(name, append(modify, gen.FromSecret("missing"))...)
	s.Create(obj)
	s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	return obj
}

// elsewhere is an object that has a secret of another name. Long makes it ask for db, while a source of it is missing.
func (s rowScene) elsewhere(name string) (obj *v1alpha1.JujuSecret, long func()) {
	s.Helper()
	source := gen.Secret(s.ns, "lost", values(said))
	s.Create(source)
	obj = s.made(name, gen.Named("elsewhere"), gen.FromSecret("lost"))
	return obj, func() {
		s.Delete(source)
		stage.Change(s.scene, obj, gen.Named(db))
		s.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	}
}

// setTenant makes the namespace a tenant, or none.
func (s rowScene) setTenant(is string) {
	s.Helper()
	stage.Change(s.scene, gen.Namespace(s.ns, nil), func(o *corev1.Namespace) { o.Labels["tenant"] = is })
}

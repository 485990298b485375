// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/placement"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
	"github.com/juju-secrets/operator/test/env"
	"github.com/juju-secrets/operator/test/gen"
	"github.com/juju-secrets/operator/test/ownership"
	"github.com/juju-secrets/operator/test/servers"
)

// provenBy holds the test that proves a row on real servers, for each row
// without a scenario here. The test of all combinations in internal/plan proves
// every row.
var provenBy = map[string]string{
	"S1":  "e2e.TestSuspensionStopsUpdatesAndAllowsDeletion",
	"S2":  "tenancy.TestTenantWithdrawalStopsWritesAndLosesNothing",
	"S3":  "e2e.TestChangesWaitForJujuOutageToEnd",
	"S4":  "e2e.TestDeletionAfterModelIsRemoved",
	"S8":  "e2e.TestMigratedModelIsFollowedByControllerRef",
	"S9":  "tenancy.TestWrongControllerRefChangesNothing",
	"O1":  "e2e.TestReferenceNeverChangesItsSecret",
	"C1":  "e2e.TestSecretMergesAllSources",
	"C3":  "e2e.TestRemovedSecretIsRecreated",
	"M1":  "e2e.TestLostFinalizerIsRestored",
	"M2":  "e2e.TestDriftIsOnlyReported",
	"M3":  "e2e.TestDriftIsCorrected",
	"M4":  "e2e.TestDriftIsOnlyReported",
	"M5":  "e2e.TestRenameToTakenNameWaitsAndContentIsUpdated",
	"T1":  "e2e.TestNameTakenLeavesForeignSecretUnchanged",
	"K2":  "e2e.TestConflictNamesTheOwner",
	"X1":  "e2e.TestInterruptedBulkCallIsAppliedOnce",
	"X2":  "crash.TestSecretIsCreatedOnce",
	"X3":  "crash.TestInterruptedCreationIsFoundByDigest",
	"X4":  "crash.TestAdoptionOfSameContentChangesNothing",
	"D1":  "e2e.TestReferenceNeverChangesItsSecret",
	"D4":  "e2e.TestDeletionOfAbandonedObjectsNeedsNoJuju",
	"D5":  "e2e.TestDeletionRetainsSecret",
	"D6":  "crash.TestDeletionRetainsAdoptedSecret",
	"D7":  "e2e.TestSuspensionStopsUpdatesAndAllowsDeletion",
	"D8":  "crash.TestDeletionRemovesAdoptedSecretWithPolicyDelete",
	"D9":  "e2e.TestDeletionWaitsForJuju",
	"D11": "e2e.TestChangesWaitForJujuOutageToEnd",
	"D12": "e2e.TestDeletionAfterModelIsRemoved",
	"D22": "e2e.TestMigratedModelIsFollowedByControllerRef",
	"D23": "tenancy.TestWrongControllerRefChangesNothing",
	"D16": "crash.TestDeletionRemovesInterruptedCreation",
}

// TestOwnershipTable proves the rows of test/ownership on real servers.
func TestOwnershipTable(t *testing.T) {
	t.Parallel()
	scenarios := map[string]func(rowFixture){}
	for _, group := range []map[string]func(rowFixture){
		blockedRows(), referenceRows(), missingRows(), ownRows(), foreignRows(), conflictRows(), crashRows(),
		releaseRows(), removalRows(),
	} {
		maps.Copy(scenarios, group)
	}
	for _, row := range ownership.NewTable().Rows() {
		if test, ok := provenBy[row.ID]; ok && scenarios[row.ID] == nil {
			expectTest(t, row.ID, test)
			continue
		}
		act, ok := scenarios[row.ID]
		if !ok {
			t.Errorf("row %s has no scenario", row.ID)
			continue
		}
		delete(scenarios, row.ID)
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			act(rowFixture{newFixture(t), row})
		})
	}
	for id := range scenarios {
		t.Errorf("the table has no row %s", id)
	}
}

// expectTest checks that a suite has the test that proves a row.
func expectTest(t *testing.T, row, test string) {
	t.Helper()
	suite, name, _ := strings.Cut(test, ".")
	files, err := filepath.Glob(filepath.Join("..", suite, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // A file of this repository.
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(t ") {
			return
		}
	}
	t.Errorf("test %s, which proves row %s, does not exist", test, row)
}

const (
	// db is the name in Juju of the secret in most rows.
	db = "db-login"
	// desired is the value in the manifests. before is a former value in a
	// manifest, and foreign is a value that another client wrote.
	desired, before, foreign = "value", "before", "foreign"

	finalizer = "jujusecrets.io/finalizer"
	// testFinalizer is a finalizer that the operator does not own.
	testFinalizer = "example.com/test"
)

// rowFixture is the fixture for one row of the table.
type rowFixture struct {
	*fixture

	row ownership.Row
}

// values returns the content with one value.
func values(value string) map[string]string { return map[string]string{"key": value} }

// dbSecret returns a secret in Juju with the name db.
func dbSecret(id string, revision int, value string) servers.UserSecret {
	return servers.UserSecret{ID: id, Name: db, Revision: revision, Content: servers.Content(values(value))}
}

// withName returns the secret with another name.
func withName(name string, secret servers.UserSecret) servers.UserSecret {
	secret.Name = name
	return secret
}

// secret returns a JujuSecret that asks for db.
func (f rowFixture) secret(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	modify = append([]func(*v1alpha1.JujuSecret){gen.Named(db)}, modify...)
	return gen.JujuSecret(f.Namespace, name, f.Model.Name, modify...)
}

// createReady creates a JujuSecret that asks for db, and waits until it is
// Ready.
func (f rowFixture) createReady(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	f.Helper()
	obj := f.secret(name, modify...)
	f.Create(obj)
	f.AwaitReady(obj)
	return obj
}

// createSuspended creates a suspended JujuSecret that asks for db.
func (f rowFixture) createSuspended(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	f.Helper()
	obj := f.secret(name, append(modify, gen.Suspended)...)
	f.Create(obj)
	f.awaitSuspended(obj)
	return obj
}

func (f rowFixture) suspend(obj *v1alpha1.JujuSecret) {
	f.Helper()
	env.Change(f, obj, gen.Suspended)
	f.awaitSuspended(obj)
}

func (f rowFixture) awaitSuspended(obj client.Object) {
	f.Helper()
	f.AwaitShown(obj, v1alpha1.ReasonSuspended)
}

// resume resumes a suspended object and requests a look at Juju.
func (f rowFixture) resume(obj *v1alpha1.JujuSecret) {
	f.Helper()
	now := time.Now().Format(time.RFC3339Nano)
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) {
		o.Spec.Suspend = false
		env.Annotate(o, v1alpha1.AnnotationReconcileRequestedAt, now)
	})
}

// addSecret adds a secret with the name db by hand.
func (f rowFixture) addSecret(value string) (id string) {
	f.Helper()
	id, err := f.Juju.AddSecret(f.Ctx, f.Model, db, "", values(value))
	f.Must(err)
	return id
}

// addCharmSecret adds a charm's secret. It returns the ID and all secrets in
// the model.
func (f rowFixture) addCharmSecret() (id string, all []servers.UserSecret) {
	f.Helper()
	id, err := f.Juju.AddCharmSecret(f.Ctx, f.Model, "app1", db)
	f.Must(err)
	return id, f.InJuju()
}

// awaitRow waits until the Ready condition has the row's reason.
func (f rowFixture) awaitRow(obj client.Object) {
	f.Helper()
	f.AwaitShown(obj, f.row.Then.Reason)
}

// deleteReleased deletes an object and waits until it is gone. It checks that
// an event reports the release, unless the row has no event.
func (f rowFixture) deleteReleased(obj client.Object) {
	f.Helper()
	gone := obj.DeepCopyObject().(client.Object)
	f.Delete(obj)
	f.AwaitGone(obj)
	if !f.row.Then.Quiet {
		f.AwaitEvent(gone, v1alpha1.ReasonOrphaned)
		return
	}
	var events eventsv1.EventList
	f.Must(f.Kube.List(f.Ctx, &events, client.InNamespace(f.Namespace)))
	for _, event := range events.Items {
		if event.Regarding.UID == gone.GetUID() && event.Reason == string(v1alpha1.ReasonOrphaned) {
			f.Errorf("an event reports the release: %s", event.Note)
		}
	}
}

// expectOwned checks the secret and the ownership in the status.
func (f rowFixture) expectOwned(obj *v1alpha1.JujuSecret, id string, adopted bool) {
	f.Helper()
	f.Refresh(obj)
	if got := obj.Status; got.SecretID != id || got.Managed != (id != "") || got.Adopted != adopted {
		f.Errorf("got status %+v, want ID %q and adopted %t", got, id, adopted)
	}
}

// expectNothingOwned checks that the status has no secret, and whether the
// object has the finalizer.
func (f rowFixture) expectNothingOwned(obj *v1alpha1.JujuSecret, held bool) {
	f.Helper()
	f.expectOwned(obj, "", false)
	if got := controllerutil.ContainsFinalizer(obj, finalizer); got != held {
		f.Errorf("has finalizer: %t, want %t", got, held)
	}
}

// updates returns the number of requests that updated secrets in the model.
func (f rowFixture) updates() int { return f.Requests()["Secrets.UpdateSecrets"] }

// setRecord adds the finalizer and a record to a suspended object, as the
// operator would. Without a record it adds only the finalizer.
func (f rowFixture) setRecord(obj *v1alpha1.JujuSecret, recorded *plan.Record) {
	f.Helper()
	keeper := f.keeper()
	env.Change(f, obj, func(o *v1alpha1.JujuSecret) {
		controllerutil.AddFinalizer(o, finalizer)
		if recorded == nil {
			return
		}
		model := placement.ModelOfSecret(o)
		_, err := keeper.Annotate(o, keeper.Read(o, model), *recorded, model)
		f.Must(err)
	})
}

// keeper returns a Keeper with the installation's key.
func (f rowFixture) keeper() record.Keeper {
	f.Helper()
	secret := &corev1.Secret{}
	f.Must(f.Kube.Get(f.Ctx, client.ObjectKey{Namespace: "juju-secrets", Name: "juju-secrets-operator-key"}, secret))
	return record.Keeper{Key: content.Key{Sealed: content.Seal(secret.Data["key"])}}
}

// creating returns a record with the intent to create db with a value.
func (f rowFixture) creating(
	obj *v1alpha1.JujuSecret, value string, modify ...func(*plan.Creation),
) *plan.Record {
	f.Helper()
	keeper := f.keeper()
	salt := keeper.Read(obj, placement.ModelOfSecret(obj)).Salt
	creation := plan.Creation{Name: db, Digests: []string{keeper.Key.Digest(salt, servers.Content(values(value)))}}
	for _, change := range modify {
		change(&creation)
	}
	return &plan.Record{Creating: &creation}
}

// recognisedAs marks a creation as recognised: it created the secret.
func recognisedAs(id string) func(*plan.Creation) { return func(c *plan.Creation) { c.ID = id } }

// replacing marks a creation as the replacement of a secret that is presumed
// missing.
func replacing(id string) func(*plan.Creation) { return func(c *plan.Creation) { c.Replaces = id } }

// another returns a new fixture for the same row.
func (f rowFixture) another() rowFixture { return rowFixture{newFixture(f.T), f.row} }

// adopting returns a record with the intent to adopt a secret.
func adopting(id string) *plan.Record { return &plan.Record{Adopting: id} }

// setOwned writes a secret into the status of a suspended object as its own,
// like a restore from a backup.
func (f rowFixture) setOwned(obj *v1alpha1.JujuSecret, id string) {
	f.Helper()
	f.Refresh(obj)
	former := obj.DeepCopy()
	obj.Status.SecretID, obj.Status.URI, obj.Status.Managed = id, "secret:"+id, true
	obj.Status.ModelUUID = f.Model.UUID
	keeper, model := f.keeper(), placement.ModelOfSecret(obj)
	state := keeper.Read(obj, model)
	f.Must(keeper.Copy(obj, state, state.Record, &record.Owned{ModelUUID: f.Model.UUID, SecretID: id}, model))
	f.Must(f.Kube.Status().Patch(f.Ctx, obj, client.MergeFrom(former)))
}

// createDeleting creates a Ready object and deletes it. Its secret is retained,
// and testFinalizer keeps the object until finish is called.
func (f rowFixture) createDeleting(name string) (obj *v1alpha1.JujuSecret, finish func()) {
	f.Helper()
	obj = f.secret(name, gen.Retained)
	obj.Finalizers = []string{testFinalizer}
	f.Create(obj)
	finish = func() {
		err := f.Kube.Get(context.Background(), client.ObjectKeyFromObject(obj), obj)
		if err == nil {
			former := obj.DeepCopy()
			controllerutil.RemoveFinalizer(obj, testFinalizer)
			err = f.Kube.Patch(context.Background(), obj, client.MergeFrom(former))
		}
		if client.IgnoreNotFound(err) != nil {
			f.Error(err)
		}
	}
	f.Cleanup(finish) // Otherwise the namespace cannot be deleted.
	f.AwaitReady(obj)
	f.Delete(obj)
	f.Await(func() string {
		if f.Refresh(obj); controllerutil.ContainsFinalizer(obj, finalizer) {
			return "the operator has not released the object"
		}
		return ""
	})
	return obj, finish
}

// createWithoutSource creates an object that asks for db and waits for a
// missing source.
func (f rowFixture) createWithoutSource(name string, modify ...func(*v1alpha1.JujuSecret)) *v1alpha1.JujuSecret {
	f.Helper()
	obj := f.secret(name, append(modify, gen.FromSecret("missing"))...)
	f.Create(obj)
	f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	return obj
}

// createRenamable creates a Ready object with another name. rename makes it ask
// for db while its source is missing.
func (f rowFixture) createRenamable(name string) (obj *v1alpha1.JujuSecret, rename func()) {
	f.Helper()
	source := gen.Secret(f.Namespace, "source", values(desired))
	f.Create(source)
	obj = f.createReady(name, gen.Named("another-name"), gen.FromSecret("source"))
	return obj, func() {
		f.Delete(source)
		env.Change(f, obj, gen.Named(db))
		f.AwaitReason(obj, v1alpha1.ReasonSourceNotFound)
	}
}

// setTenant sets the tenant label of the namespace.
func (f rowFixture) setTenant(value string) {
	f.Helper()
	env.Change(f, gen.Namespace(f.Namespace, nil), func(o *corev1.Namespace) { o.Labels["tenant"] = value })
}

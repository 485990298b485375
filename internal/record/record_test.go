// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
	"github.com/juju-secrets/operator/internal/record"
)

// keeper has the key of the installation, stranger has another key. The tests
// share the verified records of keeper, as reconcilers do.
var (
	keeper   = record.Keeper{Key: content.Key{Sealed: content.Seal([]byte("key"))}, Verified: record.NewVerified()}
	stranger = record.Keeper{Key: content.Key{Sealed: content.Seal([]byte("another key"))}}
)

// app is the model in the spec of a JujuSecret. An access has none.
var app = plan.ModelRef{Controller: "default", Name: "prod/app"}

// object is an object with its model.
type object struct {
	v1alpha1.RecordedObject

	model plan.ModelRef
}

func meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "team-a", Name: "db", UID: "uid"}
}

func secret() object { return object{&v1alpha1.JujuSecret{ObjectMeta: meta()}, app} }

func access() object {
	return object{&v1alpha1.JujuSecretAccess{ObjectMeta: meta()}, plan.ModelRef{}}
}

// copied returns a deep copy of the object.
func (o object) copied() object {
	return object{o.DeepCopyObject().(v1alpha1.RecordedObject), o.model}
}

func (o object) read() record.State { return keeper.Read(o.RecordedObject, o.model) }

func (o object) annotation() string { return o.GetAnnotations()[v1alpha1.AnnotationRecord] }

func (o object) setAnnotation(text string) {
	o.SetAnnotations(map[string]string{v1alpha1.AnnotationRecord: text})
}

// says is the content of a record in a form that go-cmp can compare.
type says struct {
	Record     plan.Record
	Owned      *record.Owned
	Salt       string
	ForeignKey bool
}

// saidBy returns the content of a record.
func saidBy(s record.State) says { return says{s.Record, s.Owned, s.Salt, s.ForeignKey} }

// nothing returns the content for an object with a UID and no valid record.
func nothing(uid string) says { return says{Salt: uid} }

// annotate writes a record into the annotation.
func (o object) annotate(t *testing.T, r plan.Record) {
	t.Helper()
	if _, err := keeper.Annotate(o.RecordedObject, o.read(), r, o.model); err != nil {
		t.Fatal(err)
	}
}

// copy writes a record into the status.
func (o object) copy(t *testing.T, r plan.Record, owned *record.Owned) {
	t.Helper()
	if err := keeper.Copy(o.RecordedObject, o.read(), r, owned, o.model); err != nil {
		t.Fatal(err)
	}
}

// sequence returns the number of a stored record, 0 if there is none.
func sequence(t *testing.T, stored string) int64 {
	t.Helper()
	if stored == "" {
		return 0
	}
	var numbered struct{ Sequence int64 }
	if err := json.Unmarshal([]byte(strings.SplitN(stored, ".", 4)[3]), &numbered); err != nil {
		t.Fatal(err)
	}
	return numbered.Sequence
}

// recordTest is a record to write to an object.
type recordTest struct {
	object func() object
	record plan.Record
	owned  *record.Owned
}

// recordTests returns records of each kind.
func recordTests() map[string]recordTest {
	byName := plan.ModelRef{Controller: "default", Name: "prod/app"}
	byUUID := plan.ModelRef{Controller: "team-a/own", UUID: "uuid"}
	return map[string]recordTest{
		"a creation": {secret, plan.Record{Creating: &plan.Creation{Name: "db", Digests: []string{"one", "two"}}}, nil},
		"a creation that replaces a secret": {
			secret, plan.Record{Creating: &plan.Creation{Name: "db", Replaces: "old", Digests: []string{"one"}}},
			&record.Owned{ModelUUID: "uuid", SecretID: "old"},
		},
		"a creation with a known ID": {secret, plan.Record{Creating: &plan.Creation{Name: "db", ID: "one"}}, nil},
		"an adoption":                {secret, plan.Record{Adopting: "one"}, nil},
		"an owned secret":            {secret, plan.Record{}, &record.Owned{ModelUUID: "uuid", SecretID: "one"}},
		"an adopted secret": {
			secret, plan.Record{Adopting: "one"}, &record.Owned{ModelUUID: "uuid", SecretID: "one", Adopted: true},
		},
		"grants in a model by its name": {
			access, plan.Record{Model: byName, SecretID: "one", Granted: []string{"app1", "app2"}}, nil,
		},
		"grants and options": {
			access, plan.Record{Model: byName, SecretID: "one", Granted: []string{"app1", "app2"}, Options: []plan.AppOption{
				{Application: "app1", Name: "db-secret"}, {Application: "app1", Name: "note"},
				{Application: "app2", Name: "db-secret"},
			}}, nil,
		},
		"options without grants": {
			access, plan.Record{Model: byName, SecretID: "one", Options: []plan.AppOption{
				{Application: "app1", Name: "db-secret"},
			}}, nil,
		},
		"grants in a model by its UUID": {
			access, plan.Record{Model: byUUID, SecretID: "one", Granted: []string{"app1"}}, nil,
		},
	}
}

// stored returns the object of a row with the record in annotation and status.
func (r recordTest) stored(t *testing.T) object {
	t.Helper()
	obj := r.object()
	state := obj.read()
	state.Owned = r.owned
	if _, err := keeper.Annotate(obj.RecordedObject, state, r.record, obj.model); err != nil {
		t.Fatal(err)
	}
	obj.copy(t, r.record, r.owned)
	return obj
}

func (r recordTest) says() says { return says{Record: r.record, Owned: r.owned, Salt: "uid"} }

func TestRecordIsReadBackFromAnnotationAndStatus(t *testing.T) {
	t.Parallel()
	for name, row := range recordTests() {
		for place, without := range map[string]func(object){
			"both":                  func(object) {},
			"the annotation":        func(o object) { *o.RecordCopy() = "" },
			"the status":            func(o object) { o.SetAnnotations(nil) },
			"both, under a new UID": func(o object) { o.SetUID("new") },
			"the annotation, under a new UID": func(o object) {
				o.SetUID("new")
				*o.RecordCopy() = ""
			},
			"the status, under a new UID": func(o object) {
				o.SetUID("new")
				o.SetAnnotations(nil)
			},
		} {
			t.Run(name+", from "+place, func(t *testing.T) {
				t.Parallel()
				obj := row.stored(t)
				without(obj)
				if diff := cmp.Diff(row.says(), saidBy(obj.read())); diff != "" {
					t.Errorf("the record (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestSaltOfARestoredObjectStaysInItsNextRecord(t *testing.T) {
	t.Parallel()
	obj := secret()
	obj.annotate(t, plan.Record{Adopting: "one"})
	obj.SetUID("new")
	obj.annotate(t, plan.Record{Adopting: "two"})
	obj.copy(t, plan.Record{}, &record.Owned{SecretID: "two"})
	want := says{Owned: &record.Owned{SecretID: "two"}, Salt: "uid"}
	if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

func TestForgedRecordIsNoRecord(t *testing.T) {
	t.Parallel()
	rename := func(o object) { o.SetName("other") }
	move := func(o object) { o.SetNamespace("team-b") }
	each := func(change func(string) string) func(object) {
		return func(o object) {
			o.setAnnotation(change(o.annotation()))
			*o.RecordCopy() = change(*o.RecordCopy())
		}
	}
	parts := func(change func(parts []string)) func(object) {
		return each(func(text string) string {
			all := strings.SplitN(text, ".", 4)
			change(all)
			return strings.Join(all, ".")
		})
	}
	for name, row := range recordTests() {
		for how, forge := range map[string]func(object){
			"another object":    rename,
			"another namespace": move,
			"another payload": parts(func(p []string) {
				p[3] = strings.Replace(p[3], `"one"`, `"two"`, 1) + " "
			}),
			"a higher number": parts(func(p []string) {
				p[3] = strings.Replace(p[3], `"sequence":1`, `"sequence":9`, 1) + " "
			}),
			"another MAC":     parts(func(p []string) { p[2] = strings.Repeat("0", len(p[2])) }),
			"an empty MAC":    parts(func(p []string) { p[2] = "" }),
			"a short MAC":     parts(func(p []string) { p[2] = p[2][:8] }),
			"another version": parts(func(p []string) { p[0] = "v2" }),
			"truncated":       each(func(text string) string { return text[:len(text)-1] }),
			"half of it":      each(func(text string) string { return text[:len(text)/2] }),
			"no payload":      parts(func(p []string) { p[3] = "" }),
			"the JSON alone":  each(func(text string) string { return strings.SplitN(text, ".", 4)[3] }),
			"encoded": each(func(text string) string {
				return base64.StdEncoding.EncodeToString([]byte(text))
			}),
			"garbage":    each(func(string) string { return "...." }),
			"other JSON": each(func(string) string { return `["db"]` }),
			"empty":      each(func(string) string { return "" }),
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				obj := row.stored(t)
				forge(obj)
				got := saidBy(obj.read())
				got.ForeignKey = false // Garbage in the place of the mark looks like another key.
				if diff := cmp.Diff(nothing("uid"), got); diff != "" {
					t.Errorf("the record (-want +got):\n%s", diff)
				}
			})
		}
		t.Run(name+", another kind", func(t *testing.T) {
			t.Parallel()
			from, to := row.stored(t), access()
			if from.RecordKind() == to.RecordKind() {
				to = object{secret().RecordedObject, plan.ModelRef{}}
			}
			to.setAnnotation(from.annotation())
			*to.RecordCopy() = *from.RecordCopy()
			if diff := cmp.Diff(nothing("uid"), saidBy(to.read())); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
		t.Run(name+", another key", func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			want := nothing("uid")
			want.ForeignKey = true
			if diff := cmp.Diff(want, saidBy(stranger.Read(obj.RecordedObject, obj.model))); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordForAnotherModelIsNoRecord(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]plan.ModelRef{
		"another name": {Controller: "default", Name: "prod/other"},
		"its UUID":     {Controller: "default", UUID: "uuid"},
		"none":         {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := recordTests()["an adopted secret"].stored(t)
			obj.model = model
			if diff := cmp.Diff(nothing("uid"), saidBy(obj.read())); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForeignKeyIsReportedOnlyWithoutAValidRecord(t *testing.T) {
	t.Parallel()
	foreign := secret()
	adoption := plan.Record{Adopting: "one"}
	if _, err := stranger.Annotate(foreign.RecordedObject, record.State{Salt: "uid"}, adoption, app); err != nil {
		t.Fatal(err)
	}
	both := recordTests()["an adoption"].stored(t)
	both.setAnnotation(foreign.annotation())
	for name, row := range map[string]struct {
		obj  object
		want bool
	}{
		"the annotation with another key":         {foreign, true},
		"the annotation only, a valid status":     {both, false},
		"no record":                               {secret(), false},
		"a valid record":                          {recordTests()["an adoption"].stored(t), false},
		"an access with the record of JujuSecret": {access(), false},
	} {
		if got := row.obj.read().ForeignKey; got != row.want {
			t.Errorf("%s: ForeignKey is %t, want %t", name, got, row.want)
		}
	}
}

func TestGrantsInAModelNamedTwiceAreNoGrants(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]plan.ModelRef{
		"by name and UUID": {Controller: "default", Name: "prod/app", UUID: "uuid"},
		"by neither":       {Controller: "default"},
	} {
		obj := access()
		obj.annotate(t, plan.Record{Model: model, SecretID: "one", Granted: []string{"app1"}})
		if diff := cmp.Diff(nothing("uid"), saidBy(obj.read())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAdoptedGrantsAreStoredApart(t *testing.T) {
	t.Parallel()
	model := plan.ModelRef{Controller: "default", Name: "prod/app"}
	for name, want := range map[string]plan.Record{
		"some": {Model: model, SecretID: "one", Granted: []string{"app1", "app2", "app3"}, Adopted: []string{"app2"}},
		"all":  {Model: model, SecretID: "one", Granted: []string{"app1", "app2"}, Adopted: []string{"app1", "app2"}},
	} {
		obj := access()
		obj.annotate(t, want)
		state := obj.read()
		if diff := cmp.Diff(want, state.Record); diff != "" || !state.Annotated(want, plan.ModelRef{}) {
			t.Errorf("%s: equal to the annotation: %t (-want +got):\n%s", name, diff == "", diff)
		}
		made := want
		made.Adopted = nil
		if state.Annotated(made, plan.ModelRef{}) {
			t.Errorf("%s: a record without the adoption counts as equal", name)
		}
		if n := strings.Count(obj.annotation(), "app2"); n != 1 {
			t.Errorf("%s: the annotation names an application %d times, want once: %s", name, n, obj.annotation())
		}
	}
}

func TestRecordWithTheHigherNumberCounts(t *testing.T) {
	t.Parallel()
	obj := secret()
	obj.annotate(t, plan.Record{Adopting: "one"})
	first := obj.annotation()
	obj.copy(t, plan.Record{Adopting: "one"}, nil)
	if a, s := sequence(t, first), sequence(t, *obj.RecordCopy()); a != 1 || s != 1 {
		t.Errorf("equal records have the numbers %d and %d, want 1 and 1", a, s)
	}
	obj.annotate(t, plan.Record{Adopting: "two"})
	if got := obj.read().Adopting; got != "two" || sequence(t, obj.annotation()) != 2 {
		t.Errorf("after a new annotation the record is %q with number %d", got, sequence(t, obj.annotation()))
	}
	obj.copy(t, plan.Record{Adopting: "two"}, &record.Owned{SecretID: "two"})
	want := says{Record: plan.Record{Adopting: "two"}, Owned: &record.Owned{SecretID: "two"}, Salt: "uid"}
	if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" || sequence(t, *obj.RecordCopy()) != 3 {
		t.Errorf("after a new status, number %d (-want +got):\n%s", sequence(t, *obj.RecordCopy()), diff)
	}
	obj.setAnnotation(first)
	if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" {
		t.Errorf("with the old annotation put back (-want +got):\n%s", diff)
	}
	obj.annotate(t, plan.Record{Adopting: "three"})
	if got := obj.read().Adopting; got != "three" || sequence(t, obj.annotation()) != 4 {
		t.Errorf("after an annotation above the status the record is %q with number %d", got,
			sequence(t, obj.annotation()))
	}
}

func TestOldStatusIsIgnoredBesideANewerAnnotation(t *testing.T) {
	t.Parallel()
	obj := recordTests()["an owned secret"].stored(t)
	old := *obj.RecordCopy()
	obj.copy(t, plan.Record{}, nil)
	obj.annotate(t, plan.Record{Adopting: "new"})
	*obj.RecordCopy() = old
	want := says{Record: plan.Record{Adopting: "new"}, Salt: "uid"}
	if diff := cmp.Diff(want, saidBy(obj.read())); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

// A restore from a backup needs this. Any user with permission to edit the
// object can use it too, so docs/explanation/security.md describes what that
// gains.
func TestOldAnnotationCountsWithoutANewerRecord(t *testing.T) {
	t.Parallel()
	obj := recordTests()["an owned secret"].stored(t)
	old := obj.annotation()
	obj.SetAnnotations(nil)
	obj.copy(t, plan.Record{}, nil)
	if *obj.RecordCopy() != "" {
		t.Fatalf("the status of an empty record is %s", *obj.RecordCopy())
	}
	obj.setAnnotation(old)
	if diff := cmp.Diff(recordTests()["an owned secret"].says(), saidBy(obj.read())); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

func TestEqualRecordKeepsItsNumber(t *testing.T) {
	t.Parallel()
	for name, row := range recordTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			annotation, status := obj.annotation(), *obj.RecordCopy()
			obj.annotate(t, row.record)
			obj.copy(t, row.record, row.owned)
			got := []string{obj.annotation(), *obj.RecordCopy()}
			if diff := cmp.Diff([]string{annotation, status}, got); diff != "" {
				t.Errorf("the stored records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCopyLeavesAStatusThatSaysTheSame(t *testing.T) {
	t.Parallel()
	for name, row := range recordTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			obj.SetUID("new") // It must not lead to a new copy.
			before := *obj.RecordCopy()
			obj.SetAnnotations(nil)
			obj.copy(t, row.record, row.owned)
			if *obj.RecordCopy() != before {
				t.Errorf("the status is %s, want %s", *obj.RecordCopy(), before)
			}
		})
	}
}

func TestEmptyRecordLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, row := range recordTests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := row.stored(t)
			obj.SetAnnotations(map[string]string{"theirs": "stays", v1alpha1.AnnotationRecord: obj.annotation()})
			state := obj.read()
			state.Owned = nil
			state, err := keeper.Annotate(obj.RecordedObject, state, plan.Record{}, obj.model)
			if err != nil {
				t.Fatal(err)
			}
			if err := keeper.Copy(obj.RecordedObject, state, plan.Record{}, nil, obj.model); err != nil {
				t.Fatal(err)
			}
			diff := cmp.Diff(map[string]string{"theirs": "stays"}, obj.GetAnnotations())
			if diff != "" || *obj.RecordCopy() != "" {
				t.Errorf("the status is %q and the annotations (-want +got):\n%s", *obj.RecordCopy(), diff)
			}
			if diff := cmp.Diff(nothing("uid"), saidBy(obj.read())); diff != "" {
				t.Errorf("the record (-want +got):\n%s", diff)
			}
		})
	}
}

// While the annotation still exists, a status without a record would let the
// annotation count.
func TestEmptyRecordInTheStatusOutranksAnAnnotation(t *testing.T) {
	t.Parallel()
	obj := recordTests()["an adoption"].stored(t)
	obj.copy(t, plan.Record{}, nil) // The annotation still exists.
	if diff := cmp.Diff(nothing("uid"), saidBy(obj.read())); diff != "" || *obj.RecordCopy() == "" {
		t.Errorf("the status is %q and the record (-want +got):\n%s", *obj.RecordCopy(), diff)
	}
}

func TestAnnotatedComparesWhatTheAnnotationSays(t *testing.T) {
	t.Parallel()
	adoption := plan.Record{Adopting: "one"}
	owned := &record.Owned{SecretID: "one"}
	for name, row := range map[string]struct {
		annotation      *plan.Record
		owned           *record.Owned
		want            plan.Record
		annotated, owns bool
	}{
		"nothing":                            {nil, nil, plan.Record{}, true, true},
		"no annotation yet":                  {nil, nil, adoption, false, true},
		"the same":                           {&adoption, nil, adoption, true, true},
		"another":                            {&adoption, nil, plan.Record{Adopting: "two"}, false, true},
		"no record any longer":               {&adoption, nil, plan.Record{}, false, true},
		"an owned secret only in the status": {&adoption, owned, adoption, true, false},
		"an owned secret, no annotation":     {nil, owned, plan.Record{}, false, false},
		"the finalizer alone":                {&adoption, nil, plan.Record{Held: true, Adopting: "one"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := secret()
			if row.annotation != nil {
				obj.annotate(t, *row.annotation)
			}
			if row.owned != nil {
				obj.copy(t, obj.read().Record, row.owned)
			}
			state := obj.read()
			got := []bool{state.Annotated(row.want, app), state.NamesOwned()}
			if !cmp.Equal(got, []bool{row.annotated, row.owns}) {
				t.Errorf("annotated and names the owned secret: %v, want %v and %v", got, row.annotated, row.owns)
			}
		})
	}
}

func TestRecordHasNoValuesOfASecret(t *testing.T) {
	t.Parallel()
	const value = "s3nt1nel"
	digest := keeper.Key.Digest("uid", content.New(map[string][]byte{"password": []byte(value)}))
	obj := secret()
	obj.annotate(t, plan.Record{Creating: &plan.Creation{Name: "db", Digests: []string{digest}}})
	obj.copy(t, obj.read().Record, &record.Owned{SecretID: "one"})
	for _, stored := range []string{obj.annotation(), *obj.RecordCopy(), fmt.Sprintf("%+v", obj.read())} {
		if strings.Contains(stored, value) || strings.Contains(stored, string(keeper.Key.Open())+"\"") {
			t.Errorf("a value is in %s", stored)
		}
	}
	if printed := fmt.Sprintf("%+v", keeper); !strings.Contains(printed, "REDACTED") {
		t.Errorf("the keeper prints as %s", printed)
	}
}

// A user can put any stored text into annotation and status, and change it.
// Read returns only records that the operator signed for the object, and of two
// such records the record with the higher number.
func TestReadReturnsOnlySignedRecords(t *testing.T) {
	t.Parallel()
	valid := 0
	for seed := range uint64(2_000) {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // The same cases each time.
		victim := secret()
		signed := map[string]says{}
		var texts []string
		for range 4 {
			writer, key, own := anyWriter(random)
			// An earlier record decides the number.
			writer.setAnnotation(signedWith(t, key, writer, plan.Record{Adopting: "before"}, nil, random.IntN(2) == 0))
			r := plan.Record{Adopting: fmt.Sprint(random.IntN(1000))}
			owned := &record.Owned{SecretID: fmt.Sprint(random.IntN(1000))}
			text := signedWith(t, key, writer, r, owned, true)
			if own {
				signed[text] = says{Record: r, Owned: owned, Salt: string(writer.GetUID())}
			}
			texts = append(texts, text, corrupted(random, text))
		}
		texts = append(texts, "")
		annotation, status := texts[random.IntN(len(texts))], texts[random.IntN(len(texts))]
		victim.setAnnotation(annotation)
		*victim.RecordCopy() = status
		inAnnotation, annotated := signed[annotation]
		inStatus, copied := signed[status]
		want := nothing("uid")
		switch {
		case copied && (!annotated || sequence(t, status) >= sequence(t, annotation)):
			want = inStatus
		case annotated:
			want = inAnnotation
		}
		if annotated || copied {
			valid++
		}
		got := saidBy(victim.read())
		got.ForeignKey = false
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: from the annotation %s and the status %s (-want +got):\n%s", seed, annotation, status,
				diff)
		}
	}
	if valid < 200 {
		t.Errorf("only %d cases have a valid record", valid)
	}
}

// anyWriter returns a random object, and a key to sign its record. own is true
// when the record is valid for the object secret().
func anyWriter(random *rand.Rand) (writer object, key record.Keeper, own bool) {
	writer, key = secret(), keeper
	switch random.IntN(6) {
	case 0:
		writer.SetName("other")
	case 1:
		writer.SetNamespace("team-b")
	case 2:
		writer.model.Name = "prod/other"
	case 3:
		writer.RecordedObject = access().RecordedObject
	case 4:
		key = stranger
	}
	own = writer.GetName() == "db" && writer.GetNamespace() == "team-a" && writer.model == app &&
		writer.RecordKind() == "JujuSecret" && key.Key.Mark() == keeper.Key.Mark()
	writer.SetUID(types.UID(fmt.Sprint(random.IntN(2))))
	return writer, key, own
}

// signedWith returns a record for an object, signed with a key, or an empty
// text if exists is false.
func signedWith(
	t *testing.T, key record.Keeper, obj object, r plan.Record, owned *record.Owned, exists bool,
) string {
	t.Helper()
	if !exists {
		return ""
	}
	obj = obj.copied()
	state := key.Read(obj.RecordedObject, obj.model)
	state.Salt = string(obj.GetUID())
	if err := key.Copy(obj.RecordedObject, state, r, owned, obj.model); err != nil {
		t.Fatal(err)
	}
	return *obj.RecordCopy()
}

// corrupted returns a text with one byte changed, removed or added.
func corrupted(random *rand.Rand, text string) string {
	i := random.IntN(len(text))
	switch random.IntN(3) {
	case 0:
		return text[:i] + text[i+1:]
	case 1:
		return text[:i] + "7" + text[i:]
	}
	return text[:i] + string(text[i]^1) + text[i+1:]
}

func TestGrantsKeepTheUUIDOfTheirModel(t *testing.T) {
	t.Parallel()
	granted := plan.Record{Model: app, ModelUUID: "uuid", SecretID: "id", Granted: []string{"app1"}}
	obj := access()
	obj.annotate(t, granted)
	obj.copy(t, granted, nil)
	if got := obj.read().ModelUUID; got != "uuid" {
		t.Errorf("the record has the model %q, want uuid", got)
	}
	obj = access()
	older := granted
	older.ModelUUID = ""
	obj.annotate(t, older)
	if state := obj.read(); state.ModelUUID != "" || !state.Annotated(granted, plan.ModelRef{}) {
		t.Errorf("a record without the UUID is %+v, want it to stay as it is", state)
	}
}

// A record that does not have the UUID of the Juju controller stays as it is. A
// record for another Juju controller is replaced.
func TestRecordKeepsTheUUIDOfItsController(t *testing.T) {
	t.Parallel()
	made := plan.Record{Creating: &plan.Creation{Name: "db"}, ControllerUUID: "uuid", ModelUUID: "model"}
	older, another := made, made
	older.ControllerUUID, older.ModelUUID, another.ControllerUUID = "", "", "another"
	obj := secret()
	obj.annotate(t, made)
	obj.copy(t, made, nil)
	switch state := obj.read(); {
	case state.ControllerUUID != "uuid" || state.ModelUUID != "model":
		t.Errorf("the record is for %q and %q, want uuid and model", state.ControllerUUID, state.ModelUUID)
	case !state.Annotated(older, obj.model):
		t.Error("a record of an unknown controller differs from the annotation")
	case state.Annotated(another, obj.model):
		t.Error("a record of another controller counts as written")
	}
	obj.copy(t, older, nil)
	if got := obj.read().ControllerUUID; got != "uuid" {
		t.Errorf("the record is for %q after an unknown controller, want uuid", got)
	}
	obj = secret()
	obj.annotate(t, older)
	if state := obj.read(); !state.Annotated(made, obj.model) {
		t.Error("an older record is rewritten")
	}
}

// Juju can migrate a model to another controller.
func TestRecordCountsAtAnotherController(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		from, to plan.ControllerKey
		counts   bool
	}{
		"both for the cluster":                   {"default", "other", true},
		"to a JujuController":                    {"default", "team-a/juju", true},
		"both JujuControllers of the namespace":  {"team-a/juju", "team-a/other", true},
		"from a JujuController":                  {"team-a/juju", "default", false},
		"from a JujuController of another place": {"team-b/juju", "team-a/juju", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj, owned := secret(), &record.Owned{ModelUUID: "uuid", SecretID: "one"}
			obj.model.Controller = row.from
			obj.annotate(t, plan.Record{Creating: &plan.Creation{Name: "db"}})
			obj.copy(t, obj.read().Record, owned)
			annotation, status := obj.annotation(), *obj.RecordCopy()
			obj.model.Controller = row.to
			state := obj.read()
			if counts := state.Owned != nil; counts != row.counts || state.Controller != row.from {
				t.Errorf("the record counts: %t, for %q, want %t and %q", counts, state.Controller, row.counts, row.from)
			}
			// While the model was not found there, the record stays as it is.
			former := obj.model
			former.Controller = row.from
			if row.counts && !state.Annotated(state.Record, former) {
				t.Error("the record for the former controller differs from the annotation")
			}
			if err := keeper.Copy(obj.RecordedObject, state, state.Record, state.Owned, former); err != nil {
				t.Fatal(err)
			}
			if obj.annotation() != annotation || *obj.RecordCopy() != status {
				t.Error("a record was rewritten for the former controller")
			}
			if !row.counts {
				return
			}
			// Once it was found, the record names the new controller.
			if state.Annotated(state.Record, obj.model) {
				t.Error("the annotation counts as written for the new controller")
			}
			obj.annotate(t, state.Record)
			obj.copy(t, state.Record, owned)
			if got := obj.read(); got.Controller != row.to || got.OwnedID() != "one" {
				t.Errorf("the record is for %q and owns %q", got.Controller, got.OwnedID())
			}
			if first := sequence(t, annotation); sequence(t, obj.annotation()) <= first {
				t.Errorf("the new annotation does not outrank number %d", first)
			}
		})
	}
}

func TestEmptyRecordIsForNoController(t *testing.T) {
	t.Parallel()
	obj := secret()
	obj.annotate(t, plan.Record{Adopting: "one"})
	obj.copy(t, plan.Record{}, nil)
	obj.model.Controller = "other"
	if state := obj.read(); state.Controller != "" {
		t.Errorf("an empty record is for %q", state.Controller)
	}
}

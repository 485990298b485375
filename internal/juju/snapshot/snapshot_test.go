// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// IDs of secrets, in sorted order.
const (
	dbID    = "9m4e2mr0ui3e8a215n4g"
	cacheID = "9m4e2mr0ui3e8a215n50"
	queueID = "9m4e2mr0ui3e8a215n60"
)

// sameSecrets compares secrets by the fields that Juju reports.
var sameSecrets = cmp.Comparer(func(a, b plan.UserSecret) bool { return a.Equal(b) })

// secretOf returns a user secret with modifications.
func secretOf(id, name string, modify ...func(*plan.UserSecret)) plan.UserSecret {
	secret := plan.UserSecret{ID: id, Name: name, Revision: 1, Checksum: content.Seal("one"), Granted: []string{"app1"}}
	for _, change := range modify {
		change(&secret)
	}
	return secret
}

func db(modify ...func(*plan.UserSecret)) plan.UserSecret { return secretOf(dbID, "db", modify...) }
func cache(modify ...func(*plan.UserSecret)) plan.UserSecret {
	return secretOf(cacheID, "cache", modify...)
}

func second(s *plan.UserSecret)   { s.Revision, s.Checksum = 2, content.Seal("two") }
func third(s *plan.UserSecret)    { s.Revision, s.Checksum = 3, content.Seal("three") }
func unsummed(s *plan.UserSecret) { s.Unsummed, s.Checksum = true, content.Sealed[string]{} }
func removing(s *plan.UserSecret) { s.Removing = true }
func gone(s *plan.UserSecret)     { s.RevisionGone = true }

func called(name string) func(*plan.UserSecret) { return func(s *plan.UserSecret) { s.Name = name } }

func about(info string) func(*plan.UserSecret) { return func(s *plan.UserSecret) { s.Info = info } }

func grantedTo(apps ...string) func(*plan.UserSecret) {
	return func(s *plan.UserSecret) { s.Granted = apps }
}

// snapshotOf returns a snapshot after its first listing.
func snapshotOf(listing ...plan.UserSecret) Snapshot {
	s := New()
	s.replace(listing, 0)
	return s
}

// everything returns all secrets of a snapshot, sorted by ID.
func everything(s *Snapshot) []plan.UserSecret {
	var all []plan.UserSecret
	for _, id := range slices.Sorted(maps.Keys(s.secrets)) {
		byID, _ := s.Find(plan.Query{ID: id})
		all = append(all, *byID)
	}
	return all
}

// shows checks that a snapshot has exactly these secrets, sorted by ID, and
// finds each by its name only.
func shows(t *testing.T, s *Snapshot, want ...plan.UserSecret) {
	t.Helper()
	if diff := cmp.Diff(want, everything(s), sameSecrets); diff != "" {
		t.Errorf("the snapshot shows (-want +got):\n%s", diff)
	}
	names := map[string]string{}
	for _, secret := range want {
		if secret.Name != "" {
			names[secret.Name] = secret.ID
		}
	}
	if diff := cmp.Diff(names, s.ids); diff != "" {
		t.Errorf("IDs by name (-want +got):\n%s", diff)
	}
}

func TestFindReturnsSecretsByIDAndName(t *testing.T) {
	t.Parallel()
	one, other := db(), cache()
	for name, row := range map[string]struct {
		query        plan.Query
		byID, byName *plan.UserSecret
	}{
		"an ID":              {plan.Query{ID: dbID}, &one, nil},
		"a name":             {plan.Query{Name: "cache"}, nil, &other},
		"one secret by both": {plan.Query{ID: dbID, Name: "db"}, &one, &one},
		"two secrets":        {plan.Query{ID: dbID, Name: "cache"}, &one, &other},
		"an unknown ID":      {plan.Query{ID: "unknown", Name: "db"}, nil, &one},
		"an unknown name":    {plan.Query{ID: dbID, Name: "unknown"}, &one, nil},
		"an empty query":     {},
		"an ID as a name":    {plan.Query{Name: dbID}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(db(), cache(), secretOf(queueID, ""))
			byID, byName := s.Find(row.query)
			want, got := []*plan.UserSecret{row.byID, row.byName}, []*plan.UserSecret{byID, byName}
			if diff := cmp.Diff(want, got, sameSecrets); diff != "" {
				t.Errorf("by ID and by name (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFoundSecretIsACopy(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(grantedTo("app1", "app3")))
	found, _ := s.Find(plan.Query{ID: dbID})
	s.FoldGrants(dbID, []string{"app2"}, true)
	s.FoldGrants(dbID, []string{"app1"}, false)
	s.FoldRemoval(dbID, time.Time{})
	if diff := cmp.Diff(db(grantedTo("app1", "app3")), *found, sameSecrets); diff != "" {
		t.Errorf("the secret found before the changes (-want +got):\n%s", diff)
	}
	found.Name, found.Removing = "changed", false
	shows(t, &s, db(grantedTo("app2", "app3"), removing))
}

// changeTest is a change by the operator to the secrets db and cache, with the
// expected snapshot, and Juju's listings before and after the change.
type changeTest struct {
	change        func(*Snapshot)
	shown         []plan.UserSecret
	before, after []plan.UserSecret
}

// changes returns all kinds of changes.
func changes() map[string]changeTest {
	both := []plan.UserSecret{db(), cache()}
	grant := func(granted bool, apps ...string) func(*Snapshot) {
		return func(s *Snapshot) { s.FoldGrants(dbID, apps, granted) }
	}
	is := func(change func(*Snapshot), secrets ...plan.UserSecret) changeTest {
		return changeTest{change, secrets, both, secrets}
	}
	return map[string]changeTest{
		"create": is(func(s *Snapshot) { s.Fold(secretOf(queueID, "queue")) },
			db(), cache(), secretOf(queueID, "queue")),
		"update": is(func(s *Snapshot) { s.Fold(db(second, about("new"))) }, db(second, about("new")),
			cache()),
		"rename":          is(func(s *Snapshot) { s.Fold(db(called("new"))) }, db(called("new")), cache()),
		"remove the name": is(func(s *Snapshot) { s.Fold(db(called(""))) }, db(called("")), cache()),
		"take the name of another secret": is(func(s *Snapshot) {
			s.Fold(cache(called("old")))
			s.Fold(db(called("cache")))
		}, db(called("cache")), cache(called("old"))),
		"update twice": is(func(s *Snapshot) {
			s.Fold(db(second))
			s.Fold(db(third))
		}, db(third), cache()),
		"grant":                     is(grant(true, "app2"), db(grantedTo("app1", "app2")), cache()),
		"grants are sorted":         is(grant(true, "zoo", "app0"), db(grantedTo("app0", "app1", "zoo")), cache()),
		"grant again":               is(grant(true, "app1"), db(), cache()),
		"revoke":                    is(grant(false, "app1"), db(grantedTo()), cache()),
		"revoke of a missing grant": is(grant(false, "app9"), db(), cache()),
		"grant after an update": is(func(s *Snapshot) {
			s.Fold(db(second))
			grant(true, "app2")(s)
		}, db(second, grantedTo("app1", "app2")), cache()),
		"remove": {
			func(s *Snapshot) { s.FoldRemoval(dbID, time.Time{}) },
			[]plan.UserSecret{db(removing), cache()}, both, []plan.UserSecret{cache()},
		},
		"remove after an update": {
			func(s *Snapshot) {
				s.Fold(db(second))
				s.FoldRemoval(dbID, time.Time{})
			},
			[]plan.UserSecret{db(second, removing), cache()}, both, []plan.UserSecret{cache()},
		},
		"remove of a missing secret": is(func(s *Snapshot) { s.FoldRemoval(queueID, time.Time{}) }, both...),
		"grant of a missing secret":  is(func(s *Snapshot) { s.FoldGrants(queueID, []string{"app1"}, true) }, both...),
		"no change":                  is(func(*Snapshot) {}, both...),
	}
}

func TestChangeIsVisibleImmediately(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(row.before...)
			row.change(&s)
			shows(t, &s, row.shown...)
		})
	}
}

func TestOlderListingDoesNotOverrideChange(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(row.before...)
			began := s.changes
			row.change(&s)
			if different := s.replace(row.before, began); different != nil {
				t.Errorf("%v are reported as different", different)
			}
			shows(t, &s, row.shown...)
		})
	}
}

func TestListingReportsNoDifferenceForOwnChange(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if len(row.after) < len(row.shown) {
				want = []string{dbID} // The end of a removal is reported.
			}
			s := snapshotOf(row.before...)
			row.change(&s)
			if diff := cmp.Diff(want, s.replace(row.after, s.changes)); diff != "" {
				t.Errorf("the reported differences (-want +got):\n%s", diff)
			}
			shows(t, &s, row.after...)
		})
	}
}

func TestNewerListingOverridesChange(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(row.before...)
			row.change(&s)
			s.replace([]plan.UserSecret{db(about("manual"), third)}, s.changes)
			want := db(about("manual"), third)
			_, want.Removing = s.removing[dbID]
			shows(t, &s, want)
		})
	}
}

func TestListingMergesOwnAndExternalChanges(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(), cache())
	began := s.changes
	s.Fold(db(second))
	different := s.replace([]plan.UserSecret{db(), cache(about("manual")), secretOf(queueID, "queue")}, began)
	if diff := cmp.Diff([]string{cacheID, queueID}, different); diff != "" {
		t.Errorf("the reported differences (-want +got):\n%s", diff)
	}
	shows(t, &s, db(second), cache(about("manual")), secretOf(queueID, "queue"))
}

func TestListingReportsDifferences(t *testing.T) {
	t.Parallel()
	queue := secretOf(queueID, "queue")
	for name, row := range map[string]struct{ listing, want []plan.UserSecret }{
		"no difference":            {[]plan.UserSecret{db(), cache()}, nil},
		"another order":            {[]plan.UserSecret{cache(), db()}, nil},
		"another name":             {[]plan.UserSecret{db(called("new")), cache()}, []plan.UserSecret{db()}},
		"another info":             {[]plan.UserSecret{db(about("new")), cache()}, []plan.UserSecret{db()}},
		"another revision":         {[]plan.UserSecret{db(second), cache()}, []plan.UserSecret{db()}},
		"a pruned revision":        {[]plan.UserSecret{db(gone), cache()}, []plan.UserSecret{db()}},
		"other grants":             {[]plan.UserSecret{db(grantedTo("app2")), cache()}, []plan.UserSecret{db()}},
		"a new secret":             {[]plan.UserSecret{queue, db(), cache()}, []plan.UserSecret{queue}},
		"a removed secret":         {[]plan.UserSecret{cache()}, []plan.UserSecret{db()}},
		"no secrets":               {nil, []plan.UserSecret{db(), cache()}},
		"changed, new and removed": {[]plan.UserSecret{queue, cache(second)}, []plan.UserSecret{db(), cache(), queue}},
		"swapped names": {
			[]plan.UserSecret{cache(called("db")), db(called("cache"))}, []plan.UserSecret{db(), cache()},
		},
		"a name of a renamed secret": {
			[]plan.UserSecret{cache(called("db")), db(called("old"))}, []plan.UserSecret{db(), cache()},
		},
		"a name of a removed secret": {
			[]plan.UserSecret{secretOf(queueID, "db"), cache()}, []plan.UserSecret{db(), queue},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, secret := range row.want {
				want = append(want, secret.ID)
			}
			s := snapshotOf(db(), cache())
			if diff := cmp.Diff(want, s.replace(row.listing, s.changes)); diff != "" {
				t.Errorf("the reported differences (-want +got):\n%s", diff)
			}
			shows(t, &s, byID(row.listing)...)
			if again := s.replace(row.listing, s.changes); again != nil {
				t.Errorf("%v are reported as different again", again)
			}
		})
	}
}

func byID(secrets []plan.UserSecret) []plan.UserSecret {
	return slices.SortedFunc(slices.Values(secrets),
		func(a, b plan.UserSecret) int { return strings.Compare(a.ID, b.ID) })
}

func TestFirstListingReportsNoDifferences(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Snapshot){
		"without a change": func(*Snapshot) {},
		"after a create":   func(s *Snapshot) { s.Fold(secretOf(queueID, "queue")) },
		"after an update":  func(s *Snapshot) { s.Fold(db(second)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New()
			change(&s)
			if different := s.replace([]plan.UserSecret{db(), cache()}, s.changes); different != nil {
				t.Errorf("%v are reported as different", different)
			}
			shows(t, &s, db(), cache())
		})
	}
}

func TestRemovalIsRememberedUntilTheSecretIsGone(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(), cache())
	began := s.changes
	s.FoldRemoval(dbID, time.Time{})
	s.replace([]plan.UserSecret{db(), cache()}, began)
	for range 3 { // Also if the secret changes.
		s.replace([]plan.UserSecret{db(), cache()}, s.changes)
		s.replace([]plan.UserSecret{db(second), cache()}, s.changes)
		shows(t, &s, db(second, removing), cache())
	}
	if diff := cmp.Diff([]string{dbID}, s.replace([]plan.UserSecret{cache()}, s.changes)); diff != "" {
		t.Errorf("the reported differences (-want +got):\n%s", diff)
	}
	shows(t, &s, cache())
	s.replace([]plan.UserSecret{db(), cache()}, s.changes) // For example after a restore from a backup.
	shows(t, &s, db(), cache())
}

func TestMissingChecksumIsTakenFromOwnWrite(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ listed, want plan.UserSecret }{
		"same revision": {db(second, unsummed), db(second, unsummed, summed("two"))},
		"same revision, other info": {
			db(second, unsummed, about("new")), db(second, unsummed, summed("two"), about("new")),
		},
		"same revision, other name": {
			db(second, unsummed, called("new")), db(second, unsummed, summed("two"), called("new")),
		},
		"same revision, other grants": {
			db(second, unsummed, grantedTo()), db(second, unsummed, summed("two"), grantedTo()),
		},
		"no checksum, newer revision":  {db(third, unsummed), db(third, unsummed)},
		"no checksum, older revision":  {db(unsummed), db(unsummed)},
		"no checksum, pruned revision": {db(second, unsummed, gone), db(second, unsummed, gone)},
		"no checksum, another secret": {
			secretOf(queueID, "db", second, unsummed), secretOf(queueID, "db", second, unsummed),
		},
		"Juju's own after an upgrade": {db(second, summed("new")), db(second, summed("new"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(db(unsummed))
			s.Fold(db(second, unsummed, summed("two")))
			for range 2 { // The next listing shows the same.
				s.replace([]plan.UserSecret{row.listed}, s.changes)
				shows(t, &s, row.want)
			}
		})
	}
}

func summed(checksum string) func(*plan.UserSecret) {
	return func(s *plan.UserSecret) { s.Checksum = content.Seal(checksum) }
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

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

// The IDs that are listed here. They sort like this.
const (
	dbID    = "9m4e2mr0ui3e8a215n4g"
	cacheID = "9m4e2mr0ui3e8a215n50"
	queueID = "9m4e2mr0ui3e8a215n60"
)

// sameSecrets compares secrets by what Juju tells of them.
var sameSecrets = cmp.Comparer(func(a, b plan.UserSecret) bool { return a.Equal(b) })

// secretOf is a user secret of a name, unless modified otherwise.
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

// snapshotOf is a snapshot after its first listing.
func snapshotOf(listing ...plan.UserSecret) snapshot {
	s := newSnapshot()
	s.replace(listing, 0)
	return s
}

// everything is all that a snapshot shows, sorted by ID.
func everything(s *snapshot) []plan.UserSecret {
	var all []plan.UserSecret
	for _, id := range slices.Sorted(maps.Keys(s.secrets)) {
		byID, _ := s.find(plan.Query{ID: id})
		all = append(all, *byID)
	}
	return all
}

// shows fails unless a snapshot shows just these secrets, sorted by ID, and finds each by its name and none by another.
func shows(t *testing.T, s *snapshot, want ...plan.UserSecret) {
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

func TestFindLooksForWhatAQueryNames(t *testing.T) {
	t.Parallel()
	ours, other := db(), cache()
	for name, row := range map[string]struct {
		query        plan.Query
		byID, byName *plan.UserSecret
	}{
		"an ID":                    {plan.Query{ID: dbID}, &ours, nil},
		"a name":                   {plan.Query{Name: "cache"}, nil, &other},
		"one secret by both":       {plan.Query{ID: dbID, Name: "db"}, &ours, &ours},
		"two secrets":              {plan.Query{ID: dbID, Name: "cache"}, &ours, &other},
		"an ID that is not there":  {plan.Query{ID: "nobody", Name: "db"}, nil, &ours},
		"a name that is not there": {plan.Query{ID: dbID, Name: "nobody"}, &ours, nil},
		"nothing, like the name of a secret that has none": {},
		"an ID for a name": {plan.Query{Name: dbID}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(db(), cache(), secretOf(queueID, ""))
			byID, byName := s.find(row.query)
			if diff := cmp.Diff([]*plan.UserSecret{row.byID, row.byName}, []*plan.UserSecret{byID, byName}, sameSecrets); diff != "" {
				t.Errorf("by ID and by name (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatWasFoundStaysAsItWas(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(grantedTo("app1", "app3")))
	found, _ := s.find(plan.Query{ID: dbID})
	s.foldGrants(dbID, []string{"app2"}, true)
	s.foldGrants(dbID, []string{"app1"}, false)
	s.foldRemoval(dbID, time.Time{})
	if diff := cmp.Diff(db(grantedTo("app1", "app3")), *found, sameSecrets); diff != "" {
		t.Errorf("what was found before the changes (-want +got):\n%s", diff)
	}
	found.Name, found.Removing = "changed", false
	shows(t, &s, db(grantedTo("app2", "app3"), removing))
}

// changeTest is a change that the operator makes while db and cache are listed, what the snapshot shows then, and what Juju
// lists before and after.
type changeTest struct {
	change        func(*snapshot)
	shown         []plan.UserSecret
	before, after []plan.UserSecret
}

func changes() map[string]changeTest {
	both := []plan.UserSecret{db(), cache()}
	grant := func(granted bool, apps ...string) func(*snapshot) {
		return func(s *snapshot) { s.foldGrants(dbID, apps, granted) }
	}
	is := func(change func(*snapshot), secrets ...plan.UserSecret) changeTest {
		return changeTest{change, secrets, both, secrets}
	}
	return map[string]changeTest{
		"a secret that was created": is(func(s *snapshot) { s.fold(secretOf(queueID, "queue")) },
			db(), cache(), secretOf(queueID, "queue")),
		"a secret that was updated":   is(func(s *snapshot) { s.fold(db(second, about("new"))) }, db(second, about("new")), cache()),
		"a secret that was renamed":   is(func(s *snapshot) { s.fold(db(called("new"))) }, db(called("new")), cache()),
		"a secret that lost its name": is(func(s *snapshot) { s.fold(db(called(""))) }, db(called("")), cache()),
		"a secret that took over a name": is(func(s *snapshot) {
			s.fold(cache(called("old")))
			s.fold(db(called("cache")))
		}, db(called("cache")), cache(called("old"))),
		"a secret that was updated twice": is(func(s *snapshot) {
			s.fold(db(second))
			s.fold(db(third))
		}, db(third), cache()),
		"a grant":                     is(grant(true, "app2"), db(grantedTo("app1", "app2")), cache()),
		"grants, sorted":              is(grant(true, "zoo", "app0"), db(grantedTo("app0", "app1", "zoo")), cache()),
		"a grant that was there":      is(grant(true, "app1"), db(), cache()),
		"a revoke":                    is(grant(false, "app1"), db(grantedTo()), cache()),
		"a revoke of what nobody had": is(grant(false, "app9"), db(), cache()),
		"a grant of a secret that was updated": is(func(s *snapshot) {
			s.fold(db(second))
			grant(true, "app2")(s)
		}, db(second, grantedTo("app1", "app2")), cache()),
		"a removal": {
			func(s *snapshot) { s.foldRemoval(dbID, time.Time{}) },
			[]plan.UserSecret{db(removing), cache()}, both, []plan.UserSecret{cache()},
		},
		"a removal after an update": {
			func(s *snapshot) {
				s.fold(db(second))
				s.foldRemoval(dbID, time.Time{})
			},
			[]plan.UserSecret{db(second, removing), cache()}, both, []plan.UserSecret{cache()},
		},
		"a removal of what is gone":        is(func(s *snapshot) { s.foldRemoval(queueID, time.Time{}) }, both...),
		"a grant of what is gone":          is(func(s *snapshot) { s.foldGrants(queueID, []string{"app1"}, true) }, both...),
		"no change, whatever was expected": is(func(*snapshot) {}, both...),
	}
}

func TestAChangeIsShownAtOnce(t *testing.T) {
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

func TestAListingThatBeganBeforeAChangeDoesNotOverrideIt(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(row.before...)
			began := s.changes
			row.change(&s)
			if different := s.replace(row.before, began); different != nil {
				t.Errorf("%v are told to be different", different)
			}
			shows(t, &s, row.shown...)
		})
	}
}

func TestAListingThatShowsAChangeIsNoNews(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if len(row.after) < len(row.shown) {
				want = []string{dbID} // That a removal is done is news.
			}
			s := snapshotOf(row.before...)
			row.change(&s)
			if diff := cmp.Diff(want, s.replace(row.after, s.changes)); diff != "" {
				t.Errorf("what is told to be different (-want +got):\n%s", diff)
			}
			shows(t, &s, row.after...)
		})
	}
}

func TestAListingThatBeganAfterAChangeOverridesIt(t *testing.T) {
	t.Parallel()
	for name, row := range changes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(row.before...)
			row.change(&s)
			s.replace([]plan.UserSecret{db(about("by hand"), third)}, s.changes)
			want := db(about("by hand"), third)
			_, want.Removing = s.removing[dbID]
			shows(t, &s, want)
		})
	}
}

func TestWhatOthersDidIsListedBesideWhatTheOperatorDid(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(), cache())
	began := s.changes
	s.fold(db(second))
	different := s.replace([]plan.UserSecret{db(), cache(about("by hand")), secretOf(queueID, "queue")}, began)
	if diff := cmp.Diff([]string{cacheID, queueID}, different); diff != "" {
		t.Errorf("what is told to be different (-want +got):\n%s", diff)
	}
	shows(t, &s, db(second), cache(about("by hand")), secretOf(queueID, "queue"))
}

func TestAListingTellsWhatIsDifferent(t *testing.T) {
	t.Parallel()
	queue := secretOf(queueID, "queue")
	for name, row := range map[string]struct{ listing, want []plan.UserSecret }{
		"nothing":                    {[]plan.UserSecret{db(), cache()}, nil},
		"nothing but the order":      {[]plan.UserSecret{cache(), db()}, nil},
		"another name":               {[]plan.UserSecret{db(called("new")), cache()}, []plan.UserSecret{db()}},
		"another info":               {[]plan.UserSecret{db(about("new")), cache()}, []plan.UserSecret{db()}},
		"another revision":           {[]plan.UserSecret{db(second), cache()}, []plan.UserSecret{db()}},
		"a revision that is gone":    {[]plan.UserSecret{db(gone), cache()}, []plan.UserSecret{db()}},
		"other grants":               {[]plan.UserSecret{db(grantedTo("app2")), cache()}, []plan.UserSecret{db()}},
		"a new secret":               {[]plan.UserSecret{queue, db(), cache()}, []plan.UserSecret{queue}},
		"a secret that is gone":      {[]plan.UserSecret{cache()}, []plan.UserSecret{db()}},
		"no secrets at all":          {nil, []plan.UserSecret{db(), cache()}},
		"one changed, new and gone":  {[]plan.UserSecret{queue, cache(second)}, []plan.UserSecret{db(), cache(), queue}},
		"names that were swapped":    {[]plan.UserSecret{cache(called("db")), db(called("cache"))}, []plan.UserSecret{db(), cache()}},
		"a name that was handed on":  {[]plan.UserSecret{cache(called("db")), db(called("old"))}, []plan.UserSecret{db(), cache()}},
		"a name of one that is gone": {[]plan.UserSecret{secretOf(queueID, "db"), cache()}, []plan.UserSecret{db(), queue}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, secret := range row.want {
				want = append(want, secret.ID)
			}
			s := snapshotOf(db(), cache())
			if diff := cmp.Diff(want, s.replace(row.listing, s.changes)); diff != "" {
				t.Errorf("what is told to be different (-want +got):\n%s", diff)
			}
			shows(t, &s, byID(row.listing)...)
			if again := s.replace(row.listing, s.changes); again != nil {
				t.Errorf("%v are told to be different again", again)
			}
		})
	}
}

func byID(secrets []plan.UserSecret) []plan.UserSecret {
	return slices.SortedFunc(slices.Values(secrets), func(a, b plan.UserSecret) int { return strings.Compare(a.ID, b.ID) })
}

func TestTheFirstListingTellsNoDifference(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*snapshot){
		"to nothing":                   func(*snapshot) {},
		"to what the operator created": func(s *snapshot) { s.fold(secretOf(queueID, "queue")) },
		"to what the operator updated": func(s *snapshot) { s.fold(db(second)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSnapshot()
			change(&s)
			if different := s.replace([]plan.UserSecret{db(), cache()}, s.changes); different != nil {
				t.Errorf("%v are told to be different", different)
			}
			shows(t, &s, db(), cache())
		})
	}
}

func TestARemovalIsRememberedUntilTheSecretIsGone(t *testing.T) {
	t.Parallel()
	s := snapshotOf(db(), cache())
	began := s.changes
	s.foldRemoval(dbID, time.Time{})
	s.replace([]plan.UserSecret{db(), cache()}, began)
	for range 3 { // Whatever happens to it meanwhile.
		s.replace([]plan.UserSecret{db(), cache()}, s.changes)
		s.replace([]plan.UserSecret{db(second), cache()}, s.changes)
		shows(t, &s, db(second, removing), cache())
	}
	if diff := cmp.Diff([]string{dbID}, s.replace([]plan.UserSecret{cache()}, s.changes)); diff != "" {
		t.Errorf("what is told to be different (-want +got):\n%s", diff)
	}
	shows(t, &s, cache())
	s.replace([]plan.UserSecret{db(), cache()}, s.changes) // As after a restore from a backup.
	shows(t, &s, db(), cache())
}

func TestAChecksumThatJujuDoesNotTellIsWhatTheOperatorWrote(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ listed, want plan.UserSecret }{
		"of the same revision":               {db(second, unsummed), db(second, unsummed, summed("two"))},
		"of the same, with another info":     {db(second, unsummed, about("new")), db(second, unsummed, summed("two"), about("new"))},
		"of the same, under another name":    {db(second, unsummed, called("new")), db(second, unsummed, summed("two"), called("new"))},
		"of the same, with other grants":     {db(second, unsummed, grantedTo()), db(second, unsummed, summed("two"), grantedTo())},
		"not of another revision":            {db(third, unsummed), db(third, unsummed)},
		"not of an older revision":           {db(unsummed), db(unsummed)},
		"not of a revision that is gone":     {db(second, unsummed, gone), db(second, unsummed, gone)},
		"not of another secret":              {secretOf(queueID, "db", second, unsummed), secretOf(queueID, "db", second, unsummed)},
		"nor if Juju does, since an upgrade": {db(second, summed("new")), db(second, summed("new"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshotOf(db(unsummed))
			s.fold(db(second, unsummed, summed("two")))
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

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// Options of a charm, as far as they are known.
var (
	unset   = plan.Option{Type: "secret"}
	setToDB = plan.Option{Type: "secret", IsSet: true, SecretID: dbID, Format: v1alpha1.FormatURI}
	foreign = plan.Option{Type: "secret", IsSet: true, SecretID: cacheID, Format: v1alpha1.FormatURI}
	text    = plan.Option{Type: "string", IsSet: true}
)

// with returns the configuration of an application with options.
func with(options map[string]plan.Option) plan.Application { return plan.Application{Options: options} }

// failing returns the configuration of an application with a problem.
func failing(reason v1alpha1.Reason) plan.Application {
	return plan.Application{Problem: &plan.Problem{Reason: reason}}
}

// readAt makes a read that began at a time, none without applications.
func (c *configurations) readAt(began time.Time, found map[string]plan.Application) (different []string) {
	if len(found) == 0 {
		return nil
	}
	for app := range found {
		c.askNext(app)
	}
	c.begin(began)
	return c.end(found, nil)
}

func TestConfigurationIsReadIfItIsTooOld(t *testing.T) {
	t.Parallel()
	const never, known, inflight, next = time.Duration(-1), "known", "in flight", "next"
	for name, row := range map[string]struct {
		query plan.Query
		// age is the age of what is known, reading of the read in flight.
		age, reading time.Duration
		given        func(c *configurations)
		want         string
	}{
		"known":                               {plan.Query{}, 24 * time.Hour, never, nil, known},
		"not known":                           {plan.Query{}, never, never, nil, next},
		"not known, being read":               {plan.Query{}, never, time.Minute, nil, inflight},
		"a changed object":                    {plan.Query{Age: plan.Recent}, 6 * time.Second, never, nil, next},
		"a changed object, just read":         {plan.Query{Age: plan.Recent}, 4 * time.Second, never, nil, known},
		"a changed object, being read":        {plan.Query{Age: plan.Recent}, 6 * time.Second, time.Second, nil, inflight},
		"a changed object, a slow read":       {plan.Query{Age: plan.Recent}, time.Hour, 6 * time.Second, nil, next},
		"a waiting object":                    {awaited(27 * time.Second), 28 * time.Second, never, nil, next},
		"a waiting object, read for others":   {awaited(27 * time.Second), 26 * time.Second, never, nil, known},
		"a new waiting object":                {awaited(time.Second), 6 * time.Second, never, nil, next},
		"a new waiting object, just read":     {awaited(time.Second), 4 * time.Second, never, nil, known},
		"an object that requests an answer":   {plan.Query{Age: plan.Fresh}, 0, never, nil, next},
		"the same, being read":                {plan.Query{Age: plan.Fresh}, 0, 0, nil, next},
		"after a change of unknown outcome":   {plan.Query{}, 0, never, func(c *configurations) { c.doubt("app1") }, next},
		"the same, in another application":    {plan.Query{}, 0, never, func(c *configurations) { c.doubt("app2") }, known},
		"the same, during a read":             {plan.Query{}, 0, 0, func(c *configurations) { c.doubt("app1") }, next},
		"after the connection was lost":       {plan.Query{}, 0, never, (*configurations).doubtAll, next},
		"after it was lost during a read":     {plan.Query{}, 0, 0, (*configurations).doubtAll, next},
		"during a read of other applications": {plan.Query{}, never, never, readingOthers, next},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			if row.age != never {
				c.readAt(now.Add(-row.age), map[string]plan.Application{"app1": {}, "app2": {}})
			}
			if row.reading != never {
				c.askNext("app1")
				c.begin(now.Add(-row.reading))
			}
			if row.given != nil {
				row.given(&c)
			}
			row.query.Applications = []string{"app1"}
			got, reads := known, c.ask(row.query, now)
			switch {
			case len(reads) > 1:
				t.Errorf("waits for %d reads", len(reads))
			case len(reads) > 0 && reads[0] == c.inflight:
				got = inflight
			case len(reads) > 0 && reads[0] == c.next:
				got = next
			}
			if got != row.want {
				t.Errorf("the answer is %s, want %s", got, row.want)
			}
		})
	}
}

// readingOthers begins a read of another application.
func readingOthers(c *configurations) {
	c.askNext("app2")
	c.begin(time.Now())
}

func TestApplicationsAskedForDuringAReadFormTheNextRead(t *testing.T) {
	t.Parallel()
	c, now := newConfigurations(), time.Now()
	first := c.ask(plan.Query{Applications: []string{"app1"}}, now)
	if read := c.begin(now); len(first) != 1 || read != first[0] {
		t.Fatalf("the first caller waits for %v, and %v is in flight", first, read)
	}
	second := c.ask(plan.Query{Applications: []string{"app1", "app2"}}, now)
	third := c.ask(plan.Query{Age: plan.Fresh, Applications: []string{"app1", "app3"}}, now)
	if read := c.begin(now); read != nil {
		t.Errorf("two reads are in flight")
	}
	c.end(map[string]plan.Application{"app1": {}}, nil)
	read := c.begin(now)
	if read == nil || !slices.Equal(second, []*configRead{first[0], read}) || !slices.Equal(third, []*configRead{read}) {
		t.Fatalf("the callers wait for %v and %v, and %v is in flight", second, third, read)
	}
	if got := slices.Sorted(maps.Keys(read.apps)); !slices.Equal(got, []string{"app1", "app2", "app3"}) {
		t.Errorf("the next read is for %v", got)
	}
	c.end(map[string]plan.Application{"app1": {}, "app2": {}, "app3": {}}, nil)
	if read := c.begin(now); read != nil {
		t.Errorf("a read of %v is in flight without a request", read.apps)
	}
}

func TestDifferentOptionsNotifyObjectsThatAskedForTheApplication(t *testing.T) {
	t.Parallel()
	type apps = map[string]plan.Application
	one := with(map[string]plan.Option{"db": setToDB, "note": text})
	other := with(map[string]plan.Option{"db": foreign, "note": text})
	reset := with(map[string]plan.Option{"db": unset, "note": text})
	fewer := with(map[string]plan.Option{"db": setToDB})
	number := with(map[string]plan.Option{"db": setToDB, "note": {Type: "int", IsSet: true}})
	missing, busy := failing(v1alpha1.ReasonApplicationNotFound), failing(v1alpha1.ReasonModelUnavailable)
	for name, row := range map[string]struct {
		before, after apps
		want          []string
	}{
		"the first read":           {nil, apps{"app1": one}, nil},
		"no difference":            {apps{"app1": one, "app2": one}, apps{"app1": one, "app2": one}, nil},
		"another secret":           {apps{"app1": one}, apps{"app1": other}, []string{dbID}},
		"a reset option":           {apps{"app1": one}, apps{"app1": reset}, []string{dbID}},
		"a lost option":            {apps{"app1": one}, apps{"app1": fewer}, []string{dbID}},
		"a new option":             {apps{"app1": fewer}, apps{"app1": one}, []string{dbID}},
		"another type":             {apps{"app1": one}, apps{"app1": number}, []string{dbID}},
		"removed":                  {apps{"app1": one}, apps{"app1": missing}, []string{dbID}},
		"deployed without options": {apps{"app1": missing}, apps{"app1": {}}, []string{dbID}},
		"deployed":                 {apps{"app1": missing}, apps{"app1": one}, []string{dbID}},
		"still missing":            {apps{"app1": missing}, apps{"app1": missing}, nil},
		"a busy model":             {apps{"app1": one}, apps{"app1": busy}, nil},
		"asked for twice":          {apps{"app2": one}, apps{"app2": fewer}, []string{dbID, cacheID}},
		"never asked for":          {apps{"app3": one}, apps{"app3": fewer}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			c.watch([]string{"app1", "app2"}, dbID, now)
			c.watch([]string{"app2"}, cacheID, now)
			if got := c.readAt(now, row.before); len(got) > 0 {
				t.Errorf("the first read notifies %v", got)
			}
			if got := c.readAt(now, row.after); !slices.Equal(got, row.want) {
				t.Errorf("the objects of %v are notified, want %v", got, row.want)
			}
		})
	}
}

func TestFailedReadKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	c, now := newConfigurations(), time.Now()
	c.watch([]string{"app1"}, dbID, now)
	one := with(map[string]plan.Option{"db": setToDB})
	c.readAt(now, map[string]plan.Application{"app1": one})
	c.askAll(now)
	c.begin(now)
	if got := c.end(nil, &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable}); len(got) > 0 {
		t.Errorf("the objects of %v are notified", got)
	}
	if reads := c.ask(plan.Query{Applications: []string{"app1"}}, now); len(reads) > 0 {
		t.Error("the next caller reads again")
	}
	// The problem of one application is not kept, and neither is it compared.
	busy := failing(v1alpha1.ReasonModelUnavailable)
	c.readAt(now, map[string]plan.Application{"app1": busy})
	if reads := c.ask(plan.Query{Applications: []string{"app1"}}, now); len(reads) != 1 {
		t.Error("the next caller does not read an application with a problem again")
	}
	if got := c.readAt(now, map[string]plan.Application{"app1": one}); len(got) > 0 {
		t.Errorf("after the problem the objects of %v are notified", got)
	}
}

func TestCallersGetTheProblemOfAnApplication(t *testing.T) {
	t.Parallel()
	c, now := newConfigurations(), time.Now()
	busy, one := failing(v1alpha1.ReasonModelUnavailable), with(map[string]plan.Option{"db": setToDB})
	c.readAt(now, map[string]plan.Application{"app1": one, "app2": one})
	apps := []string{"app1", "app2"}
	reads := c.ask(plan.Query{Age: plan.Fresh, Applications: apps}, now)
	c.begin(now)
	c.end(map[string]plan.Application{"app1": busy, "app2": one}, nil)
	if diff := cmp.Diff(map[string]plan.Application{"app1": busy, "app2": one}, c.view(apps, reads)); diff != "" {
		t.Errorf("the view (-want +got):\n%s", diff)
	}
}

func TestOwnChangeIsKnownWithoutARead(t *testing.T) {
	t.Parallel()
	type options = map[string]plan.Option
	set := func(format v1alpha1.SecretFormat) optionChange {
		return optionChange{app: "app1", id: dbID, options: map[string]v1alpha1.SecretFormat{"db": format}}
	}
	reset := optionChange{app: "app1", id: dbID, reset: true, options: map[string]v1alpha1.SecretFormat{"db": ""}}
	asID := setToDB
	asID.Format = v1alpha1.FormatID
	for name, row := range map[string]struct {
		before plan.Application
		change optionChange
		want   options
		reads  bool
	}{
		"set": {
			with(options{"db": unset, "note": text}), set(v1alpha1.FormatURI), options{"db": setToDB, "note": text}, false,
		},
		"set in the default format": {with(options{"db": unset}), set(""), options{"db": setToDB}, false},
		"set to an ID":              {with(options{"db": unset}), set(v1alpha1.FormatID), options{"db": asID}, false},
		"replaced":                  {with(options{"db": foreign}), set(v1alpha1.FormatURI), options{"db": setToDB}, false},
		"reset": {
			with(options{"db": setToDB, "note": text}), reset, options{"db": unset, "note": text}, false,
		},
		"an option that is new": {with(options{"note": text}), set(v1alpha1.FormatURI), options{"note": text}, true},
		"an application that is new": {
			failing(v1alpha1.ReasonApplicationNotFound), set(v1alpha1.FormatURI), nil, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			c.watch([]string{"app1"}, dbID, now)
			apps := []string{"app1"}
			c.readAt(now, map[string]plan.Application{"app1": row.before})
			seen, as := c.view(apps, nil)["app1"].Options, maps.Clone(row.before.Options)
			c.fold(row.change)
			if diff := cmp.Diff(row.want, c.view(apps, nil)["app1"].Options); diff != "" {
				t.Errorf("the options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(as, seen); diff != "" {
				t.Errorf("the options of an earlier view changed (-want +got):\n%s", diff)
			}
			if reads := c.ask(plan.Query{Applications: apps}, now); (len(reads) > 0) != row.reads {
				t.Errorf("the next caller reads: %t, want %t", len(reads) > 0, row.reads)
			}
		})
	}
}

func TestReadDuringAChangeDoesNotUndoIt(t *testing.T) {
	t.Parallel()
	c, now := newConfigurations(), time.Now()
	c.watch([]string{"app1"}, dbID, now)
	old := map[string]plan.Application{"app1": with(map[string]plan.Option{"db": unset, "note": {Type: "string"}})}
	c.readAt(now, old)
	reads := c.ask(plan.Query{Age: plan.Fresh, Applications: []string{"app1"}}, now)
	c.begin(now)
	c.fold(optionChange{app: "app1", id: dbID, options: map[string]v1alpha1.SecretFormat{"db": ""}})
	different := c.end(map[string]plan.Application{"app1": with(map[string]plan.Option{"db": unset, "note": text})}, nil)
	want := map[string]plan.Application{"app1": with(map[string]plan.Option{"db": setToDB, "note": text})}
	if diff := cmp.Diff(want, c.view([]string{"app1"}, reads)); diff != "" {
		t.Errorf("the view (-want +got):\n%s", diff)
	}
	c.fold(optionChange{app: "app1", id: dbID, reset: true, options: map[string]v1alpha1.SecretFormat{"db": ""}})
	want["app1"].Options["db"] = unset
	if diff := cmp.Diff(want, c.view([]string{"app1"}, reads)); diff != "" {
		t.Errorf("the view after a change that followed the read (-want +got):\n%s", diff)
	}
	if !slices.Equal(different, []string{dbID}) { // Because of the note.
		t.Errorf("the objects of %v are notified", different)
	}
	if got := c.readAt(now, want); len(got) > 0 {
		t.Errorf("the next read notifies %v of the change", got)
	}
}

func TestOwnChangeConcernsObjectsOfOtherSecrets(t *testing.T) {
	t.Parallel()
	change := func(reset bool, names ...string) optionChange {
		c := optionChange{app: "app1", id: dbID, reset: reset, options: map[string]v1alpha1.SecretFormat{}}
		for _, name := range names {
			c.options[name] = ""
		}
		return c
	}
	for name, row := range map[string]struct {
		change optionChange
		want   []string
	}{
		"an option was set":                    {change(false, "unset"), nil},
		"an option was set again":              {change(false, "db"), nil},
		"an option of another secret":          {change(false, "cache"), []string{cacheID}},
		"an option of a secret without object": {change(false, "other"), nil},
		"an option was reset":                  {change(true, "db"), []string{cacheID, queueID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			for _, id := range []string{dbID, cacheID, queueID} {
				c.watch([]string{"app1"}, id, now)
			}
			other := foreign
			other.SecretID = "9m4e2mr0ui3e8a215n70"
			c.readAt(now, map[string]plan.Application{"app1": with(map[string]plan.Option{
				"unset": unset, "db": setToDB, "cache": foreign, "other": other,
			})})
			if got := c.foldForOthers(row.change); !slices.Equal(got, row.want) {
				t.Errorf("it concerns the objects of %v, want %v", got, row.want)
			}
		})
	}
}

func TestReadDuringADoubtIsNotTrusted(t *testing.T) {
	t.Parallel()
	for name, doubt := range map[string]func(c *configurations){
		"the connection was lost":                 (*configurations).doubtAll,
		"a change of unknown outcome":             func(c *configurations) { c.doubt("app1") },
		"an application that is read for a first": func(c *configurations) { c.doubt("app2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			c.readAt(now, map[string]plan.Application{"app1": {}})
			apps := []string{"app1", "app2"}
			reads := c.ask(plan.Query{Age: plan.Fresh, Applications: apps}, now)
			c.begin(now)
			doubt(&c)
			found := map[string]plan.Application{"app1": with(map[string]plan.Option{"db": unset}), "app2": {}}
			c.end(found, nil)
			if diff := cmp.Diff(found, c.view(apps, reads)); diff != "" {
				t.Errorf("its callers see (-want +got):\n%s", diff)
			}
			if reads := c.ask(plan.Query{Applications: apps}, now); len(reads) != 1 {
				t.Error("the next caller does not read again")
			}
		})
	}
}

func TestApplicationThatNoObjectAsksForIsForgotten(t *testing.T) {
	t.Parallel()
	has := func(id string) bool { return id == dbID }
	for name, row := range map[string]struct {
		id   string
		ago  time.Duration
		want bool
	}{
		"an object in sync":                  {dbID, 24 * time.Hour, true},
		"an object without a secret":         {cacheID, 31 * time.Minute, false},
		"an object that lost its secret now": {cacheID, 29 * time.Minute, true},
		"an object that had no secret":       {"", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			c.watch([]string{"app1"}, row.id, now.Add(-row.ago))
			c.readAt(now.Add(-24*time.Hour), map[string]plan.Application{"app1": {}})
			c.forget(has, now)
			_, known := c.known["app1"]
			if watched := c.asked["app1"] != nil; watched != row.want || known != row.want {
				t.Errorf("it is watched: %t, and known: %t, want %t", watched, known, row.want)
			}
		})
	}
}

func TestWatchedApplicationsAreReadOnceInAnInterval(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		given func(c *configurations, began time.Time)
		after time.Duration
		want  bool
	}{
		"nothing is watched":          {func(*configurations, time.Time) {}, time.Hour, false},
		"just asked for":              {watchOne, 53 * time.Second, false},
		"asked for an interval ago":   {watchOne, 54 * time.Second, true},
		"asked for again and again":   {watchAgain, 54 * time.Second, true},
		"the connection was lost":     {func(c *configurations, now time.Time) { watchOne(c, now); c.doubtAll() }, 0, true},
		"the same, nothing watched":   {func(c *configurations, _ time.Time) { c.doubtAll() }, 0, false},
		"requested after it was lost": {requestAll, 53 * time.Second, false},
		"an interval after that":      {requestAll, 54 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, began := newConfigurations(), time.Now()
			row.given(&c, began)
			if got := c.due(began.Add(row.after), time.Minute); got != row.want {
				t.Errorf("a read is due: %t, want %t", got, row.want)
			}
		})
	}
}

func watchOne(c *configurations, now time.Time) { c.watch([]string{"app1"}, dbID, now) }

func watchAgain(c *configurations, now time.Time) {
	watchOne(c, now)
	c.watch([]string{"app1", "app2"}, cacheID, now.Add(30*time.Second))
}

func requestAll(c *configurations, now time.Time) {
	watchOne(c, now.Add(-time.Hour))
	c.doubtAll()
	c.askAll(now)
}

func TestKnownConfigurationSufficesWhileAReadIsLate(t *testing.T) {
	t.Parallel()
	const unreachable, busy = v1alpha1.ReasonJujuUnreachable, v1alpha1.ReasonModelUnavailable
	const denied = v1alpha1.ReasonPermissionDenied
	for name, row := range map[string]struct {
		query  plan.Query
		reason v1alpha1.Reason
		ended  bool
		app    string
		want   bool
	}{
		"a late read":                       {plan.Query{Age: plan.Recent}, unreachable, false, "app1", true},
		"the same, of a new application":    {plan.Query{Age: plan.Recent}, unreachable, false, "app2", false},
		"an object that requests an answer": {plan.Query{Age: plan.Fresh}, unreachable, false, "app1", false},
		"a broken connection":               {plan.Query{Age: plan.Recent}, unreachable, true, "app1", false},
		"a waiting object of a busy model":  {awaited(time.Second), busy, true, "app1", true},
		"a changed object of a busy model":  {plan.Query{Age: plan.Recent}, busy, true, "app1", false},
		"a waiting object, without access":  {awaited(time.Second), denied, true, "app1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, now := newConfigurations(), time.Now()
			c.readAt(now.Add(-time.Minute), map[string]plan.Application{"app1": {}})
			row.query.Applications = []string{row.app}
			reads := c.ask(row.query, now)
			c.begin(now)
			if row.ended {
				c.end(nil, &plan.Problem{Reason: row.reason})
			}
			if got := c.suffice(row.query, reads, row.reason); got != row.want {
				t.Errorf("what is known suffices: %t, want %t", got, row.want)
			}
		})
	}
}

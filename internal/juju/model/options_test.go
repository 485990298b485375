// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/juju/juju/api"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/link"
	"github.com/juju-secrets/operator/internal/juju/snapshot"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

func TestOptionIsKnownByTheSecretThatItNames(t *testing.T) {
	t.Parallel()
	const uuid = "12345678-1234-4123-8123-123456789abc"
	naming := func(format v1alpha1.SecretFormat, set bool) plan.Option {
		return plan.Option{Type: "secret", IsSet: set, SecretID: dbID, Format: format}
	}
	other := plan.Option{Type: "secret", IsSet: true}
	for name, row := range map[string]struct {
		source, value string
		want          plan.Option
	}{
		"a URI":               {"user", `"secret:` + dbID + `"`, naming(v1alpha1.FormatURI, true)},
		"an ID":               {"user", `"` + dbID + `"`, naming(v1alpha1.FormatID, true)},
		"a URI with a slash":  {"user", `"secret:/` + dbID + `"`, naming("", true)},
		"a URI with a source": {"user", `"secret://` + uuid + `/` + dbID + `"`, naming("", true)},
		"an ID with a source": {"user", `"` + uuid + `/` + dbID + `"`, naming("", true)},
		"a default":           {"default", `"secret:` + dbID + `"`, naming(v1alpha1.FormatURI, false)},
		"not set":             {"unset", `null`, plan.Option{Type: "secret"}},
		"set to nothing":      {"user", `""`, plan.Option{Type: "secret"}},
		"a text":              {"user", `"hunter2"`, other},
		"a text with an ID":   {"user", `"see secret:` + dbID + `"`, other},
		"another URI":         {"user", `"https://` + uuid + `/` + dbID + `"`, other},
		"a long ID":           {"user", `"` + dbID + `0"`, other},
		"a number":            {"user", `5432`, other},
		"a default number":    {"default", `5432`, plan.Option{Type: "secret"}},
		"a choice":            {"user", `false`, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got configResults
			listed := fmt.Sprintf(`{"type": "secret", "description": "any", "source": %q, "value": %s}`, row.source, row.value)
			if err := json.Unmarshal([]byte(`{"Results": [{"config": {"db": `+listed+`}}]}`), &got); err != nil {
				t.Fatal(err)
			}
			want := []configResult{{Config: map[string]listedOption{"db": listedOption(row.want)}}}
			if diff := cmp.Diff(want, got.results); diff != "" {
				t.Errorf("the configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigurationsAreInTheOrderOfTheRequest(t *testing.T) {
	t.Parallel()
	var got configResults
	err := json.Unmarshal([]byte(`{"Results":[
		{"config":{"db":{"type":"secret"},"note":{"type":"string"}}},
		{"config":null,"error":{"message":"application app2 not found","code":"not found"}},
		{"config":{}}]}`), &got)
	if err != nil || len(got.results) != 3 {
		t.Fatalf("%d results, error %v", len(got.results), err)
	}
	if len(got.results[0].Config) != 2 || got.results[0].Error != nil || got.results[1].Error == nil ||
		got.results[1].Error.Code != "not found" || len(got.results[2].Config) != 0 || got.results[2].Error != nil {
		t.Errorf("the results are %+v", got.results)
	}
}

func TestAnswerWithTooManyOptionsIsRejected(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range maxOptions / 64 {
		fmt.Fprintf(&many, `"%d":{},`, i)
	}
	app := `{"config":{` + strings.TrimSuffix(many.String(), ",") + `}}`
	values := `{"config":{"db":{"value":[` + strings.Repeat("0,", wire.MaxValues) + `0]}}}`
	for name, row := range map[string]struct {
		results  []string
		rejected bool
	}{
		"an application with many options": {[]string{app}, false},
		"many applications":                {slices.Repeat([]string{app}, 64), true},
		"many empty applications":          {slices.Repeat([]string{"{}"}, maxOptions+1), true},
		"an option with many values":       {[]string{values}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got configResults
			err := json.Unmarshal([]byte(`{"Results":[`+strings.Join(row.results, ",")+`]}`), &got)
			var limit wire.LimitError
			if errors.As(err, &limit) != row.rejected || !row.rejected && err != nil {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestOnlyOptionsThatStillNameTheSecretAreReset(t *testing.T) {
	t.Parallel()
	const found, busy = v1alpha1.Reason(""), v1alpha1.ReasonModelUnavailable
	naming := []string{"id", "otherwise", "uri"}
	otherwise, byDefault, asID := setToDB, setToDB, setToDB
	otherwise.Format, byDefault.IsSet, asID.Format = "", false, v1alpha1.FormatID
	options := map[string]plan.Option{
		"uri": setToDB, "id": asID, "otherwise": otherwise, "default": byDefault, "foreign": foreign, "text": text,
		"unset": unset,
	}
	for name, row := range map[string]struct {
		reason  v1alpha1.Reason
		options []string
		want    []string
		problem bool
	}{
		"in any spelling":                         {found, naming, naming, false},
		"by default":                              {found, []string{"default"}, nil, false},
		"another secret":                          {found, []string{"foreign", "uri"}, []string{"uri"}, false},
		"no secret":                               {found, []string{"text", "unset"}, nil, false},
		"an option that is not there":             {found, []string{"lost"}, nil, false},
		"a removed application":                   {v1alpha1.ReasonApplicationNotFound, []string{"uri"}, nil, false},
		"an application that Juju could not read": {busy, []string{"uri"}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := with(options)
			if row.reason != found {
				app = failing(row.reason)
			}
			step := plan.ResetOptions{ID: dbID}
			for _, name := range row.options {
				step.Options = append(step.Options, plan.AppOption{Application: "app1", Name: name})
			}
			j := jobOf(step)
			answerAll([]*job{j}, plan.Outcome{})
			var got []string
			for _, change := range stillNaming(changesOf([]*job{j}), map[string]plan.Application{"app1": app}) {
				got = append(got, change.names()...)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("it resets %v, want %v", got, row.want)
			}
			if problem, failed := j.outcomes[0].Applications["app1"]; failed != row.problem || failed && problem.Reason != busy {
				t.Errorf("the outcome is %+v", j.outcomes[0])
			}
		})
	}
}

func TestApplicationThatIsNotThereHasNothingToReset(t *testing.T) {
	t.Parallel()
	missing := plan.Problem{Reason: v1alpha1.ReasonApplicationNotFound}
	for name, row := range map[string]struct {
		step plan.Step
		want plan.Outcome
	}{
		"reset": {resetting(dbID, "app1"), plan.Outcome{}},
		"set":   {setting(dbID, "app1"), plan.Outcome{Applications: map[string]plan.Problem{"app1": missing}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := jobOf(row.step)
			answerAll([]*job{j}, plan.Outcome{})
			changesOf([]*job{j})[0].answer(missing)
			if diff := cmp.Diff([]plan.Outcome{row.want}, j.outcomes); diff != "" {
				t.Errorf("the outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOptionsThatCannotBeReadAreNotReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := readyModel(refusing(v1alpha1.ReasonUnsupportedJujuVersion, nil))
		defer m.link.Close()
		jobs := jobsOf(resetting(dbID, "app1"), resetting(cacheID, "app2"))
		m.resetOptions(t.Context(), jobs)
		for _, j := range jobs {
			if problem := j.outcomes[0].Problem; problem == nil || problem.Reason != v1alpha1.ReasonUnsupportedJujuVersion {
				t.Errorf("the outcome is %+v", j.outcomes[0])
			}
		}
	})
}

func TestOptionsOfAnApplicationAreOneItem(t *testing.T) {
	t.Parallel()
	set := plan.SetOptions{ID: dbID, Options: []plan.OptionSetting{
		{AppOption: plan.AppOption{Application: "app2", Name: "db"}},
		{AppOption: plan.AppOption{Application: "app1", Name: "db"}},
		{AppOption: plan.AppOption{Application: "app2", Name: "id"}, Format: v1alpha1.FormatID},
	}}
	type item struct {
		App, ID string
		Options map[string]v1alpha1.SecretFormat
		Reset   bool
	}
	want := []item{
		{"app2", dbID, map[string]v1alpha1.SecretFormat{"db": "", "id": v1alpha1.FormatID}, false},
		{"app1", dbID, map[string]v1alpha1.SecretFormat{"db": ""}, false},
		{"app1", cacheID, map[string]v1alpha1.SecretFormat{"db": ""}, true},
	}
	var got []item
	for _, change := range changesOf(jobsOf(set, resetting(cacheID, "app1"))) {
		got = append(got, item{change.app, change.id, change.options, change.reset})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the items (-want +got):\n%s", diff)
	}
}

func TestUnknownOutcomeMakesTheNextCallerRead(t *testing.T) {
	t.Parallel()
	const refused, unreachable = v1alpha1.ReasonInvalidRequest, v1alpha1.ReasonJujuUnreachable
	const busy = v1alpha1.ReasonModelUnavailable
	all := []string{"app1", "app2", "app3"}
	for name, row := range map[string]struct {
		step    plan.Step
		outcome plan.Outcome
		reads   []string
		listing bool
	}{
		"success":              {setting(dbID, "app1", "app2"), plan.Outcome{}, nil, false},
		"a refused request":    {setting(dbID, "app1"), failure(v1alpha1.ReasonPermissionDenied, "no"), nil, false},
		"a broken connection":  {setting(dbID, "app1", "app2"), failure(unreachable, "lost"), all, true},
		"the same for a reset": {resetting(dbID, "app1"), failure(unreachable, "lost"), all, true},
		"a busy model":         {setting(dbID, "app1"), failure(busy, ""), []string{"app1"}, false},
		"a refused option": {
			setting(dbID, "app1", "app2"), plan.Outcome{Applications: map[string]plan.Problem{"app2": {Reason: refused}}},
			[]string{"app2"}, false,
		},
		"a grant": {grantOf(dbID), failure(busy, ""), all, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, now := newModel(), time.Now()
			m.listings.trusted = true
			m.configurations.readAt(now, map[string]plan.Application{"app1": {}, "app2": {}, "app3": {}})
			j := jobOf(row.step)
			j.outcomes[0] = row.outcome
			m.doubt([]*job{j})
			var reads []string
			for _, app := range all {
				if len(m.configurations.ask(plan.Query{Applications: []string{app}}, now)) > 0 {
					reads = append(reads, app)
				}
			}
			if !slices.Equal(reads, row.reads) || m.listings.trusted == row.listing {
				t.Errorf("it reads %v and lists: %t, want %v and %t", reads, !m.listings.trusted, row.reads, row.listing)
			}
			doubted := row.outcome.Problem != nil && row.outcome.Problem.Reason == unreachable
			if got := slices.Equal(m.listings.doubtedIDs, []string{dbID}); got != doubted {
				t.Errorf("the objects of %v are notified after the next listing", m.listings.doubtedIDs)
			}
		})
	}
}

func TestRefreshReadsWatchedApplications(t *testing.T) {
	t.Parallel()
	secrets := snapshot.Listing{Secrets: []plan.UserSecret{db()}}
	lost := func(m *Model) { m.Invalidate() }
	for name, row := range map[string]struct {
		ago            time.Duration
		before, during func(m *Model)
		found          snapshot.Listing
		problem        *plan.Problem
		want           bool
	}{
		"after an interval":                 {ago: time.Hour, found: secrets, want: true},
		"within an interval":                {ago: time.Second, found: secrets},
		"after the connection was lost":     {before: lost, found: secrets, want: true},
		"the connection was lost meanwhile": {before: lost, during: lost, found: secrets},
		"after a failure": {
			ago: time.Hour, found: secrets, problem: &plan.Problem{Reason: v1alpha1.ReasonModelUnavailable},
		},
		"the secret was removed some time ago": {ago: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, now := newModel(), time.Now()
			m.interval = time.Minute
			watchOne(&m.configurations, now.Add(-row.ago))
			if row.before != nil {
				row.before(m)
			}
			m.listings.begin(now)
			if row.during != nil {
				row.during(m)
			}
			m.endListing(0, row.found, row.problem)
			if got := m.configurations.next != nil; got != row.want {
				t.Errorf("the applications are read: %t, want %t", got, row.want)
			}
		})
	}
}

// refusing returns a link that cannot connect, once a channel is closed.
func refusing(reason v1alpha1.Reason, after <-chan struct{}) *link.Link {
	return link.New(link.Config{
		WaitTimeout: time.Hour, Lost: func() {}, Changed: func(bool, bool) {},
		Dial: func(context.Context) (api.Connection, *plan.Problem) {
			if after != nil {
				<-after
			}
			return nil, &plan.Problem{Reason: reason}
		},
	})
}

// recording is a Host that records notifications.
type recording struct {
	host

	changes []plan.Change
}

func (r *recording) Notify(change plan.Change) { r.changes = append(r.changes, change) }

// readyModel returns a model with a snapshot and a link that cannot connect.
func readyModel(connecting *link.Link) (*Model, *recording) {
	m, notified := newModel(), new(recording)
	m.Host, m.link, m.interval = notified, connecting, time.Hour
	m.listings.begin(time.Now())
	m.endListing(0, snapshot.Listing{Secrets: []plan.UserSecret{db()}}, nil)
	return m, notified
}

func TestUnreadConfigurationIsAProblemOfTheView(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := readyModel(refusing(v1alpha1.ReasonUnsupportedJujuVersion, nil))
		defer m.link.Close()
		if view := m.View(t.Context(), plan.Query{ID: dbID}); !view.Known || view.Applications != nil {
			t.Errorf("the view without applications is %+v", view)
		}
		query := plan.Query{ID: dbID, Applications: []string{"app1"}}
		view := m.View(t.Context(), query)
		if view.Known || view.Problem == nil || view.Problem.Reason != v1alpha1.ReasonUnsupportedJujuVersion {
			t.Errorf("the view is %+v", view)
		}
		app := with(map[string]plan.Option{"db": setToDB})
		m.mu.Lock()
		m.configurations.readAt(time.Now(), map[string]plan.Application{"app1": app, "app2": {}})
		m.mu.Unlock()
		view = m.View(t.Context(), query)
		if diff := cmp.Diff(map[string]plan.Application{"app1": app}, view.Applications); diff != "" || view.ByID == nil {
			t.Errorf("the view of %v (-want +got):\n%s", view.ByID, diff)
		}
	})
}

func TestViewByNameWatchesForItsSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		query plan.Query
		want  []string
	}{
		"by ID":          {plan.Query{ID: cacheID}, []string{cacheID}},
		"by name":        {plan.Query{Name: "db"}, []string{dbID}},
		"by both":        {plan.Query{ID: cacheID, Name: "db"}, []string{cacheID}},
		"an absent name": {plan.Query{Name: "cache"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, _ := readyModel(refusing(v1alpha1.ReasonUnsupportedJujuVersion, nil))
				defer m.link.Close()
				row.query.Applications = []string{"app1"}
				m.View(t.Context(), row.query)
				m.mu.Lock()
				defer m.mu.Unlock()
				if got := m.configurations.askedFor("app1"); !slices.Equal(got, row.want) {
					t.Errorf("a change notifies the objects of %v, want %v", got, row.want)
				}
			})
		})
	}
}

func TestCallerOfALateReadIsNotifiedOfItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		connected := make(chan struct{})
		m, notified := readyModel(refusing(v1alpha1.ReasonUnsupportedJujuVersion, connected))
		defer m.link.Close()
		began := time.Now()
		view := m.View(t.Context(), plan.Query{ID: dbID, Applications: []string{"app1"}})
		if view.Problem == nil || view.Problem.Reason != v1alpha1.ReasonJujuUnreachable ||
			time.Since(began) != firstListingTimeout {
			t.Errorf("after %v the view is %+v", time.Since(began), view)
		}
		synctest.Wait()
		if len(notified.changes) > 0 {
			t.Errorf("the caller is notified before the end: %+v", notified.changes)
		}
		close(connected)
		synctest.Wait()
		if len(notified.changes) != 1 || !slices.Equal(notified.changes[0].IDs, []string{dbID}) {
			t.Errorf("the notifications are %+v", notified.changes)
		}
	})
}

func TestApplicationThatAGrantFoundIsReadAgain(t *testing.T) {
	t.Parallel()
	m, now := newModel(), time.Now()
	m.configurations.readAt(now, map[string]plan.Application{
		"app1": failing(v1alpha1.ReasonApplicationNotFound), "app2": {},
	})
	m.noteApplications([]string{"app1", "app2"}, nil)
	for app, want := range map[string]bool{"app1": true, "app2": false} {
		if got := len(m.configurations.ask(plan.Query{Applications: []string{app}}, now)) > 0; got != want {
			t.Errorf("%s is read again: %t, want %t", app, got, want)
		}
	}
}

func TestMethodsThatChangeTheModelNeedWriteAccess(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"ListSecrets": plan.AccessRead, "GetConfig": plan.AccessRead, "ApplicationsInfo": plan.AccessRead,
		"SetConfigs": plan.AccessWrite, "UnsetApplicationsConfig": plan.AccessWrite, "GrantSecret": plan.AccessWrite,
	} {
		what := facadeMethod{method: method}
		if got := accessFor(method); got != want || what.changes() != (want == plan.AccessWrite) {
			t.Errorf("%s needs %s access, and changes the model: %t", method, got, what.changes())
		}
	}
}

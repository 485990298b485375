// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/juju/wire"
	"github.com/juju-secrets/operator/internal/plan"
)

// applicationFacade is Juju's facade for applications.
const applicationFacade = "Application"

// maxOptions bounds the options in one answer. They take at most 10 MB of
// memory, even if the server sent only a few bytes for each.
const maxOptions = 1 << 16

// readPause is how long the configuration of an application is requested later
// than needed, so that many applications share a request.
const readPause = 50 * time.Millisecond

// bulkTimeout returns the timeout of a call for several applications. One step
// can have more than maxItems, but no change takes longer than LongestCall.
func bulkTimeout(apps int) time.Duration {
	return wire.CallTimeout + time.Duration(min(apps, maxItems))*itemTimeout
}

// asker returns the ID of the secret of the object that makes a query, empty if
// it is not known. The lock is held.
func (m *Model) asker(query plan.Query) string {
	if _, byName := m.snapshot.Find(query); query.ID == "" && byName != nil {
		return byName.ID
	}
	return query.ID
}

// configured waits for the configurations of the applications of a query, and
// returns a problem if they are not known. Concurrent callers share a read.
func (m *Model) configured(ctx context.Context, query plan.Query) (map[string]plan.Application, *plan.Problem) {
	m.mu.Lock()
	reads := m.configurations.ask(query, time.Now())
	m.configurations.watch(query.Applications, m.asker(query), time.Now())
	m.mu.Unlock()
	if len(reads) > 0 && query.Age != plan.Fresh {
		m.gatherReads(ctx)
	}
	problem := m.awaitReads(ctx, reads, firstListingTimeout-readPause)
	m.mu.Lock()
	defer m.mu.Unlock()
	if problem != nil && !m.configurations.suffice(query, reads, problem.Reason) {
		return nil, problem
	}
	return m.configurations.view(query.Applications, reads), nil
}

// gatherReads waits for callers that need other applications of the model, so
// that one read serves all of them. Objects that are created together arrive
// within a moment.
func (m *Model) gatherReads(ctx context.Context) {
	select {
	case <-time.After(readPause):
	case <-m.link.Closing():
	case <-ctx.Done():
	}
}

// awaitReads makes reads that were requested, waits for their end, and returns
// the first problem.
func (m *Model) awaitReads(ctx context.Context, reads []*configRead, timeout time.Duration) *plan.Problem {
	if len(reads) > 0 {
		go m.read(context.WithoutCancel(ctx)) // Other callers may share it.
	}
	expired := time.After(timeout)
	for _, read := range reads {
		select {
		case <-read.done:
		case <-m.link.Closing():
			return m.link.Ended()
		case <-expired:
		case <-ctx.Done():
		}
		m.mu.Lock()
		read.promised = !read.ended()
		m.mu.Unlock()
		switch {
		case read.promised:
			return notReadYet()
		case read.problem != nil:
			return read.problem
		}
	}
	return nil
}

// notReadYet returns the problem of a caller that stopped waiting for a read.
func notReadYet() *plan.Problem {
	return &plan.Problem{
		Reason:  v1alpha1.ReasonJujuUnreachable,
		Message: "the controller has not sent the configuration of the applications yet",
	}
}

// read makes the requested reads, and notifies of differences. At most one read
// is in flight.
func (m *Model) read(ctx context.Context) {
	for {
		m.mu.Lock()
		read := m.configurations.begin(time.Now())
		m.mu.Unlock()
		if read == nil {
			return
		}
		found, problem := m.getConfig(ctx, slices.Sorted(maps.Keys(read.apps)))
		m.mu.Lock()
		change := plan.Change{IDs: m.configurations.end(found, problem)}
		notify := len(change.IDs) > 0 || read.promised
		if read.promised {
			change.IDs = m.configurations.askedFor(slices.Collect(maps.Keys(read.apps))...)
		}
		m.mu.Unlock()
		if notify {
			m.notify(change)
		}
	}
}

// refreshConfigurations requests the configurations of all watched applications
// if that is due after a refresh that began at a time. The lock is held.
func (m *Model) refreshConfigurations(began time.Time) {
	c := &m.configurations
	c.forget(func(id string) bool { return m.snapshot.Get(id) != nil }, began)
	if c.due(began, m.interval) {
		c.askAll(began)
	}
}

// getConfig returns the configurations of applications. The problem of an
// application is in its configuration.
func (m *Model) getConfig(ctx context.Context, apps []string) (map[string]plan.Application, *plan.Problem) {
	found := make(map[string]plan.Application, len(apps))
	for some := range slices.Chunk(apps, maxItems) { // The answer must not be too large.
		var args params.Entities
		for _, app := range some {
			args.Entities = append(args.Entities, params.Entity{Tag: names.NewApplicationTag(app).String()})
		}
		var results configResults
		what := facadeMethod{facade: applicationFacade, method: "GetConfig", timeout: bulkTimeout(len(some))}
		if problem := m.request(ctx, what, args, &results); problem != nil {
			return nil, problem
		}
		for i, app := range some {
			result := item(results.results, i, configResult{Error: unanswered()})
			if result.Error != nil {
				problem := wire.ConfigProblem(app, result.Error)
				found[app] = plan.Application{Problem: &problem}
				continue
			}
			options := make(map[string]plan.Option, len(result.Config))
			for name, option := range result.Config {
				options[name] = plan.Option(option)
			}
			found[app] = plan.Application{Options: options}
		}
	}
	return found, nil
}

// configResults is Juju's answer to GetConfig.
type configResults struct{ results []configResult }

// configResult is the configuration of one application.
type configResult struct {
	Config map[string]listedOption `json:"config"`
	Error  *params.Error           `json:"error"`
}

// listedOption is an option as Juju lists it, without its value.
type listedOption plan.Option

// UnmarshalJSON implements json.Unmarshaler. It decodes the applications one by
// one.
func (r *configResults) UnmarshalJSON(text []byte) error {
	options := 0
	return json.Unmarshal(text, &struct {
		Results wire.StreamArray `json:"results"`
	}{func(element []byte) error {
		var result configResult
		if wire.TooManyValues(element) {
			return wire.LimitError(fmt.Sprintf(
				"the controller sent a configuration with more than %d values, which the operator rejects", wire.MaxValues))
		}
		if err := json.Unmarshal(element, &result); err != nil {
			return err
		}
		if options += 1 + len(result.Config); options > maxOptions {
			return wire.LimitError(fmt.Sprintf(
				"the controller sent more than %d options of applications, which the operator rejects", maxOptions))
		}
		r.results = append(r.results, result)
		return nil
	}})
}

// UnmarshalJSON implements json.Unmarshaler. A value that does not name a secret
// is not kept, because it can be a password.
func (o *listedOption) UnmarshalJSON(text []byte) error {
	var listed struct {
		Type   string          `json:"type"`
		Source string          `json:"source"`
		Value  json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		return err
	}
	var value string
	isText := json.Unmarshal(listed.Value, &value) == nil
	*o = listedOption{Type: listed.Type, IsSet: listed.Source == "user" && (!isText || value != "")}
	o.SecretID, o.Format = namedSecret(value)
	return nil
}

// namedSecret returns the ID of the secret that the value of an option names,
// and how, if it is one of the formats that the operator writes.
func namedSecret(value string) (id string, format v1alpha1.SecretFormat) {
	uri, err := coresecrets.ParseURI(value)
	if err != nil {
		return "", ""
	}
	for _, format := range []v1alpha1.SecretFormat{v1alpha1.FormatURI, v1alpha1.FormatID} {
		if value == format.Text(uri.ID) {
			return uri.ID, format
		}
	}
	return uri.ID, ""
}

// jobChange is one item of a call: what a job changes of one application.
type jobChange struct {
	optionChange

	job *job
}

// changesOf returns what a batch of SetOptions or ResetOptions changes, by job
// and application.
func changesOf(batch []*job) []jobChange {
	var all []jobChange
	for _, j := range batch {
		for _, change := range optionChanges(j.step()) {
			all = append(all, jobChange{change, j})
		}
	}
	return all
}

// optionChanges returns what a SetOptions or ResetOptions changes, by
// application.
func optionChanges(step plan.Step) []optionChange {
	var all []optionChange
	add := func(change optionChange, option plan.AppOption, format v1alpha1.SecretFormat) {
		i := slices.IndexFunc(all, func(other optionChange) bool { return other.app == option.Application })
		if i < 0 {
			change.app, change.options = option.Application, map[string]v1alpha1.SecretFormat{}
			i, all = len(all), append(all, change)
		}
		all[i].options[option.Name] = format
	}
	switch step := step.(type) {
	case plan.SetOptions:
		for _, option := range step.Options {
			add(optionChange{id: step.ID}, option.AppOption, option.Format)
		}
	case plan.ResetOptions:
		for _, option := range step.Options {
			add(optionChange{id: step.ID, reset: true}, option, "")
		}
	}
	return all
}

// setOptions makes one call that sets options of applications.
func (m *Model) setOptions(ctx context.Context, batch []*job) {
	changes := changesOf(batch)
	var args params.ConfigSetArgs
	for _, change := range changes {
		config := make(map[string]string, len(change.options))
		for name, format := range change.options {
			config[name] = format.Text(change.id)
		}
		args.Args = append(args.Args, params.ConfigSet{ApplicationName: change.app, Config: config})
	}
	answerAll(batch, plan.Outcome{})
	m.changeOptions(ctx, "SetConfigs", changes, args)
}

// resetOptions makes one call that resets options of applications, for the
// options that name the secret of their step. It reads them first, because
// another client may have set them.
func (m *Model) resetOptions(ctx context.Context, batch []*job) {
	changes := changesOf(batch)
	ctx, cancel := context.WithTimeout(ctx, bulkTimeout(len(changes))) // For both calls.
	defer cancel()
	found, problem := m.readNow(ctx, changes)
	if problem != nil {
		answerAll(batch, plan.Outcome{Problem: problem})
		return
	}
	answerAll(batch, plan.Outcome{})
	changes = stillNaming(changes, found)
	var args params.ApplicationConfigUnsetArgs
	for _, change := range changes {
		args.Args = append(args.Args, params.ApplicationUnset{ApplicationName: change.app, Options: change.names()})
	}
	m.changeOptions(ctx, "UnsetApplicationsConfig", changes, args)
}

// readNow reads the configurations of the applications of changes.
func (m *Model) readNow(ctx context.Context, changes []jobChange) (map[string]plan.Application, *plan.Problem) {
	query := plan.Query{Age: plan.Fresh}
	for _, change := range changes {
		query.Applications = append(query.Applications, change.app)
	}
	m.mu.Lock()
	reads := m.configurations.ask(query, time.Now())
	m.mu.Unlock()
	if problem := m.awaitReads(ctx, reads, bulkTimeout(len(changes))); problem != nil {
		return nil, problem
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configurations.view(query.Applications, reads), nil
}

// stillNaming returns the changes without the options that do not name the
// secret any more. It sets the problems of applications that could not be read.
func stillNaming(changes []jobChange, found map[string]plan.Application) []jobChange {
	var left []jobChange
	for _, change := range changes {
		if problem := found[change.app].Problem; problem != nil {
			change.answer(*problem)
			continue
		}
		maps.DeleteFunc(change.options, func(name string, _ v1alpha1.SecretFormat) bool {
			option := found[change.app].Options[name]
			return !option.IsSet || option.SecretID != change.id
		})
		if len(change.options) > 0 {
			left = append(left, change)
		}
	}
	return left
}

// answer sets the problem of an application in the outcome of its job. An
// application that is not there has nothing to reset.
func (c jobChange) answer(problem plan.Problem) {
	if c.reset && problem.Reason == v1alpha1.ReasonApplicationNotFound {
		return
	}
	outcome := &c.job.outcomes[c.job.next]
	if outcome.Applications == nil {
		outcome.Applications = map[string]plan.Problem{}
	}
	outcome.Applications[c.app] = problem
}

// changeOptions makes one call that changes options, none if there are none. It
// sets the outcomes, and adds the changes to what is known.
func (m *Model) changeOptions(ctx context.Context, method string, changes []jobChange, args any) {
	if len(changes) == 0 {
		return
	}
	var results params.ErrorResults
	what := facadeMethod{facade: applicationFacade, method: method, timeout: bulkTimeout(len(changes))}
	if problem := m.request(ctx, what, args, &results); problem != nil {
		for _, change := range changes {
			change.job.outcomes[change.job.next].Problem = problem
		}
		return
	}
	others := plan.Change{Own: plan.OwnRevoke}
	m.mu.Lock()
	for i, change := range changes {
		if err := item(results.Results, i, params.ErrorResult{Error: unanswered()}).Error; err != nil {
			change.answer(wire.ConfigProblem(change.app, err))
			continue
		}
		if ids := m.configurations.foldForOthers(change.optionChange); len(ids) > 0 {
			others.IDs, others.Applications = append(others.IDs, ids...), append(others.Applications, change.app)
		}
	}
	m.mu.Unlock()
	if len(others.IDs) > 0 {
		m.notify(others)
	}
}

// doubtOptions makes callers read the applications of the last step of a job
// again, whose options are unknown now.
func (m *Model) doubtOptions(j *job) {
	outcome := j.outcomes[j.next]
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, change := range optionChanges(j.step()) {
		_, failed := outcome.Applications[change.app]
		if failed || outcome.Problem != nil && !outcome.Problem.Definite() {
			m.configurations.doubt(change.app)
		}
	}
}

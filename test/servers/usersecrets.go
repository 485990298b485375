// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/juju/juju/api/client/secrets"
	coresecrets "github.com/juju/juju/core/secrets"

	"github.com/juju-secrets/operator/internal/content"
)

// UserSecret is a secret as Juju's own client shows it, including its values.
type UserSecret struct {
	ID, Name, Info string
	Revision       int
	// Content is the content of the latest revision. It is comparable, and
	// prints as REDACTED.
	Content content.Content
	// Granted are the applications with a grant, sorted.
	Granted []string
}

// Content returns the content with these values by key.
func Content(values map[string]string) content.Content {
	plain := make(map[string][]byte, len(values))
	for key, value := range values {
		plain[key] = []byte(value)
	}
	return content.New(plain)
}

// Secrets lists the secrets of a model with their content, sorted by name.
func (j *Juju) Secrets(ctx context.Context, model Model) ([]UserSecret, error) {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return nil, err
	}
	listed, err := client.ListSecrets(ctx, true, coresecrets.Filter{})
	if err != nil {
		return nil, err
	}
	var found []UserSecret
	for _, details := range listed {
		secret := UserSecret{
			ID: details.Metadata.URI.ID, Name: details.Metadata.Label, Info: details.Metadata.Description,
			Revision: details.Metadata.LatestRevision,
		}
		if details.Value != nil {
			values, err := details.Value.Values()
			if err != nil {
				return nil, err
			}
			secret.Content = Content(values)
		}
		for _, access := range details.Access {
			if app := strings.TrimPrefix(access.Target, "application-"); app != "" {
				secret.Granted = append(secret.Granted, app)
			}
		}
		slices.Sort(secret.Granted)
		found = append(found, secret)
	}
	slices.SortFunc(found, func(a, b UserSecret) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

// AddSecret manually adds a secret, and returns its ID.
func (j *Juju) AddSecret(
	ctx context.Context, model Model, name, info string, values map[string]string,
) (id string, err error) {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return "", err
	}
	uri, err := client.CreateSecret(ctx, name, info, Content(values).Encoded())
	return strings.TrimPrefix(uri, coresecrets.SecretScheme+":"), err
}

// UpdateSecret manually changes a secret. Empty arguments change nothing.
func (j *Juju) UpdateSecret(
	ctx context.Context, model Model, id, newName, info string, values map[string]string,
) error {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return err
	}
	return client.UpdateSecret(ctx, &coresecrets.URI{ID: id}, "", nil, newName, info, Content(values).Encoded())
}

// RemoveSecret manually removes a secret.
func (j *Juju) RemoveSecret(ctx context.Context, model Model, id string) error {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return err
	}
	return client.RemoveSecret(ctx, &coresecrets.URI{ID: id}, "", nil)
}

// RemoveRevision manually removes one revision of a secret, and waits until
// Juju has removed it. The operator may already have added another revision,
// with the same number.
func (j *Juju) RemoveRevision(ctx context.Context, model Model, id string, revision int) error {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return err
	}
	created, err := whenCreated(ctx, client, id, revision)
	if err != nil {
		return err
	}
	if err := client.RemoveSecret(ctx, &coresecrets.URI{ID: id}, "", &revision); err != nil {
		return err
	}
	return Await(ctx, startTimeout, func() (string, error) {
		if found, err := whenCreated(ctx, client, id, revision); err != nil || !found.Equal(created) {
			return "", err
		}
		return "the revision is still there", nil
	})
}

// whenCreated returns when a revision of a secret was created, the zero time if
// there is no such revision.
func whenCreated(ctx context.Context, client *secrets.Client, id string, revision int) (at time.Time, err error) {
	listed, err := client.ListSecrets(ctx, false, coresecrets.Filter{URI: &coresecrets.URI{ID: id}})
	for _, details := range listed {
		for _, r := range details.Revisions {
			if r.Revision == revision {
				at = r.CreateTime
			}
		}
	}
	return at, err
}

// Revisions returns the numbers of the existing revisions of a secret, the
// oldest first.
func (j *Juju) Revisions(ctx context.Context, model Model, id string) ([]int, error) {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return nil, err
	}
	listed, err := client.ListSecrets(ctx, false, coresecrets.Filter{URI: &coresecrets.URI{ID: id}})
	var numbers []int
	for _, details := range listed {
		for _, revision := range details.Revisions {
			numbers = append(numbers, revision.Revision)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// Grant manually grants a secret to applications.
func (j *Juju) Grant(ctx context.Context, model Model, id string, apps ...string) error {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return err
	}
	results, err := client.GrantSecret(ctx, &coresecrets.URI{ID: id}, "", apps)
	for _, result := range results {
		err = cmp.Or(err, result)
	}
	return err
}

// Revoke manually revokes a secret from applications.
func (j *Juju) Revoke(ctx context.Context, model Model, id string, apps ...string) error {
	client, err := j.secretsClient(ctx, model)
	if err != nil {
		return err
	}
	results, err := client.RevokeSecret(ctx, &coresecrets.URI{ID: id}, "", apps)
	for _, result := range results {
		err = cmp.Or(err, result)
	}
	return err
}

func (j *Juju) secretsClient(ctx context.Context, model Model) (*secrets.Client, error) {
	conn, err := j.connection(ctx, model.UUID)
	if err != nil {
		return nil, err
	}
	return secrets.NewClient(conn), nil
}

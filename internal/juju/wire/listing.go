// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"slices"
	"strings"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// UserSecret returns the user secret of an entry of a listing. For a secret
// that a charm owns it returns only the ID, and false.
func UserSecret(listed params.ListSecretResult) (secret plan.UserSecret, ok bool) {
	uri, err := coresecrets.ParseURI(listed.URI)
	if err != nil {
		return plan.UserSecret{}, false
	}
	owner, err := names.ParseTag(listed.OwnerTag)
	if err != nil || owner.Kind() != names.ModelTagKind {
		return plan.UserSecret{ID: uri.ID}, false
	}
	secret = plan.UserSecret{
		ID: uri.ID, Name: listed.Label, Info: listed.Description,
		Revision: listed.LatestRevision,
		RevisionGone: !slices.ContainsFunc(listed.Revisions, func(r params.SecretRevision) bool {
			return r.Revision == listed.LatestRevision
		}),
		Checksum: content.Seal(listed.LatestRevisionChecksum),
		Unsummed: listed.LatestRevisionChecksum == "",
	}
	for _, access := range listed.Access {
		app, ok := strings.CutPrefix(access.TargetTag, names.ApplicationTagKind+"-")
		if ok && app != "" { // It is empty if the application was removed.
			secret.Granted = append(secret.Granted, app)
		}
	}
	slices.Sort(secret.Granted)
	return secret, true
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"fmt"
	"slices"
	"strings"

	coresecrets "github.com/juju/juju/core/secrets"
	"github.com/juju/juju/core/semversion"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// This file has what differs between the versions of Juju: nothing else in the package knows any of them.
//
//	                                 3.3 to 3.5        3.6               4
//	checksums in a listing           none              yes               yes, under a revision that is gone too
//	RemoveSecrets                    removes           removes           removes some time later
//	a secret that is not there       "not found"       "not found"       "secret not found"
//	an unknown application           "not found"       "not found"       no code
//	a grant whose application went   gone with it      gone with it      listed without a name
//	ListSecrets during removals      lists             lists             may fail with "secret not found"

// secretsFacade is the facade of Juju that is about secrets.
const secretsFacade = "Secrets"

// userSecretsVersion is the first version of the Secrets facade with user secrets, of Juju 3.3.
const userSecretsVersion = 2

// tooOld is the trouble with a controller that does not have a facade as it is needed here.
func tooOld(facade string, version int) *plan.Trouble {
	if facade != secretsFacade && version > 0 || version >= userSecretsVersion {
		return nil
	}
	return &plan.Trouble{
		Kind: plan.TooOld, Message: "the controller's Juju has no user secrets: upgrade it to 3.3 or later, best to 3.6",
	}
}

// userSecret translates an entry of a listing. It is no user secret if a charm owns it: then only its ID is told.
func userSecret(listed params.ListSecretResult) (secret plan.UserSecret, ok bool) {
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
		if ok && app != "" { // Empty: a grant that outlived its application.
			secret.Granted = append(secret.Granted, app)
		}
	}
	slices.Sort(secret.Granted)
	return secret, true
}

// withChecksum is a secret as listed, with the checksum that is known of its latest revision if Juju does not tell one.
func withChecksum(listed, known plan.UserSecret) plan.UserSecret {
	if listed.Unsummed && listed.Revision == known.Revision && !listed.RevisionGone {
		listed.Checksum = known.Checksum
	}
	return listed
}

// tellsChecksums tells whether a version of Juju lists the checksums of what is written from now on.
func tellsChecksums(version semversion.Number) bool {
	return version.Compare(semversion.Number{Major: 3, Minor: 6}) >= 0
}

// grantTrouble is the answer to the grant or revoke of one application.
func grantTrouble(app string, err error) plan.Trouble {
	if strings.HasSuffix(err.Error(), fmt.Sprintf("application %q not found", app)) {
		return plan.Trouble{
			Kind:    plan.ApplicationNotFound,
			Message: fmt.Sprintf("the model has no application %q: it is granted when somebody deploys it", app),
		}
	}
	return *trouble(err)
}

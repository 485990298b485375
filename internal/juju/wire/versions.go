// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"strings"

	"github.com/juju/juju/core/semversion"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// This file handles all differences between the versions of Juju.
//
//	                                 3.3 to 3.5        3.6               4
//	checksums in a listing           none              yes               yes, under a revision that is gone too
//	RemoveSecrets                    removes           removes           removes some time later
//	a missing secret                 "not found"       "not found"       "secret not found"
//	an unknown application           "not found"       "not found"       no code
//	a config of an unknown one       "not found"       "not found"       "not found", its name without quotes
//	a grant to a removed application removed           removed           listed without a name
//	ListSecrets during removals      lists             lists             may fail with "secret not found"
//	ListSecrets with a missing ID    empty             empty             "secret not found"
//	ListSecrets with a name          may ignore it     secrets with it   secrets with it
//	a login to a migrated model      redirects         redirects         "model not found" until 4.1
//
// All versions answer a login to a removed model with "model not found", and a
// login without access with "permission denied". Juju 3.6 answers a user without
// access to a migrated model like a user with a wrong password.

// SecretsFacade is Juju's facade for secrets.
const SecretsFacade = "Secrets"

// userSecretsVersion is the first version of the Secrets facade with user
// secrets. Juju 3.3 introduced it.
const userSecretsVersion = 2

// Unsupported returns a problem if the version of a facade is too old, or nil.
func Unsupported(facade string, version int) *plan.Problem {
	if facade != SecretsFacade && version > 0 || version >= userSecretsVersion {
		return nil
	}
	return &plan.Problem{
		Reason:  v1alpha1.ReasonUnsupportedJujuVersion,
		Message: "the controller's Juju version has no user secrets: upgrade it to 3.3 or later, preferably 3.6",
	}
}

// WithChecksum returns a listed secret with its checksum. If Juju listed none,
// it adds the known checksum of the same revision.
func WithChecksum(listed, known plan.UserSecret) plan.UserSecret {
	if listed.Unsummed && listed.Revision == known.Revision && !listed.RevisionGone {
		listed.Checksum = known.Checksum
	}
	return listed
}

// ListsChecksums reports whether a version of Juju lists the checksums of the
// revisions that it writes.
func ListsChecksums(version semversion.Number) bool {
	return version.Compare(semversion.Number{Major: 3, Minor: 6}) >= 0
}

// GrantProblem returns the problem for the error of a grant or revoke for one
// application.
func GrantProblem(app string, err error) plan.Problem {
	if strings.HasSuffix(err.Error(), fmt.Sprintf("application %q not found", app)) {
		return plan.Problem{
			Reason:  v1alpha1.ReasonApplicationNotFound,
			Message: fmt.Sprintf("the model has no application %q: it is granted once it is deployed", app),
		}
	}
	return *ProblemOf(err)
}

// ConfigProblem returns the problem for the error of a request for the
// configuration of one application. Juju 4 may write its name without quotes.
func ConfigProblem(app string, err error) plan.Problem {
	problem := GrantProblem(app, err)
	switch {
	case problem.Reason != v1alpha1.ReasonSecretNotFound:
	case strings.HasSuffix(err.Error(), fmt.Sprintf("application %s not found", app)):
		return GrantProblem(app, fmt.Errorf("application %q not found", app))
	default:
		problem.Reason = v1alpha1.ReasonFailed // The request names no secret to Juju.
	}
	return problem
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// ControllerSeen is all that a decision about one ClusterJujuController may depend on.
type ControllerSeen struct {
	// CredentialsSecret is the namespace/name of the Secret that the credentials are in.
	CredentialsSecret string
	// CredentialsFound tells whether it exists.
	CredentialsFound bool
	// Connection is what the object and the Secret give.
	Connection content.Connection
}

// ForController decides whether to connect; if not, the verdict says why. A connection that is open stays open, since
// credentials that are missing for a moment are most often being replaced.
func ForController(seen ControllerSeen) (verdict Verdict, connect bool) {
	missing := ""
	switch {
	case !seen.CredentialsFound:
		missing = "does not exist"
	case seen.Connection.Username == "":
		missing = `has no key "username"`
	case seen.Connection.Password.Open() == "":
		missing = `has no key "password"`
	default:
		return Verdict{}, true
	}
	return Verdict{
		Reason: v1alpha1.ReasonSourceNotFound,
		Message: fmt.Sprintf("the credentials Secret %s %s: create it with the keys username and password",
			seen.CredentialsSecret, missing),
	}, false
}

// ForHealth is the verdict on a controller that the operator tried to connect to.
func ForHealth(health Health) Verdict {
	if health.Trouble != nil {
		return health.Trouble.verdict()
	}
	return Verdict{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"}
}

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
	// Deleting: the object is on its way out.
	Deleting bool
	// Held tells that the object has the finalizer.
	Held bool
	// User is the namespace/name of an object for which something in Juju was made through it, empty if there is none.
	User string
	// CredentialsSecret is the namespace/name of the Secret that the credentials are in.
	CredentialsSecret string
	// CredentialsFound tells whether it exists.
	CredentialsFound bool
	// CredentialsHeld tells that it has the finalizer.
	CredentialsHeld bool
	// CredentialsGoing tells that it is being deleted.
	CredentialsGoing bool
	// Connection is what the object and the Secret give.
	Connection content.Connection
}

// ControllerPlan is what to do about one ClusterJujuController, in the order of its fields.
type ControllerPlan struct {
	// Held: the finalizer stays on the object, or comes there.
	Held bool
	// HoldCredentials: the finalizer comes on the credentials Secret. ForCredentials says when it goes.
	HoldCredentials bool
	// Connect with what was seen.
	Connect bool
	// Verdict is what to tell, unless the connection is in trouble.
	Verdict Verdict
}

// ForController decides what to do about a ClusterJujuController. It and its credentials are held before anything is made
// through it, so that what is made can also be removed. A connection that is open stays open, whatever becomes of the
// credentials.
func ForController(seen ControllerSeen) ControllerPlan {
	if seen.Deleting && seen.User == "" {
		return ControllerPlan{Verdict: Verdict{Reason: v1alpha1.ReasonRemoved}}
	}
	missing := ""
	switch {
	case !seen.CredentialsFound:
		missing = "does not exist"
	case seen.Connection.Username == "":
		missing = `has no key "username"`
	case seen.Connection.Password.Open() == "":
		missing = `has no key "password"`
	}
	plan := ControllerPlan{
		Held:            seen.Held || !seen.Deleting, // Kubernetes takes no new finalizer on what goes.
		HoldCredentials: seen.CredentialsFound && !seen.CredentialsHeld && !seen.CredentialsGoing,
		Connect:         missing == "",
	}
	switch {
	case missing != "":
		plan.Verdict = Verdict{
			Reason: v1alpha1.ReasonSourceNotFound,
			Message: fmt.Sprintf("the credentials Secret %s %s: create it with the keys username and password",
				seen.CredentialsSecret, missing),
		}
	case seen.Deleting:
		plan.Verdict = Verdict{
			Reason: v1alpha1.ReasonInUse,
			Message: fmt.Sprintf("kept until nothing in Juju was made through it any more, for example for %s: delete that, or let it "+
				"go with the annotation %s", seen.User, v1alpha1.AnnotationAbandon),
		}
	default:
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"}
	}
	if plan.Connect && seen.CredentialsGoing {
		plan.Verdict.Message += fmt.Sprintf("; the credentials Secret %s is being deleted, and kept as long as it is needed: to "+
			"replace it name another one in spec.credentials, or change its keys", seen.CredentialsSecret)
	}
	return plan
}

// CredentialsSeen is all that a decision about a Secret that is held for its credentials may depend on.
type CredentialsSeen struct {
	// Deleting: the Secret is on its way out.
	Deleting bool
	// Named tells that a controller object names it.
	Named bool
	// InUse tells that something in Juju was made through one of those.
	InUse bool
}

// ForCredentials decides whether a Secret is still held.
func ForCredentials(seen CredentialsSeen) bool {
	return seen.Named && (seen.InUse || !seen.Deleting)
}

// ForHealth is what to tell of a controller that the operator tried to connect to.
func ForHealth(well Verdict, health Health) Verdict {
	if health.Trouble != nil {
		return health.Trouble.verdict()
	}
	return well
}

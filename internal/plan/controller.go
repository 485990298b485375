// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// ControllerSeen is all that a decision about one controller object may depend on.
type ControllerSeen struct {
	// Deleting: the object is on its way out.
	Deleting bool
	// Held tells that the object has the finalizer.
	Held bool
	// Elsewhere tells that the object is of another class, so that another installation of the operator serves it.
	Elsewhere bool
	// User is the namespace/name of an object for which something in Juju was made through it, empty if there is none.
	User string
	// Credentials is the Secret that the credentials are in.
	Credentials CredentialsSecret
	// Certificate is where the certificate of the controller's authority comes from, nil if it stands in the spec or none is
	// given.
	Certificate *CertificateSource
	// Connection is what the object and its sources give.
	Connection content.Connection
}

// CredentialsSecret is a Secret with credentials.
type CredentialsSecret struct {
	// Name is its namespace/name.
	Name string
	// Found tells whether it exists.
	Found bool
	// Held tells that it has the finalizer.
	Held bool
	// Going tells that it is being deleted.
	Going bool
	// Keys are those that it must have; Lacking are those of them that it has not, or empty.
	Keys, Lacking []string
}

// missing says what is not as it must be, empty if all is.
func (s CredentialsSecret) missing() string {
	if !s.Found {
		return "does not exist"
	}
	if len(s.Lacking) > 0 {
		return fmt.Sprintf("has no key %q", s.Lacking[0])
	}
	return ""
}

// CertificateSource is a key of a Secret or a ConfigMap.
type CertificateSource struct {
	// Object names it with its kind, Key is the key.
	Object, Key string
	// Found tells whether there is something under the key.
	Found bool
	// Kept is the certificate of the last login, as the status has it, empty if there is none.
	Kept string
}

// ControllerPlan is what to do about one controller object, in the order of its fields.
type ControllerPlan struct {
	// Leave: do nothing of what follows, as the object is none of ours.
	Leave bool
	// HoldCredentials: the finalizer comes on the credentials Secret. ForCredentials says when it goes otherwise.
	HoldCredentials bool
	// ReleaseCredentials: it goes from there, unless another controller object names the Secret as well.
	ReleaseCredentials bool
	// Held: the finalizer stays on the object, or comes there.
	Held bool
	// Connect with what was seen, but with CACertificate: that was seen, or kept from the last login.
	Connect       bool
	CACertificate string
	// Verdict is what to tell, unless the connection is in trouble.
	Verdict Verdict
}

// ForController decides what to do about a controller object. It and its credentials are held before anything is made
// through it, so that what is made can also be removed. A connection that is open stays open, whatever becomes of the
// credentials.
func ForController(seen ControllerSeen) ControllerPlan {
	switch {
	case seen.Elsewhere:
		return ControllerPlan{Leave: true}
	case seen.Deleting && seen.User == "":
		return ControllerPlan{ReleaseCredentials: true, Verdict: Verdict{Reason: v1alpha1.ReasonRemoved}}
	}
	missing := missingSource(seen)
	plan := ControllerPlan{
		Held:            seen.Held || !seen.Deleting, // Kubernetes takes no new finalizer on what goes.
		HoldCredentials: seen.Credentials.Found && !seen.Credentials.Held && !seen.Credentials.Going,
		Connect:         missing == "",
	}
	if plan.Connect {
		plan.CACertificate = seen.Connection.CACertificate
		if servesKept(seen) {
			plan.CACertificate = seen.Certificate.Kept
		}
	}
	switch {
	case missing != "":
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonSourceNotFound, Message: missing}
	case seen.Deleting:
		plan.Verdict = Verdict{
			Reason: v1alpha1.ReasonInUse,
			Message: fmt.Sprintf("kept until nothing in Juju was made through it any more, for example for %s: delete that, or let it "+
				"go with the annotation %s", seen.User, v1alpha1.AnnotationAbandon),
		}
	default:
		plan.Verdict = Verdict{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"}
	}
	if plan.Connect && servesKept(seen) {
		plan.Verdict.Message += fmt.Sprintf("; %s, which spec.caCertificateFrom names, has no certificate any more: that in "+
			"status.caCertificate serves", seen.Certificate.Object)
	}
	if plan.Connect && seen.Credentials.Going {
		plan.Verdict.Message += fmt.Sprintf("; the credentials Secret %s is being deleted, and kept as long as it is needed: to "+
			"replace it name another one in spec.credentials, or change its keys", seen.Credentials.Name)
	}
	return plan
}

// missingSource says what is missing to connect, and what to do, empty if nothing is.
func missingSource(seen ControllerSeen) string {
	if missing := seen.Credentials.missing(); missing != "" {
		return fmt.Sprintf("the credentials Secret %s %s: create it with the keys %s", seen.Credentials.Name, missing,
			strings.Join(seen.Credentials.Keys, " and "))
	}
	if from := seen.Certificate; from != nil && !from.Found && !servesKept(seen) {
		return fmt.Sprintf("%s, which spec.caCertificateFrom names, does not exist or has nothing under the key %q: put the "+
			"controller's CA certificate there", from.Object, from.Key)
	}
	return ""
}

// servesKept tells that the certificate of the last login stands in for its source. Nobody holds that: it goes at once when its
// namespace is deleted, and cannot be made again there.
func servesKept(seen ControllerSeen) bool {
	from := seen.Certificate
	return seen.Deleting && from != nil && !from.Found && from.Kept != ""
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

// ForHealth is what to tell of a controller that the operator tried to connect to. Models are those that objects use, with what is
// known of them, be it from before: after a start they are connected one by one, which is no news.
func ForHealth(well Verdict, health Health, models []v1alpha1.ModelStatus) Verdict {
	if health.Trouble != nil {
		return health.Trouble.verdict()
	}
	if powers := tooPowerful(models); powers != "" && well.Reason == v1alpha1.ReasonConnected {
		well.Message += fmt.Sprintf("; the user %s has more access than it needs, %s: write access is enough", health.User, powers)
	}
	return well
}

// toldModels is how many models a message names.
const toldModels = 3

// tooPowerful names models in which the operator's user may do more than it has to, and what.
func tooPowerful(models []v1alpha1.ModelStatus) string {
	var powers []string
	for _, model := range models {
		switch model.Access {
		case AccessSuperuser:
			return "that of a superuser of the controller"
		case AccessAdmin:
			powers = append(powers, "admin of "+model.Name)
		}
	}
	slices.Sort(powers)
	if more := len(powers) - toldModels; more > 0 {
		powers = append(powers[:toldModels], fmt.Sprintf("and %d models more", more))
	}
	return strings.Join(powers, ", ")
}

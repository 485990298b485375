// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/content"
)

// ControllerFacts are all facts that a decision about one controller object can
// depend on.
type ControllerFacts struct {
	// Deleting is true when the object is being deleted.
	Deleting bool
	// Held is true when the object has the finalizer.
	Held bool
	// User is the namespace/name of an object that owns something in Juju
	// through this controller object, empty if there is none.
	User string
	// Credentials is the Secret with the credentials.
	Credentials CredentialsSecret
	// Certificate is the source of the CA certificate, nil if the spec contains
	// the certificate or none is given.
	Certificate *CertificateSource
	// Connection is the connection that the object and its sources define.
	Connection content.Connection
}

// CredentialsSecret is a Secret with credentials.
type CredentialsSecret struct {
	// Name is its namespace/name.
	Name string
	// Found is true when the Secret exists.
	Found bool
	// Held is true when it has the finalizer.
	Held bool
	// Deleting is true when it is being deleted.
	Deleting bool
	// Keys are the required keys. Lacking are the required keys that are
	// missing or empty.
	Keys, Lacking []string
}

// missing returns what is wrong with the Secret, empty if nothing is.
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
	// Object is its kind and name. Key is the key.
	Object, Key string
	// Found is true when there is a value under the key.
	Found bool
	// Kept is the certificate of the last login, from the status. It is empty
	// if there is none.
	Kept string
}

// ControllerPlan is what to do about one controller object, in the order of the
// fields.
type ControllerPlan struct {
	// HoldCredentials is true when the finalizer is added to the credentials
	// Secret. ForCredentials decides when it is removed.
	HoldCredentials bool
	// ReleaseCredentials is true when the finalizer is removed from it, unless
	// another controller object refers to the Secret too.
	ReleaseCredentials bool
	// Held is true when the finalizer is kept on the object, or added to it.
	Held bool
	// Connect is true when the operator connects with the connection in the
	// facts and this CACertificate: the certificate of the source, otherwise
	// the certificate of the last login.
	Connect       bool
	CACertificate string
	// Condition is reported unless the connection has a problem.
	Condition Condition
}

// ForController returns the plan for a controller object. The object and its
// credentials get the finalizer before anything is created through it, so that
// what is created can also be removed. An open connection stays open when the
// credentials disappear.
func ForController(facts ControllerFacts) ControllerPlan {
	if facts.Deleting && facts.User == "" {
		return ControllerPlan{ReleaseCredentials: true, Condition: Condition{Reason: v1alpha1.ReasonRemoved}}
	}
	missing := missingSource(facts)
	plan := ControllerPlan{
		Held:            facts.Held || !facts.Deleting, // Kubernetes accepts no new finalizer during a deletion.
		HoldCredentials: facts.Credentials.Found && !facts.Credentials.Held && !facts.Credentials.Deleting,
		Connect:         missing == "",
	}
	if plan.Connect {
		plan.CACertificate = facts.Connection.CACertificate
		if usesKeptCertificate(facts) {
			plan.CACertificate = facts.Certificate.Kept
		}
	}
	switch {
	case missing != "":
		plan.Condition = Condition{Reason: v1alpha1.ReasonSourceNotFound, Message: missing}
	case facts.Deleting:
		plan.Condition = Condition{
			Reason: v1alpha1.ReasonInUse,
			Message: fmt.Sprintf("being deleted, but serves its objects until none of them has anything in Juju, for example "+
				"%s: to keep this controller object, remove its finalizer and apply its manifest again, which changes nothing "+
				"in Juju; if the Juju controller no longer exists, delete its objects with the annotation %s",
				facts.User, v1alpha1.AnnotationAbandon),
		}
	default:
		plan.Condition = Condition{Reason: v1alpha1.ReasonConnected, Message: "logged in to the controller"}
	}
	if plan.Connect && usesKeptCertificate(facts) {
		plan.Condition.Message += fmt.Sprintf("; %s in spec.caCertificateFrom no longer has a certificate: the operator "+
			"uses status.caCertificate", facts.Certificate.Object)
	}
	if plan.Connect && facts.Credentials.Deleting && !facts.Deleting {
		plan.Condition.Message += fmt.Sprintf("; the credentials Secret %s is being deleted: create it again, or name "+
			"another Secret in spec.credentials", facts.Credentials.Name)
	}
	return plan
}

// missingSource returns what is missing to connect, and the cure. It is empty
// if nothing is missing.
func missingSource(facts ControllerFacts) string {
	if missing := facts.Credentials.missing(); missing != "" {
		return fmt.Sprintf("the credentials Secret %s %s: it needs the keys %s", facts.Credentials.Name, missing,
			strings.Join(facts.Credentials.Keys, " and "))
	}
	if from := facts.Certificate; from != nil && !from.Found && !usesKeptCertificate(facts) {
		return fmt.Sprintf("%s in spec.caCertificateFrom does not exist, or has no key %q: add the controller's CA "+
			"certificate there", from.Object, from.Key)
	}
	return ""
}

// usesKeptCertificate reports whether the certificate of the last login
// replaces a missing source. The operator puts no finalizer on the source. It
// can disappear with its namespace, and cannot be created again there.
func usesKeptCertificate(facts ControllerFacts) bool {
	from := facts.Certificate
	return facts.Deleting && from != nil && !from.Found && from.Kept != ""
}

// CredentialsFacts are all facts that a decision about a credentials Secret can
// depend on.
type CredentialsFacts struct {
	// Deleting is true when the Secret is being deleted. Age is how long ago its
	// deletion began.
	Deleting bool
	Age      time.Duration
	// Named is true when a controller object refers to it.
	Named bool
	// InUse is true when something in Juju was created through one of these
	// controller objects.
	InUse bool
	// LastUse is true when a controller object that is in use, or the namespace
	// of the Secret, is being deleted too. The Secret then cannot be replaced.
	LastUse bool
}

// deletedTogether is the longest time between the deletion of a credentials
// Secret and of its controller object if both are deleted together, for example
// with their namespace.
const deletedTogether = 10 * time.Second

// ForCredentials reports whether a Secret keeps the finalizer, and when to
// decide again, 0 for never. A Secret that is deleted alone can be created
// again, and is released: meanwhile the open connection serves the objects. If
// the controller object is deleted too, the Secret stays until nothing is left
// in Juju, so that the operator can log in again after a restart.
func ForCredentials(facts CredentialsFacts) (held bool, again time.Duration) {
	switch {
	case !facts.Named, facts.Deleting && !facts.InUse:
		return false, 0
	case !facts.Deleting, facts.LastUse:
		return true, 0
	}
	again = max(0, deletedTogether-facts.Age)
	return again > 0, again
}

// ForHealth returns the condition of a controller object after the operator
// tried to connect. Well is the condition without a problem. Models are the
// models in use, with what is known of them. After a start they are connected
// one by one, so the last known access of each counts.
func ForHealth(well Condition, health Health, models []v1alpha1.ModelStatus) Condition {
	if health.Problem != nil {
		return health.Problem.condition()
	}
	if powers := tooPowerful(models); powers != "" && well.Reason == v1alpha1.ReasonConnected {
		well.Message += fmt.Sprintf(
			"; the user %s has more access than it needs, %s: write access is enough", health.User, powers,
		)
	}
	return well
}

// maxListed is how many models a message names.
const maxListed = 3

// tooPowerful lists the models with more access for the operator's user than it
// needs, and the access.
func tooPowerful(models []v1alpha1.ModelStatus) string {
	var powers []string
	for _, model := range models {
		switch model.Access {
		case AccessSuperuser:
			return "superuser of the controller"
		case AccessAdmin:
			powers = append(powers, "admin of "+model.Name)
		}
	}
	slices.Sort(powers)
	if more := len(powers) - maxListed; more > 0 {
		powers = append(powers[:maxListed], fmt.Sprintf("and %d more models", more))
	}
	return strings.Join(powers, ", ")
}

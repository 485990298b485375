// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The condition types. Ready is always there; Reconciling and Stalled only while they are true, as kstatus has it.
const (
	// ConditionReady is True when Juju holds what the spec asks for.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator waits for something that will wake it.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True while a person has to change something first.
	ConditionStalled = "Stalled"
)

// Reason is the reason of a condition and of the event that announces it. This file lists every one.
type Reason string

// Reasons of Ready=True.
const (
	// ReasonSynced: Juju holds what the spec asks for.
	ReasonSynced Reason = "Synced"
	// ReasonConnected: the operator is logged in to the Juju controller.
	ReasonConnected Reason = "Connected"
)

// Reasons of events that tell of something done.
const (
	// ReasonCreated: the secret was added to the model.
	ReasonCreated Reason = "Created"
	// ReasonAdopted: a secret that somebody else made was taken over.
	ReasonAdopted Reason = "Adopted"
	// ReasonUpdated: the secret's content, name or info was changed, or whether old revisions are pruned.
	ReasonUpdated Reason = "Updated"
	// ReasonCorrected: somebody else had changed or removed the secret in Juju, and it is what the manifest says again.
	ReasonCorrected Reason = "Corrected"
	// ReasonRemoved: Juju was told to remove the secret.
	ReasonRemoved Reason = "Removed"
	// ReasonGranted: applications were granted the secret.
	ReasonGranted Reason = "Granted"
	// ReasonRevoked: applications had their grant taken away.
	ReasonRevoked Reason = "Revoked"
	// ReasonModelReplaced: the model was removed and made again under its name, so that it is another one. What was in it is made
	// anew.
	ReasonModelReplaced Reason = "ModelReplaced"
	// ReasonLetGo: the object was deleted and something of it stays in Juju, as the message tells.
	ReasonLetGo Reason = "LetGo"
)

// Reasons of Ready=False that pass without a change of the manifest. Reconciling is True with them.
const (
	// ReasonSourceNotFound: a Secret, a ConfigMap or a key that the object names is not there. Create it; the operator
	// goes on at once.
	ReasonSourceNotFound Reason = "SourceNotFound"
	// ReasonControllerNotReady: the controller object is missing, is being deleted, or has not logged in yet. Look at that
	// object.
	ReasonControllerNotReady Reason = "ControllerNotReady"
	// ReasonJujuSecretNotReady: the JujuSecret that is to be granted has no secret in Juju yet. Look at that object.
	ReasonJujuSecretNotReady Reason = "JujuSecretNotReady"
	// ReasonApplicationNotFound: an application is not deployed in the model. The others are granted; this one is as
	// soon as it appears.
	ReasonApplicationNotFound Reason = "ApplicationNotFound"
	// ReasonSecretNotFound: Juju has no user secret of that name or ID in the model. Secrets that a charm owns do not
	// count.
	ReasonSecretNotFound Reason = "SecretNotFound"
	// ReasonJujuUnreachable: no address of the controller answers. The message says how the last attempt ended.
	ReasonJujuUnreachable Reason = "JujuUnreachable"
	// ReasonModelBusy: the model or its controller is being upgraded or migrated, and takes no change meanwhile.
	ReasonModelBusy Reason = "ModelBusy"
	// ReasonRemoving: Juju was told to remove the secret and has not done so yet, or the JujuSecret that has it is being
	// deleted.
	ReasonRemoving Reason = "Removing"
	// ReasonInUse: the controller object is being deleted, and kept until everything that was made through it in Juju is
	// removed. The message names an object that it was made for.
	ReasonInUse Reason = "InUse"
	// ReasonHandingOver: grants are on their way, to another JujuSecretAccess that wants them while this one is deleted, or
	// from a former secret to the present one. That goes on by itself; if it does not, look at the other object.
	ReasonHandingOver Reason = "HandingOver"
	// ReasonFailed: Juju gave an answer that the operator does not know. It tries again, more and more rarely. The
	// message carries the answer.
	ReasonFailed Reason = "Failed"
)

// Reasons that leave Ready as it was, False if there was none.
const (
	// ReasonSuspended: spec.suspend is true, so nothing is looked at or changed. Deleting the object works all the same.
	ReasonSuspended Reason = "Suspended"
)

// Reasons of Ready=False that want a person. Stalled is True with them.
const (
	// ReasonContentInvalid: the content breaks a rule of Juju's: a key in another spelling, the same key twice, none at
	// all, or more than 1,000,000 bytes in base64. Nothing in Juju was changed.
	ReasonContentInvalid Reason = "ContentInvalid"
	// ReasonNameTaken: the model has a user secret of that name which this object did not make. To take it over set
	// adoptionPolicy: Adopt; to reference it without managing it, managementPolicy: Observe. Otherwise remove that secret, or
	// choose another spec.name.
	ReasonNameTaken Reason = "NameTaken"
	// ReasonConflict: another JujuSecret has this secret, or comes first and asks for the same name. The message says which one.
	// Delete one of the two, or give one another spec.name.
	ReasonConflict Reason = "Conflict"
	// ReasonCharmOwned: the secret of this ID belongs to a charm, which alone may change, grant and remove it.
	ReasonCharmOwned Reason = "CharmOwned"
	// ReasonDrifted: somebody else changed or removed the secret in Juju, and driftPolicy is Report. Change it back, change
	// the manifest, or set driftPolicy: Correct.
	ReasonDrifted Reason = "Drifted"
	// ReasonTenantDenied: the controller object does not name this namespace as a tenant, or not for this model. Ask
	// whoever manages the controller object for an entry in spec.tenants. An operator that runs with --watch-namespaces sees no
	// ClusterJujuController: with it, name a JujuController of the namespace in controllerRef. Meanwhile nothing is looked at or
	// changed in Juju, but for the removal of what was made for this object when it is deleted.
	ReasonTenantDenied Reason = "TenantDenied"
	// ReasonModelNotFound: the controller has no such model, or the operator's user may not see it.
	ReasonModelNotFound Reason = "ModelNotFound"
	// ReasonCredentialsRejected: the controller refused the credentials. Correct the credentials Secret, which is tried at once.
	// The same ones are tried again after five minutes, and then more and more rarely, so that no account is locked for it.
	ReasonCredentialsRejected Reason = "CredentialsRejected"
	// ReasonCertificateMismatch: the controller's certificate is not signed by the CA certificate that the controller object
	// gives, or that is not a certificate. Nothing was sent to it.
	ReasonCertificateMismatch Reason = "CertificateMismatch"
	// ReasonControllerChanged: the controller at these addresses is another one than before, by its UUID, so nothing was asked of
	// it. To accept it write that UUID into spec.controllerUUID of the controller object; otherwise correct spec.addresses.
	ReasonControllerChanged Reason = "ControllerChanged"
	// ReasonPermissionDenied: the operator's user may not do this in the model. Give it write access:
	// juju grant USER write MODEL.
	ReasonPermissionDenied Reason = "PermissionDenied"
	// ReasonRefused: Juju calls the request invalid. The message carries its words.
	ReasonRefused Reason = "Refused"
	// ReasonJujuTooOld: the controller's Juju is older than 3.3 and has no user secrets. Upgrade the controller.
	ReasonJujuTooOld Reason = "JujuTooOld"
)

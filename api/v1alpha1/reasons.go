// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The condition types. Ready is always present. The others are present only
// while they are true, as kstatus requires.
const (
	// ConditionReady is True when Juju holds what the spec asks for.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator waits for a change that
	// triggers a reconcile.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True while a user has to change something first.
	ConditionStalled = "Stalled"
	// ConditionKnownFaults is True on a controller object while the Juju version
	// of the controller is known to lose, refuse or expose secrets.
	ConditionKnownFaults = "KnownFaults"
)

// Reason is the reason of a condition and of its event. This file lists all
// reasons.
type Reason string

// Reasons of Ready=True.
const (
	// ReasonSynced: Juju holds what the spec asks for.
	ReasonSynced Reason = "Synced"
	// ReasonConnected: the operator is logged in to the Juju controller.
	ReasonConnected Reason = "Connected"
)

// Reasons of events that report a change.
const (
	// ReasonCreated: the operator added the secret to the model, in the place of
	// another one. The message has the old and the new URI. The first secret of
	// an object has no event, only a log line: its Ready condition reports it.
	ReasonCreated Reason = "Created"
	// ReasonAdopted: the operator adopted a secret or grants that it did not
	// make. This always has an event, even if the object is new.
	ReasonAdopted Reason = "Adopted"
	// ReasonUpdated: the operator changed the content, name, info or autoPrune
	// of the secret.
	ReasonUpdated Reason = "Updated"
	// ReasonCorrected: another client had changed or removed the secret in
	// Juju, and the operator restored what the manifest says. A secret that was
	// created again has a new URI. The message has the old and the new one.
	ReasonCorrected Reason = "Corrected"
	// ReasonRemoved: the operator requested the removal of the secret from
	// Juju.
	ReasonRemoved Reason = "Removed"
	// ReasonGranted: the operator granted more applications access to the
	// secret, or granted access again. The first grants of an object have no
	// event, only a log line: its Ready condition reports them.
	ReasonGranted Reason = "Granted"
	// ReasonRevoked: the operator revoked the access of applications to the
	// secret.
	ReasonRevoked Reason = "Revoked"
	// ReasonModelReplaced: the model was removed, and another model was created
	// under its name. The operator creates again what was in the first model.
	ReasonModelReplaced Reason = "ModelReplaced"
	// ReasonConfigured: the operator set or reset options of applications. The
	// first options of an object have no event, only a log line.
	ReasonConfigured Reason = "Configured"
	// ReasonOrphaned: the object was deleted, and its secret or its grants may
	// stay in Juju. The message has the details.
	ReasonOrphaned Reason = "Orphaned"
)

// Reasons of Ready=False that need no change of the manifest. Reconciling is
// True with them.
const (
	// ReasonSourceNotFound: a Secret, a ConfigMap or a key that the object
	// names does not exist. Create it. The operator then continues at once.
	ReasonSourceNotFound Reason = "SourceNotFound"
	// ReasonControllerNotReady: the controller object does not exist, or has not
	// logged in yet. Look at its status.
	ReasonControllerNotReady Reason = "ControllerNotReady"
	// ReasonJujuSecretNotReady: the JujuSecret in jujuSecretRef does not exist, or
	// has no secret in Juju yet. Look at its status.
	ReasonJujuSecretNotReady Reason = "JujuSecretNotReady"
	// ReasonApplicationNotFound: an application is not deployed in the model.
	// The operator looks for it every 30 seconds, and then grants it access.
	// The other applications have access.
	ReasonApplicationNotFound Reason = "ApplicationNotFound"
	// ReasonSecretNotFound: the model has no user secret of this name, or the
	// secret of the JujuSecret in jujuSecretRef was removed and is created again.
	// Secrets that a charm owns do not count. Add the secret. If the name is
	// wrong, correct it, or create another object where it is immutable.
	ReasonSecretNotFound Reason = "SecretNotFound"
	// ReasonJujuUnreachable: no address of the controller answers. The message
	// has the error of the last attempt. Start the controller, or correct its
	// addresses. Ready stays True while Juju held what the object asks for
	// before, and is False once the spec or the content changes.
	ReasonJujuUnreachable Reason = "JujuUnreachable"
	// ReasonModelUnavailable: the model or its controller accepts no changes
	// now, for example during an upgrade or while the model is being migrated.
	// Ready is as with JujuUnreachable.
	ReasonModelUnavailable Reason = "ModelUnavailable"
	// ReasonRemoving: the secret is being removed from Juju, or another
	// JujuSecret owns it and is being deleted.
	ReasonRemoving Reason = "Removing"
	// ReasonInUse: the controller object is being deleted. A finalizer keeps it
	// while an object has a secret or grants in Juju through it. It continues to
	// serve these objects. The message names one of them. The controller object
	// is removed after the last of them is deleted. To keep the controller
	// object, remove its finalizer and apply its manifest again. This changes
	// nothing in Juju.
	ReasonInUse Reason = "InUse"
	// ReasonTransferringGrants: this object is being deleted and another
	// JujuSecretAccess takes over its grants, or grants move from a former
	// secret to the present one. No change by a user is needed. If this does
	// not end, look at the other object.
	ReasonTransferringGrants Reason = "TransferringGrants"
	// ReasonFailed: Juju returned an error that the operator does not know. The
	// message has the error. The operator retries with back-off.
	ReasonFailed Reason = "Failed"
)

// Reasons of Ready=False that a user asks for. Neither Reconciling nor Stalled
// is True with them.
const (
	// ReasonSuspended: spec.suspend is true. The operator neither reads nor
	// changes anything in Juju for this object, so it does not know whether
	// Juju holds what the spec asks for. It still handles the deletion of the
	// object.
	ReasonSuspended Reason = "Suspended"
)

// Reasons of Ready=False that need a change by a user. Stalled is True with
// them.
const (
	// ReasonInvalidContent: the content breaks a rule of Juju. A key is not
	// valid, a key occurs twice, there is no key, or there are more than
	// 1,000,000 bytes in base64. The operator changed nothing in Juju. Correct
	// the manifest or its sources.
	ReasonInvalidContent Reason = "InvalidContent"
	// ReasonNameTaken: the model has a user secret of this name that the
	// operator did not create for this object. To reference it without managing
	// it, set managementPolicy: Observe. To adopt it, set adoptionPolicy:
	// Adopt. Otherwise choose another spec.name, or remove that secret.
	ReasonNameTaken Reason = "NameTaken"
	// ReasonConflict: another JujuSecret owns the secret, or has priority for
	// the same name. The message names it. Change the spec.name of one, set
	// managementPolicy: Observe on one, or delete one of the two. It is also the
	// reason of a secret that was made through a JujuController, when
	// controllerRef names a ClusterJujuController. Set controllerRef back. For a
	// JujuSecretAccess, another one is exclusive for the same secret. The message
	// names it. This object makes its grants, and revokes no grants of others. Set
	// exclusive on one of the two only.
	ReasonConflict Reason = "Conflict"
	// ReasonControllerDeleting: the controller object is being deleted, and this
	// object has nothing in Juju through it. The controller object still serves
	// references and the objects that have a secret or grants in Juju. Set
	// controllerRef to another controller object, or create the controller
	// object again when it is gone.
	ReasonControllerDeleting Reason = "ControllerDeleting"
	// ReasonSecretIDNotFound: the model has no user secret with the ID in the
	// spec. Juju never reuses an ID, so the secret cannot appear later. Compare
	// the ID with juju secrets. Then create another object with the right ID,
	// or with a name.
	ReasonSecretIDNotFound Reason = "SecretIDNotFound"
	// ReasonCharmOwned: a charm owns the secret of this ID. Only the charm may
	// change, grant and remove it.
	ReasonCharmOwned Reason = "CharmOwned"
	// ReasonConfigOptionInvalid: the charm of an application has no option of the
	// name in configOptions, or the option cannot name a secret. The message has
	// the option. The operator changed no option of this name. The other options
	// and applications are not affected. Correct the manifest, or refresh the
	// application to a charm that has the option.
	ReasonConfigOptionInvalid Reason = "ConfigOptionInvalid"
	// ReasonConfigOptionInUse: another client set the option to another value, or
	// another JujuSecretAccess has set it. The message has the option and its owner.
	// The operator left the option as it is. Remove the option from the manifest,
	// or set adoptionPolicy: Adopt to replace a value that no JujuSecretAccess
	// set.
	ReasonConfigOptionInUse Reason = "ConfigOptionInUse"
	// ReasonDrifted: another client changed or removed the secret in Juju, and
	// driftPolicy is Report. Change it back, change the manifest or a source,
	// or set driftPolicy: Correct. With driftPolicy: Correct, and for grants,
	// another client undid the last three or more corrections, and the next
	// correction waits. Find the other client and stop it.
	ReasonDrifted Reason = "Drifted"
	// ReasonTenantDenied: the tenants of the controller object do not include
	// this namespace, or not for this model. Ask the owner of the controller
	// object for an entry in spec.tenants. An operator with --watch-namespaces
	// does not serve ClusterJujuControllers: set controllerRef to a
	// JujuController of the namespace. If the namespace may use some models, a
	// model that does not exist can have this reason too. Until then the
	// operator neither reads nor changes any secret for this object. When the
	// object is deleted, the operator still removes what it made for the object.
	ReasonTenantDenied Reason = "TenantDenied"
	// ReasonModelNotFound: the model does not exist, or is not visible to the
	// operator's user. Grant the user access. If controllerRef is wrong, correct
	// it. If the model is wrong, create another object. The operator lists the
	// models of the controller once per driftDetection.interval, and reconciles
	// the object when the model appears. If the object was in the model before
	// and the user lost access, the reason is PermissionDenied.
	ReasonModelNotFound Reason = "ModelNotFound"
	// ReasonModelMigrated: the model was migrated to another Juju controller. The
	// message names it. Set controllerRef to a controller object for that
	// controller. The secret and its grants moved with the model and keep their
	// IDs. Until then the operator changes nothing, and a deletion waits.
	ReasonModelMigrated Reason = "ModelMigrated"
	// ReasonCredentialsRejected: the controller refused the credentials.
	// Correct the credentials Secret. The operator tries new credentials at
	// once, and keeps an open connection until they are accepted. It retries
	// the same credentials after 10 seconds, 30 seconds, one minute and five
	// minutes, and then at growing intervals of at most an hour, so that no
	// account is locked.
	ReasonCredentialsRejected Reason = "CredentialsRejected"
	// ReasonCertificateMismatch: the CA certificate of the controller object is
	// not a certificate, or did not sign the certificate of the controller. The
	// operator sent nothing to the controller. Set the CA certificate that juju
	// show-controller prints as ca-cert.
	ReasonCertificateMismatch Reason = "CertificateMismatch"
	// ReasonControllerChanged: the controller at these addresses has another
	// UUID than before. The operator sent no request to it. To accept this
	// controller, set spec.controllerUUID of the controller object to its UUID.
	// Otherwise correct spec.addresses.
	ReasonControllerChanged Reason = "ControllerChanged"
	// ReasonPermissionDenied: the operator's user lacks permission in the
	// model, or lost access to it. Run the command in the message: juju grant
	// USER ACCESS MODEL. A deletion waits until then.
	ReasonPermissionDenied Reason = "PermissionDenied"
	// ReasonInvalidRequest: Juju rejected the request as invalid. The message
	// has Juju's error.
	ReasonInvalidRequest Reason = "InvalidRequest"
	// ReasonUnsupportedJujuVersion: the controller's Juju version is older than
	// 3.3 and has no user secrets. Upgrade the controller.
	ReasonUnsupportedJujuVersion Reason = "UnsupportedJujuVersion"
)

// Reasons of KnownFaults=True. Only controller objects have this condition. It
// does not affect Ready.
const (
	// ReasonFaultyJujuVersion: the Juju version of the controller is in the
	// table of known faults below. The message has the effect on secrets, and
	// the public report. Upgrade the controller.
	ReasonFaultyJujuVersion Reason = "FaultyJujuVersion"
)

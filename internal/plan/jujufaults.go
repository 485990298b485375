// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/juju-secrets/operator/api/v1alpha1"
)

// JujuFault is a fault of released versions of Juju that loses, refuses or
// exposes secrets.
type JujuFault struct {
	// First and Last are the first and the last version that are known to have
	// the fault.
	First, Last string
	// Effect is what happens to secrets.
	Effect string
	// Report is the public report, as OWNER/REPOSITORY#NUMBER or as the ID of
	// an advisory of GitHub.
	Report string
}

// JujuFaults returns the table of known faults.
func JujuFaults() []JujuFault {
	return []JujuFault{
		{
			"3.3.0", "3.6.18", "secret IDs can be guessed", "GHSA-5cj2-rqqf-hx9p",
		},
		{
			"3.6.18", "3.6.18", "an application in another model cannot read a secret that is shared over a relation",
			"juju/juju#21993",
		},
		{
			"4.0.10", "4.0.10", "no secret can be added to a model on MicroK8s with RBAC",
			"juju/juju#22485",
		},
		{
			"4.0.11", "4.0.11",
			"the removal of an application with secrets destroys the content of all other secrets of its model",
			"juju/juju#22649",
		},
		{
			"4.0.13", "4.0.13", "applications on Kubernetes cannot read some secrets that are shared with them",
			"juju/juju#22961",
		},
	}
}

// KnownFaults returns the known faults of a version of Juju, as a condition. The
// condition is nil if there are none, or if the version cannot be parsed.
func KnownFaults(jujuVersion string) *Condition {
	parsed, err := version.ParseGeneric(jujuVersion)
	if err != nil {
		return nil
	}
	// The fourth number counts the builds of a developer.
	release := version.MajorMinor(parsed.Major(), parsed.Minor()).WithPatch(parsed.Patch())
	var found []string
	for _, fault := range JujuFaults() {
		first, last := version.MustParseGeneric(fault.First), version.MustParseGeneric(fault.Last)
		if release.AtLeast(first) && !release.GreaterThan(last) {
			found = append(found, fmt.Sprintf("%s (%s)", fault.Effect, fault.Report))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &Condition{
		Reason:  v1alpha1.ReasonFaultyJujuVersion,
		Message: fmt.Sprintf("Juju %s has known faults: %s; upgrade the controller", jujuVersion, strings.Join(found, "; ")),
	}
}

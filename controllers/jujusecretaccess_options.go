// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/plan"
)

// optionsIn returns the options in the spec of an access.
func optionsIn(obj *v1alpha1.JujuSecretAccess) []plan.OptionSetting {
	var options []plan.OptionSetting
	for _, app := range obj.Spec.Applications {
		for _, option := range app.ConfigOptions {
			options = append(options, plan.OptionSetting{
				AppOption: plan.AppOption{Application: app.Name, Name: option.Name},
				Format:    cmp.Or(option.Format, v1alpha1.FormatURI),
			})
		}
	}
	return options
}

// namedByStatus returns the options that name the secret, by the status of an
// access.
func namedByStatus(obj *v1alpha1.JujuSecretAccess) []plan.AppOption {
	var options []plan.AppOption
	for _, app := range obj.Status.Applications {
		for _, name := range app.ConfigOptions {
			options = append(options, plan.AppOption{Application: app.Name, Name: name})
		}
	}
	return options
}

// optionKey returns the index key of an option of an application in a model.
func optionKey(modelUUID string, option plan.AppOption) string {
	return modelUUID + "/" + option.Application + "/" + option.Name
}

// optionKeys returns the index keys of the options that an access wants or has
// set, without duplicates. An access that has not seen its model has none.
func (r *AccessReconciler) optionKeys(obj *v1alpha1.JujuSecretAccess) []string {
	model := obj.Status.ModelUUID
	if model == "" {
		return nil
	}
	var keys []string
	for _, setting := range optionsIn(obj) {
		keys = append(keys, optionKey(model, setting.AppOption))
	}
	for _, option := range r.recordOf(obj).Options {
		keys = append(keys, optionKey(model, option))
	}
	return distinct(keys)
}

// observeOptions gathers the other JujuSecretAccesses that want or have set one
// of the options of an access in the same model.
func (r *AccessReconciler) observeOptions(
	ctx context.Context, obj *v1alpha1.JujuSecretAccess, facts plan.AccessFacts,
) ([]plan.OtherOption, error) {
	var others []plan.OtherOption
	for _, setting := range facts.Options {
		var list v1alpha1.JujuSecretAccessList
		by := client.MatchingFields{optionIndex: optionKey(facts.View.ModelUUID, setting.AppOption)}
		if err := r.List(ctx, &list, by, client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		for i := range list.Items {
			other := &list.Items[i]
			if other.UID != obj.UID && !r.apart(obj, other, facts) {
				others = append(others, r.observeOption(obj, other, setting.AppOption))
			}
		}
	}
	return others, nil
}

// apart reports whether another access does not count, because one of the two
// goes through a JujuController and they are in different namespaces: the owner
// of a namespace can make a JujuController report any model UUID.
func (r *AccessReconciler) apart(obj, other *v1alpha1.JujuSecretAccess, facts plan.AccessFacts) bool {
	through := append(r.placeOf(other).Controllers(other.Namespace), facts.Target.Model.Controller)
	return other.Namespace != obj.Namespace &&
		slices.ContainsFunc(through, func(key plan.ControllerKey) bool { return key.Namespace() != "" })
}

// observeOption returns the facts about another access of the same option and
// model. It must not change the object.
func (r *AccessReconciler) observeOption(
	obj, other *v1alpha1.JujuSecretAccess, option plan.AppOption,
) plan.OtherOption {
	found := plan.OtherOption{
		Object: fmt.Sprintf("%s %q", kindJujuSecretAccess, identityOf(other).Object()), Option: option,
		Before: identityOf(other).Before(identityOf(obj)),
	}
	for _, recorded := range r.recordOf(other).Options {
		found.Recorded = found.Recorded || recorded == option
	}
	denied := readyReason(other) == v1alpha1.ReasonTenantDenied
	for _, setting := range optionsIn(other) {
		found.Wants = found.Wants || setting.AppOption == option && other.DeletionTimestamp.IsZero() && !denied
	}
	return found
}

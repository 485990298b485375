// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/test/servers"
)

// show prints the columns of kubectl get for each kind, the secrets in Juju
// without their values, and the options of charms that name a secret.
func (d *demo) show(ctx context.Context) error {
	fmt.Println("\nKubernetes shows:")
	for _, resource := range []string{"clusterjujucontrollers", "jujusecrets", "jujusecretaccesses"} {
		if err := d.showTable(ctx, resource); err != nil {
			return err
		}
	}
	return errors.Join(d.showSideBySide(ctx), d.showOptions(ctx))
}

// showSideBySide prints each JujuSecret beside the secret with its URI.
func (d *demo) showSideBySide(ctx context.Context) error {
	var objects v1alpha1.JujuSecretList
	if err := d.stack.Kubernetes.Client.List(ctx, &objects); err != nil {
		return err
	}
	secrets, err := d.stack.Juju.Secrets(ctx, d.model)
	if err != nil {
		return err
	}
	fmt.Println("\nJujuSecrets and the secrets in Juju, read with Juju's client:")
	out := newTable()
	row(out, "JUJUSECRET", "READY", "REVISION", "|", "IN "+d.model.Name, "REVISION", "KEYS", "GRANTED TO")
	for _, secret := range secrets {
		left := []any{"-", "", ""}
		for _, obj := range objects.Items {
			if obj.Status.SecretID == secret.ID {
				ready := meta.IsStatusConditionTrue(obj.Status.Conditions, v1alpha1.ConditionReady)
				left = []any{obj.Namespace + "/" + obj.Name, ready, obj.Status.Revision}
			}
		}
		row(out, append(left, "|", secret.Name, secret.Revision, keys(secret), strings.Join(secret.Granted, ","))...)
	}
	return out.Flush()
}

// showOptions prints the options that each JujuSecretAccess sets, with their
// values in Juju.
func (d *demo) showOptions(ctx context.Context) error {
	var objects v1alpha1.JujuSecretAccessList
	if err := d.stack.Kubernetes.Client.List(ctx, &objects); err != nil {
		return err
	}
	fmt.Println("\nOptions of charms in configOptions, read with Juju's client:")
	out := newTable()
	row(out, "JUJUSECRETACCESS", "GRANTS", "|", "APPLICATION", "OPTION", "VALUE IN "+d.model.Name)
	for _, obj := range objects.Items {
		for _, app := range obj.Spec.Applications {
			if len(app.ConfigOptions) == 0 {
				continue
			}
			values, err := d.stack.Juju.Options(ctx, d.model, app.Name)
			if err != nil {
				return err
			}
			for _, option := range app.ConfigOptions {
				row(out, obj.Namespace+"/"+obj.Name, "secret:"+obj.Status.SecretID, "|",
					app.Name, option.Name, values[option.Name])
			}
		}
	}
	return out.Flush()
}

// showTable requests the table of a resource from the API server, as kubectl
// get does.
func (d *demo) showTable(ctx context.Context, resource string) error {
	config := rest.CopyConfig(d.stack.Kubernetes.Config)
	config.GroupVersion, config.APIPath = &v1alpha1.GroupVersion, "/apis"
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	rests, err := rest.RESTClientFor(config)
	if err != nil {
		return err
	}
	var table metav1.Table
	err = rests.Get().Resource(resource).SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		Do(ctx).Into(&table)
	if err != nil {
		return err
	}
	out := newTable()
	var titles []any
	for _, column := range table.ColumnDefinitions {
		if column.Priority == 0 {
			titles = append(titles, strings.ToUpper(column.Name))
		}
	}
	row(out, titles...)
	for _, line := range table.Rows {
		var cells []any
		for i, column := range table.ColumnDefinitions {
			if column.Priority == 0 {
				cells = append(cells, line.Cells[i])
			}
		}
		row(out, cells...)
	}
	return out.Flush()
}

// explain prints the state of both servers and returns the operator's log as an
// error.
func (d *demo) explain(ctx context.Context) error {
	text, err := os.ReadFile(d.stack.Operator.Log)
	if err != nil {
		return err
	}
	return errors.Join(d.show(ctx), fmt.Errorf("the operator's log:\n%s", text))
}

func newTable() *tabwriter.Writer { return tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0) }

func row(out *tabwriter.Writer, cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(out, "\t")
		}
		if cell == nil {
			cell = ""
		}
		_, _ = fmt.Fprint(out, cell)
	}
	_, _ = fmt.Fprintln(out)
}

func keys(s servers.UserSecret) string {
	return strings.Join(slices.Sorted(maps.Keys(s.Content.Encoded())), ",")
}

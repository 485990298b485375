// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"

	"github.com/juju/juju/core/changestream"
	"github.com/juju/juju/core/database"
	"github.com/juju/juju/core/objectstore"
	"github.com/juju/juju/core/providertracker"
	servicetesting "github.com/juju/juju/domain/services/testing"
)

// The API server wants the parts below of a controller. Nothing that touches secrets or models depends on them.

// silentStore is the controller's database without its stream of changes.
type silentStore struct {
	database.TxnRunner
}

// GetWatchableDB implements changestream.WatchableDBGetter.
func (s silentStore) GetWatchableDB(context.Context, string) (changestream.WatchableDB, error) {
	return s, nil
}

// Subscribe implements changestream.EventSource.
func (silentStore) Subscribe(string, ...changestream.SubscriptionOption) (changestream.Subscription, error) {
	return nil, errors.New("no changes are recorded on this controller")
}

// emptyObjects is an object store for charms and agents that holds none.
type emptyObjects struct{}

// GetObjectStore implements objectstore.ObjectStoreGetter.
func (emptyObjects) GetObjectStore(context.Context, string) (objectstore.ObjectStore, error) {
	return servicetesting.TestingObjectStore{}, nil
}

// noCloud is a controller without access to a cloud.
type noCloud struct{}

// EphemeralProviderFromConfig implements providertracker.EphemeralProviderFactory.
func (noCloud) EphemeralProviderFromConfig(
	context.Context, providertracker.EphemeralProviderConfig,
) (providertracker.Provider, error) {
	return nil, errors.New("no cloud behind this controller")
}

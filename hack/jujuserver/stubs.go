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

// The API server requires the following parts of a controller. Nothing about
// secrets or models depends on them.

// silentStore is the controller's database without a change stream.
type silentStore struct {
	database.TxnRunner
}

// GetWatchableDB implements changestream.WatchableDBGetter.
func (s silentStore) GetWatchableDB(context.Context, string) (changestream.WatchableDB, error) {
	return s, nil
}

// Subscribe implements changestream.EventSource.
func (silentStore) Subscribe(string, ...changestream.SubscriptionOption) (changestream.Subscription, error) {
	return nil, errors.New("this controller has no change stream")
}

// emptyObjects is an object store without charms and agents.
type emptyObjects struct{}

// GetObjectStore implements objectstore.ObjectStoreGetter.
func (emptyObjects) GetObjectStore(context.Context, string) (objectstore.ObjectStore, error) {
	return servicetesting.TestingObjectStore{}, nil
}

// noCloud is a controller without access to a cloud.
type noCloud struct{}

// EphemeralProviderFromConfig implements
// providertracker.EphemeralProviderFactory.
func (noCloud) EphemeralProviderFromConfig(
	context.Context, providertracker.EphemeralProviderConfig,
) (providertracker.Provider, error) {
	return nil, errors.New("this controller has no cloud")
}

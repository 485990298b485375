// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	_ "unsafe" // For go:linkname.

	"github.com/juju/clock"
	"github.com/juju/juju/apiserver"
	"github.com/juju/juju/apiserver/authentication/jwt"
	"github.com/juju/juju/apiserver/observer"
	apitesting "github.com/juju/juju/apiserver/testing"
	coremodel "github.com/juju/juju/core/model"
	"github.com/juju/juju/core/network"
	"github.com/juju/juju/core/permission"
	"github.com/juju/juju/domain/controllernode"
	servicetesting "github.com/juju/juju/domain/services/testing"
	jujutesting "github.com/juju/juju/juju/testing"
	"github.com/juju/loggo/v3"
	"github.com/juju/names/v6"
	"github.com/juju/tc"
)

// controllerTag is the controller's tag in everything that Juju's suites write
// to a store. They read it from an internal variable of Juju, and have no
// option for it.
//
//go:linkname controllerTag github.com/juju/juju/internal/testing.ControllerTag
var controllerTag names.ControllerTag

var (
	// errUnknown reports that a named object does not exist.
	errUnknown = errors.New("unknown")
	// errInvalid reports a name that Juju does not allow.
	errInvalid = errors.New("invalid")
	// errNotAllowed reports that an existing object must not be changed.
	errNotAllowed = errors.New("not allowed")
	// errTooLate reports that the caller's wait timed out.
	errTooLate = errors.New("too late")
)

// controller is a Juju controller: models, users, and a server for clients.
type controller struct {
	c        *tc.C
	suite    *servicetesting.DomainServicesSuite
	models   *models
	server   *server
	received *requests
	answered *requests
	admin    *admin
	operator account
	initial  []modelInfo
}

// newController returns a controller with a store. It does not serve clients
// yet.
func newController(c *tc.C, tag names.ControllerTag) *controller {
	controllerTag = tag
	suite := newStore(c)
	j := &controller{
		c:        c,
		suite:    suite,
		models:   &models{suite: suite, t: c.T, open: map[coremodel.UUID]*model{}},
		received: newRequests(),
		answered: newRequests(),
		operator: account{Username: "operator", Password: rand.Text()},
	}
	j.server = &server{config: j.serverConfig(), address: "127.0.0.1:0"}
	return j
}

// start serves the models prod/test and prod/staging.
func (j *controller) start(ctx context.Context) error {
	certificate, caCertificate, err := newCertificate()
	if err != nil {
		return err
	}
	j.server.certificate = certificate
	if err := j.prepareServer(ctx); err != nil {
		return err
	}
	if err := j.server.start(ctx); err != nil {
		return err
	}
	if err := j.publishAddress(ctx); err != nil {
		return err
	}
	j.admin = &admin{
		address:       j.server.address,
		caCertificate: caCertificate,
		account:       account{Username: jujutesting.AdminUser.Id(), Password: jujutesting.AdminSecret},
	}
	// The password in Juju's suite is public.
	secret := account{Username: j.admin.account.Username, Password: rand.Text()}
	if err := j.admin.setPassword(ctx, secret); err != nil {
		return err
	}
	j.admin.account = secret
	if err := j.admin.addUser(ctx, j.operator); err != nil {
		return err
	}
	test := modelInfo{Name: qualifier + "/test", UUID: j.suite.DefaultModelUUID.String()}
	if err := j.equip(ctx, test); err != nil {
		return err
	}
	staging, err := j.addModel(ctx, "staging")
	if err != nil {
		return err
	}
	j.initial = []modelInfo{test, staging}
	return nil
}

// newStore creates the databases of a new controller with Juju's own suite. The
// suite clears the environment.
func newStore(c *tc.C) *servicetesting.DomainServicesSuite {
	temporary := os.TempDir()
	suite := &servicetesting.DomainServicesSuite{}
	// All directories of a test are in the directory that its first TempDir
	// call creates. Create it before TMPDIR is unset.
	c.TempDir()
	suite.SetUpSuite(c)
	suite.SetUpTest(c)
	c.Assert(os.Setenv("TMPDIR", temporary), tc.ErrorIsNil)
	// The suites keep the server's log in the memory of the test, to print it
	// if the test fails.
	c.Assert(loggo.ConfigureLoggers("<root>=CRITICAL"), tc.ErrorIsNil)
	useWriteAheadLog(c, suite.DB())
	return suite
}

func (j *controller) serverConfig() apiserver.ServerConfig {
	config := jujutesting.DefaultServerConfig(j.c, clock.WallClock)
	config.ControllerModelUUID = j.suite.ControllerModelUUID
	config.DomainServicesGetter = newModelGetter(j.models.servicesOf(j.c), j.models)
	config.NewObserver = func() observer.Observer { return &requestObserver{received: j.received, answered: j.answered} }
	config.DBGetter = silentStore{j.suite.TxnRunner()}
	config.ObjectStoreGetter = emptyObjects{}
	config.EphemeralProviderFactory = noCloud{}
	// Configure the controller like one that JAAS manages, except that token
	// signatures are not verified.
	config.JWTAuthenticator = jwt.NewAuthenticator(&apitesting.InsecureJWTParser{})
	return config
}

// prepareServer sets the server's services from the store.
func (j *controller) prepareServer(ctx context.Context) error {
	services, err := j.server.config.DomainServicesGetter.ServicesForModel(ctx, j.suite.ControllerModelUUID)
	if err != nil {
		return err
	}
	j.server.config.ControllerConfigService = services.ControllerConfig()
	// Juju's bootstrap adds this user, which is the creator of external users.
	if err := services.Access().AddExternalUser(ctx, permission.EveryoneUserName, "", j.suite.AdminUserUUID); err != nil {
		return err
	}
	return services.Macaroon().InitialiseBakeryConfig(ctx)
}

// publishAddress stores the controller's address, which the controller sends to
// every client that logs in.
func (j *controller) publishAddress(ctx context.Context) error {
	host, portText, err := net.SplitHostPort(j.server.address)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	services, err := j.server.config.DomainServicesGetter.ServicesForModel(ctx, j.suite.ControllerModelUUID)
	if err != nil {
		return err
	}
	return services.ControllerNode().SetAPIAddresses(ctx, controllernode.SetAPIAddressArgs{
		APIAddresses: map[string]network.SpaceHostPorts{"0": network.NewSpaceHostPorts(port, host)},
	})
}

// addModel creates a model with its applications and the operator's access.
func (j *controller) addModel(ctx context.Context, name string) (modelInfo, error) {
	uuid, err := j.admin.addModel(ctx, name)
	if err != nil {
		return modelInfo{}, err
	}
	added := modelInfo{Name: qualifier + "/" + name, UUID: uuid}
	return added, j.equip(ctx, added)
}

func (j *controller) equip(ctx context.Context, created modelInfo) error {
	equipped, err := j.models.get(ctx, coremodel.UUID(created.UUID))
	if err != nil {
		return err
	}
	for name, charm := range initialApplications {
		if err := equipped.addApplication(ctx, name, charm); err != nil {
			return err
		}
	}
	return j.admin.grant(ctx, j.operator.Username, "write", created.UUID)
}

// removeModel removes a model and its store with all content. Connected clients
// of the model get errors from then on.
func (j *controller) removeModel(ctx context.Context, uuid coremodel.UUID) error {
	if uuid == j.suite.ControllerModelUUID || uuid == j.suite.DefaultModelUUID {
		// The suite created both models as the controller's own model, which
		// Juju removes after all others.
		return fmt.Errorf("%w: model %s belongs to the controller", errNotAllowed, uuid)
	}
	removed, err := j.models.get(ctx, uuid)
	if err != nil {
		return err
	}
	removal := removed.services.Removal()
	if _, err := removal.RemoveModel(ctx, uuid, true, 0); err != nil {
		return fmt.Errorf("cannot remove model %s: %w", uuid, err)
	}
	if err := removed.executeJobs(ctx, everyEntity); err != nil {
		return err
	}
	if err := removal.DeleteModel(ctx, uuid); err != nil {
		return fmt.Errorf("cannot delete model %s: %w", uuid, err)
	}
	return j.models.close(removed)
}

func (j *controller) info(control string) info {
	return info{
		Addresses:      []string{j.server.address},
		CACertificate:  j.admin.caCertificate,
		ControllerUUID: j.server.config.ControllerUUID,
		Control:        control,
		Admin:          j.admin.account,
		Operator:       j.operator,
		Models:         j.initial,
	}
}

// stop stops the server and then closes the store.
func (j *controller) stop() {
	j.c.Check(j.server.stop(), tc.ErrorIsNil)
	j.models.closeAll()
	j.suite.TearDownTest(j.c)
	j.suite.TearDownSuite(j.c)
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/juju/juju/api"
	"github.com/juju/names/v6"
)

// startTimeout is the time limit for the start of a server. The machine is busy
// with other tests.
const startTimeout = 2 * time.Minute

// Account is a Juju user.
type Account struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Model is a Juju model. Name includes the qualifier.
type Model struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
}

// Juju is a Juju API server.
type Juju struct {
	Addresses      []string `json:"addresses"`
	CACertificate  string   `json:"caCertificate"`
	ControllerUUID string   `json:"controllerUUID"`
	Control        string   `json:"control"`
	Admin          Account  `json:"admin"`
	Operator       Account  `json:"operator"`
	Models         []Model  `json:"models"`

	process *Process

	mu    sync.Mutex
	conns map[string]api.Connection // The administrator's, by model UUID.
}

// StartJuju starts a Juju API server as a new controller. It keeps its files in
// dir.
func StartJuju(ctx context.Context, dir string) (*Juju, error) {
	return StartJujuAs(ctx, dir, "")
}

// StartJujuAs starts a Juju API server as the controller with a UUID. The
// server shares no data with other servers of the same UUID.
func StartJujuAs(ctx context.Context, dir, controllerUUID string) (*Juju, error) {
	dir, err := os.MkdirTemp(dir, "juju-*")
	if err != nil {
		return nil, err
	}
	infoPath := filepath.Join(dir, "info.json")
	process, err := startProcess("JUJUSERVER", dir, []string{
		"TMPDIR=" + dir, "JUJUSERVER_INFO=" + infoPath, "JUJUSERVER_CONTROLLER_UUID=" + controllerUUID,
	})
	if err != nil {
		return nil, err
	}
	j := &Juju{process: process, conns: map[string]api.Connection{}}
	err = Await(ctx, startTimeout, func() (string, error) {
		select {
		case <-process.Ended():
			return "", errors.New("it exited during start")
		default:
		}
		text, err := os.ReadFile(infoPath) //nolint:gosec // A path of this package.
		if errors.Is(err, os.ErrNotExist) {
			return "it is not ready", nil
		}
		return "", errors.Join(err, json.Unmarshal(text, j))
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the Juju API server: %w: see %s", err, process.Log), process.Stop())
	}
	return j, nil
}

// Stop stops the server.
func (j *Juju) Stop() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, conn := range j.conns {
		_ = conn.Close()
	}
	return j.process.Stop()
}

// AddModel adds the model prod/NAME, with the applications app1, app2, app3 and
// configurable.
func (j *Juju) AddModel(ctx context.Context, name string) (Model, error) {
	var model Model
	err := j.control(ctx, http.MethodPost, "/models?name="+url.QueryEscape(name), &model)
	return model, err
}

// RemoveModel removes a model and its content.
func (j *Juju) RemoveModel(ctx context.Context, model Model) error {
	return j.control(ctx, http.MethodDelete, "/models/"+model.UUID, nil)
}

// AddApplication deploys an application, without units.
func (j *Juju) AddApplication(ctx context.Context, model Model, name string) error {
	return j.control(ctx, http.MethodPut, "/models/"+model.UUID+"/applications/"+name, nil)
}

// RemoveApplication removes an application completely.
func (j *Juju) RemoveApplication(ctx context.Context, model Model, name string) error {
	return j.control(ctx, http.MethodDelete, "/models/"+model.UUID+"/applications/"+name, nil)
}

// AddCharmSecret adds a secret that an application's charm owns, and returns
// its ID.
func (j *Juju) AddCharmSecret(ctx context.Context, model Model, application, label string) (string, error) {
	var added struct {
		ID string `json:"id"`
	}
	path := "/models/" + model.UUID + "/applications/" + application + "/secrets?label=" + url.QueryEscape(label)
	err := j.control(ctx, http.MethodPost, path, &added)
	return added.ID, err
}

// AddUser adds a user that can log in only to the controller.
func (j *Juju) AddUser(ctx context.Context, name string) (Account, error) {
	var added Account
	err := j.control(ctx, http.MethodPost, "/users?name="+url.QueryEscape(name), &added)
	return added, err
}

// SetPassword replaces the password of a user other than the administrator.
// Open connections of the user stay open.
func (j *Juju) SetPassword(ctx context.Context, username, password string) error {
	path := "/users/" + url.PathEscape(username) + "/password?password=" + url.QueryEscape(password)
	return j.control(ctx, http.MethodPut, path, nil)
}

// GrantModel grants a user access to a model: read, write or admin. It never
// reduces the access.
func (j *Juju) GrantModel(ctx context.Context, model Model, username, access string) error {
	query := url.Values{"user": {username}, "access": {access}}
	return j.control(ctx, http.MethodPut, "/models/"+model.UUID+"/access?"+query.Encode(), nil)
}

// RevokeModel revokes an access to a model and all higher access. Revoking read
// leaves the user no access.
func (j *Juju) RevokeModel(ctx context.Context, model Model, username, access string) error {
	query := url.Values{"user": {username}, "access": {access}}
	return j.control(ctx, http.MethodDelete, "/models/"+model.UUID+"/access?"+query.Encode(), nil)
}

// Token returns a token for a login of JAAS on behalf of an external user, such
// as client@serviceaccount. The token claims this access to the controller,
// such as login, and to models. Its claims never change. Lists of models follow
// GrantModel and RevokeModel.
func (j *Juju) Token(ctx context.Context, username, controllerAccess string, models map[Model]string) (string, error) {
	query := url.Values{"user": {username}, "controller": {controllerAccess}}
	for model, access := range models {
		query.Add("model", model.UUID+":"+access)
	}
	var issued struct {
		Token string `json:"token"`
	}
	err := j.control(ctx, http.MethodPost, "/tokens?"+query.Encode(), &issued)
	return issued.Token, err
}

// StopServing makes the server drop its clients and stop listening, until
// StartServing.
func (j *Juju) StopServing(ctx context.Context) error {
	return j.control(ctx, http.MethodPost, "/stop", nil)
}

// StartServing makes the server listen again, on the same port and with the
// same data.
func (j *Juju) StartServing(ctx context.Context) error {
	return j.control(ctx, http.MethodPost, "/start", nil)
}

// DropConnections closes all connections of all clients.
func (j *Juju) DropConnections(ctx context.Context) error {
	return j.control(ctx, http.MethodPost, "/drop", nil)
}

// BeginUpgrade closes all connections of all clients. Until EndUpgrade, the
// server answers logins with the error that an upgrade is in progress.
func (j *Juju) BeginUpgrade(ctx context.Context) error {
	return j.control(ctx, http.MethodPost, "/upgrade/begin", nil)
}

// EndUpgrade gives later logins full access again. Like Juju, the server closes
// no connection. Connections from during the upgrade stay restricted until
// DropConnections. EndUpgrade closes the administrator's own connections.
func (j *Juju) EndUpgrade(ctx context.Context) error {
	err := j.control(ctx, http.MethodPost, "/upgrade/end", nil)
	j.mu.Lock()
	defer j.mu.Unlock()
	for uuid, conn := range j.conns {
		_ = conn.Close()
		delete(j.conns, uuid)
	}
	return err
}

// PauseRemovals delays the removal of secrets in a model until ResumeRemovals.
func (j *Juju) PauseRemovals(ctx context.Context, model Model) error {
	return j.control(ctx, http.MethodPost, "/removals/pause?model="+model.UUID, nil)
}

// ResumeRemovals executes the removals that PauseRemovals has delayed.
func (j *Juju) ResumeRemovals(ctx context.Context, model Model) error {
	return j.control(ctx, http.MethodPost, "/removals/resume?model="+model.UUID, nil)
}

// Requests counts the requests on connections to a model, by Facade.Method.
// Without a model it counts all requests.
func (j *Juju) Requests(ctx context.Context, model Model) (map[string]int, error) {
	path := "/requests"
	if model.UUID != "" {
		path += "?model=" + model.UUID
	}
	counts := map[string]int{}
	err := j.control(ctx, http.MethodGet, path, &counts)
	return counts, err
}

// AwaitAnswered waits until the number of answered requests of a Facade.Method
// on connections to a model is above a number. It returns the number of
// answers, with and without success. It returns an error after 30 s. With
// above -1 it returns the current number at once.
func (j *Juju) AwaitAnswered(ctx context.Context, model Model, method string, above int) (int, error) {
	query := url.Values{"model": {model.UUID}, "method": {method}, "above": {strconv.Itoa(above)}}
	var answer struct {
		Answered int `json:"answered"`
	}
	err := j.control(ctx, http.MethodGet, "/answered?"+query.Encode(), &answer)
	return answer.Answered, err
}

func (j *Juju) control(ctx context.Context, method, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, j.Control+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(body)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(body, answer)
}

// connection returns the administrator's connection to a model, and keeps it
// open for later calls.
func (j *Juju) connection(ctx context.Context, modelUUID string) (api.Connection, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if conn := j.conns[modelUUID]; conn != nil && !conn.IsBroken(ctx) {
		return conn, nil
	}
	conn, err := api.Open(context.WithoutCancel(ctx), &api.Info{
		Addrs: slices.Clone(j.Addresses), CACert: j.CACertificate,
		Tag: names.NewUserTag(j.Admin.Username), Password: j.Admin.Password,
		ModelTag: names.NewModelTag(modelUUID),
	}, api.DialOpts{DialTimeout: startTimeout, Timeout: startTimeout})
	if err == nil {
		j.conns[modelUUID] = conn
	}
	return conn, err
}

// Freeze stops the process of the server, without closing its connections. The
// server then answers nothing until Thaw.
func (j *Juju) Freeze() error { return j.process.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets the process of the server continue.
func (j *Juju) Thaw() error { return j.process.cmd.Process.Signal(syscall.SIGCONT) }

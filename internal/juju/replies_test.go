// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package juju

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/juju/juju/rpc/jsoncodec"
	"github.com/juju/juju/rpc/params"
	"github.com/juju/names/v6"
)

// filled is a JSON list of so many bytes of one element.
func filled(element string, bytes int) string {
	return "[" + strings.Repeat(element+",", bytes/(len(element)+1)) + element + "]"
}

// allocated is how many bytes something allocates. Nothing else may run meanwhile.
func allocated(something func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	something()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// one is a message that arrives on a connection.
type one struct {
	jsoncodec.JSONConn

	text string
}

func (o one) Receive(into any) error { return json.Unmarshal([]byte(o.text), into) }

// It measures what the process allocates, so nothing runs beside it.
func TestWhatAControllerSendsTakesLittleMemory(t *testing.T) {
	const bytes, most = 1 << 20, 32 << 20
	listed := func(text string) error { return take(text, new(listing)) }
	models := func(text string) error { return take(text, new(params.UserModelList)) }
	login := func(text string) error { return take(text, new(params.LoginResult)) }
	applications := func(text string) error { return take(text, new(params.ApplicationInfoResults)) }
	outcomes := func(text string) error { return take(text, new(params.ErrorResults)) }
	for name, row := range map[string]struct {
		text string
		take func(text string) error
	}{
		"secrets without anything":           {`{"results":` + filled(`{}`, bytes) + `}`, listed},
		"secrets that are null":              {`{"results":` + filled(`null`, bytes) + `}`, listed},
		"lists of secrets":                   {`{"results":[]` + strings.Repeat(`,"results":`+filled(`{}`, bytes/8), 8) + `}`, listed},
		"revisions of one secret":            {`{"results":[{"revisions":` + filled(`{}`, bytes) + `}]}`, listed},
		"grants of one secret":               {`{"results":[{"access":` + filled(`{}`, bytes) + `}]}`, listed},
		"an error of one secret":             {`{"results":[{"value":{"error":{"info":{"x":` + filled(`{}`, bytes) + `}}}}]}`, listed},
		"models":                             {`{"user-models":` + filled(`{}`, bytes) + `}`, models},
		"servers of a login":                 {`{"servers":[` + filled(`{}`, bytes) + `]}`, login},
		"facades of a login":                 {`{"facades":` + filled(`{}`, bytes) + `}`, login},
		"applications":                       {`{"results":` + filled(`{"result":{}}`, bytes) + `}`, applications},
		"outcomes of a change":               {`{"results":` + filled(`{"error":{}}`, bytes) + `}`, outcomes},
		"what comes with an error":           {`{"request-id":1,"error-info":{"x":` + filled(`{}`, bytes) + `}}`, receive},
		"the same beside two answers":        {`{"error-info":{"x":` + filled(`{}`, bytes) + `},"response":` + filled(`0`, bytes) + `,"response":{}}`, receive},
		"what nobody knows in quotes, or \\": {`{"user-models":` + filled(`{"model":{"name":"\\\"","uuid":"{"}}`, bytes) + `}`, models},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := allocated(func() { err = row.take(row.text) })
			if _, ok := errors.AsType[excess](err); !ok {
				t.Errorf("the error is %v, want it told that it is too much", err)
			}
			if took > most {
				t.Errorf("%d bytes took %d, want at most %d", len(row.text), took, most)
			}
		})
	}
}

func take(text string, into any) error {
	reply := reply{into: into}
	if err := json.Unmarshal([]byte(text), &reply); err != nil {
		return err
	}
	return reply.err
}

func receive(text string) error {
	var into json.RawMessage
	return messages{one{text: text}, maxMessage}.Receive(&into)
}

func TestABigModelFitsIntoAMessageOfATenant(t *testing.T) {
	t.Parallel()
	const secrets, share = 1_000, 10 // Of 10,000.
	model := names.NewModelTag("8f0ea6a5-8f5c-4b09-8a6b-1b3e5f0f6a11").String()
	internal, now := "internal", time.Now()
	listed := make([]params.ListSecretResult, secrets)
	for i := range listed {
		listed[i] = params.ListSecretResult{
			URI: fmt.Sprintf("secret:d9l0k2nmp25c76%05dg", i), Version: 1, OwnerTag: model, RotatePolicy: "never",
			Label: fmt.Sprintf("database-password-%d", i), Description: "Login of the database of the shop",
			LatestRevision: 1, LatestRevisionChecksum: strings.Repeat("0f", 32), CreateTime: now, UpdateTime: now,
			Revisions: []params.SecretRevision{{Revision: 1, BackendName: &internal, CreateTime: now, UpdateTime: now}},
			Access:    []params.AccessInfo{{TargetTag: "application-shop-frontend", ScopeTag: model, Role: "view"}},
		}
	}
	answer, err := json.Marshal(params.ListSecretResults{Results: listed})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`{"request-id":1,"response":%s}`, answer)
	if len(text)*share > maxMessageOfTenants {
		t.Errorf("%d secrets have %d bytes, want at most %d", secrets, len(text), maxMessageOfTenants/share)
	}
	if err := receive(text); err != nil {
		t.Errorf("the message is not taken: %v", err)
	}
	var found listing
	if err := take(string(answer), &found); err != nil || len(found.secrets) != secrets {
		t.Errorf("%d secrets were found, with %v, want %d", len(found.secrets), err, secrets)
	}
}

// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

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

// filled returns a JSON list of about a number of bytes that repeats one
// element.
func filled(element string, bytes int) string {
	return "[" + strings.Repeat(element+",", bytes/(len(element)+1)) + element + "]"
}

// allocated returns how many bytes fn allocates. No other test may run
// meanwhile.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// oneMessage is a connection that receives one message.
type oneMessage struct {
	jsoncodec.JSONConn

	text string
}

func (o oneMessage) Receive(into any) error { return json.Unmarshal([]byte(o.text), into) }

// It measures the allocations of the process, so it does not run in parallel.
func TestAnswerMemoryIsBounded(t *testing.T) {
	const bytes, most = 1 << 20, 32 << 20
	models := func(text string) error { return take(text, new(params.UserModelList)) }
	login := func(text string) error { return take(text, new(params.LoginResult)) }
	applications := func(text string) error { return take(text, new(params.ApplicationInfoResults)) }
	outcomes := func(text string) error { return take(text, new(params.ErrorResults)) }
	for name, row := range map[string]struct {
		text string
		take func(text string) error
	}{
		"models":               {`{"user-models":` + filled(`{}`, bytes) + `}`, models},
		"servers of a login":   {`{"servers":[` + filled(`{}`, bytes) + `]}`, login},
		"facades of a login":   {`{"facades":` + filled(`{}`, bytes) + `}`, login},
		"applications":         {`{"results":` + filled(`{"result":{}}`, bytes) + `}`, applications},
		"outcomes of a change": {`{"results":` + filled(`{"error":{}}`, bytes) + `}`, outcomes},
		"details of an error":  {`{"request-id":1,"error-info":{"x":` + filled(`{}`, bytes) + `}}`, receive},
		"details and two answers": {
			`{"error-info":{"x":` + filled(`{}`, bytes) + `},"response":` + filled(`0`, bytes) + `,"response":{}}`,
			receive,
		},
		"quotes and backslashes": {
			`{"user-models":` + filled(`{"model":{"name":"\\\"","uuid":"{"}}`, bytes) + `}`, models,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := allocated(func() { err = row.take(row.text) })
			if _, ok := errors.AsType[LimitError](err); !ok {
				t.Errorf("the error is %v, want a LimitError", err)
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
	return messages{oneMessage{text: text}, maxMessage}.Receive(&into)
}

func TestLargeModelFitsIntoTenantMessage(t *testing.T) {
	t.Parallel()
	const secrets, share = 1_000, 10 // A tenth of 10,000 secrets.
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
		t.Errorf("the message is rejected: %v", err)
	}
}

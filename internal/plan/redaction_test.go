// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/utils/dump"
	"sigs.k8s.io/yaml"

	"github.com/juju-secrets/operator/internal/content"
	"github.com/juju-secrets/operator/internal/plan"
)

// sentinel is the secret value that no printer may show.
const sentinel = "s3nt1nel-value"

// forms returns the forms of the sentinel that no printer may show, with its
// unkeyed hashes, as squeezed returns them.
func forms() []string {
	raw := sha256.Sum256([]byte(sentinel))
	all := []string{
		sentinel,
		base64.StdEncoding.EncodeToString([]byte(sentinel)),
		hex.EncodeToString([]byte(sentinel)),
		strings.Trim(fmt.Sprintf("%d", []byte(sentinel)), "[]"),
		hex.EncodeToString(raw[:]),
		sealedContent().Checksum().Open(),
		hex.EncodeToString([]byte(sealedContent().Checksum().Open())),
	}
	for i := range all {
		all[i] = squeezed(all[i])
	}
	return all
}

// squeezed returns a text in lower case, with single spaces.
func squeezed(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

func sealedContent() content.Content {
	return content.New(map[string][]byte{"password": []byte(sentinel)})
}

// carriers returns values that contain the sentinel or its checksum.
func carriers() map[string]any {
	c := sealedContent()
	secret := &plan.UserSecret{ID: dbID, Checksum: c.Checksum()}
	facts := secretInSync()
	facts.Content = content.Desired{State: content.Ready, Content: c}
	facts.View.ByName = secret
	creating := plan.ForSecret(func(s plan.SecretFacts) plan.SecretFacts {
		holds(&s.View, nil, nil)
		return s
	}(facts))
	facts.View.ByID.Checksum = content.Seal("other")
	access := accessInSync()
	access.View.ByID.Checksum = c.Checksum()
	connection := content.Connection{Username: "operator", Password: content.Seal(sentinel)}
	data := content.Seal(map[string][]byte{"password": []byte(sentinel)})
	return map[string]any{
		"Sealed[string]":   content.Seal(sentinel),
		"Sealed[[]byte]":   content.Seal([]byte(sentinel)),
		"Sealed[map]":      data,
		"Sealed in Sealed": content.Seal(content.Seal(sentinel)),
		"the checksum":     c.Checksum(),
		"Key":              content.Key{Sealed: content.Seal([]byte(sentinel))},
		"a digest":         digestOf(c),
		"Content":          c,
		"Desired":          content.Merge(map[string]string{"password": sentinel}, nil),
		"Desired that is invalid": content.Merge(
			map[string]string{"password": sentinel}, []content.Source{{Found: true, Data: data}},
		),
		"Source":     content.Source{Name: "Secret db", Found: true, Data: data},
		"Connection": connection,
		"plan.ControllerFacts": plan.ControllerFacts{
			Credentials: plan.CredentialsSecret{Found: true}, Connection: connection,
		},
		"plan.UserSecret":        *secret,
		"plan.ModelView":         plan.ModelView{Known: true, ByID: secret, ByName: secret},
		"plan.SecretFacts":       facts,
		"plan.AccessFacts":       access,
		"plan.Create":            plan.Create{Name: "db", Content: c},
		"plan.Update":            plan.Update{ID: dbID, Content: &c},
		"plan.Outcome":           plan.Outcome{Secret: secret},
		"plan.Plan that creates": creating,
		"plan.Plan that updates": plan.ForSecret(facts),
		"plan.Plan that grants":  plan.ForAccess(access),
		"plan.Step in a list":    []plan.Step{plan.Create{Content: c}, plan.Update{Content: &c}},
		"outcomes by name":       map[string]plan.Outcome{"db": {Secret: secret}},
	}
}

// hidden has an unexported field. Encoders skip it, and printers do not.
type hidden struct{ inside any }

// Shown has exported fields, for encoders and printers.
type Shown struct {
	Inside any
	List   []any
}

// wrapped returns a value in the places where a printer can find it.
func wrapped(v any) map[string]any {
	return map[string]any{
		"itself":                 v,
		"behind a pointer":       &v,
		"in a slice":             []any{v},
		"in a map":               map[string]any{"key": v},
		"in a struct":            Shown{Inside: v, List: []any{v}},
		"in a pointer":           &Shown{Inside: v},
		"in an unexported field": hidden{v},
		"nested and unexported":  []*hidden{{&hidden{v}}},
	}
}

// printers returns the functions that can print a value. Each returns its
// output, with errors.
func printers() map[string]func(any) string {
	all := map[string]func(any) string{
		"print":   func(v any) string { return fmt.Sprint(v) },
		"println": func(v any) string { return fmt.Sprintln(v) },
		"panic":   func(v any) (text string) { return fmt.Sprint(panicked(v)) },
		"error": func(v any) string {
			return fmt.Errorf("cannot do it: %w", errors.Join(fmt.Errorf("%+v", v))).Error()
		},
		"json":            func(v any) string { return encoded(json.Marshal(v)) },
		"indent":          func(v any) string { return encoded(json.MarshalIndent(v, "", "  ")) },
		"xml":             func(v any) string { return encoded(xml.Marshal(v)) },
		"yaml":            func(v any) string { return encoded(yaml.Marshal(v)) },
		"dump":            dump.Pretty,
		"dump for a hash": dump.ForHash,
		"template": func(v any) string {
			var out bytes.Buffer
			err := template.Must(template.New("").Parse(`{{.}} {{printf "%#v" .}} {{print .}} {{html .}}`)).Execute(&out, v)
			return fmt.Sprint(out.String(), err)
		},
		"slog text": func(v any) string {
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).With("with", v).Info("m", "key", v, slog.Group("group", "key", v))
			return out.String()
		},
		"slog json": func(v any) string {
			var out bytes.Buffer
			slog.New(slog.NewJSONHandler(&out, nil)).With("with", v).Info("m", "key", v, slog.Group("group", "key", v))
			return out.String()
		},
		"logr": func(v any) string {
			var out strings.Builder
			logInto(funcr.New(func(prefix, args string) { out.WriteString(prefix + args) }, funcr.Options{}), v)
			return out.String()
		},
		"logr json": func(v any) string {
			var out strings.Builder
			logInto(funcr.NewJSON(func(line string) { out.WriteString(line) }, funcr.Options{}), v)
			return out.String()
		},
		"zap": func(v any) string { return zapped(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), v) },
		"zap console": func(v any) string {
			return zapped(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), v)
		},
	}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
		for _, flags := range []string{"", "+", "#", "-40.40"} {
			format := "%" + flags + string(verb)
			all[format] = func(v any) string { return fmt.Sprintf(format, v) }
		}
	}
	return all
}

func encoded(text []byte, err error) string { return fmt.Sprint(string(text), err) }

func panicked(v any) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	panic(v)
}

func logInto(log logr.Logger, v any) {
	log.WithValues("with", v).Info("m", "key", v)
	log.Error(fmt.Errorf("%v", v), "m", "key", v)
}

func zapped(encoder zapcore.Encoder, v any) string {
	var out bytes.Buffer
	log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zapcore.DebugLevel))
	log.With(zap.Any("with", v)).Info("m", zap.Any("key", v), zap.Reflect("reflected", v))
	log.Sugar().Infow("m", "key", v)
	log.Sugar().Infof("%v", v)
	return out.String()
}

func TestPrintersRedactValuesAndChecksums(t *testing.T) {
	t.Parallel()
	forbidden, printers := forms(), printers()
	for carrier, value := range carriers() {
		t.Run(carrier, func(t *testing.T) {
			t.Parallel()
			for place, v := range wrapped(value) {
				for printer, show := range printers {
					if form := seenIn(show(v), forbidden); form != "" {
						t.Errorf("%s shows it %s, as %q", printer, place, form)
					}
				}
			}
		})
	}
}

// seenIn returns the form of the sentinel in a text, empty if there is none.
func seenIn(text string, forms []string) string {
	text = squeezed(text)
	for _, form := range forms {
		if strings.Contains(text, form) {
			return form
		}
	}
	return ""
}

// TestPrintersShowUnsealedValues checks the printers of the test above.
func TestPrintersShowUnsealedValues(t *testing.T) {
	t.Parallel()
	for printer, show := range printers() {
		if strings.HasSuffix(printer, "T") {
			continue // It shows no value.
		}
		if form := seenIn(show(Shown{Inside: sentinel}), forms()); form == "" && !strings.ContainsAny(printer, "#.0") {
			t.Errorf("%s shows %s", printer, show(Shown{Inside: sentinel}))
		}
	}
}

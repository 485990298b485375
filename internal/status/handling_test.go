// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/juju-secrets/operator/api/v1alpha1"
	"github.com/juju-secrets/operator/internal/status"
)

// kindOfReason is a group of constants in reasons.go, identified by its
// comment.
type kindOfReason string

const (
	ofReady  kindOfReason = "Reasons of Ready=True."
	ofEvents kindOfReason = "Reasons of events that report a change."
	passing  kindOfReason = "Reasons of Ready=False that need no change of the manifest. Reconciling is True with them."
	lasting  kindOfReason = "Reasons of Ready=False that need a change by a user. Stalled is True with them."
	ofFaults kindOfReason = "Reasons of KnownFaults=True. Only controller objects have this condition. It does not " +
		"affect Ready."
	resting kindOfReason = "Reasons of Ready=False that a user asks for. Neither Reconciling nor Stalled is True " +
		"with them."
)

// allReasons returns the reasons in the source of package v1alpha1, so that a
// new reason cannot be forgotten.
func allReasons(t *testing.T) map[v1alpha1.Reason]kindOfReason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/reasons.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[v1alpha1.Reason]kindOfReason{}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(constant.Names[0].Name, "Reason") {
				continue
			}
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a literal", constant.Names[0].Name)
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons[v1alpha1.Reason(value)] = kindOfReason(strings.Join(strings.Fields(group.Doc.Text()), " "))
		}
	}
	if len(reasons) < 20 {
		t.Fatalf("only %d reasons were found", len(reasons))
	}
	return reasons
}

func TestEveryReasonHasARowInTheTable(t *testing.T) {
	t.Parallel()
	unknown := status.HandlingOf("Unknown")
	for reason := range allReasons(t) {
		if cmp.Equal(status.HandlingOf(reason), unknown) != (reason == v1alpha1.ReasonFailed) {
			t.Errorf("%s has no row in the table", reason)
		}
	}
	if diff := cmp.Diff(status.HandlingOf(v1alpha1.ReasonFailed), unknown); diff != "" {
		t.Errorf("an unknown reason (-failed +got):\n%s", diff)
	}
}

func TestReasonHandlingMatchesItsComment(t *testing.T) {
	t.Parallel()
	outages := []v1alpha1.Reason{v1alpha1.ReasonJujuUnreachable, v1alpha1.ReasonModelUnavailable}
	expected := []v1alpha1.Reason{
		v1alpha1.ReasonSourceNotFound, v1alpha1.ReasonControllerNotReady, v1alpha1.ReasonJujuSecretNotReady,
		v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonTransferringGrants,
	}
	for reason, kind := range allReasons(t) {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			var want status.Handling
			switch kind {
			case ofReady, ofEvents, ofFaults:
				want = status.Handling{Ready: status.ReadyTrue}
			case passing:
				want = status.Handling{
					Ready: status.ReadyFalse, Also: v1alpha1.ConditionReconciling, Event: corev1.EventTypeWarning,
				}
			case lasting:
				want = status.Handling{
					Ready: status.ReadyFalse, Also: v1alpha1.ConditionStalled, Event: corev1.EventTypeWarning,
				}
			case resting: // The object is suspended.
				want = status.Handling{Ready: status.ReadyFalse, Event: corev1.EventTypeNormal}
			default:
				t.Fatalf("unknown group of reasons: %q", kind)
			}
			// An outage keeps Ready, an expected wait is not a warning, and a
			// removal had its event when it was requested.
			switch {
			case slices.Contains(outages, reason):
				want.Ready = status.ReadyKept
			case slices.Contains(expected, reason):
				want.Event = corev1.EventTypeNormal
			case reason == v1alpha1.ReasonRemoving:
				want.Event = ""
			}
			got := status.HandlingOf(reason)
			// Other tests check these.
			got.LookAgain, got.Woken, got.InProgress, got.InJuju = 0, false, false, false
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("HandlingOf (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReasonWithoutAWakeUpIsRequeued(t *testing.T) {
	t.Parallel()
	longest := map[v1alpha1.Reason]time.Duration{
		// Juju does not notify of these.
		v1alpha1.ReasonApplicationNotFound: 5 * time.Minute,
		v1alpha1.ReasonSecretNotFound:      30 * time.Second,
		v1alpha1.ReasonModelUnavailable:    30 * time.Second,
		v1alpha1.ReasonTransferringGrants:  30 * time.Second,
		v1alpha1.ReasonRemoving:            30 * time.Second,
		v1alpha1.ReasonNameTaken:           time.Minute,
		v1alpha1.ReasonConflict:            5 * time.Minute,
		v1alpha1.ReasonConfigOptionInUse:   5 * time.Minute,
		v1alpha1.ReasonModelNotFound:       5 * time.Minute,
		v1alpha1.ReasonTenantDenied:        5 * time.Minute,
		v1alpha1.ReasonInUse:               time.Minute,
		v1alpha1.ReasonPermissionDenied:    time.Minute,
		// It can have any cause.
		v1alpha1.ReasonFailed: 5 * time.Minute,
	}
	for reason := range allReasons(t) {
		if got := status.HandlingOf(reason); got.LookAgain != longest[reason] {
			t.Errorf("%s is requeued within %v, want %v", reason, got.LookAgain, longest[reason])
		}
	}
}

// The retry of the other reasons with a retry time is the only way to find that
// the problem is over.
func TestReasonWithAWakeUpIsRetriedSeldom(t *testing.T) {
	t.Parallel()
	want := []v1alpha1.Reason{
		v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonConfigOptionInUse, v1alpha1.ReasonConflict,
		v1alpha1.ReasonModelNotFound, v1alpha1.ReasonTenantDenied,
	}
	var got []v1alpha1.Reason
	for reason := range allReasons(t) {
		if status.HandlingOf(reason).Woken {
			got = append(got, reason)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons with a wake-up (-want +got):\n%s", diff)
	}
}

func TestReasonIsInProgressWhileTheOperatorCompletesAChange(t *testing.T) {
	t.Parallel()
	want := []v1alpha1.Reason{
		v1alpha1.ReasonFailed, v1alpha1.ReasonJujuUnreachable, v1alpha1.ReasonModelUnavailable, v1alpha1.ReasonRemoving,
		v1alpha1.ReasonTransferringGrants,
	}
	var got []v1alpha1.Reason
	for reason := range allReasons(t) {
		if status.HandlingOf(reason).InProgress {
			got = append(got, reason)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons in progress (-want +got):\n%s", diff)
	}
}

// The other reasons with a retry time are resolved in Kubernetes, or their retry
// repeats a request.
func TestReasonResolvedInJujuListsTheModel(t *testing.T) {
	t.Parallel()
	const noTime = time.Duration(0)
	start := then
	conditions := func(reason v1alpha1.Reason) (conditions []metav1.Condition) {
		for _, kind := range []string{v1alpha1.ConditionReady, status.HandlingOf(reason).Also} {
			conditions = append(conditions, metav1.Condition{
				Type: kind, Reason: string(reason), LastTransitionTime: metav1.NewTime(start),
			})
		}
		return conditions
	}
	// By the time that the problem has lasted.
	want := map[v1alpha1.Reason]map[time.Duration]time.Duration{
		v1alpha1.ReasonSecretNotFound: {
			noTime: 1, 8 * time.Second: 3600 * time.Millisecond, time.Minute: 27 * time.Second, time.Hour: 27 * time.Second,
		},
		v1alpha1.ReasonTransferringGrants: {noTime: 1, time.Hour: 27 * time.Second},
		v1alpha1.ReasonNameTaken:          {noTime: 1, time.Minute: 27 * time.Second, time.Hour: 54 * time.Second},
	}
	for reason := range allReasons(t) {
		if got := status.Awaits(conditions(reason), start.Add(time.Hour)); (got > 0) != (want[reason] != nil) {
			t.Errorf("%s accepts what is known of the model for %v", reason, got)
		}
		for lasted, want := range want[reason] {
			if got := status.Awaits(conditions(reason), start.Add(lasted)); got != want {
				t.Errorf("%s accepts what is known of the model for %v after %v, want %v", reason, got, lasted, want)
			}
		}
	}
	if got := status.Awaits(nil, start); got != 0 {
		t.Errorf("an object without conditions accepts what is known of the model for %v, want 0", got)
	}
}

func TestKnownReasonsAreInTheTable(t *testing.T) {
	t.Parallel()
	for reason := range allReasons(t) {
		if !status.Known(reason) {
			t.Errorf("%s is unknown", reason)
		}
	}
	if status.Known("Other") || status.Known("") {
		t.Error("a reason that is not in the table is known")
	}
}

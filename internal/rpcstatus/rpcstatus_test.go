package rpcstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestRoundTrip sends every error to a client, as the status of a call and of a slot.
func TestRoundTrip(t *testing.T) {
	sentinels := map[error]codes.Code{
		tranship.ErrInvalid:         codes.InvalidArgument,
		tranship.ErrNotFound:        codes.NotFound,
		tranship.ErrExists:          codes.AlreadyExists,
		tranship.ErrPrecondition:    codes.FailedPrecondition,
		tranship.ErrIntegrity:       codes.DataLoss,
		tranship.ErrLimit:           codes.ResourceExhausted,
		tranship.ErrNoSpace:         codes.ResourceExhausted,
		tranship.ErrQuota:           codes.ResourceExhausted,
		tranship.ErrDenied:          codes.PermissionDenied,
		tranship.ErrUnauthenticated: codes.Unauthenticated,
		tranship.ErrAborted:         codes.Aborted,
		tranship.ErrUnavailable:     codes.Unavailable,
		tranship.ErrUnsupported:     codes.Unimplemented,
		context.Canceled:            codes.Canceled,
		context.DeadlineExceeded:    codes.DeadlineExceeded,
	}
	for sentinel, code := range sentinels {
		original := fmt.Errorf("%w: some/path", sentinel)
		for name, returned := range map[string]error{
			"call": rpcstatus.FromError(rpcstatus.Error(original)),
			"slot": rpcstatus.FromProto(rpcstatus.Proto(original)),
		} {
			if status.Code(returned) != code || returned.Error() != original.Error() {
				t.Errorf("%v by %s: came back as %v %q", sentinel, name, status.Code(returned), returned)
			}
			for other := range sentinels {
				if errors.Is(returned, other) != (other == sentinel) {
					t.Errorf("%v by %s: errors.Is(%v) is %v", sentinel, name, other, other != sentinel)
				}
			}
		}
	}
}

func TestRoundTripDetails(t *testing.T) {
	invalid := fmt.Errorf("outer: %w", &tranship.InvalidError{Field: "path", Rule: "must be short"})
	got, ok := errors.AsType[*tranship.InvalidError](rpcstatus.FromError(rpcstatus.Error(invalid)))
	if !ok || *got != (tranship.InvalidError{Field: "path", Rule: "must be short"}) {
		t.Errorf("the invalid field came back as %+v", got)
	}
	missing := []tranship.Range{{Offset: 5, Length: 7}, {Offset: 20, Length: 1}}
	incomplete, ok := errors.AsType[*tranship.IncompleteError](rpcstatus.FromError(rpcstatus.Error(&tranship.IncompleteError{Missing: missing})))
	if !ok || !reflect.DeepEqual(incomplete.Missing, missing) {
		t.Errorf("the missing ranges came back as %+v", incomplete)
	}
	many := &tranship.IncompleteError{}
	for n := range int64(5000) {
		many.Missing = append(many.Missing, tranship.Range{Offset: 2 * n, Length: 1})
	}
	incomplete, ok = errors.AsType[*tranship.IncompleteError](rpcstatus.FromProto(rpcstatus.Proto(many)))
	if !ok || len(incomplete.Missing) != 1000 {
		t.Error("a status carries more or less than 1000 of 5000 missing ranges")
	}
}

func TestInternal(t *testing.T) {
	secret := errors.New("open /srv/secret: input/output error")
	if !rpcstatus.IsInternal(secret) || rpcstatus.IsInternal(tranship.ErrNotFound) || rpcstatus.IsInternal(nil) {
		t.Error("IsInternal is wrong")
	}
	returned := rpcstatus.FromError(rpcstatus.Error(secret))
	if status.Code(returned) != codes.Internal || strings.Contains(returned.Error(), "secret") {
		t.Errorf("an internal error came back as %v", returned)
	}
}

// TestForeign translates statuses that were not made by a server of this project.
func TestForeign(t *testing.T) {
	for code, want := range map[codes.Code]error{
		codes.ResourceExhausted: tranship.ErrLimit,
		codes.NotFound:          tranship.ErrNotFound,
		codes.Unavailable:       tranship.ErrUnavailable,
		codes.Canceled:          context.Canceled,
	} {
		if err := rpcstatus.FromError(status.Error(code, "foreign")); !errors.Is(err, want) {
			t.Errorf("%v is %v, want %v", code, err, want)
		}
	}
	if err := rpcstatus.FromError(status.Error(codes.Unknown, "what")); err == nil || !strings.Contains(err.Error(), "what") {
		t.Errorf("UNKNOWN is %v", err)
	}
	if err := rpcstatus.FromProto(&transhipv1.Status{}); err == nil {
		t.Error("a failure with code OK is no error")
	}
	limit := status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)")
	if over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(limit)); !ok || over.Limit != tranship.LimitMessageBytes {
		t.Errorf("%v does not name the limit", limit)
	}
	for _, err := range []error{nil, io.EOF} {
		if got := rpcstatus.FromError(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestReason(t *testing.T) {
	for err, want := range map[error]string{
		fmt.Errorf("%w: path", tranship.ErrNotFound):      "NOT_FOUND",
		&tranship.InvalidError{Field: "path", Rule: "no"}: "INVALID",
		context.Canceled:             "CANCELLED",
		errors.New("disk /dev/sda1"): "INTERNAL",
	} {
		if got := rpcstatus.Reason(err); got != want {
			t.Errorf("the reason of %v is %s, want %s", err, got, want)
		}
	}
}

package rpcstatus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// ways returns err as a client receives it in each possible way.
func ways(err error) map[string]error {
	return map[string]error{
		"call":    rpcstatus.FromError(rpcstatus.Error(err)),
		"foreign": rpcstatus.FromForeign(rpcstatus.Error(err)),
		"slot":    rpcstatus.FromProto(rpcstatus.Proto(err)),
		"relay":   rpcstatus.FromError(rpcstatus.Error(rpcstatus.FromError(rpcstatus.Error(err)))),
	}
}

func TestRoundTripPathError(t *testing.T) {
	for _, original := range []*tranship.PathError{
		{Path: "a/b", Err: tranship.ErrNotFound},
		{Path: "", Err: tranship.ErrExists},
		{Op: "read", Path: "a/ü", Err: fmt.Errorf("%w: read-only file system", tranship.ErrDenied)},
		{Path: "a", Err: &tranship.LimitError{Limit: tranship.LimitFileBytes, Allowed: 5, Rule: "a file has at most 5 bytes"}},
		{Path: "a", Err: &tranship.InvalidError{Field: "path", Rule: "must be short"}},
	} {
		for name, got := range ways(original) {
			at, ok := errors.AsType[*tranship.PathError](got)
			if !ok || at.Op != original.Op || at.Path != original.Path || at.Error() != original.Error() || got.Error() != original.Error() {
				t.Errorf("%s: %v came back as %v (%+v)", name, original, got, at)
				continue
			}
			if tranship.WithoutPath(got, original.Path) != tranship.WithoutPath(original, original.Path) {
				t.Errorf("%s: without its path %v is %q", name, got, tranship.WithoutPath(got, original.Path))
			}
			if rpcstatus.Reason(at) != rpcstatus.Reason(original) {
				t.Errorf("%s: the cause of %v came back as %v", name, original, at.Err)
			}
		}
	}
	// An error keeps its own message.
	worded := failure.Worded(&tranship.PathError{Op: "write", Path: "a", Err: tranship.ErrDenied}, "permission denied: alice may not write a")
	for name, got := range ways(worded) {
		if at, ok := errors.AsType[*tranship.PathError](got); !ok || got.Error() != worded.Error() || at.Error() != "cannot write a: permission denied" {
			t.Errorf("%s: %v came back as %v, %v", name, worded, got, at)
		}
	}
}

func TestRoundTripLimitError(t *testing.T) {
	for _, original := range []*tranship.LimitError{
		{Limit: tranship.LimitQuotaBytes, Allowed: 100, Asked: 120, For: "alice", Rule: "alice may have 100 bytes", Err: tranship.ErrQuota},
		{Limit: tranship.LimitMemory, Err: failure.Mark(tranship.ErrUnavailable, failure.Refused)},
		{Limit: "of-a-newer-server", Err: tranship.ErrLimit},
	} {
		for name, got := range ways(original) {
			over, ok := errors.AsType[*tranship.LimitError](got)
			if !ok || over.Error() != original.Error() || got.Error() != original.Error() {
				t.Errorf("%s: %v came back as %v (%+v)", name, original, got, over)
				continue
			}
			fields, want := *over, *original
			fields.Err, want.Err = nil, nil
			if fields != want {
				t.Errorf("%s: %+v came back as %+v", name, want, fields)
			}
			if !errors.Is(got, original.Err) && !errors.Is(got, tranship.ErrUnavailable) || failure.Of(context.Background(), got) != failure.Of(context.Background(), original) {
				t.Errorf("%s: %v came back as another error: %v", name, original, got)
			}
		}
	}
}

func TestRoundTripCredentialsError(t *testing.T) {
	for _, original := range []*tranship.CredentialsError{{Token: true}, {Certificate: true}, {Token: true, Certificate: true}} {
		for name, got := range ways(failure.Worded(original, "unauthenticated: give something")) {
			missing, ok := errors.AsType[*tranship.CredentialsError](got)
			if !ok || *missing != *original || got.Error() != "unauthenticated: give something" {
				t.Errorf("%s: %+v came back as %v (%+v)", name, original, got, missing)
			}
		}
	}
	got := rpcstatus.FromError(hostile(codes.Unauthenticated, "UNAUTHENTICATED", map[string]string{"credentials": "of a newer server"}))
	if _, ok := errors.AsType[*tranship.CredentialsError](got); ok || !errors.Is(got, tranship.ErrUnauthenticated) {
		t.Errorf("got %v", got)
	}
}

// TestDetailsAreBounded checks that texts that are too long for a header are only in the
// message.
func TestDetailsAreBounded(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	for _, err := range []error{
		&tranship.PathError{Op: long, Path: "a", Err: fmt.Errorf("%w: %s", tranship.ErrDenied, long)},
		&tranship.PathError{Path: long, Err: tranship.ErrNotFound},
		&tranship.LimitError{Limit: tranship.LimitFileBytes, For: long, Rule: long},
		&tranship.LimitError{Limit: tranship.Limit(long)},
	} {
		for _, detail := range rpcstatus.Status(err).Proto().GetDetails() {
			if size := proto.Size(detail); size > 200 {
				t.Errorf("%.40v: a detail has %d bytes", err, size)
			}
		}
		if got := rpcstatus.FromError(rpcstatus.Error(err)); !errors.Is(got, errors.Unwrap(err)) && rpcstatus.Reason(got) != rpcstatus.Reason(err) {
			t.Errorf("%.40v came back as %.40v", err, got)
		}
	}
}

// TestInternalPathErrorDoesNotLeak checks that the message of an error that is not
// package tranship's is not sent, even if it has a path.
func TestInternalPathErrorDoesNotLeak(t *testing.T) {
	secret := &tranship.PathError{Op: "read", Path: "a", Err: errors.New("input/output error")}
	if got := rpcstatus.Status(secret).Proto(); !proto.Equal(got, rpcstatus.Internal().Proto()) {
		t.Errorf("a client gets %v", got)
	}
}

// TestStatusIsDeterministic checks that the status of an error always has the same bytes,
// so that their order reveals nothing.
func TestStatusIsDeterministic(t *testing.T) {
	err := &tranship.PathError{Op: "write", Path: "a", Err: &tranship.LimitError{Limit: tranship.LimitFileBytes, Allowed: 1, Asked: 2, For: "ann"}}
	want := rpcstatus.Status(err).Proto().GetDetails()
	for range 100 {
		got := rpcstatus.Status(err).Proto().GetDetails()
		for i := range want {
			if !bytes.Equal(got[i].GetValue(), want[i].GetValue()) {
				t.Fatalf("%q, and then %q", want[i].GetValue(), got[i].GetValue())
			}
		}
	}
}

func hostile(code codes.Code, reason string, fields map[string]string) error {
	s, err := status.New(code, "message").WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "tranship", Metadata: fields})
	if err != nil {
		return status.Error(code, "message")
	}
	return s.Err()
}

// TestHostileDetails checks that a client rejects paths and limits that are not valid.
func TestHostileDetails(t *testing.T) {
	for _, fields := range []map[string]string{
		{"path": "../a"},
		{"path": "/etc/passwd"},
		{"path": "a\x00b"},
		{"path": strings.Repeat("a", 5000)},
		{"limit": "A B"},
		{"limit": ""},
		{"limit": strings.Repeat("a", 65)},
		{"limit": "--flag\n"},
	} {
		got := rpcstatus.FromError(hostile(codes.ResourceExhausted, "LIMIT", fields))
		_, isPath := errors.AsType[*tranship.PathError](got)
		_, isLimit := errors.AsType[*tranship.LimitError](got)
		if isPath || isLimit || !errors.Is(got, tranship.ErrLimit) {
			t.Errorf("%.60v became %v (%T)", fields, got, errors.Unwrap(got))
		}
	}
	got := rpcstatus.FromError(hostile(codes.ResourceExhausted, "QUOTA", map[string]string{
		"limit": "quota-bytes", "allowed": "-1", "asked": "9223372036854775808", "for": "a\x1b[31m\nb", "rule": "one\ntwo",
	}))
	over, ok := errors.AsType[*tranship.LimitError](got)
	if !ok {
		t.Fatalf("%v is no LimitError", got)
	}
	over.Err = nil
	if want := (tranship.LimitError{Limit: "quota-bytes", For: `a\x1b[31m b`, Rule: "one two"}); !reflect.DeepEqual(*over, want) {
		t.Errorf("got %+v, want %+v", *over, want)
	}
	// An error that no limit can cause does not become a LimitError.
	if _, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(hostile(codes.NotFound, "NOT_FOUND", map[string]string{"limit": "x"}))); ok {
		t.Error("NOT_FOUND became a LimitError")
	}
}

func FuzzDetails(f *testing.F) {
	f.Add(uint32(codes.NotFound), "NOT_FOUND", "a/b", "read", "why", "quota-bytes", "1", "2", "alice", "rule")
	f.Add(uint32(codes.ResourceExhausted), "QUOTA", "", "", "", "file-bytes", "-1", "x", "\x00", "a\nb")
	f.Fuzz(func(t *testing.T, code uint32, reason, path, op, cause, limit, allowed, asked, account, rule string) {
		err := rpcstatus.FromError(hostile(codes.Code(code%17), reason, map[string]string{
			"path": path, "op": op, "cause": cause, "limit": limit, "allowed": allowed, "asked": asked, "for": account, "rule": rule,
		}))
		if err == nil {
			if code%17 != 0 {
				t.Fatal("a failure became none")
			}
			return
		}
		check := func(what, text string, most int) {
			if len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%s is %q", what, text)
			}
		}
		if at, ok := errors.AsType[*tranship.PathError](err); ok {
			if at.Path != "" && tranship.ValidatePath(at.Path) != nil {
				t.Errorf("the path %q is none", at.Path)
			}
			check("op", at.Op, 100)
			check("message", at.Error(), 8<<10)
		}
		if over, ok := errors.AsType[*tranship.LimitError](err); ok {
			check("limit", string(over.Limit), 64)
			check("for", over.For, 2<<10)
			check("rule", over.Rule, 1<<10)
			if over.Allowed < 0 || over.Asked < 0 {
				t.Errorf("%d of %d", over.Asked, over.Allowed)
			}
		}
		again := rpcstatus.FromError(rpcstatus.Error(err))
		if rpcstatus.Reason(again) != rpcstatus.Reason(err) {
			t.Errorf("%v is relayed as %v", err, again)
		}
	})
}

// Package rpcstatus translates errors of package tranship to gRPC statuses and back. No
// other package maps errors to codes. A status carries the error's message and a
// google.rpc.ErrorInfo. Its reason distinguishes errors that have the same code. Its
// metadata has the fields of a tranship.PathError, a tranship.LimitError and a
// tranship.CredentialsError. An error that is not package tranship's becomes INTERNAL
// without its message, so that nothing internal leaks.
package rpcstatus

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// domain is the google.rpc.ErrorInfo domain of every reason here.
const domain = "tranship"

// reasonFinal is the reason of a tranship.ErrUnavailable that is failure.Final: the
// server knows that repeating the call does not help.
const reasonFinal = "UNAVAILABLE_FOR_GOOD"

// reasonRefused is the reason of a tranship.ErrUnavailable that is failure.Refused: the
// server has not begun the operation, for example because a limit refused the call.
const reasonRefused = "REFUSED"

// errFinal and errRefused are the errors for reasonFinal and reasonRefused.
var (
	errFinal   = failure.Mark(tranship.ErrUnavailable, failure.Final)
	errRefused = failure.Mark(tranship.ErrUnavailable, failure.Refused)
)

// reasonInternal is the reason of errors that are not package tranship's.
const reasonInternal = "INTERNAL"

// maxMissingRanges bounds how many ranges a status of an incomplete upload reports.
const maxMissingRanges = 1000

// table maps errors to codes and reasons. A status without a reason stands for the first
// row with its code.
var table = []struct {
	err    error
	code   codes.Code
	reason string
}{
	{tranship.ErrInvalid, codes.InvalidArgument, "INVALID"},
	{tranship.ErrNotFound, codes.NotFound, "NOT_FOUND"},
	{tranship.ErrExists, codes.AlreadyExists, "EXISTS"},
	{tranship.ErrPrecondition, codes.FailedPrecondition, "PRECONDITION"},
	{tranship.ErrIntegrity, codes.DataLoss, "INTEGRITY"},
	{tranship.ErrLimit, codes.ResourceExhausted, "LIMIT"},
	{tranship.ErrNoSpace, codes.ResourceExhausted, "NO_SPACE"},
	{tranship.ErrQuota, codes.ResourceExhausted, "QUOTA"},
	{tranship.ErrDenied, codes.PermissionDenied, "DENIED"},
	{tranship.ErrUnauthenticated, codes.Unauthenticated, "UNAUTHENTICATED"},
	{tranship.ErrAborted, codes.Aborted, "ABORTED"},
	{tranship.ErrUnavailable, codes.Unavailable, "UNAVAILABLE"},
	{errFinal, codes.Unavailable, reasonFinal},
	{errRefused, codes.Unavailable, reasonRefused},
	{tranship.ErrUnsupported, codes.Unimplemented, "UNSUPPORTED"},
	{context.Canceled, codes.Canceled, "CANCELLED"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
}

// IsInternal reports whether err becomes INTERNAL, without its message. A caller that
// returns it to a client should log it first.
func IsInternal(err error) bool {
	return err != nil && Status(err).Code() == codes.Internal
}

// Reason returns the reason for err in its status, such as "NOT_FOUND"; "INTERNAL" for an
// error that has none. err must not be nil.
func Reason(err error) string {
	for _, row := range table {
		if errors.Is(err, row.err) {
			return row.reason
		}
	}
	return reasonInternal
}

// Error turns err into a gRPC status error; nil stays nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return Status(err).Err()
}

// Status turns err, which must not be nil, into a gRPC status.
func Status(err error) *status.Status {
	for _, row := range table {
		if errors.Is(err, row.err) {
			reason := row.reason
			if row.code == codes.Unavailable {
				reason = reasonUnavailable(err)
			}
			return withDetails(status.New(row.code, valid(err.Error())), reason, err)
		}
	}
	if s, ok := status.FromError(err); ok {
		return s
	}
	return Internal()
}

// valid makes a text valid UTF-8, which protobuf requires.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// reasonUnavailable returns the reason of an error that matches tranship.ErrUnavailable.
func reasonUnavailable(err error) string {
	switch failure.Of(context.Background(), err) {
	case failure.Final:
		return reasonFinal
	case failure.Refused:
		return reasonRefused
	default:
		return "UNAVAILABLE"
	}
}

// Internal returns the status of a failure whose details clients must not see. Its
// ErrorInfo distinguishes it from an INTERNAL of a hop.
func Internal() *status.Status {
	return withDetails(status.New(codes.Internal, "internal error"), reasonInternal, nil)
}

func withDetails(s *status.Status, reason string, err error) *status.Status {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: domain, Metadata: metadata(err)}}
	var invalid *tranship.InvalidError
	if errors.As(err, &invalid) {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: invalid.Field, Description: invalid.Rule},
		}})
	}
	var incomplete *tranship.IncompleteError
	if errors.As(err, &incomplete) {
		missing := &transhipv1.MissingRanges{}
		for _, r := range incomplete.Missing[:min(len(incomplete.Missing), maxMissingRanges)] {
			missing.Ranges = append(missing.Ranges, &transhipv1.Range{Offset: r.Offset, Length: r.Length})
		}
		details = append(details, missing)
	}
	p := s.Proto()
	for _, detail := range details {
		// Equal errors have equal bytes, so that the bytes reveal nothing else.
		packed := &anypb.Any{}
		if anypb.MarshalFrom(packed, protoadapt.MessageV2Of(detail), proto.MarshalOptions{Deterministic: true}) != nil {
			return s
		}
		p.Details = append(p.Details, packed)
	}
	return status.FromProto(p)
}

// Proto turns err, which must not be nil, into the status of a failed slot.
func Proto(err error) *transhipv1.Status {
	s := Status(err).Proto()
	return &transhipv1.Status{Code: s.GetCode(), Message: s.GetMessage(), Details: s.GetDetails()}
}

package rpcstatus

import (
	"errors"
	"io"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// remoteError is what a server said. It matches the error of package tranship
// that the server meant, and reads as the server put it.
type remoteError struct {
	status *status.Status
	cause  error
}

func (e *remoteError) Error() string {
	message := e.status.Message()
	if e.cause == nil {
		return "server failed with " + e.status.Code().String() + ": " + message
	}
	if message == "" {
		return e.cause.Error()
	}
	return message
}

func (e *remoteError) Unwrap() error { return e.cause }

// GRPCStatus makes the status available to status.FromError.
func (e *remoteError) GRPCStatus() *status.Status { return e.status }

// FromError turns an error of a gRPC call into one of package tranship; nil and
// io.EOF stay as they are.
func FromError(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	return fromStatus(s)
}

// FromProto turns the status of a failed slot into an error of package tranship.
func FromProto(s *transhipv1.Status) error {
	if s.GetCode() == int32(codes.OK) {
		return &remoteError{status: status.New(codes.Unknown, "server reported a failure without a code")}
	}
	return fromStatus(status.FromProto(&spb.Status{Code: s.GetCode(), Message: s.GetMessage(), Details: s.GetDetails()}))
}

func fromStatus(s *status.Status) error {
	s = bounded(s)
	var reason string
	var cause error
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == domain {
				reason = detail.GetReason()
			}
		case *errdetails.BadRequest:
			if violations := detail.GetFieldViolations(); len(violations) > 0 && s.Code() == codes.InvalidArgument {
				cause = &tranship.InvalidError{Field: plain(violations[0].GetField()), Rule: plain(violations[0].GetDescription())}
			}
		case *transhipv1.MissingRanges:
			if s.Code() == codes.FailedPrecondition {
				if missing := incomplete(detail); missing != nil {
					cause = missing
				}
			}
		}
	}
	if cause == nil {
		cause = sentinel(s.Code(), reason)
	}
	return &remoteError{status: explain(s), cause: cause}
}

// sentinel finds the row of a code and reason; a reason that is unknown, as from
// another server or a proxy, leaves the code to decide.
func sentinel(code codes.Code, reason string) error {
	var byCode error
	for _, row := range table {
		if row.code != code {
			continue
		}
		if row.reason == reason {
			return row.err
		}
		if byCode == nil {
			byCode = row.err
		}
	}
	return byCode
}

// explain adds to grpc-go's own complaint about a message's size how to allow it.
func explain(s *status.Status) *status.Status {
	if s.Code() != codes.ResourceExhausted || !strings.Contains(s.Message(), "message larger than max") {
		return s
	}
	p := s.Proto()
	p.Message += "; raise --max-message-size where it was received"
	return status.FromProto(p)
}

package rpcstatus

import (
	"context"
	"errors"
	"io"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// remoteError is a status from a server, or from a hop on the way to it. It matches the
// corresponding error of package tranship, and has the server's message.
type remoteError struct {
	status *status.Status
	cause  error
	class  failure.Class
}

// Class implements failure.Classified.
func (e *remoteError) Class() failure.Class { return e.class }

func (e *remoteError) Error() string {
	message := e.status.Message()
	if proxy, ok := errors.AsType[*tranship.ProxyError](e.cause); ok && proxy.Status != 0 {
		return message // of a proxy, not of a server
	}
	if e.cause == nil {
		return "server failed with " + e.status.Code().String() + ": " + message
	}
	switch {
	case message == "":
		return e.cause.Error()
	case e.status.Code() == codes.Internal || e.status.Code() == codes.Unknown:
		return sentinelOf(e.cause).Error() + ": " + message // the code means something else
	}
	return message
}

// sentinelOf returns the error that an answer of a proxy stands for, and err itself if it
// is another one or stands for none.
func sentinelOf(err error) error {
	if proxy, ok := errors.AsType[*tranship.ProxyError](err); ok && proxy.Err != nil {
		return proxy.Err
	}
	return err
}

// Unwrap returns the error of package tranship, and also tranship.ErrUnavailable if the
// call may succeed later. A cancellation does not match that, because only the caller
// knows whether it cancelled the call itself.
func (e *remoteError) Unwrap() []error {
	switch {
	case e.cause == nil:
		return nil
	case e.class == failure.Final || errors.Is(e.cause, context.Canceled) || errors.Is(e.cause, context.DeadlineExceeded):
		return []error{e.cause}
	}
	return []error{e.cause, tranship.ErrUnavailable}
}

// GRPCStatus returns the status. It implements the interface that status.FromError uses.
func (e *remoteError) GRPCStatus() *status.Status { return e.status }

// FromError turns an error of a gRPC call to a server of this project into one of package
// tranship; nil and io.EOF stay as they are. The result has a class of package failure. A
// status without our ErrorInfo was not made by the server: it comes from a hop or the
// transport, and may be temporary.
func FromError(err error) error { return fromError(err, fromServer) }

// FromForeign is FromError for a server of another project. Its statuses INTERNAL,
// UNKNOWN and RESOURCE_EXHAUSTED are temporary only with messages that transports and
// gateways are known to use.
func FromForeign(err error) error { return fromError(err, fromForeign) }

func fromError(err error, from origin) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if _, ok := errors.AsType[*remoteError](err); ok {
		return err
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	return fromStatus(s, from)
}

// IsOurs reports whether err is a status that a server of this project made.
func IsOurs(err error) bool {
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return true
		}
	}
	return false
}

// IsMalformed reports whether err means that a received message could not be decoded.
func IsMalformed(err error) bool {
	s, ok := status.FromError(err)
	return ok && isMalformed(s)
}

func isMalformed(s *status.Status) bool {
	return s.Code() == codes.Internal && isUndecodable(s.Message())
}

// FromProto turns the status of a failed slot into an error of package tranship.
func FromProto(s *transhipv1.Status) error {
	if s.GetCode() == int32(codes.OK) {
		return &remoteError{status: status.New(codes.Unknown, "server reported a failure without a code")}
	}
	return fromStatus(status.FromProto(&spb.Status{Code: s.GetCode(), Message: s.GetMessage(), Details: s.GetDetails()}), fromSlot)
}

func fromStatus(s *status.Status, from origin) error {
	s = bounded(s)
	var reason string
	var cause error
	var fields map[string]string
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == domain {
				reason, fields = detail.GetReason(), detail.GetMetadata()
			}
		case *errdetails.BadRequest:
			if violations := detail.GetFieldViolations(); len(violations) > 0 && s.Code() == codes.InvalidArgument {
				cause = &tranship.InvalidError{Field: escapeControls(violations[0].GetField()), Rule: escapeControls(violations[0].GetDescription())}
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
	class := classOf(s, reason, from)
	if reason == "" && isMalformed(s) {
		cause = tranship.ErrIntegrity
	}
	if cause == nil && class != failure.Final {
		cause = tranship.ErrUnavailable
	}
	cause = withFields(fields, cause)
	if reason == "" && s.Code() == codes.ResourceExhausted && isTooLarge(s.Message()) {
		cause = &tranship.LimitError{Limit: tranship.LimitMessageBytes}
	}
	if reason == "" && from != fromSlot {
		if proxy := proxyError(s, cause); proxy != nil {
			s, cause = withMessage(s, proxy.Error()), proxy
		}
	}
	return &remoteError{status: s, cause: cause, class: class}
}

// sentinel returns the error for a code and reason. For an unknown reason, such as one of
// another server or a proxy, it returns the error for the code.
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

// withMessage returns a status with another message.
func withMessage(s *status.Status, message string) *status.Status {
	p := s.Proto()
	p.Message = message
	return status.FromProto(p)
}

// IsUnserved reports whether a server does not have the method that was called, so that
// it does not serve the protocol. It is false for a server of this project that has the
// method but does not support the request.
func IsUnserved(err error) bool {
	s, ok := status.FromError(err)
	return ok && s.Code() == codes.Unimplemented && !IsOurs(err) && !IsPage(err)
}

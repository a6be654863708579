package rpcstatus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// page returns grpc-go's description of a web server's response.
func page(status string) string {
	return "unexpected HTTP status code received from server: " + status + `; transport: received unexpected content-type "text/html"`
}

// TestClass classifies statuses of hops, gRPC and foreign servers, none of which has our
// ErrorInfo.
func TestClass(t *testing.T) {
	const final, refused, unknown = failure.Final, failure.Refused, failure.Unknown
	for _, test := range []struct {
		code    codes.Code
		text    string
		own     failure.Class // from a server of this project
		foreign failure.Class
	}{
		{codes.Unavailable, "error reading from server: EOF", unknown, unknown},
		{codes.Unavailable, `connection error: desc = "transport: Error while dialing: connection refused"`, refused, refused},
		{codes.Unavailable, `closing transport due to: connection error: desc = "error reading from server: EOF"`, unknown, unknown},
		{codes.Unavailable, "stream terminated by RST_STREAM with error code: REFUSED_STREAM", refused, refused},
		{codes.Unavailable, page("502 (Bad Gateway)"), unknown, unknown},
		{codes.Internal, "stream terminated by RST_STREAM with error code: INTERNAL_ERROR", unknown, unknown},
		{codes.Internal, "server closed the stream without sending trailers", unknown, unknown},
		{codes.Internal, "malformed header: missing HTTP status; malformed header: missing HTTP content-type", unknown, unknown},
		{codes.Internal, "unexpected EOF", unknown, unknown},
		{codes.Unknown, "stream terminated by RST_STREAM with error code: CONNECT_ERROR", unknown, unknown},
		{codes.Unknown, page("500 (Internal Server Error)"), unknown, unknown},
		{codes.Unknown, page("500 (Internal Server Error)") + "\ndata: \"<p>the answer is larger than max</p>\"", unknown, unknown},
		{codes.Unknown, page("520 ()"), unknown, unknown},
		{codes.Unknown, page("200 (OK)"), unknown, unknown},
		{codes.Unknown, page("408 (Request Timeout)"), unknown, unknown},
		{codes.Unknown, page("302 (Found)"), final, final},
		{codes.Unknown, page("413 (Request Entity Too Large)"), final, final},
		{codes.Unknown, page("505 (HTTP Version Not Supported)"), final, final},
		{codes.Internal, page("400 (Bad Request)"), final, final},
		{codes.ResourceExhausted, "stream terminated by RST_STREAM with error code: ENHANCE_YOUR_CALM", unknown, unknown},
		{codes.Canceled, "stream terminated by RST_STREAM with error code: CANCEL", unknown, unknown},
		{codes.DeadlineExceeded, "upstream request timeout", unknown, unknown},
		// A foreign server's own messages are final.
		{codes.Internal, "disk full", unknown, final},
		{codes.Unknown, "Exception calling application: division by zero", unknown, final},
		{codes.ResourceExhausted, "rate limited by the gateway", unknown, final},
		// Repeating the call does not help.
		{codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)", final, final},
		{codes.ResourceExhausted, "trying to send message larger than max (5 vs. 4)", final, final},
		{codes.Internal, "grpc: failed to unmarshal the received message: proto: wrong wire type", final, final},
		{codes.Internal, "header list size to send violates the maximum size (16 bytes) set by server", final, final},
		{codes.Internal, "cardinality violation: received no response message", final, final},
		{codes.Unimplemented, page("404 (Not Found)"), final, final},
		{codes.PermissionDenied, page("403 (Forbidden)"), final, final},
		{codes.Unauthenticated, page("401 (Unauthorized)"), final, final},
		{codes.NotFound, "no such thing", final, final},
		{codes.Aborted, "aborted", final, final},
	} {
		for name, got := range map[string]struct {
			err  error
			want failure.Class
		}{
			"ours":    {rpcstatus.FromError(status.Error(test.code, test.text)), test.own},
			"foreign": {rpcstatus.FromForeign(status.Error(test.code, test.text)), test.foreign},
		} {
			err := fmt.Errorf("a/path: %w", got.err)
			if class := failure.Of(t.Context(), err); class != got.want {
				t.Errorf("%s: %v %q is %v, want %v", name, test.code, test.text, class, got.want)
			}
			cancelled := test.code == codes.Canceled || test.code == codes.DeadlineExceeded
			if passing := got.want != final && !cancelled; errors.Is(err, tranship.ErrUnavailable) != passing {
				t.Errorf("%s: %v %q matches ErrUnavailable: %v", name, test.code, test.text, !passing)
			}
		}
		slot := rpcstatus.FromProto(&transhipv1.Status{Code: int32(test.code), Message: test.text})
		hopless := test.code == codes.Unavailable || test.code == codes.Canceled || test.code == codes.DeadlineExceeded
		if got := failure.IsPassing(t.Context(), slot); got != hopless {
			t.Errorf("slot: %v %q is passing: %v", test.code, test.text, got)
		}
	}
}

// TestClassOfOwnErrors checks that the class of a status that a server of this project
// made does not depend on its code.
func TestClassOfOwnErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		err  error
		want failure.Class
	}{
		{tranship.ErrUnavailable, failure.Unknown},
		{failure.Mark(tranship.ErrUnavailable, failure.Final), failure.Final},
		{fmt.Errorf("a/path: %w", failure.Mark(tranship.ErrUnavailable, failure.Refused)), failure.Refused},
		{context.Canceled, failure.Unknown},
		{context.DeadlineExceeded, failure.Unknown},
		{tranship.ErrLimit, failure.Final},
		{tranship.ErrNoSpace, failure.Final},
		{tranship.ErrQuota, failure.Final},
		{tranship.ErrNotFound, failure.Final},
		{errors.New("the disk of the server failed"), failure.Final}, // INTERNAL
	} {
		for name, err := range map[string]error{
			"call":    rpcstatus.FromError(rpcstatus.Error(test.err)),
			"foreign": rpcstatus.FromForeign(rpcstatus.Error(test.err)),
			"slot":    rpcstatus.FromProto(rpcstatus.Proto(test.err)),
		} {
			if got := failure.Of(t.Context(), err); got != test.want {
				t.Errorf("%s: %v is %v, want %v", name, test.err, got, test.want)
			}
			if failure.Of(ended, err) != failure.Final {
				t.Errorf("%s: %v is tried again after the end of its context", name, test.err)
			}
		}
	}
}

// Package grpcdesc adjusts generated gRPC service descriptions, so that a service
// behaves the same on every grpc.Server it is registered on, a user's own
// included.
package grpcdesc

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// Strict returns a copy of a service description in which a message that cannot
// be decoded, such as one with a string that is not UTF-8, fails with
// INVALID_ARGUMENT and a field violation. grpc-go itself calls that INTERNAL, which
// blames the server and invites a retry.
func Strict(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	strict := *description
	strict.Methods = make([]grpc.MethodDesc, len(description.Methods))
	for i, method := range description.Methods {
		handler := method.Handler
		method.Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return handler(srv, ctx, func(message any) error { return decodeError(decode(message)) }, interceptor)
		}
		strict.Methods[i] = method
	}
	strict.Streams = make([]grpc.StreamDesc, len(description.Streams))
	for i, stream := range description.Streams {
		handler := stream.Handler
		stream.Handler = func(srv any, ss grpc.ServerStream) error {
			return handler(srv, strictStream{ss})
		}
		strict.Streams[i] = stream
	}
	return &strict
}

type strictStream struct{ grpc.ServerStream }

func (s strictStream) RecvMsg(message any) error {
	return decodeError(s.ServerStream.RecvMsg(message))
}

// decodeError recognises grpc-go's error by its text, for it has no other mark.
func decodeError(err error) error {
	if status.Code(err) != codes.Internal {
		return err
	}
	message := status.Convert(err).Message()
	if !strings.Contains(message, "failed to unmarshal the received message") && !strings.Contains(message, "error unmarshalling request") {
		return err
	}
	rule := "must be well-formed protobuf"
	if strings.Contains(message, "invalid UTF-8") {
		rule = "every string must be valid UTF-8"
	}
	return rpcstatus.Error(&tranship.InvalidError{Field: "request", Rule: rule})
}

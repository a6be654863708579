// Package grpcdesc adjusts generated gRPC service descriptions, so that a service behaves
// the same on every grpc.Server that it is registered on, including one of another
// program.
package grpcdesc

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// Strict returns a copy of a service description in which a message that cannot be
// decoded, such as one with a string that is not UTF-8, fails with INVALID_ARGUMENT and a
// field violation. grpc-go would return INTERNAL, which blames the server and invites a
// retry.
func Strict(description *grpc.ServiceDesc) *grpc.ServiceDesc {
	strict := WrapMethods(description, func(_ string, handler grpc.MethodHandler) grpc.MethodHandler {
		return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return handler(srv, ctx, func(message any) error { return receive(decode, message) }, interceptor)
		}
	})
	strict.Streams = make([]grpc.StreamDesc, len(description.Streams))
	for i, stream := range description.Streams {
		handler := stream.Handler
		stream.Handler = func(srv any, ss grpc.ServerStream) error {
			return handler(srv, strictStream{ss})
		}
		strict.Streams[i] = stream
	}
	return strict
}

type strictStream struct{ grpc.ServerStream }

func (s strictStream) RecvMsg(message any) error {
	return receive(s.ServerStream.RecvMsg, message)
}

// Receive receives the next message of a stream and its payload. Malformed messages fail
// as they do in a Strict service.
func Receive(stream grpc.ServerStream, message *payload.Message) error {
	return explain(message.Receive(stream))
}

// ReceiveMore receives the next piece of the payload of a message in pieces, like Receive.
func ReceiveMore(stream grpc.ServerStream, message *payload.Message) error {
	return explain(message.ReceiveMore(stream))
}

// explain replaces the error of a malformed message by its status.
func explain(err error) error {
	if _, ok := errors.AsType[*payload.MalformedError](err); ok {
		return errMalformed()
	}
	return err
}

// receive decodes into an envelope of message, because grpc-go ends a call itself when
// decoding fails.
func receive(decode func(any) error, message any) error {
	if _, ok := message.(*payload.Message); ok { // keeps its decoding error
		return decode(message)
	}
	target, ok := message.(proto.Message)
	if !ok {
		return decode(message)
	}
	e := &envelope{target: target}
	if err := decode(e); err != nil {
		return err
	}
	if e.err != nil {
		return errMalformed()
	}
	return nil
}

// envelope is a message that decodes into another message and keeps the error. It has the
// methods of protobuf's first Go API, in which a message decodes itself.
type envelope struct {
	target proto.Message
	err    error
}

var _ protoadapt.MessageV1 = (*envelope)(nil)

// Target returns the message that was decoded, for interceptors.
func (e *envelope) Target() proto.Message { return e.target }

func (e *envelope) Reset()         { proto.Reset(e.target) }
func (e *envelope) String() string { return "envelope" }
func (e *envelope) ProtoMessage()  {}

// Marshal exists because protobuf requires both methods or none.
func (e *envelope) Marshal() ([]byte, error) { return proto.Marshal(e.target) }

func (e *envelope) Unmarshal(data []byte) error {
	e.err = proto.Unmarshal(data, e.target)
	return nil
}

// errMalformed returns the status for a message that cannot be decoded.
func errMalformed() error {
	return rpcstatus.Error(&tranship.InvalidError{Field: "request", Rule: "must be well-formed protobuf, in which every string must be valid UTF-8"})
}

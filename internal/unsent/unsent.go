// Package unsent tells what became of calls that grpc-go did not send.
package unsent

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Conn is a connection that says of a call with one request what became of it, if the
// request was not sent because the connection had been given up since the call was begun,
// as when a gateway takes no more calls on it. grpc-go then says io.EOF, which is for
// streams of requests: their end is what they receive.
type Conn struct{ grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (c Conn) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	err := c.ClientConnInterface.Invoke(ctx, method, request, reply, options...)
	if errors.Is(err, io.EOF) {
		return errUnsent()
	}
	return err
}

// NewStream implements grpc.ClientConnInterface.
func (c Conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	opened, err := c.ClientConnInterface.NewStream(ctx, desc, method, options...)
	if err != nil || desc.ClientStreams {
		return opened, err
	}
	return stream{opened}, nil
}

// stream is one of replies to one request.
type stream struct{ grpc.ClientStream }

// SendMsg implements grpc.ClientStream.
func (s stream) SendMsg(message any) error {
	err := s.ClientStream.SendMsg(message)
	if errors.Is(err, io.EOF) {
		return errUnsent()
	}
	return err
}

// errUnsent is what grpc-go says of other calls that no connection was there for.
func errUnsent() error {
	return status.Error(codes.Unavailable, `connection error: desc = "the connection was given up before the call was sent"`)
}

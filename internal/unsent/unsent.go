// Package unsent returns a proper error for calls that grpc-go did not send.
package unsent

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Conn is a connection whose calls with one request fail with UNAVAILABLE if the request was
// not sent because grpc-go gave up the connection after the start of the call. That happens
// when a gateway accepts no more calls on it. grpc-go then returns io.EOF, which makes sense
// only for streams of requests, because these receive the real error.
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

// stream is the stream of a call with one request.
type stream struct{ grpc.ClientStream }

// SendMsg implements grpc.ClientStream.
func (s stream) SendMsg(message any) error {
	err := s.ClientStream.SendMsg(message)
	if errors.Is(err, io.EOF) {
		return errUnsent()
	}
	return err
}

// errUnsent returns an error in the form of grpc-go's error for a call without a connection.
func errUnsent() error {
	return status.Error(codes.Unavailable, `connection error: desc = "the connection was given up before the call was sent"`)
}

package client

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// newFiles returns the service over a connection.
func newFiles(conn grpc.ClientConnInterface) transhipv1.FileServiceClient {
	return transhipv1.NewFileServiceClient(unsent{conn})
}

// unsent is a connection that says of a call with one request what became of it, if the
// request was not sent because the connection had been given up since the call was begun,
// as when a gateway takes no more calls on it. grpc-go then says io.EOF, which is for
// streams of requests: their end is what they receive.
type unsent struct{ grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (u unsent) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	err := u.ClientConnInterface.Invoke(ctx, method, request, reply, options...)
	if errors.Is(err, io.EOF) {
		return errUnsent()
	}
	return err
}

// NewStream implements grpc.ClientConnInterface.
func (u unsent) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := u.ClientConnInterface.NewStream(ctx, desc, method, options...)
	if err != nil || desc.ClientStreams {
		return stream, err
	}
	return unsentStream{stream}, nil
}

// unsentStream is a stream of replies to one request.
type unsentStream struct{ grpc.ClientStream }

// SendMsg implements grpc.ClientStream.
func (s unsentStream) SendMsg(message any) error {
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

package unsent_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/unsent"
)

// conn is a connection whose calls end with an error before they are sent.
type conn struct{ err error }

func (c conn) Invoke(context.Context, string, any, any, ...grpc.CallOption) error { return c.err }

func (c conn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return stream{err: c.err}, nil
}

type stream struct {
	grpc.ClientStream
	err error
}

func (s stream) SendMsg(any) error { return s.err }

func TestConn(t *testing.T) {
	other := status.Error(codes.NotFound, "no such thing")
	for _, test := range []struct {
		err     error
		streams bool // the client streams
		want    codes.Code
	}{
		{nil, false, codes.OK},
		{io.EOF, false, codes.Unavailable},
		{other, false, codes.NotFound},
		{io.EOF, true, codes.Unknown}, // io.EOF itself: the stream receives the real error
	} {
		wrapped := unsent.Conn{ClientConnInterface: conn{test.err}}
		stream, err := wrapped.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: test.streams}, "/a/b")
		if err != nil {
			t.Fatal(err)
		}
		err = stream.SendMsg(nil)
		if status.Code(err) != test.want || test.streams && !errors.Is(err, io.EOF) {
			t.Errorf("%+v: a stream's request: %v", test, err)
		}
		if err := wrapped.Invoke(t.Context(), "/a/b", nil, nil); !test.streams && status.Code(err) != test.want {
			t.Errorf("%+v: a call: %v", test, err)
		}
	}
}

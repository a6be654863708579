package client_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/failure"
)

// givenUp is a connection that grpc-go gives up between the start of each call and its
// request: see stream.go of grpc-go, where sendMsg fails with io.EOF and the stream has no
// status.
type givenUp struct{ grpc.ClientConnInterface }

func (givenUp) Invoke(context.Context, string, any, any, ...grpc.CallOption) error { return io.EOF }

func (givenUp) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return givenUpStream{ctx: ctx}, nil
}

type givenUpStream struct {
	grpc.ClientStream
	ctx context.Context
}

func (s givenUpStream) Context() context.Context { return s.ctx }
func (givenUpStream) SendMsg(any) error          { return io.EOF }

// TestUnsent checks that a call whose request was not sent counts as refused, so that it can
// be made again.
func TestUnsent(t *testing.T) {
	c := client.New(givenUp{})
	defer c.Close()
	calls := map[string]func() error{
		"Stat":   func() error { _, err := c.Stat(t.Context(), "a"); return err },
		"Remove": func() error { return c.Remove(t.Context(), "a", tranship.Precondition{}) },
		"Copy":   func() error { _, err := c.Copy(t.Context(), "a", "b", tranship.Precondition{}); return err },
		"List": func() error {
			for _, err := range c.List(t.Context(), tranship.ListOptions{}) {
				return err
			}
			return nil
		},
		"ListUploads": func() error {
			for _, err := range c.ListUploads(t.Context(), "") {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		err := call()
		if failure.Of(t.Context(), err) != failure.Refused || !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("%s: %v, want an error of class Refused", name, err)
		}
	}
}

package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// mute is a server that answers GetServerInfo, and no other call before the call ends.
type mute struct {
	transhipv1.UnimplementedFileServiceServer
	// copying gets an element when a Copy has begun. It may be nil.
	copying chan struct{}
}

func (mute) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (mute) Stat(ctx context.Context, _ *transhipv1.StatRequest) (*transhipv1.StatResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (mute) SetAttributes(ctx context.Context, _ *transhipv1.SetAttributesRequest) (*transhipv1.SetAttributesResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (mute) Delete(ctx context.Context, _ *transhipv1.DeleteRequest) (*transhipv1.DeleteResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (mute) Move(ctx context.Context, _ *transhipv1.MoveRequest) (*transhipv1.MoveResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (mute) AbortUpload(ctx context.Context, _ *transhipv1.AbortUploadRequest) (*transhipv1.AbortUploadResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (m mute) Copy(ctx context.Context, _ *transhipv1.CopyRequest) (*transhipv1.CopyResponse, error) {
	if m.copying != nil {
		m.copying <- struct{}{}
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (mute) List(_ *transhipv1.ListRequest, stream grpc.ServerStreamingServer[transhipv1.ListResponse]) error {
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (mute) ListUploads(_ *transhipv1.ListUploadsRequest, stream grpc.ServerStreamingServer[transhipv1.ListUploadsResponse]) error {
	<-stream.Context().Done()
	return stream.Context().Err()
}

// TestSilentServer checks that no call waits forever for a server that is connected but
// does not answer.
func TestSilentServer(t *testing.T) {
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, mute{}) })
	connected, err := client.Dial(t.Context(), address, client.Options{StallTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	for name, call := range map[string]func(context.Context) error{
		"Stat": func(ctx context.Context) error {
			_, err := connected.Stat(ctx, "a")
			return err
		},
		"SetAttributes": func(ctx context.Context) error {
			_, err := connected.SetAttributes(ctx, "a", tranship.Attributes{}, tranship.Precondition{})
			return err
		},
		"Remove": func(ctx context.Context) error { return connected.Remove(ctx, "a", tranship.Precondition{}) },
		"Move": func(ctx context.Context) error {
			_, err := connected.Move(ctx, "a", "b", tranship.Precondition{})
			return err
		},
		"AbortUpload": func(ctx context.Context) error { return connected.AbortUpload(ctx, "id") },
		"List": func(ctx context.Context) (last error) {
			for _, err := range connected.List(ctx, tranship.ListOptions{}) {
				last = err
			}
			return last
		},
		"ListUploads": func(ctx context.Context) (last error) {
			for _, err := range connected.ListUploads(ctx, "") {
				last = err
			}
			return last
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := call(ctx); !errors.Is(err, tranship.ErrUnavailable) || ctx.Err() != nil {
				t.Errorf("error %v", err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := call(ended); !errors.Is(err, context.Canceled) || errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("after the caller has cancelled: %v", err)
			}
		})
	}
}

// busy refuses every call, like a server at its limit.
type busy struct {
	transhipv1.UnimplementedFileServiceServer
}

func (busy) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return nil, rpcstatus.Error(failure.Mark(tranship.ErrUnavailable, failure.Refused))
}

// TestDialBusyServer checks that a server that refuses the first call because of a limit
// counts as reached.
func TestDialBusyServer(t *testing.T) {
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, busy{}) })
	_, err := client.Dial(t.Context(), address, client.Options{})
	if want := "asking the server at " + address + " for its version: unavailable"; err == nil || err.Error() != want || !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("got %v, want %s", err, want)
	}
	if class := failure.Of(t.Context(), err); class != failure.Unknown {
		t.Errorf("%v is %v, as if no server had been reached", err, class)
	}
}

// TestSilentListAtBegin checks that the stall timeout also limits a list that cannot begin
// because its connection takes no more calls.
func TestSilentListAtBegin(t *testing.T) {
	server := mute{copying: make(chan struct{}, 1)}
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		transhipv1.RegisterFileServiceServer(registrar, server)
	}, grpc.MaxConcurrentStreams(1))
	connected, err := client.Dial(t.Context(), address, client.Options{StallTimeout: 50 * time.Millisecond, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	for err = tranship.ErrUnavailable; errors.Is(err, tranship.ErrUnavailable); { // on a busy machine, it may stall
		_, err = connected.Open(t.Context(), "a", tranship.OpenOptions{})
	}
	if !errors.Is(err, tranship.ErrUnsupported) {
		t.Fatal(err) // the server's settings have come
	}
	ctx, cancel := context.WithCancel(t.Context())
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = connected.Copy(ctx, "a", "b", tranship.Precondition{})
	}()
	defer func() {
		cancel()
		<-copied
	}()
	<-server.copying
	for name, list := range map[string]func() error{
		"List": func() (last error) {
			for _, err := range connected.List(ctx, tranship.ListOptions{}) {
				last = err
			}
			return last
		},
		"ListUploads": func() (last error) {
			for _, err := range connected.ListUploads(ctx, "") {
				last = err
			}
			return last
		},
	} {
		if err := list(); !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "stalled: no") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// reticentServer is a server that describes itself only after it was asked for a file. It has no files.
type reticentServer struct {
	transhipv1.UnimplementedFileServiceServer
	once  sync.Once
	asked chan struct{}
	// err replaces the description.
	err error
}

// GetServerInfo implements transhipv1.FileServiceServer.
func (s *reticentServer) GetServerInfo(ctx context.Context, _ *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	select {
	case <-s.asked:
		return &transhipv1.GetServerInfoResponse{MaxMessageBytes: 1 << 20}, s.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// Stat implements transhipv1.FileServiceServer.
func (s *reticentServer) Stat(context.Context, *transhipv1.StatRequest) (*transhipv1.StatResponse, error) {
	s.once.Do(func() { close(s.asked) })
	return nil, rpcstatus.Error(tranship.ErrNotFound)
}

func serveReticent(t *testing.T, failure error) (address string) {
	t.Helper()
	s := &reticentServer{asked: make(chan struct{}), err: failure}
	return loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, s) })
}

// Dial asks both questions at once: the server answers one only after the other.
func TestMeanwhile(t *testing.T) {
	asked, opened := make(chan error, 1), make(chan error, 1)
	files, err := client.Dial(t.Context(), serveReticent(t, nil), client.Options{
		ConnectTimeout: time.Minute,
		Meanwhile: func(ctx context.Context, store tranship.Reader) {
			_, err := store.Stat(ctx, "a")
			asked <- err
			_, err = store.Open(ctx, "a", tranship.OpenOptions{})
			opened <- err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-asked; !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("Stat: %v", err)
	}
	if err := <-opened; !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("Open, which the server has not: %v", err)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
}

// If Dial fails, Meanwhile was called nevertheless, and its calls end.
func TestMeanwhileWithoutServer(t *testing.T) {
	for name, test := range map[string]struct {
		address string
		cancel  bool
	}{
		"refused":   {address: serveReticent(t, status.Error(codes.Unimplemented, "no such service"))},
		"none":      {address: "127.0.0.1:1"},
		"cancelled": {address: serveReticent(t, nil), cancel: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan struct{})
			files, err := client.Dial(ctx, test.address, client.Options{
				ConnectTimeout: 300 * time.Millisecond,
				Meanwhile: func(ctx context.Context, store tranship.Reader) {
					defer close(ended)
					if test.cancel {
						cancel()
					}
					_, _ = store.Stat(ctx, "a")
					_, _ = store.Open(ctx, "a", tranship.OpenOptions{})
				},
			})
			if err == nil {
				_ = files.Close()
				t.Error("Dial succeeded")
			}
			<-ended
		})
	}
}

package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// copyServer is a server that sends the responses of each test to CopyFile. Without any, it
// has only Copy.
type copyServer struct {
	transhipv1.UnimplementedFileServiceServer
	responses []*transhipv1.CopyFileResponse
	// calls has the names of the methods that were called.
	calls chan string
}

func (s *copyServer) CopyFile(_ *transhipv1.CopyFileRequest, stream grpc.ServerStreamingServer[transhipv1.CopyFileResponse]) error {
	s.calls <- "CopyFile"
	if s.responses == nil {
		return s.UnimplementedFileServiceServer.CopyFile(nil, stream)
	}
	for _, response := range s.responses {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (s *copyServer) Copy(context.Context, *transhipv1.CopyRequest) (*transhipv1.CopyResponse, error) {
	s.calls <- "Copy"
	return &transhipv1.CopyResponse{File: &transhipv1.File{Path: "b", Size: 9}}, nil
}

func (s *copyServer) connect(t *testing.T) *client.Client {
	t.Helper()
	s.calls = make(chan string, 10)
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, s) })
	connected := client.New(loopback.Dial(t, address))
	t.Cleanup(func() { connected.Close() })
	return connected
}

func copied(n int64) *transhipv1.CopyFileResponse {
	return &transhipv1.CopyFileResponse{CopiedBytes: n}
}

func copyOf(n int64) *transhipv1.CopyFileResponse {
	return &transhipv1.CopyFileResponse{CopiedBytes: n, File: &transhipv1.File{Path: "b", Size: n}}
}

// TestCopyProgress checks that Copy reports each change of the progress once.
func TestCopyProgress(t *testing.T) {
	server := &copyServer{responses: []*transhipv1.CopyFileResponse{copied(0), copied(0), copied(4), copied(4), copied(7), copyOf(9)}}
	var progress []int64
	ctx := tranship.NewCopyProgressContext(t.Context(), func(n int64) { progress = append(progress, n) })
	file, err := server.connect(t).Copy(ctx, "a", "b", tranship.Precondition{})
	if err != nil || file.Size != 9 || !slices.Equal(progress, []int64{4, 7}) {
		t.Errorf("got %+v, %v, progress %v", file, err, progress)
	}
}

// TestCopyOlderServer checks that a server without CopyFile is asked for it once.
func TestCopyOlderServer(t *testing.T) {
	server := &copyServer{}
	connected := server.connect(t)
	for range 2 {
		if file, err := connected.Copy(t.Context(), "a", "b", tranship.Precondition{}); err != nil || file.Size != 9 {
			t.Errorf("got %+v, %v", file, err)
		}
	}
	close(server.calls)
	var calls []string
	for call := range server.calls {
		calls = append(calls, call)
	}
	if !slices.Equal(calls, []string{"CopyFile", "Copy", "Copy"}) {
		t.Errorf("called %v", calls)
	}
}

// TestHostileCopy checks that the client rejects responses that break the protocol.
func TestHostileCopy(t *testing.T) {
	for name, responses := range map[string][]*transhipv1.CopyFileResponse{
		"no result":        {copied(1)},
		"nothing":          {},
		"decreasing":       {copied(4), copied(3), copyOf(9)},
		"negative":         {copied(-1), copyOf(9)},
		"two results":      {copyOf(9), copyOf(9)},
		"more afterwards":  {copyOf(9), copied(9)},
		"not a valid file": {{File: &transhipv1.File{Path: "../b"}}},
	} {
		server := &copyServer{responses: responses}
		if file, err := server.connect(t).Copy(t.Context(), "a", "b", tranship.Precondition{}); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %+v, %v", name, file, err)
		}
	}
}

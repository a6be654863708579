package client_test

import (
	"errors"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// babbling is a server that sends messages without content, endlessly.
type babbling struct {
	transhipv1.UnimplementedFileServiceServer
}

func (babbling) List(_ *transhipv1.ListRequest, stream grpc.ServerStreamingServer[transhipv1.ListResponse]) error {
	for {
		if err := stream.Send(&transhipv1.ListResponse{}); err != nil {
			return err
		}
	}
}

func (babbling) ListUploads(_ *transhipv1.ListUploadsRequest, stream grpc.ServerStreamingServer[transhipv1.ListUploadsResponse]) error {
	for {
		if err := stream.Send(&transhipv1.ListUploadsResponse{}); err != nil {
			return err
		}
	}
}

func (babbling) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	for {
		if err := stream.Send(&transhipv1.UploadResponse{}); err != nil {
			return err
		}
	}
}

func (babbling) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	if err := stream.Send(opened("file", 4, nil)); err != nil {
		return err
	}
	for {
		if err := stream.Send(sent(0, "", nil)); err != nil {
			return err
		}
	}
}

// TestBabbling checks that a client ends calls that get only messages without content.
func TestBabbling(t *testing.T) {
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		transhipv1.RegisterFileServiceServer(registrar, babbling{})
	})
	files := client.New(loopback.Dial(t, address))
	defer files.Close()
	for name, call := range map[string]func() error{
		"list": func() (got error) {
			for _, err := range files.List(t.Context(), tranship.ListOptions{}) {
				got = err
			}
			return got
		},
		"list uploads": func() (got error) {
			for _, err := range files.ListUploads(t.Context(), "") {
				got = err
			}
			return got
		},
		"begin": func() error { _, err := files.Begin(t.Context(), tranship.Spec{Path: "file"}); return err },
		"put":   func() error { _, err := files.Put(t.Context(), tranship.Spec{Path: "file"}, nil); return err },
		"open":  func() error { _, err := read(t, files); return err },
		"fetch": func() error { _, err := fetch(t, files); return err },
	} {
		if err := call(); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v, want ErrIntegrity", name, err)
		}
	}
}

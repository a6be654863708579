package client_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

var (
	uploadSign   = &transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}}
	downloadSign = &transhipv1.DownloadResponse{Response: &transhipv1.DownloadResponse_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}}
)

// hectic is a server that sends nothing but signs of life, endlessly.
type hectic struct {
	babbling
	// opens means that it opens files before.
	opens bool
}

func (hectic) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	for {
		if err := stream.Send(uploadSign); err != nil {
			return err
		}
	}
}

func (h hectic) Download(stream grpc.BidiStreamingServer[transhipv1.DownloadRequest, transhipv1.DownloadResponse]) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	if h.opens {
		if err := stream.Send(opened("file", 4, nil)); err != nil {
			return err
		}
	}
	for {
		if err := stream.Send(downloadSign); err != nil {
			return err
		}
	}
}

// TestHecticServer checks that a client ends a call in which signs of life come faster than the
// client asks for.
func TestHecticServer(t *testing.T) {
	for _, opens := range []bool{false, true} {
		address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
			transhipv1.RegisterFileServiceServer(registrar, hectic{opens: opens})
		})
		files := client.New(loopback.Dial(t, address))
		defer files.Close()
		for name, call := range map[string]func() error{
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
}

// old is a server that knows no signs of life: it ends streams on which one comes. It answers
// after an hour.
type old struct {
	transhipv1.UnimplementedFileServiceServer
	// asked are the values of the metadata of its calls.
	asked chan []string
}

func (old) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (o old) Upload(stream grpc.BidiStreamingServer[transhipv1.UploadRequest, transhipv1.UploadResponse]) error {
	o.asked <- metadata.ValueFromIncomingContext(stream.Context(), "tranship-keep-alive")
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() {
		_, err := stream.Recv()
		over <- err
	}()
	select {
	case err := <-over:
		return status.Errorf(codes.InvalidArgument, "another message, %v", err)
	case <-time.After(time.Hour):
	}
	file := &transhipv1.File{Path: request.GetPut().GetPath(), Version: "1"}
	return stream.Send(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Finished{Finished: &transhipv1.Finished{Slot: 1, File: file}}})
}

// TestOldServer checks that a client sends no sign of life to a server that sent none, and
// how often it asks for them.
func TestOldServer(t *testing.T) {
	for stall, want := range map[time.Duration]string{0: "5000", 8 * time.Second: "2000", time.Second: "500", time.Hour: "5000"} {
		synctest.Test(t, func(t *testing.T) {
			asked := make(chan []string, 1)
			options := strict(t, func(r grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(r, old{asked: asked}) }, nil)
			options.StallTimeout = stall
			files, err := client.Dial(t.Context(), "127.0.0.1:1", options)
			if err != nil {
				t.Fatal(err)
			}
			defer files.Close()
			if _, err := files.Put(t.Context(), tranship.Spec{Path: "file"}, nil); err != nil {
				t.Error(err)
			}
			if got := <-asked; len(got) != 1 || got[0] != want {
				t.Errorf("with a stall timeout of %v the client asks for %q, want %s", stall, got, want)
			}
		})
	}
}

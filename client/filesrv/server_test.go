package filesrv_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	"github.com/tranship/tranship/server"
)

// foreign is a server of another project.
type foreign struct {
	filesrvv1.UnimplementedFileSrvServer
	// answer is the answer to uploads. With early it is sent before anything was
	// received.
	answer *filesrvv1.StringResponse
	early  bool
	// header, messages and err are the answer to downloads: metadata, messages of either
	// revision, and a status. err is also the status of uploads.
	header   []string
	messages []any
	err      error
	// stall, when not nil, delays the end of calls until it is closed or they are
	// cancelled.
	stall chan struct{}

	// received are the requests of the last upload that the client ended; asked is the
	// metadata of the last download.
	received []*filesrvv1.UploadRequest
	asked    metadata.MD
}

func (f *foreign) UploadFile(stream grpc.ClientStreamingServer[filesrvv1.UploadRequest, filesrvv1.StringResponse]) error {
	var received []*filesrvv1.UploadRequest
	for !f.early {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			f.received = received
			break
		}
		if err != nil {
			return err
		}
		received = append(received, request)
	}
	if err := f.wait(stream.Context()); err != nil {
		return err
	}
	if f.err != nil {
		return f.err
	}
	return stream.SendAndClose(f.answer)
}

func (f *foreign) DownloadFile(_ *filesrvv1.FileHeader, stream grpc.ServerStreamingServer[filesrvv1.FileResponse]) error {
	f.asked, _ = metadata.FromIncomingContext(stream.Context())
	if err := stream.SetHeader(metadata.Pairs(f.header...)); err != nil {
		return err
	}
	for _, message := range f.messages {
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
	if err := f.wait(stream.Context()); err != nil {
		return err
	}
	return f.err
}

func (f *foreign) wait(ctx context.Context) error {
	if f.stall == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-f.stall:
		return nil
	}
}

// dialForeign returns a client of a foreign server.
func dialForeign(t *testing.T, f *foreign, options filesrv.Options) *filesrv.Client {
	t.Helper()
	address := loopback.Serve(t, func(r grpc.ServiceRegistrar) { filesrvv1.RegisterFileSrvServer(r, f) })
	return filesrv.New(loopback.Dial(t, address), options)
}

// dialOwn returns a client of a server of this project.
func dialOwn(t *testing.T, store tranship.Store, options server.Filesrv) *filesrv.Client {
	t.Helper()
	return filesrv.New(loopback.Dial(t, serveOwn(t, store, options)), filesrv.Options{})
}

// serveOwn runs a server of this project, and returns its address.
func serveOwn(t *testing.T, store tranship.Store, options server.Filesrv) string {
	t.Helper()
	return storeserver.Mount(t, store, server.Config{Protocols: server.Protocols{Filesrv: &options}})
}

func chunkV1(data string) any { return &filesrvv1.FileResponse{ChunkData: []byte(data)} }

func chunkV2(data string) any {
	return &filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_ChunkData{ChunkData: []byte(data)}}
}

func headerV2(filename, extension string) any {
	return &filesrvv2.FileResponse{Data: &filesrvv2.FileResponse_Header{
		Header: &filesrvv2.FileHeader{Filename: filename, Extension: extension},
	}}
}

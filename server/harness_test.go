package server_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/laneconn"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// way serves a store, and returns a connection to it.
type way func(t *testing.T, store tranship.Store, config server.Config, options ...grpc.DialOption) (grpc.ClientConnInterface, *server.Server)

// mounted serves a store on a grpc.Server, to calls over HTTP/2.
func mounted(t *testing.T, store tranship.Store, config server.Config, options ...grpc.DialOption) (grpc.ClientConnInterface, *server.Server) {
	t.Helper()
	service := storeserver.New(t, store, config)
	address := loopback.Serve(t, service.Mount, server.GRPCOptions(config)...)
	return loopback.Dial(t, address, options...), service
}

// onLanes serves a store to calls on lanes; others are over HTTP/2.
func onLanes(t *testing.T, store tranship.Store, config server.Config, options ...grpc.DialOption) (grpc.ClientConnInterface, *server.Server) {
	t.Helper()
	service := storeserver.New(t, store, config)
	listener := listen(t)
	served := make(chan error, 1)
	go func() { served <- service.Serve(context.Background(), listener) }()
	t.Cleanup(func() {
		service.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Errorf("the server ended with %v", err)
		}
	})
	address := listener.Addr().String()
	return laneconn.Over(t, loopback.Dial(t, address, options...), address), service
}

// overBoth runs a test over HTTP/2 and over lanes.
func overBoth(t *testing.T, test func(t *testing.T, serve way)) {
	t.Helper()
	for name, serve := range map[string]way{"HTTP2": mounted, "lanes": onLanes} {
		t.Run(name, func(t *testing.T) { test(t, serve) })
	}
}

// client serves store, and returns a raw client of it: no code of package client is in the way
// of what these tests send.
func (w way) client(t *testing.T, store tranship.Store, options ...grpc.DialOption) (transhipv1.FileServiceClient, *server.Server) {
	t.Helper()
	conn, service := w(t, store, server.Config{}, options...)
	return transhipv1.NewFileServiceClient(conn), service
}

// limited is client with limits.
func (w way) limited(t *testing.T, store tranship.Store, limits limit.Options) transhipv1.FileServiceClient {
	t.Helper()
	conn, _ := w(t, store, server.Config{Limits: limits})
	return transhipv1.NewFileServiceClient(conn)
}

// serve is way.client over HTTP/2.
func serve(t *testing.T, store tranship.Store, options ...grpc.DialOption) (transhipv1.FileServiceClient, *server.Server) {
	t.Helper()
	return way(mounted).client(t, store, options...)
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// upload sends all requests, half-closes and only then reads: what the plainest
// client does. It returns the terminal replies by slot.
func upload(t *testing.T, client transhipv1.FileServiceClient, requests ...*transhipv1.UploadRequest) (map[uint64]*transhipv1.Finished, map[uint64]*transhipv1.Status) {
	t.Helper()
	stream, err := client.Upload(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		if err := stream.Send(request); err != nil {
			t.Fatalf("sending %v: %v", request, err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	finished, failed, err := terminals(t, stream)
	if err != nil {
		t.Fatal(err)
	}
	return finished, failed
}

// terminals reads to the end of the stream and checks that no slot has two.
func terminals(t *testing.T, stream grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]) (map[uint64]*transhipv1.Finished, map[uint64]*transhipv1.Status, error) {
	t.Helper()
	finished := map[uint64]*transhipv1.Finished{}
	failed := map[uint64]*transhipv1.Status{}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return finished, failed, nil
		}
		if err != nil {
			return finished, failed, err
		}
		var slot uint64
		switch reply := response.GetResponse().(type) {
		case *transhipv1.UploadResponse_Finished:
			slot = reply.Finished.GetSlot()
		case *transhipv1.UploadResponse_Failed:
			slot = reply.Failed.GetSlot()
		default:
			continue
		}
		if finished[slot] != nil || failed[slot] != nil {
			t.Fatalf("slot %d has a second terminal reply: %v", slot, response)
		}
		if reply := response.GetFinished(); reply != nil {
			finished[slot] = reply
		} else {
			failed[slot] = response.GetFailed().GetStatus()
		}
	}
}

func begin(slot uint64, path string, size *int64) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: slot, Path: path, Size: size}}}
}

func join(slot uint64, begun *transhipv1.Begun) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: slot, Mode: transhipv1.Begin_MODE_JOIN, UploadId: begun.GetUploadId(), Epoch: begun.GetEpoch(),
	}}}
}

func chunk(slot uint64, offset *int64, data []byte) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: slot, Offset: offset, Data: data}}}
}

func zeros(slot uint64, offset *int64, length int64) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Zeros{Zeros: &transhipv1.Zeros{Slot: slot, Offset: offset, Length: length}}}
}

func finish(slot uint64) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: slot}}}
}

func cancelSlot(slot uint64) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: slot}}}
}

func put(slot uint64, path string, data []byte) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: slot, Path: path, Data: data}}}
}

// content is what the store has at path; nil when there is nothing.
func content(t *testing.T, store *mem.Store, path string) []byte {
	t.Helper()
	opened, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	data, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// resumable begins an upload with keep.
func resumable(slot uint64, path string, mode transhipv1.Begin_Mode, size int64, key string) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: slot, Mode: mode, Path: path, Size: &size, Keep: true, ResumeKey: key,
	}}}
}

func copyPart(slot uint64, offset int64, source string) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{
		Slot: slot, Offset: offset, SourcePath: source,
	}}}
}

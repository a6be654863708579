package server_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// A server announces lanes, and serves an upload and a download on one, beside gRPC.
func TestLane(t *testing.T) {
	served, err := server.New(t.Context(), server.Config{Store: new(mem.Store), Anonymous: server.AnonymousWrite})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- served.Serve(t.Context(), listener) }()
	t.Cleanup(func() {
		served.Stop()
		if err := <-done; !errors.Is(err, server.ErrStopped) {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	info, err := transhipv1.NewFileServiceClient(conn).GetServerInfo(t.Context(), &transhipv1.GetServerInfoRequest{})
	if err != nil || info.GetLanes().GetInstanceId() == "" || info.GetLanes().GetVersion() != 1 {
		t.Fatalf("%v, %v", info, err)
	}
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	l, err := lane.Dial(t.Context(), raw, lane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Instance() != info.GetLanes().GetInstanceId() {
		t.Errorf("instance %q, want %q", l.Instance(), info.GetLanes().GetInstanceId())
	}
	released := make(chan bool, 1)
	stream, err := l.Open(t.Context(), lane.Headers{Method: transhipv1.FileService_Upload_FullMethodName}, func(reusable bool) { released <- reusable })
	if err != nil {
		t.Fatal(err)
	}
	put := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "file", Data: []byte("content")}}}
	if err := errors.Join(stream.SendMsg(put), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	var stored transhipv1.UploadResponse
	if err := stream.RecvMsg(&stored); err != nil || stored.GetFinished().GetFile().GetSize() != 7 {
		t.Errorf("%v, %v", &stored, err)
	}
	if err := stream.RecvMsg(&stored); !errors.Is(err, io.EOF) || !<-released {
		t.Error(err)
	}
}

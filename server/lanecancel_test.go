package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// TestCancelUnread has a client that asks for a large file on a lane, reads nothing, and cancels the
// call without ending its part before. The server learns of it although it is writing, and ends
// the call.
func TestCancelUnread(t *testing.T) {
	store := &mem.Store{}
	if _, err := transfer.UploadFrom(t.Context(), store, bytes.NewReader(make([]byte, 64<<20)), tranship.Spec{Path: "large"}); err != nil {
		t.Fatal(err)
	}
	service, listener := storeserver.New(t, store, server.Config{}), listen(t)
	served := make(chan error, 1)
	go func() { served <- service.Serve(context.Background(), listener) }()
	defer func() {
		service.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Error(err)
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	frame := func(kind byte, message proto.Message) []byte {
		encoded, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(encoded))), encoded...)
	}
	if _, err := io.WriteString(conn, lane.Preface); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len(lane.Preface))); err != nil {
		t.Fatal(err)
	}
	headers := frame(1, &transhipv1.LaneHeaders{Method: transhipv1.FileService_Download_FullMethodName})
	open := frame(3, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "large"}}})
	if _, err := conn.Write(append(headers, open...)); err != nil {
		t.Fatal(err)
	}
	await(t, "the call has not begun", func() string {
		if service.Memory().Idle() {
			return "no memory is in use"
		}
		return ""
	})
	if _, err := conn.Write([]byte{6, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	awaitIdle(t, service)
}

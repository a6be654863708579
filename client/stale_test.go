package client_test

import (
	"io"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/lane"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// dialShort connects a client to a server whose lanes are lost when their second call begins.
func dialShort(t *testing.T, handle func(stream *lane.ServerStream) error) *client.Client {
	t.Helper()
	address := laneServer{handle: handle, isShort: true}.serve(t)
	files, err := client.Dial(t.Context(), address, client.Options{Transport: client.TransportLanes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	return files
}

// TestOpenOnStaleLane opens files on lanes that are lost when they are used again.
func TestOpenOnStaleLane(t *testing.T) {
	files := dialShort(t, func(stream *lane.ServerStream) error {
		for _, response := range []*transhipv1.DownloadResponse{opened("a", 4, nil), sent(0, "data", nil), done(tranship.CRC32C([]byte("data")))} {
			if err := stream.SendMsg(response); err != nil {
				return err
			}
		}
		return nil
	})
	for range 4 {
		content, err := files.Open(t.Context(), "a", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(content); err != nil || string(got) != "data" {
			t.Errorf("read %q, %v", got, err)
		}
		_ = content.Close()
	}
}

// TestBeginOnStaleLane begins uploads on lanes that are lost when they are used again.
func TestBeginOnStaleLane(t *testing.T) {
	files := dialShort(t, func(stream *lane.ServerStream) error {
		for {
			var request transhipv1.UploadRequest
			if err := stream.RecvMsg(&request); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			begin := request.GetBegin()
			if begin == nil {
				continue
			}
			begun := &transhipv1.Begun{Slot: begin.GetSlot(), UploadId: "id", Epoch: 1, PartSize: 1 << 20}
			if err := stream.SendMsg(&transhipv1.UploadResponse{Response: &transhipv1.UploadResponse_Begun{Begun: begun}}); err != nil {
				return err
			}
		}
	})
	for range 4 {
		upload, err := files.Begin(t.Context(), tranship.Spec{Path: "a", Size: new(int64(4)), ResumeKey: "key"})
		if err != nil {
			t.Fatal(err)
		}
		if err := upload.Detach(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

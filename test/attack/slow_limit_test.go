//go:build linux

package attack

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestSlowClientsDropped has clients that send a few bytes from time to time, or do not
// read what they request. The server ends their calls. Others continue meanwhile, and an
// upload that was too slow resumes when its client returns.
func TestSlowClientsDropped(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/large", "")
	if err := os.Truncate(filepath.Join(s.root, "large"), 16<<20); err != nil {
		t.Fatal(err)
	}
	s.start(t, "--min-rate", "64KiB", "--min-rate-window", "1s")
	ctx := testContext(t)
	content := bytes.Repeat([]byte("all of it "), 2_000_000)
	size := int64(len(content))
	const first, chunk = 16 << 20, 1 << 20 // more than a part

	slow := map[string]func() error{
		"a native upload":           func() error { return trickleNative(t, s.dial(t), "slow", content, first) },
		"a native upload on a lane": func() error { return trickleNative(t, s.onLanes(t), "slower", content, first) },
		"a filesrv upload": func() error {
			stream, err := filesrvv1.NewFileSrvClient(s.dial(t)).UploadFile(ctx)
			if err != nil {
				return err
			}
			header := &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{Filename: "dripped"}}}
			if err := stream.Send(header); err != nil {
				return err
			}
			stop := trickle(stream.Context(), func() error {
				return stream.Send(&filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: []byte("drop")}})
			})
			defer stop()
			return stream.RecvMsg(&filesrvv1.StringResponse{})
		},
	}
	type end struct {
		what string
		err  error
	}
	ends := make(chan end, len(slow))
	for what, run := range slow {
		go func() { ends <- end{what, run()} }()
	}
	// Many downloads with windows of 0. Data for them would stay in memory, so that the
	// server closes their connection.
	reader := s.frames(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	reader.drain()
	open := message([]byte{0x0a, 9, 0x08, 1, 0x12, 5, 'l', 'a', 'r', 'g', 'e'})
	if err := openCalls(100, downloadMethod, open)(reader); err != nil && !refused(err) {
		t.Fatal(err)
	}

	// A harmless client uploads until all slow clients are dropped.
	honest := s.dialClient(t)
	for left, gone := len(slow), reader.gone; left > 0 || gone != nil; {
		if _, err := honest.Put(ctx, tranship.Spec{Path: "honest"}, content[:chunk]); err != nil {
			t.Fatalf("a harmless client: %v", err)
		}
		select {
		case ended := <-ends:
			left--
			if status.Code(ended.err) != codes.Unavailable || !names(ended.err, tranship.LimitMinRate) {
				t.Errorf("%s that trickles: %v", ended.what, ended.err)
			}
		case <-gone:
			gone = nil
		case <-ctx.Done():
			t.Fatal("slow clients are not dropped")
		default:
		}
	}
	if said := s.Err.String(); !strings.Contains(said, "does not read what it asks for (min-rate)") {
		t.Errorf("the connection of a client that reads nothing was closed, but the log has only:\n%s", said)
	}

	// The upload resumes with what has arrived.
	upload, err := honest.Begin(ctx, tranship.Spec{Path: "slow", Size: &size, ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	there := map[int64]bool{}
	for _, part := range upload.Durable() {
		there[part.Offset] = true
	}
	if len(there) == 0 {
		t.Error("nothing of the upload was kept")
	}
	for n := 0; int64(n)*upload.PartSize() < size; n++ {
		offset := int64(n) * upload.PartSize()
		if there[offset] {
			continue
		}
		part, err := upload.Part(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content[offset:min(offset+upload.PartSize(), size)]); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(ctx, tranship.Commit{Size: size, CRC32C: new(tranship.CRC32C(content))}); err != nil {
		t.Errorf("it cannot be resumed: %v", err)
	}
	for unfinished, err := range honest.ListUploads(ctx, "") {
		if err := errors.Join(err, honest.AbortUpload(ctx, unfinished.ID)); err != nil || unfinished.Path != "slower" {
			t.Errorf("the unfinished upload of %q: %v", unfinished.Path, err)
		}
	}
	for _, path := range []string{"slow", "honest"} {
		if err := honest.Remove(ctx, path, tranship.Precondition{}); err != nil {
			t.Error(err)
		}
	}
	s.unchanged(t)
}

// trickleNative begins a resumable upload to a path, sends its first bytes at once and then a few
// from time to time, until that fails.
func trickleNative(t testing.TB, conn grpc.ClientConnInterface, path string, content []byte, first int64) error {
	stream, err := transhipv1.NewFileServiceClient(conn).Upload(testContext(t))
	if err != nil {
		return err
	}
	chunk := func(offset int64, data []byte) error {
		return stream.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1, Offset: &offset, Data: data}}})
	}
	begin := &transhipv1.Begin{Slot: 1, Path: path, Size: new(int64(len(content))), Keep: true, ResumeKey: "key"}
	if err := stream.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: begin}}); err != nil {
		return err
	}
	offset := int64(0)
	for ; offset < first; offset += 1 << 20 {
		if err := chunk(offset, content[offset:offset+1<<20]); err != nil {
			return err
		}
	}
	stop := trickle(stream.Context(), func() error {
		err := chunk(offset, content[offset:offset+10])
		offset += 10
		return err
	})
	defer stop()
	for {
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if failed := reply.GetFailed(); failed != nil {
			return rpcstatus.FromProto(failed.GetStatus())
		}
	}
}

// trickle calls send repeatedly, with pauses, until it fails or is stopped.
func trickle(ctx context.Context, send func() error) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		pause := time.NewTicker(50 * time.Millisecond)
		defer pause.Stop()
		for send() == nil {
			select {
			case <-pause.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

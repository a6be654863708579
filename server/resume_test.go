package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/mem"
)

// TestResumeAfterCut cuts the stream of a kept upload; another stream, as of a new
// process, goes on with what was durable.
func TestResumeAfterCut(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &watched{Store: mem.Store{PartSize: partSize}, aborted: make(chan struct{}, 1), detached: make(chan struct{}, 1)}
		client, _ := serve.client(t, store)
		ctx, cancel := context.WithCancel(testContext(t))
		first := resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2500, "key")
		first.GetBegin().ProgressInterval = durationpb.New(time.Millisecond)
		owner := start(t, ctx, client, first)
		begun := receive(t, owner).GetBegun()
		if begun.GetEpoch() != 1 || len(begun.GetDurable()) != 0 || begun.GetPartSize() != partSize {
			t.Fatalf("a new upload began with %v", begun)
		}
		// Two parts and a half; a joined slot tells that its part is durable.
		send(t, owner, chunk(1, nil, part('a')), chunk(1, nil, []byte("half")))
		finished, failed := upload(t, client, join(1, begun), chunk(1, new(int64(2000)), part('c')[:500]), finish(1))
		if durable := finished[1].GetDurable(); len(durable) != 1 || durable[0].GetOffset() != 2000 || durable[0].GetCrc32C() != tranship.CRC32C(part('c')[:500]) {
			t.Fatalf("the joined slot ended with %v, %v; want its part durable", finished, failed)
		}
		for receive(t, owner).GetProgress().GetWrittenBytes() < partSize+4+500 { // the other stream may have been faster
		}
		cancel()
		<-store.detached

		owner = start(t, testContext(t), client, resumable(9, "file", transhipv1.Begin_MODE_RESUME, 2500, "key"))
		again := receive(t, owner).GetBegun()
		if again.GetUploadId() != begun.GetUploadId() || again.GetEpoch() != 2 {
			t.Fatalf("resuming began with %v, want upload %s in epoch 2", again, begun.GetUploadId())
		}
		var offsets []int64
		for _, durable := range again.GetDurable() {
			offsets = append(offsets, durable.GetOffset())
		}
		if len(offsets) != 2 || offsets[0] != 0 || offsets[1] != 2000 {
			t.Fatalf("durable are %v, want the parts at 0 and 2000", again.GetDurable())
		}
		if _, failed := upload(t, client, join(1, begun)); codes.Code(failed[1].GetCode()) != codes.Aborted {
			t.Errorf("joining with the old epoch: %v, want ABORTED", failed)
		}
		send(t, owner, chunk(9, new(int64(1000)), part('b')), finish(9))
		file := receive(t, owner).GetFinished().GetFile()
		want := append(append(part('a'), part('b')...), part('c')[:500]...)
		if file.GetSize() != 2500 || !bytes.Equal(content(t, &store.Store, "file"), want) {
			t.Errorf("committed %v with other content than was sent", file)
		}
	})
}

// TestResumeEndsTheOlder resumes an upload whose stream is still open, as after a
// half-open connection.
func TestResumeEndsTheOlder(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{PartSize: partSize})
		older := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 1000, "key"))
		receive(t, older)
		newer := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 1000, "key"))
		receive(t, newer)
		if got := codes.Code(receive(t, older).GetFailed().GetStatus().GetCode()); got != codes.Aborted {
			t.Errorf("the older owner ended with %v, want ABORTED", got)
		}
		send(t, newer, chunk(1, nil, part('n')), finish(1))
		if file := receive(t, newer).GetFinished().GetFile(); file.GetSize() != 1000 {
			t.Errorf("the newer owner ended with %v", file)
		}
	})
}

// TestNewTakesThePlace begins a new upload where one could be resumed.
func TestNewTakesThePlace(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{PartSize: partSize})
		stream := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2000, "key"), chunk(1, nil, part('o')))
		old := receive(t, stream).GetBegun()
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := terminals(t, stream); err != nil {
			t.Fatal(err)
		}
		stream = start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_NEW, 2000, "key"))
		if begun := receive(t, stream).GetBegun(); begun.GetUploadId() == old.GetUploadId() || begun.GetEpoch() != 1 || len(begun.GetDurable()) != 0 {
			t.Errorf("NEW began with %v", begun)
		}
	})
}

// TestLostReply finishes an upload twice, as when the first reply was lost.
func TestLostReply(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: partSize}
		client, _ := serve.client(t, store)
		begin := func() *transhipv1.UploadRequest {
			return resumable(1, "file", transhipv1.Begin_MODE_RESUME, 1000, "key")
		}
		first, _ := upload(t, client, begin(), chunk(1, nil, part('a')), finish(1))
		second, failed := upload(t, client, begin(), finish(1))
		if got, want := second[1].GetFile().GetVersion(), first[1].GetFile().GetVersion(); got != want || want == "" {
			t.Errorf("finished again with %v, %v; want version %s", second, failed, want)
		}
		_, failed = upload(t, client, begin(), chunk(1, nil, part('b')))
		if codes.Code(failed[1].GetCode()) != codes.Aborted {
			t.Errorf("a chunk for a finished upload: %v, want ABORTED", failed)
		}
		upload(t, client, begin(), cancelSlot(1)) // forgets it
		third, failed := upload(t, client, begin(), chunk(1, nil, part('b')), finish(1))
		if third[1] == nil || content(t, store, "file")[0] != 'b' {
			t.Errorf("after it was forgotten: %v, %v", third, failed)
		}
	})
}

// TestUploadsListAndAbort lists what was left behind and removes it.
func TestUploadsListAndAbort(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{PartSize: partSize})
		stream := start(t, testContext(t), client, resumable(1, "d/file", transhipv1.Begin_MODE_RESUME, 2000, "key"), chunk(1, nil, part('a')))
		id := receive(t, stream).GetBegun().GetUploadId()
		list := func(directory string) []*transhipv1.Upload {
			listing, err := client.ListUploads(testContext(t), &transhipv1.ListUploadsRequest{Directory: directory})
			if err != nil {
				t.Fatal(err)
			}
			var all []*transhipv1.Upload
			for {
				response, err := listing.Recv()
				if errors.Is(err, io.EOF) {
					return all
				}
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, response.GetUploads()...)
			}
		}
		for directory, want := range map[string]int{"": 1, "d": 1, "d/file": 1, "other": 0} {
			all := list(directory)
			if len(all) != want {
				t.Fatalf("%d uploads under %q, want %d", len(all), directory, want)
			}
			if want == 1 && (all[0].GetUploadId() != id || all[0].GetPath() != "d/file" || all[0].GetSize() != 2000 || all[0].GetExpireTime().AsTime().Before(time.Now())) {
				t.Errorf("listed %v", all[0])
			}
		}
		if _, err := client.AbortUpload(testContext(t), &transhipv1.AbortUploadRequest{UploadId: id}); err != nil {
			t.Fatal(err)
		}
		send(t, stream, chunk(1, nil, part('b')), finish(1))
		if got := codes.Code(receive(t, stream).GetFailed().GetStatus().GetCode()); got != codes.Aborted && got != codes.NotFound {
			t.Errorf("the writer of an aborted upload ended with %v", got)
		}
		if _, err := client.AbortUpload(testContext(t), &transhipv1.AbortUploadRequest{UploadId: id}); status.Code(err) != codes.NotFound {
			t.Errorf("aborting again: %v, want NOT_FOUND", err)
		}
		if all := list(""); len(all) != 0 {
			t.Errorf("still listed: %v", all)
		}
	})
}

// TestCopyPart fills parts from a file of the store.
func TestCopyPart(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: partSize}
		client, _ := serve.client(t, store)
		source := append(append(part('a'), part('b')...), part('c')...)
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "source"}, source); err != nil {
			t.Fatal(err)
		}
		checked := func(offset int64, crc uint32) *transhipv1.UploadRequest {
			return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_CopyPart{CopyPart: &transhipv1.CopyPart{
				Slot: 1, Offset: offset, SourcePath: "source", SourceOffset: 2000, Crc32C: &crc,
			}}}
		}
		right := tranship.CRC32C(part('c'))
		begin := resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2500, "key")
		finished, failed := upload(t, client, begin, chunk(1, nil, part('x')), checked(1000, right), chunk(1, nil, part('y')[:500]), finish(1))
		want := append(append(part('x'), part('c')...), part('y')[:500]...)
		if finished[1] == nil || !bytes.Equal(content(t, store, "file"), want) {
			t.Errorf("finished %v, failed %v, or other content", finished, failed)
		}
		begin = resumable(1, "other", transhipv1.Begin_MODE_RESUME, 2500, "key")
		if _, failed := upload(t, client, begin, checked(0, right+1)); codes.Code(failed[1].GetCode()) != codes.DataLoss {
			t.Errorf("a copy with another checksum: %v, want DATA_LOSS", failed)
		}
	})
}

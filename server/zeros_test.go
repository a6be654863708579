package server_test

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestZerosAfterFinish sends zeros for slots that have ended. They are dropped like chunks.
func TestZerosAfterFinish(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, _ := serve.client(t, store)
		finished, failed := upload(t, client,
			begin(1, "file", nil), chunk(1, nil, []byte("1")), zeros(1, nil, 3), finish(1), zeros(1, nil, 5), zeros(1, new(int64(0)), 1<<62),
			begin(2, "cancelled", nil), cancelSlot(2), zeros(2, nil, 5),
			put(3, "after", nil))
		if finished[1].GetFile().GetSize() != 4 || finished[3] == nil || len(failed) != 1 || codes.Code(failed[2].GetCode()) != codes.Canceled {
			t.Errorf("finished %v, failed %v", finished, failed)
		}
		if got := content(t, store, "file"); string(got) != "1\x00\x00\x00" {
			t.Errorf("the file has %q", got)
		}
	})
}

// TestZerosOfJoinedSlots writes the parts of one upload through two streams, as zeros and bytes.
func TestZerosOfJoinedSlots(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: partSize}
		client, _ := serve.client(t, store)
		owner := start(t, testContext(t), client, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 3*partSize, "key"))
		begun := receive(t, owner).GetBegun()
		finished, failed := upload(t, client, join(1, begun), zeros(1, new(int64(partSize)), 10), chunk(1, nil, part('b')[10:]), finish(1))
		if finished[1] == nil {
			t.Fatal(failed)
		}
		send(t, owner, zeros(1, nil, partSize), zeros(1, new(int64(2*partSize)), partSize), finish(1))
		if file := receive(t, owner).GetFinished().GetFile(); file.GetSize() != 3*partSize {
			t.Errorf("the file is %v", file)
		}
		want := append(make([]byte, partSize+10), part('b')[10:]...)
		if got := content(t, store, "file"); !bytes.Equal(got, append(want, make([]byte, partSize)...)) {
			t.Errorf("the file has %d other bytes", len(got))
		}
	})
}

// TestZerosIntoAnother sends zeros into an upload of another principal. The answer is that for an
// upload that does not exist, and nothing is written.
func TestZerosIntoAnother(t *testing.T) {
	store := &mem.Store{PartSize: partSize}
	address := storeserver.Mount(t, store, storeserver.Believing(server.Config{}), append(server.GRPCOptions(server.Config{}), loopback.Believing()...)...)
	as := func(name string) transhipv1.FileServiceClient {
		return transhipv1.NewFileServiceClient(loopback.Dial(t, address, loopback.As(access.Principal{Name: name})...))
	}
	hers := start(t, testContext(t), as("ann"), resumable(1, "file", transhipv1.Begin_MODE_RESUME, 4, "key"))
	begun := receive(t, hers).GetBegun()
	madeUp := proto.Clone(begun).(*transhipv1.Begun)
	madeUp.UploadId = "MADEUPMADEUPMADEUPMADEUPMA"
	refused := func(begun *transhipv1.Begun) *transhipv1.Status {
		t.Helper()
		finished, failed := upload(t, as("bob"), join(1, begun), zeros(1, new(int64(0)), 4), finish(1))
		if len(finished) > 0 || failed[1] == nil {
			t.Fatalf("bob joined %v: %v", begun, finished)
		}
		return failed[1]
	}
	if got, want := refused(begun), refused(madeUp); !proto.Equal(got, want) {
		t.Errorf("an upload of ann: %v; an upload that does not exist: %v", got, want)
	}
	send(t, hers, chunk(1, nil, []byte("good")), finish(1))
	if finished := receive(t, hers).GetFinished(); finished == nil || string(content(t, store, "file")) != "good" {
		t.Errorf("the file became %q", content(t, store, "file"))
	}
}

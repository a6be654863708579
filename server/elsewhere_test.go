package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// outcome returns the code with which a slot ends that joins an upload and writes to it.
func outcome(t *testing.T, client transhipv1.FileServiceClient, begun *transhipv1.Begun) codes.Code {
	t.Helper()
	finished, failed := upload(t, client, join(1, begun), chunk(1, new(int64(0)), part('x')), finish(1))
	if finished[1] != nil {
		return codes.OK
	}
	return codes.Code(failed[1].GetCode())
}

// TestJoinElsewhere writes parts of one upload at two servers.
func TestJoinElsewhere(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{PartSize: partSize}
		one, _ := serve.client(t, store)
		other, _ := serve.client(t, store)
		owner := start(t, testContext(t), one, resumable(1, "file", transhipv1.Begin_MODE_RESUME, 3*partSize, "key"))
		begun := receive(t, owner).GetBegun()

		elsewhere := start(t, testContext(t), other, join(1, begun), chunk(1, new(int64(0)), part('a')), join(2, begun), chunk(2, new(int64(partSize)), part('b')), finish(1), finish(2))
		streams := make(map[uint32]bool)
		durable := make(map[int64]bool)
		for len(durable) < 2 {
			reply := receive(t, elsewhere)
			if again := reply.GetBegun(); again != nil {
				streams[again.GetMaxStreams()] = true
				if again.GetUploadId() != begun.GetUploadId() || again.GetEpoch() != begun.GetEpoch() || again.GetPartSize() != begun.GetPartSize() {
					t.Errorf("joined %v, want %v", again, begun)
				}
				continue
			}
			finished := reply.GetFinished()
			if len(finished.GetDurable()) != 1 {
				t.Fatalf("a slot that has joined elsewhere ends with %v, want its part", reply)
			}
			durable[finished.GetDurable()[0].GetOffset()] = true
		}
		if !durable[0] || !durable[partSize] {
			t.Errorf("the durable parts are those at %v", durable)
		}
		if len(streams) != 1 || streams[0] || streams[1] {
			t.Errorf("the slots are granted %v streams, want the same number, and more than one", streams)
		}
		send(t, owner, chunk(1, new(int64(2*partSize)), part('c')), finish(1))
		for {
			if reply := receive(t, owner); reply.GetFinished() != nil {
				break
			} else if reply.GetFailed() != nil {
				t.Fatalf("the commit failed: %v", reply)
			}
		}
		want := append(append(part('a'), part('b')...), part('c')...)
		if got := content(t, store, "file"); string(got) != string(want) {
			t.Errorf("the file has %d bytes, want %d others", len(got), len(want))
		}
		if code := outcome(t, other, begun); code != codes.Aborted {
			t.Errorf("joining an upload that was committed at another server: %v, want ABORTED", code)
		}
	})
}

// TestEndsElsewhere joins an upload whose epoch has ended at another server.
func TestEndsElsewhere(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &watched{Store: mem.Store{PartSize: partSize}, aborted: make(chan struct{}, 9), detached: make(chan struct{}, 9)}
		one, _ := serve.client(t, store)
		other, _ := serve.client(t, store)
		ctx, cut := context.WithCancel(testContext(t))
		request := resumable(1, "file", transhipv1.Begin_MODE_RESUME, 2*partSize, "key")
		owner := start(t, ctx, one, request)
		begun := receive(t, owner).GetBegun()
		writing := start(t, testContext(t), other, join(1, begun), chunk(1, new(int64(0)), part('a')[:10]))
		receive(t, writing) // begun

		cut()
		<-store.detached
		send(t, writing, chunk(1, nil, part('a')[10:]))
		if failed := receive(t, writing).GetFailed(); codes.Code(failed.GetStatus().GetCode()) != codes.Unavailable {
			t.Errorf("writing to an upload that another server has lost: %v, want UNAVAILABLE", failed)
		}
		if code := outcome(t, other, begun); code != codes.Unavailable {
			t.Errorf("joining an upload that another server has lost: %v, want UNAVAILABLE", code)
		}

		resumed := start(t, testContext(t), other, request)
		again := receive(t, resumed).GetBegun()
		if again.GetUploadId() != begun.GetUploadId() || again.GetEpoch() != 2 {
			t.Fatalf("resumed %v, want the upload of %v", again, begun)
		}
		if code := outcome(t, one, again); code != codes.OK {
			t.Errorf("joining at the server that had the upload before: %v", code)
		}
		if _, err := one.AbortUpload(testContext(t), &transhipv1.AbortUploadRequest{UploadId: begun.GetUploadId()}); err != nil {
			t.Errorf("aborting at the server that had the upload before: %v", err)
		}
		send(t, resumed, chunk(1, new(int64(partSize)), part('b')))
		if failed := receive(t, resumed).GetFailed(); codes.Code(failed.GetStatus().GetCode()) != codes.Aborted {
			t.Errorf("writing to an upload that another server has aborted: %v, want ABORTED", failed)
		}
	})
}

// lonely is a store that does not join uploads.
type lonely struct {
	tranship.Store
	finder tranship.UploadFinder
}

func (l lonely) FindUpload(ctx context.Context, id string) (tranship.UploadInfo, error) {
	return l.finder.FindUpload(ctx, id)
}

// TestCannotJoinElsewhere checks that a server that cannot join an upload says whether it exists.
func TestCannotJoinElsewhere(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		inner := &mem.Store{PartSize: partSize}
		store := lonely{inner, inner}
		one, _ := serve.client(t, store)
		other, _ := serve.client(t, store)
		owner := start(t, testContext(t), one, resumable(1, "file", transhipv1.Begin_MODE_RESUME, partSize, "key"))
		begun := receive(t, owner).GetBegun()
		if code := outcome(t, other, begun); code != codes.Unavailable {
			t.Errorf("joining an upload of another server: %v, want UNAVAILABLE", code)
		}
		if code := outcome(t, one, begun); code != codes.OK {
			t.Errorf("joining at the server that has the upload: %v", code)
		}
		begun.UploadId = "MADEUPMADEUPMADEUPMADEUPMA"
		if code := outcome(t, other, begun); code != codes.Aborted {
			t.Errorf("joining an upload that does not exist: %v, want ABORTED", code)
		}
	})
}

// TestJoinOfAnotherElsewhere is TestJoinOfAnother at another server.
func TestJoinOfAnotherElsewhere(t *testing.T) {
	store := &mem.Store{PartSize: partSize}
	as := func(name string) transhipv1.FileServiceClient {
		address := storeserver.Mount(t, store, storeserver.Believing(server.Config{}), append(server.GRPCOptions(server.Config{}), loopback.Believing()...)...)
		return transhipv1.NewFileServiceClient(loopback.Dial(t, address, loopback.As(access.Principal{Name: name})...))
	}
	hers := start(t, testContext(t), as("ann"), resumable(1, "file", transhipv1.Begin_MODE_RESUME, partSize, "key"))
	begun := receive(t, hers).GetBegun()
	madeUp := proto.Clone(begun).(*transhipv1.Begun)
	madeUp.UploadId = "MADEUPMADEUPMADEUPMADEUPMA"
	refused := func(client transhipv1.FileServiceClient, begun *transhipv1.Begun) *transhipv1.Status {
		t.Helper()
		_, failed := upload(t, client, join(1, begun), chunk(1, new(int64(0)), part('x')), finish(1))
		return failed[1]
	}
	for _, name := range []string{"", "bob"} {
		client := as(name)
		got, want := refused(client, begun), refused(client, madeUp)
		if got == nil || !proto.Equal(got, want) {
			t.Errorf("%q joins an upload of ann: %v; an upload that does not exist: %v", name, got, want)
		}
	}
	if code := outcome(t, as("ann"), begun); code != codes.OK {
		t.Errorf("ann joins her own upload at another server: %v", code)
	}
}

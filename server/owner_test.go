package server_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// A caller that knows the id and the epoch of another's upload gets the same answer as for
// invented ones, and the upload is unchanged.
func TestJoinOfAnother(t *testing.T) {
	store := &mem.Store{PartSize: partSize}
	address := storeserver.Mount(t, store, storeserver.Believing(server.Config{}), append(server.GRPCOptions(server.Config{}), loopback.Believing()...)...)
	as := func(name string) transhipv1.FileServiceClient {
		return transhipv1.NewFileServiceClient(loopback.Dial(t, address, loopback.As(access.Principal{Name: name})...))
	}
	hers := start(t, testContext(t), as("ann"), resumable(1, "file", transhipv1.Begin_MODE_RESUME, 4, "key"))
	begun := receive(t, hers).GetBegun()
	if begun == nil {
		t.Fatal("the upload was not begun")
	}
	refused := func(name string, begun *transhipv1.Begun) *transhipv1.Status {
		t.Helper()
		stream := start(t, testContext(t), as(name), join(1, begun), chunk(1, new(int64(0)), []byte("evil")), finish(1))
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		finished, failed, err := terminals(t, stream)
		if err != nil || len(finished) > 0 || failed[1] == nil {
			t.Fatalf("%s joined %v: %v, %v", name, begun, finished, err)
		}
		return failed[1]
	}
	madeUp := proto.Clone(begun).(*transhipv1.Begun)
	madeUp.UploadId = "MADEUPMADEUPMADEUPMADEUPMA"
	alike := func(when string) {
		t.Helper()
		for _, name := range []string{"", "bob"} {
			if got, want := refused(name, begun), refused(name, madeUp); !proto.Equal(got, want) {
				t.Errorf("%s, %q joins an upload of ann: %v; an upload that does not exist: %v", when, name, got, want)
			}
		}
	}
	alike("under way")
	joined := start(t, testContext(t), as("ann"), join(1, begun), chunk(1, new(int64(0)), []byte("good")), finish(1))
	receive(t, joined) // begun
	if finished := receive(t, joined).GetFinished(); finished == nil {
		t.Fatal("ann cannot join her own upload")
	}
	send(t, hers, finish(1))
	if finished := receive(t, hers).GetFinished(); finished == nil || string(content(t, store, "file")) != "good" {
		t.Errorf("the file became %q", content(t, store, "file"))
	}
	alike("committed")
}

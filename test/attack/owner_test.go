//go:build linux

package attack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestOthersUploads tries to access another caller's upload with everything that could be
// known of it: its ID, its epoch, its path and its resume key. Other callers cannot see
// it.
func TestOthersUploads(t *testing.T) {
	s := prepareSite(t)
	file := filepath.Join(t.TempDir(), "tokens")
	alice, bob := newToken(t, file, "alice"), newToken(t, file, "bob")
	s.healthy = as(alice)
	s.start(t, "--tokens", file)
	ctx := testContext(t)
	mine := s.dialClient(t)
	content := bytes.Repeat([]byte("alice's own "), 100_000)
	size := int64(len(content))
	spec := tranship.Spec{Path: "docs/plan", Size: &size, ResumeKey: "a key that is easy to guess"}
	upload, err := mine.Begin(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		part, err := upload.Part(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		first := int64(n) * upload.PartSize()
		if _, err := part.Write(content[first:min(first+upload.PartSize(), size)]); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(0)

	// With the methods of our client.
	options := as(bob)
	options.DialOptions = append(s.watched(), options.DialOptions...)
	theirs, err := client.Dial(ctx, s.address, options)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	for info, err := range theirs.ListUploads(ctx, "") {
		t.Errorf("another sees upload %+v, %v", info, err)
	}
	if err := theirs.AbortUpload(ctx, upload.ID()); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("another aborts it: %v", err)
	}
	another, err := theirs.Begin(ctx, spec)
	if err != nil || another.ID() == upload.ID() || len(another.Durable()) > 0 {
		t.Errorf("another resumes it: %v", err)
	} else if err := another.Abort(ctx); err != nil {
		t.Error(err)
	}

	// With its ID and different epochs.
	conn := s.dial(t)
	for epoch := range uint64(4) {
		code, reply := s.join(t, conn, bob, upload.ID(), epoch)
		if code != codes.Aborted && code != codes.NotFound {
			t.Errorf("another joins it with epoch %d: %v, %v", epoch, code, reply)
		}
	}
	// A missing upload and another caller's upload are indistinguishable.
	mineCode, mineReply := s.join(t, conn, bob, upload.ID(), upload.Epoch())
	noneCode, noneReply := s.join(t, conn, bob, "0123456789abcdef0123456789abcdef", 1)
	if mineCode != noneCode || mineReply != noneReply {
		t.Errorf("another caller's upload is %v, %q; a missing one %v, %q", mineCode, mineReply, noneCode, noneReply)
	}

	// The owner continues undisturbed.
	for n := 1; int64(n)*upload.PartSize() < size; n++ {
		write(n)
	}
	if _, err := upload.Commit(ctx, tranship.Commit{Size: size, CRC32C: new(tranship.CRC32C(content))}); err != nil {
		t.Errorf("the owner cannot commit: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(s.root, "docs", "plan"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the owner's file has %d bytes, %v", len(got), err)
	}
	if err := mine.Remove(ctx, "docs/plan", tranship.Precondition{}); err != nil {
		t.Error(err)
	}
	s.unchanged(t)
}

// join joins an upload with a token, and writes into it.
func (s *site) join(t testing.TB, conn *grpc.ClientConn, token, id string, epoch uint64) (codes.Code, string) {
	t.Helper()
	ctx := metadata.NewOutgoingContext(testContext(t), metadata.Pairs("authorization", "Bearer "+token))
	stream, err := transhipv1.NewFileServiceClient(conn).Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []*transhipv1.UploadRequest{
		{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Mode: transhipv1.Begin_MODE_JOIN, UploadId: id, Epoch: epoch}}},
		{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 1, Offset: new(int64(0)), Data: []byte("not alice's")}}},
		{Request: &transhipv1.UploadRequest_Finish{Finish: &transhipv1.Finish{Slot: 1}}},
	} {
		if err := stream.Send(request); err != nil {
			break // RecvMsg returns the reason.
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	code, message := codes.OK, ""
	for {
		reply, err := stream.Recv()
		if err != nil {
			return code, message
		}
		if failed := reply.GetFailed(); failed != nil {
			code, message = codes.Code(failed.GetStatus().GetCode()), failed.GetStatus().GetMessage()
		}
	}
}

package server_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/mem"
)

// bouncer is a hook that refuses paths with "bad", and is told of commits.
type bouncer struct{ told chan string }

func (b bouncer) Ask(_ context.Context, question hook.Question) (hook.Answer, error) {
	return hook.Answer{Refuse: strings.Contains(question.Path, "bad"), Reason: "the path is bad"}, nil
}

func (b bouncer) Deliver(_ context.Context, events []hook.Event) error {
	for _, event := range events {
		b.told <- event.Path
	}
	return nil
}

// openHooks opens hooks of a store, which are closed when the test ends.
func openHooks(t *testing.T, store tranship.Store, hooks ...hook.Hook) *hook.Hooks {
	t.Helper()
	opened, err := hook.Open(t.Context(), store, hook.Options{Hooks: hooks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// refused fails unless an error of a call is that of bouncer.
func refused(t *testing.T, way string, err error) {
	t.Helper()
	if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "the hook bounce refuses") || !strings.Contains(err.Error(), "the path is bad") {
		t.Errorf("%s: %v", way, err)
	}
}

// TestHooks checks that hooks are asked and told about files of all protocols.
func TestHooks(t *testing.T) {
	store, told := &mem.Store{}, bouncer{make(chan string, 100)}
	hooks := openHooks(t, store, hook.Hook{Name: "bounce", Kinds: hook.Kinds(), Carrier: told, Timeout: time.Minute})
	conn, _ := mounted(t, store, server.Config{Hooks: hooks})
	_, err := uploadFiletransfer(t, conn, "bad")
	refused(t, "filetransfer", err)
	if _, err := uploadFiletransfer(t, conn, "good"); err != nil {
		t.Error(err)
	}
	refused(t, "filesrv", uploadFilesrv(t, conn, "bad"))
	if err := uploadFilesrv(t, conn, "fine"); err != nil {
		t.Error(err)
	}
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil || strings.Contains(entry.Path, "bad") {
			t.Errorf("%s is visible: %v", entry.Path, err)
		}
	}
	for _, want := range []string{"good", "fine.txt"} {
		if got := <-told.told; got != want {
			t.Errorf("the hook was told of %s, want %s", got, want)
		}
	}
}

func uploadFiletransfer(t *testing.T, conn grpc.ClientConnInterface, name string) (string, error) {
	t.Helper()
	stream, err := transferpb.NewFileServiceClient(conn).Upload(grpcmetadata.AppendToOutgoingContext(t.Context(), "filename", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&transferpb.Chunk{Data: []byte("text")}); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	response, err := stream.CloseAndRecv()
	return response.GetMessage(), err
}

func uploadFilesrv(t *testing.T, conn grpc.ClientConnInterface, name string) error {
	t.Helper()
	stream, err := filesrvv1.NewFileSrvClient(conn).UploadFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []*filesrvv1.UploadRequest{
		{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{Filename: name, Extension: ".txt"}}},
		{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: []byte("text")}},
	} {
		if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}

// TestHooksOfClient checks what a client gets when a hook refuses or does not answer, for small files
// and for uploads in parts.
func TestHooksOfClient(t *testing.T) {
	store, told := &mem.Store{}, bouncer{make(chan string, 100)}
	hooks := openHooks(t, store, hook.Hook{Name: "bounce", Kinds: []hook.Kind{hook.BeforeCommit}, Carrier: told, Timeout: time.Minute})
	address := storeserver.Serve(t, store, server.Config{Hooks: hooks})
	c, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	put := func(path string) error {
		_, err := c.Put(t.Context(), tranship.Spec{Path: path}, []byte("text"))
		return err
	}
	upload := func(path string) error {
		u, err := c.Begin(t.Context(), tranship.Spec{Path: path})
		if err != nil {
			return err
		}
		part, err := u.Part(t.Context(), 0)
		if err != nil {
			return err
		}
		_, err = part.Write([]byte("text"))
		if err := errors.Join(err, part.Close()); err != nil {
			return err
		}
		_, err = u.Commit(t.Context(), tranship.Commit{Size: 4})
		return err
	}
	for name, way := range map[string]func(string) error{"put": put, "upload": upload} {
		err := way(name + "/bad")
		at, _ := errors.AsType[*tranship.PathError](err)
		if !errors.Is(err, tranship.ErrDenied) || at == nil || at.Path != name+"/bad" || !strings.Contains(err.Error(), "the hook bounce refuses "+name+"/bad: the path is bad") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Stat(t.Context(), name+"/bad"); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err := way(name + "/good"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

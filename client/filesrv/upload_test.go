package filesrv_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filesrv"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// send uploads data in pieces, and commits it.
func send(ctx context.Context, c *filesrv.Client, spec tranship.Spec, data []byte) (tranship.File, error) {
	upload, err := c.Begin(ctx, spec)
	if err != nil {
		return tranship.File{}, err
	}
	defer upload.Abort(ctx)
	for n := 0; int64(n)*upload.PartSize() < int64(len(data)); n++ {
		part, err := upload.Part(ctx, n)
		if err != nil {
			return tranship.File{}, err
		}
		start := int64(n) * upload.PartSize()
		if _, err := part.Write(data[start:min(int64(len(data)), start+upload.PartSize())]); err != nil {
			return tranship.File{}, err
		}
		if err := part.Close(); err != nil {
			return tranship.File{}, err
		}
	}
	return upload.Commit(ctx, tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))})
}

func read(t *testing.T, reader interface {
	Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error)
}, path string,
) []byte {
	t.Helper()
	content, err := reader.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRoundTrip(t *testing.T) {
	for _, revision := range []int{1, 2} {
		store := new(mem.Store)
		client := dialOwn(t, store, server.Filesrv{Revision: revision})
		for _, path := range []string{"a.txt", "noext", "d/.bashrc", "d/e/f.tar.gz", "grüße/日本語.txt", "a."} {
			sizes := []int{0, 1}
			if path == "a.txt" {
				sizes = append(sizes, 1<<20, 9<<20+1)
			}
			for _, size := range sizes {
				data := bytes.Repeat([]byte{'x'}, size)
				file, err := send(t.Context(), client, tranship.Spec{Path: path}, data)
				if err != nil {
					t.Fatalf("%s of %d bytes: %v", path, size, err)
				}
				if file.Path != path || file.Size != int64(size) || *file.CRC32C != tranship.CRC32C(data) {
					t.Errorf("file is %+v", file)
				}
				if !bytes.Equal(read(t, store, path), data) || !bytes.Equal(read(t, client, path), data) {
					t.Errorf("%s of %d bytes has other content", path, size)
				}
			}
		}
	}
}

func TestPut(t *testing.T) {
	store := new(mem.Store)
	client := dialOwn(t, store, server.Filesrv{})
	for _, data := range []string{"", "hello"} {
		file, err := client.Put(t.Context(), tranship.Spec{Path: "a.txt"}, []byte(data))
		if err != nil || file.Size != int64(len(data)) || string(read(t, store, "a.txt")) != data {
			t.Errorf("put %q: %+v, %v", data, file, err)
		}
	}
	_, err := client.Put(t.Context(), tranship.Spec{Path: "a.txt"}, make([]byte, tranship.MaxPutBytes+1))
	if !errors.Is(err, tranship.ErrLimit) {
		t.Errorf("put of too many bytes: %v", err)
	}
	_, err = client.Put(t.Context(), tranship.Spec{Path: "a.txt", Size: new(int64(3))}, nil)
	if !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("put with another size: %v", err)
	}
}

// TestMessages checks that a file is sent in its own call, because existing servers mix up
// the files of a call: first its header, and then chunks that existing servers accept.
func TestMessages(t *testing.T) {
	f := &foreign{answer: &filesrvv1.StringResponse{Message: "Success!"}}
	client := dialForeign(t, f, filesrv.Options{})
	if _, err := send(t.Context(), client, tranship.Spec{Path: "d/a.tar.gz"}, make([]byte, 2<<20+5)); err != nil {
		t.Fatal(err)
	}
	if h := f.received[0].GetHeader(); h.GetFilename() != "d/a.tar" || h.GetExtension() != ".gz" {
		t.Errorf("header is %v", h)
	}
	var sizes []int
	for _, request := range f.received[1:] {
		if request.GetHeader() != nil {
			t.Errorf("another header: %v", request)
		}
		sizes = append(sizes, len(request.GetChunkData()))
	}
	if len(sizes) != 3 || sizes[0] != 1<<20 || sizes[2] != 5 {
		t.Errorf("chunks have %v bytes", sizes)
	}
}

func TestWarnings(t *testing.T) {
	var warnings []string
	f := &foreign{answer: &filesrvv1.StringResponse{Message: "Success!"}}
	client := dialForeign(t, f, filesrv.Options{Warn: func(s string) { warnings = append(warnings, s) }})
	for _, path := range []string{"a.txt", "d.d/noext", ".bashrc"} {
		if _, err := client.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(warnings) != 2 || !strings.HasPrefix(warnings[0], "d.d/noext ") || !strings.HasPrefix(warnings[1], ".bashrc ") {
		t.Errorf("warnings are %q", warnings)
	}
}

func TestForeignAnswers(t *testing.T) {
	for _, test := range []struct {
		name    string
		server  foreign
		message string
		is      error
	}{
		{name: "code", server: foreign{answer: &filesrvv1.StringResponse{Code: 1, Message: "Success!"}}, message: `a.txt: it answered code 1, "Success!"`},
		{name: "message", server: foreign{answer: &filesrvv1.StringResponse{Message: "disk full"}}, message: `"disk full"`},
		{name: "empty answer", server: foreign{answer: &filesrvv1.StringResponse{}}, message: "did not save"},
		{name: "status", server: foreign{err: status.Error(codes.PermissionDenied, "go away")}, message: "go away", is: tranship.ErrDenied},
		{name: "early status", server: foreign{early: true, err: status.Error(codes.ResourceExhausted, "full")}, message: "full", is: tranship.ErrLimit},
		{name: "early failure", server: foreign{early: true, answer: &filesrvv1.StringResponse{Code: 7, Message: "full"}}, message: `code 7, "full"`},
		{name: "early success", server: foreign{early: true, answer: &filesrvv1.StringResponse{Message: "Success!"}}, message: "before it had all", is: tranship.ErrAborted},
	} {
		t.Run(test.name, func(t *testing.T) {
			// More than the flow-control windows, so that the client notices an early end.
			_, err := send(t.Context(), dialForeign(t, &test.server, filesrv.Options{}), tranship.Spec{Path: "a.txt"}, make([]byte, 8<<20))
			if err == nil || !strings.Contains(err.Error(), test.message) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error is %v, want %q and %v", err, test.message, test.is)
			}
		})
	}
}

func TestUnsupported(t *testing.T) {
	client := dialForeign(t, &foreign{}, filesrv.Options{})
	for name, spec := range map[string]tranship.Spec{
		"precondition": {Path: "a.txt", Precondition: tranship.Precondition{MustNotExist: true}},
		"metadata":     {Path: "a.txt", Attributes: tranship.Attributes{Metadata: map[string]string{"k": "v"}}},
	} {
		if _, err := client.Begin(t.Context(), spec); !errors.Is(err, tranship.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"", "../x", "/x", ".tranship/x", "a\x00"} {
		if _, err := client.Begin(t.Context(), tranship.Spec{Path: path}); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("upload of %q: %v", path, err)
		}
		if _, err := client.Open(t.Context(), path, tranship.OpenOptions{}); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("download of %q: %v", path, err)
		}
	}
}

// TestContexts checks that the context of Begin governs only Begin, and that the context of
// Commit governs the commit.
func TestContexts(t *testing.T) {
	f := &foreign{stall: make(chan struct{})}
	client := dialForeign(t, f, filesrv.Options{})
	begin, cancel := context.WithCancel(t.Context())
	upload, err := client.Begin(begin, tranship.Spec{Path: "a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	commit, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := upload.Commit(commit, tranship.Commit{Size: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := client.Begin(begin, tranship.Spec{Path: "a.txt"}); !errors.Is(err, context.Canceled) {
		t.Errorf("begin: %v", err)
	}
}

func TestAbort(t *testing.T) {
	store := new(mem.Store)
	upload, err := dialOwn(t, store, server.Filesrv{}).Begin(t.Context(), tranship.Spec{Path: "a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{}); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("commit: %v", err)
	}
	if _, err := store.Stat(t.Context(), "a.txt"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
}

package filesrv_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/drain"
	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

func TestUploadRefused(t *testing.T) {
	for _, test := range []struct {
		name     string
		requests []*filesrvv1.UploadRequest
		code     codes.Code
		// message must be in that of the status.
		message string
		// kept are the files that were committed before the failure.
		kept []string
	}{
		{name: "nothing", message: "no header"},
		{name: "chunk first", requests: []*filesrvv1.UploadRequest{chunk("x")}, message: "before the first header"},
		{name: "empty chunk first", requests: []*filesrvv1.UploadRequest{chunk("")}, message: "before the first header"},
		{name: "empty request", requests: []*filesrvv1.UploadRequest{{}}, message: "neither header nor chunk_data"},
		{name: "no name", requests: []*filesrvv1.UploadRequest{header("", ""), chunk("x")}, message: "neither filename nor extension"},
		{name: "parent", requests: []*filesrvv1.UploadRequest{header("../x", ".txt"), chunk("x")}, message: `"../x.txt"`},
		{name: "parent across the fields", requests: []*filesrvv1.UploadRequest{header("d/.", "./x"), chunk("x")}, message: `"d/../x"`},
		{name: "only dots", requests: []*filesrvv1.UploadRequest{header(".", ".")}, message: `".."`},
		{name: "absolute", requests: []*filesrvv1.UploadRequest{header("/etc/passwd", "")}, message: `"/etc/passwd"`},
		{name: "slash at the end", requests: []*filesrvv1.UploadRequest{header("d/", "")}, message: `"d/"`},
		{name: "empty segment", requests: []*filesrvv1.UploadRequest{header("a//b", "")}, message: `"a//b"`},
		{name: "reserved", requests: []*filesrvv1.UploadRequest{header(".Tranship/x", "")}, message: `".Tranship/x"`},
		{name: "NUL", requests: []*filesrvv1.UploadRequest{header("a\x00", ".txt")}, message: `"a\x00.txt"`},
		{name: "line feed", requests: []*filesrvv1.UploadRequest{header("a\n", ".txt")}, message: `"a\n.txt"`},
		{name: "long segment", requests: []*filesrvv1.UploadRequest{header(strings.Repeat("a", 252), ".txt")}, message: "255"},
		{name: "endless name", requests: []*filesrvv1.UploadRequest{header(strings.Repeat("a/", 1<<19), "b")}, message: "1024"},
		{name: "endless NULs", requests: []*filesrvv1.UploadRequest{header(strings.Repeat("\x00", 1<<20), "b")}, message: "1024"},
		{
			name:     "second header invalid",
			requests: []*filesrvv1.UploadRequest{header("one", ".txt"), chunk("x"), header("../two", ""), chunk("y"), header("three", "")},
			message:  `"../two"`, kept: []string{"one.txt"},
		},
		{
			name:     "second header empty",
			requests: []*filesrvv1.UploadRequest{header("one", ".txt"), chunk("x"), header("", ""), chunk("y")},
			message:  "neither filename nor extension", kept: []string{"one.txt"},
		},
		{
			name:     "second file below the first",
			requests: []*filesrvv1.UploadRequest{header("one", ""), chunk("x"), header("one/two", ""), chunk("y")},
			code:     codes.AlreadyExists, message: "one/two", kept: []string{"one"},
		},
		{
			name:     "empty request in a file",
			requests: []*filesrvv1.UploadRequest{header("one", ""), chunk("x"), {}},
			message:  `"one"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := new(mem.Store)
			s := upload(t, serve(t, store, filesrv.Options{}), test.requests...)
			if test.code == codes.OK {
				test.code = codes.InvalidArgument
			}
			if s.Code() != test.code || !strings.Contains(s.Message(), test.message) {
				t.Errorf("status is %v %q, want %v with %q", s.Code(), s.Message(), test.code, test.message)
			}
			if got := slices.Sorted(maps.Keys(contents(t, store))); !slices.Equal(got, test.kept) {
				t.Errorf("files are %q, want %q", got, test.kept)
			}
		})
	}
}

func TestSeveralFiles(t *testing.T) {
	store := new(mem.Store)
	client := serve(t, store, filesrv.Options{})
	s := upload(t, client, header("a", ".txt"), chunk("1"), chunk("2"), header("empty", ""), header("b", ".txt"), chunk("3"), header("a", ".txt"), chunk("new"))
	if s != nil {
		t.Fatal(s)
	}
	want := map[string]string{"a.txt": "new", "empty": "", "b.txt": "3"}
	if got := contents(t, store); !maps.Equal(got, want) {
		t.Errorf("store has %q, want %q", got, want)
	}
}

// faultyStore tells of uploads that were aborted, and fails the commit of one path.
type faultyStore struct {
	tranship.Store
	aborted chan string
	fail    string
}

type faultyUpload struct {
	tranship.Upload
	store *faultyStore
	path  string
	once  sync.Once
}

func (s *faultyStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	return &faultyUpload{Upload: upload, store: s, path: spec.Path}, err
}

func (u *faultyUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if u.path == u.store.fail {
		return tranship.File{}, errors.New("/secret/disk: input/output error")
	}
	return u.Upload.Commit(ctx, commit)
}

func (u *faultyUpload) Abort(ctx context.Context) error {
	err := u.Upload.Abort(ctx)
	u.once.Do(func() { u.store.aborted <- u.path })
	return err
}

// A file that was cut off is never visible, but those before it are.
func TestCutOff(t *testing.T) {
	for _, name := range []string{"cancelled", "disconnected"} {
		t.Run(name, func(t *testing.T) {
			store := &faultyStore{Store: new(mem.Store), aborted: make(chan string, 1)}
			conn := loopback.Dial(t, loopback.Serve(t, filesrv.New(store, filesrv.Options{}).Register))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stream, err := filesrvv1.NewFileSrvClient(conn).UploadFile(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, request := range []*filesrvv1.UploadRequest{header("one", ""), chunk("1"), header("two", ""), chunk("2")} {
				if err := stream.Send(request); err != nil {
					t.Fatal(err)
				}
			}
			// Once the first is there, the second has begun.
			for {
				if _, err := store.Stat(t.Context(), "one"); err == nil {
					break
				}
			}
			if name == "cancelled" {
				cancel()
			} else {
				conn.Close()
			}
			if got := <-store.aborted; got != "two" {
				t.Errorf("aborted %s", got)
			}
			if got := contents(t, store); !maps.Equal(got, map[string]string{"one": "1"}) {
				t.Errorf("store has %q", got)
			}
		})
	}
}

// The internal errors of a store stay in the log of the server.
func TestInternalFailure(t *testing.T) {
	var log bytes.Buffer
	store := &faultyStore{Store: new(mem.Store), aborted: make(chan string, 1), fail: "two"}
	client := serve(t, store, filesrv.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	s := upload(t, client, header("one", ""), chunk("1"), header("two", ""), chunk("2"), header("three", ""))
	if s.Code() != codes.Internal || !strings.Contains(s.Message(), `"two"`) || strings.Contains(s.Message(), "secret") {
		t.Errorf("status is %v", s)
	}
	if got := <-store.aborted; got != "two" {
		t.Errorf("aborted %s", got)
	}
	if got := contents(t, store); !maps.Equal(got, map[string]string{"one": "1"}) {
		t.Errorf("store has %q", got)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("log is %s", log.String())
	}
	for i, want := range [][]string{
		{`"protocol":"filesrv"`, `"direction":"upload"`, `"path":"one"`, `"bytes":1`, `"seconds":`},
		{`"path":"two"`, `"error":"/secret/disk: input/output error"`},
	} {
		for _, want := range want {
			if !strings.Contains(lines[i], want) {
				t.Errorf("line %d has no %s: %s", i, want, lines[i])
			}
		}
	}
}

// The client learns why, although it still sends when the server fails.
func TestStatusWhileSending(t *testing.T) {
	client := serve(t, new(mem.Store), filesrv.Options{})
	requests := []*filesrvv1.UploadRequest{header("../x", "")}
	for range 32 {
		requests = append(requests, chunk(strings.Repeat("x", 1<<20)))
	}
	if s := upload(t, client, requests...); s.Code() != codes.InvalidArgument {
		t.Errorf("status is %v", s)
	}
}

func TestSendingForever(t *testing.T) {
	client := serve(t, new(mem.Store), filesrv.Options{})
	stream, err := client.UploadFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	request, sent := header("../x", ""), 0
	for err == nil && sent < 4*drain.MaxBytes {
		err = stream.Send(request)
		request = chunk(strings.Repeat("x", 1<<20))
		sent += 1 << 20
	}
	if !errors.Is(err, io.EOF) {
		t.Fatalf("sent %d bytes without an end: %v", sent, err)
	}
}

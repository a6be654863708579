package filetransfer_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/loopback"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server/internal/filetransfer"
	"github.com/tranship/tranship/store/mem"
)

func serve(t *testing.T, store tranship.Writer) transferpb.FileServiceClient {
	t.Helper()
	service := filetransfer.New(store, filetransfer.Options{})
	return transferpb.NewFileServiceClient(loopback.Dial(t, loopback.Serve(t, service.Register)))
}

// upload sends chunks with metadata and returns the answer's message.
func upload(t *testing.T, client transferpb.FileServiceClient, md []string, chunks []string, options ...grpc.CallOption) (string, error) {
	t.Helper()
	stream, err := client.Upload(metadata.AppendToOutgoingContext(t.Context(), md...), options...)
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range chunks {
		if err := stream.Send(&transferpb.Chunk{Data: []byte(chunk)}); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	response, err := stream.CloseAndRecv()
	return response.GetMessage(), err
}

func contents(t *testing.T, store tranship.Store) map[string]string {
	t.Helper()
	files := map[string]string{}
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		content, err := store.Open(t.Context(), entry.Path, tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Path] = string(data)
	}
	return files
}

func TestUpload(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for _, test := range []struct {
		name       string
		md, chunks []string
		path, want string
	}{
		{name: "no name", chunks: []string{"a", "b", ""}, path: "received_file.bin", want: "ab"},
		{name: "no empty chunk", chunks: []string{"a", "b"}, path: "received_file.bin", want: "ab"},
		{name: "several empty chunks", chunks: []string{"a", "", ""}, path: "received_file.bin", want: "a"},
		{name: "nothing", path: "received_file.bin"},
		{name: "only an empty chunk", chunks: []string{""}, path: "received_file.bin"},
		{name: "filename", md: []string{"filename", "d/a.txt"}, chunks: []string{"a"}, path: "d/a.txt", want: "a"},
		{name: "filename-bin", md: []string{"filename-bin", "grüße.txt"}, chunks: []string{"a"}, path: "grüße.txt", want: "a"},
		{name: "many parts", chunks: []string{big, big, "tail", ""}, path: "received_file.bin", want: big + big + "tail"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &mem.Store{PartSize: 100_000}
			message, err := upload(t, serve(t, store), test.md, test.chunks)
			if err != nil || message != "File "+test.path+" received successfully." {
				t.Errorf("answer is %q, %v", message, err)
			}
			if got := contents(t, store); !maps.Equal(got, map[string]string{test.path: test.want}) {
				t.Errorf("store has %.200q", got)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name       string
		md, chunks []string
		message    string
		kept       map[string]string
	}{
		{name: "data after the end", chunks: []string{"a", "", "b"}, message: "after the empty chunk", kept: map[string]string{"received_file.bin": "a"}},
		{name: "parent", md: []string{"filename", "../x"}, chunks: []string{"a"}, message: `"../x"`},
		{name: "absolute", md: []string{"filename", "/x"}, message: `"/x"`},
		{name: "empty", md: []string{"filename", ""}, message: "empty"},
		{name: "reserved", md: []string{"filename", ".tranship/x"}, message: "reserved"},
		{name: "not UTF-8", md: []string{"filename-bin", "a\xff"}, message: "UTF-8"},
		{name: "NUL", md: []string{"filename-bin", "a\x00"}, message: "NUL"},
		{name: "two names", md: []string{"filename", "a", "filename", "b"}, message: "at most once"},
		{name: "both keys", md: []string{"filename", "a", "filename-bin", "a"}, message: "at most once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := new(mem.Store)
			_, err := upload(t, serve(t, store), test.md, test.chunks)
			s := status.Convert(err)
			if s.Code() != codes.InvalidArgument || !strings.Contains(s.Message(), test.message) {
				t.Errorf("status is %v", err)
			}
			if got := contents(t, store); !maps.Equal(got, test.kept) {
				t.Errorf("store has %q", got)
			}
		})
	}
}

func TestGzip(t *testing.T) {
	store := new(mem.Store)
	if _, err := upload(t, serve(t, store), nil, []string{"hello", ""}, grpc.UseCompressor(gzip.Name)); err != nil {
		t.Fatal(err)
	}
}

// abortStore tells when an upload was begun and aborted.
type abortStore struct {
	tranship.Store
	begun, aborted chan struct{}
}

type abortUpload struct {
	tranship.Upload
	aborted chan struct{}
}

func (s *abortStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	close(s.begun)
	return &abortUpload{Upload: upload, aborted: s.aborted}, err
}

func (u *abortUpload) Abort(ctx context.Context) error {
	err := u.Upload.Abort(ctx)
	close(u.aborted)
	return err
}

func TestCancel(t *testing.T) {
	store := &abortStore{Store: new(mem.Store), begun: make(chan struct{}), aborted: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := serve(t, store).Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&transferpb.Chunk{Data: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	<-store.begun
	cancel()
	<-store.aborted
	if got := contents(t, store); len(got) != 0 {
		t.Errorf("store has %q", got)
	}
}

func TestStatusWhileSending(t *testing.T) {
	chunks := make([]string, 32)
	for i := range chunks {
		chunks[i] = strings.Repeat("x", 1<<20)
	}
	if _, err := upload(t, serve(t, new(mem.Store)), []string{"filename", "../x"}, chunks); status.Code(err) != codes.InvalidArgument {
		t.Errorf("status is %v", err)
	}
}

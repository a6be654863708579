package filesrv_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

// serve offers store by FileSrv and returns a client of it.
func serve(t *testing.T, store tranship.Store, options filesrv.Options) filesrvv1.FileSrvClient {
	t.Helper()
	return filesrvv1.NewFileSrvClient(loopback.Dial(t, loopback.Serve(t, filesrv.New(store, options).Register)))
}

func header(filename, extension string) *filesrvv1.UploadRequest {
	return &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{
		Header: &filesrvv1.FileHeader{Filename: filename, Extension: extension},
	}}
}

func chunk(data string) *filesrvv1.UploadRequest {
	return &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_ChunkData{ChunkData: []byte(data)}}
}

// upload sends requests as one stream and returns its status; nil for success.
func upload(t *testing.T, client filesrvv1.FileSrvClient, requests ...*filesrvv1.UploadRequest) *status.Status {
	t.Helper()
	stream, err := client.UploadFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return status.Convert(err)
	}
	if response.GetCode() != 0 || response.GetMessage() != "Success!" {
		t.Errorf("answer is code %d, %q", response.GetCode(), response.GetMessage())
	}
	return nil
}

// contents are all files of a store.
func contents(t *testing.T, store tranship.Store) map[string]string {
	t.Helper()
	files := map[string]string{}
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Path] = read(t, store, entry.Path)
	}
	return files
}

func read(t *testing.T, store tranship.Store, path string) string {
	t.Helper()
	content, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// fill puts files into a store, each with its own path as content.
func fill(t *testing.T, store tranship.Store, paths ...string) {
	t.Helper()
	for _, path := range paths {
		put(t, store, path, path)
	}
}

func put(t *testing.T, store tranship.Store, path, content string) {
	t.Helper()
	if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	for _, test := range []struct {
		name, filename, extension string
		chunks                    []string
	}{
		{name: "text", filename: "a", extension: ".txt", chunks: []string{"hello ", "world"}},
		{name: "no extension", filename: "noext", chunks: []string{"x"}},
		{name: "extension only", extension: ".profile", chunks: []string{"x"}},
		{name: "directories", filename: "d/e/f.tar", extension: ".gz", chunks: []string{"x"}},
		{name: "not ASCII", filename: "grüße/日本語", extension: ".txt", chunks: []string{"x"}},
		{name: "header only", filename: "empty", extension: ".bin"},
		{name: "empty chunk", filename: "empty", extension: ".bin", chunks: []string{""}},
		{name: "exactly 1 MiB", filename: "big", extension: ".bin", chunks: []string{big}},
		{name: "many chunks", filename: "big", extension: ".bin", chunks: []string{big, big, "", big, "tail"}},
		{name: "large chunk", filename: "big", extension: ".bin", chunks: []string{big + big + big}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &mem.Store{PartSize: 100_000}
			client := serve(t, store, filesrv.Options{})
			requests := []*filesrvv1.UploadRequest{header(test.filename, test.extension)}
			for _, data := range test.chunks {
				requests = append(requests, chunk(data))
			}
			if s := upload(t, client, requests...); s != nil {
				t.Fatal(s)
			}
			path, want := test.filename+test.extension, strings.Join(test.chunks, "")
			if got := contents(t, store); len(got) != 1 || got[path] != want {
				t.Fatalf("store has %d files, %d bytes at %q, want %d", len(got), len(got[path]), path, len(want))
			}
			got, _ := download(t, client, test.filename, test.extension)
			if got != want {
				t.Errorf("downloaded %d bytes, want %d", len(got), len(want))
			}
		})
	}
}

// download returns what a download in revision 1 yields, and how many messages.
func download(t *testing.T, client filesrvv1.FileSrvClient, filename, extension string, options ...grpc.CallOption) (data string, messages int) {
	t.Helper()
	stream, err := client.DownloadFile(t.Context(), &filesrvv1.FileHeader{Filename: filename, Extension: extension}, options...)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all.String(), messages
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Write(response.GetChunkData())
		messages++
	}
}

func TestDownloadMessages(t *testing.T) {
	const chunk = 1 << 20
	for _, test := range []struct{ size, messages int }{
		{0, 1}, {1, 1}, {chunk - 1, 1}, {chunk, 1}, {chunk + 1, 2}, {2 * chunk, 2},
	} {
		store := new(mem.Store)
		u, err := store.Begin(t.Context(), tranship.Spec{Path: "f"})
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n*chunk < test.size; n++ {
			part, err := u.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(make([]byte, min(chunk, test.size-n*chunk))); err != nil {
				t.Fatal(err)
			}
			if err := part.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := u.Commit(t.Context(), tranship.Commit{Size: int64(test.size)}); err != nil {
			t.Fatal(err)
		}
		data, messages := download(t, serve(t, store, filesrv.Options{}), "f", "")
		if len(data) != test.size || messages != test.messages {
			t.Errorf("%d bytes came as %d in %d messages, want %d", test.size, len(data), messages, test.messages)
		}
	}
}

func TestGzip(t *testing.T) {
	store := new(mem.Store)
	client := serve(t, store, filesrv.Options{})
	stream, err := client.UploadFile(t.Context(), grpc.UseCompressor(gzip.Name))
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []*filesrvv1.UploadRequest{header("a", ".txt"), chunk("hello")} {
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		t.Fatal(err)
	}
	if got, _ := download(t, client, "a", ".txt", grpc.UseCompressor(gzip.Name)); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestUploadSuffix(t *testing.T) {
	store := new(mem.Store)
	client := serve(t, store, filesrv.Options{UploadSuffix: "_recv"})
	if s := upload(t, client, header("d/a", ".txt"), header("noext", ""), header("", ".rc")); s != nil {
		t.Fatal(s)
	}
	got := contents(t, store)
	for _, path := range []string{"d/a_recv.txt", "noext_recv", "_recv.rc"} {
		if _, ok := got[path]; !ok {
			t.Errorf("there is no %s in %v", path, got)
		}
	}
	if s := upload(t, client, header("", "")); s.Code() != codes.InvalidArgument {
		t.Errorf("a header without a name: %v", s)
	}
}

func TestMissingFile(t *testing.T) {
	store := new(mem.Store)
	fill(t, store, "dir/file")
	client := serve(t, store, filesrv.Options{})
	for _, name := range []string{"none.txt", "dir", "dir/file/below", "grüße"} {
		stream, err := client.DownloadFile(t.Context(), &filesrvv1.FileHeader{Filename: name})
		if err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		s := status.Convert(err)
		if s.Code() != codes.InvalidArgument || s.Message() != "Invalid filepath: "+name {
			t.Errorf("%s: %v %q", name, s.Code(), s.Message())
		}
	}
}

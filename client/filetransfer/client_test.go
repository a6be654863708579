package filetransfer_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filetransfer"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// foreign is a server of another project.
type foreign struct {
	transferpb.UnimplementedFileServiceServer
	message string
	err     error
	// early makes the server answer before it has received anything, and atEmpty when it
	// has received an empty chunk.
	early, atEmpty bool

	chunks   []int
	metadata metadata.MD
}

func (f *foreign) Upload(stream grpc.ClientStreamingServer[transferpb.Chunk, transferpb.Response]) error {
	f.metadata, _ = metadata.FromIncomingContext(stream.Context())
	for !f.early {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		f.chunks = append(f.chunks, len(chunk.GetData()))
		if f.atEmpty && len(chunk.GetData()) == 0 {
			break
		}
	}
	if f.err != nil {
		return f.err
	}
	return stream.SendAndClose(&transferpb.Response{Message: f.message})
}

func dialForeign(t *testing.T, f *foreign, options filetransfer.Options) *filetransfer.Client {
	t.Helper()
	address := loopback.Serve(t, func(r grpc.ServiceRegistrar) { transferpb.RegisterFileServiceServer(r, f) })
	return filetransfer.New(loopback.Dial(t, address), options)
}

// send uploads size bytes as one part, and commits the upload.
func send(ctx context.Context, c *filetransfer.Client, path string, size int) error {
	upload, err := c.Begin(ctx, tranship.Spec{Path: path})
	if err != nil {
		return err
	}
	defer upload.Abort(ctx)
	part, err := upload.Part(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := part.Write(make([]byte, size)); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	_, err = upload.Commit(ctx, tranship.Commit{Size: int64(size)})
	return err
}

func TestOwnServer(t *testing.T) {
	store := new(mem.Store)
	client := filetransfer.New(loopback.Dial(t, storeserver.Mount(t, store, server.Config{})), filetransfer.Options{
		Warn: func(warning string) { t.Errorf("warning: %s", warning) },
	})
	for _, path := range []string{"a.txt", "d/noext", "grüße/日本語.txt", " spaces ", "%41"} {
		for _, data := range []string{"", "hello"} {
			file, err := client.Put(t.Context(), tranship.Spec{Path: path}, []byte(data))
			if err != nil {
				t.Fatalf("%q: %v", path, err)
			}
			saved, err := store.Stat(t.Context(), path)
			if err != nil || file.Size != saved.Size || *file.CRC32C != *saved.CRC32C || saved.Size != int64(len(data)) {
				t.Errorf("%q: sent %+v, saved %+v, %v", path, file, saved, err)
			}
		}
	}
	if err := send(t.Context(), client, "big", 5<<20); err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), client, "big/below", 5<<20); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("below a file: %v", err)
	}
	if _, err := client.Put(t.Context(), tranship.Spec{Path: "../x"}, nil); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("invalid path: %v", err)
	}
}

func TestForeignServers(t *testing.T) {
	const tutorial = "File received_file.bin received successfully."
	for _, test := range []struct {
		name    string
		server  foreign
		message string
		is      error
		warning string
	}{
		{name: "path in the answer", server: foreign{message: "saved d/a.txt"}},
		{name: "tutorial", server: foreign{message: tutorial}, warning: "received_file.bin"},
		{name: "answer at the empty chunk", server: foreign{message: tutorial, atEmpty: true}, warning: "received_file.bin"},
		{name: "early answer", server: foreign{message: "no thanks", early: true}, message: "no thanks", is: tranship.ErrAborted},
		{name: "status", server: foreign{err: status.Error(codes.PermissionDenied, "go away")}, message: "go away", is: tranship.ErrDenied},
		{name: "early status", server: foreign{err: status.Error(codes.ResourceExhausted, "full"), early: true}, message: "full", is: tranship.ErrLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			var warnings []string
			client := dialForeign(t, &test.server, filetransfer.Options{Warn: func(s string) { warnings = append(warnings, s) }})
			err := send(t.Context(), client, "d/a.txt", 5<<20)
			if test.is == nil && err != nil || test.is != nil && (!errors.Is(err, test.is) || !strings.Contains(err.Error(), test.message)) {
				t.Errorf("error is %v, want %v", err, test.is)
			}
			if (len(warnings) > 0) != (test.warning != "") || !strings.Contains(strings.Join(warnings, ""), test.warning) {
				t.Errorf("warnings are %q", warnings)
			}
			if test.server.early {
				return
			}
			if got := test.server.metadata.Get("filename"); len(got) != 1 || got[0] != "d/a.txt" {
				t.Errorf("metadata are %v", test.server.metadata)
			}
			if n := len(test.server.chunks); n != 6 || test.server.chunks[0] != 1<<20 || test.server.chunks[5] != 0 {
				t.Errorf("chunks have %v bytes", test.server.chunks)
			}
		})
	}
}

func TestUnsupported(t *testing.T) {
	client := dialForeign(t, &foreign{}, filetransfer.Options{})
	_, err := client.Begin(t.Context(), tranship.Spec{Path: "a", Precondition: tranship.Precondition{MustNotExist: true}})
	if !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}

// TestChunks checks that chunks are sent in messages that existing servers accept, and that
// no message is empty before the end of the file, which an empty one marks.
func TestChunks(t *testing.T) {
	f := &foreign{message: "saved a"}
	upload, err := dialForeign(t, f, filetransfer.Options{}).Begin(t.Context(), tranship.Spec{Path: "a"})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var released atomic.Int64
	for _, size := range []int{5, 0, 2<<20 + 7} {
		data := make([]byte, size)
		if err := tranship.WriteChunk(part, tranship.NewChunk([][]byte{data}, tranship.CRC32C(data), func() { released.Add(1) })); err != nil {
			t.Fatal(err)
		}
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 2<<20 + 12}); err != nil {
		t.Fatal(err)
	}
	if want := []int{5, 1 << 20, 1 << 20, 7, 0}; !slices.Equal(f.chunks, want) || released.Load() != 3 {
		t.Errorf("chunks have %v bytes, want %v; %d were released", f.chunks, want, released.Load())
	}
}

package filesrv_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"

	"github.com/tranship/tranship"
	native "github.com/tranship/tranship/client"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

const mebibyte = 1 << 20

// countingPool counts the buffers in use, and overwrites those that are returned.
type countingPool struct{ live atomic.Int64 }

func (p *countingPool) Get(length int) *[]byte {
	p.live.Add(1)
	return new(make([]byte, length))
}

func (p *countingPool) Put(buffer *[]byte) {
	p.live.Add(-1)
	for i := range *buffer {
		(*buffer)[i] = 0xdb
	}
}

// onBoth runs a test on a connection of native.DialConn, and on one with gRPC's default
// settings. It checks that the connection has returned all buffers at the end.
func onBoth(t *testing.T, address string, test func(t *testing.T, conn *grpc.ClientConn)) {
	for _, name := range []string{"ours", "plain"} {
		t.Run(name, func(t *testing.T) {
			pool := new(countingPool)
			var conn *grpc.ClientConn
			if name == "ours" {
				var err error
				conn, err = native.DialConn(t.Context(), address, native.Options{DialOptions: []grpc.DialOption{experimental.WithBufferPool(pool)}})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			} else {
				conn = loopback.Dial(t, address, experimental.WithBufferPool(pool))
			}
			test(t, conn)
			if live := pool.live.Load(); live != 0 {
				t.Errorf("%d buffers are still in use", live)
			}
		})
	}
}

// sendChunks uploads and commits chunks, and checks that they are released.
func sendChunks(ctx context.Context, t *testing.T, c *filesrv.Client, path string, chunks ...[]byte) {
	t.Helper()
	upload, err := c.Begin(ctx, tranship.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	var released atomic.Int64
	for _, data := range chunks {
		pieces := slices.Collect(slices.Chunk(bytes.Clone(data), 100_000))
		err := tranship.WriteChunk(part, tranship.NewChunk(pieces, tranship.CRC32C(data), func() {
			for _, piece := range pieces {
				clear(piece)
			}
			released.Add(1)
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(chunks...)
	if _, err := upload.Commit(ctx, tranship.Commit{Size: int64(len(all)), CRC32C: new(tranship.CRC32C(all))}); err != nil {
		t.Fatal(err)
	}
	if n := released.Load(); n != int64(len(chunks)) {
		t.Errorf("%d of %d chunks were released", n, len(chunks))
	}
}

// TestChunks uploads and downloads chunks, and checks that none is used after it was
// released.
func TestChunks(t *testing.T) {
	data := []byte(strings.Repeat("0123456789abc", 300_000))
	for _, revision := range []int{1, 2} {
		store := new(mem.Store)
		address := serveOwn(t, store, server.Filesrv{Revision: revision})
		onBoth(t, address, func(t *testing.T, conn *grpc.ClientConn) {
			client := filesrv.New(conn, filesrv.Options{})
			sendChunks(t.Context(), t, client, "a.txt", data[:mebibyte], nil, data[mebibyte:])
			if !bytes.Equal(read(t, store, "a.txt"), data) {
				t.Error("the server got other bytes")
			}
			if got := readChunks(t, client, "a.txt"); !bytes.Equal(got, data) {
				t.Error("the client got other bytes")
			}
		})
	}
}

// readChunks reads a file by chunks, and a part of it byte by byte.
func readChunks(t *testing.T, client *filesrv.Client, path string) (all []byte) {
	t.Helper()
	content, err := client.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	for {
		next, err := content.(tranship.ChunkReader).ReadChunk()
		if err != nil {
			return all
		}
		if next.CRC32C != tranship.PiecesCRC32C(next.Pieces) || next.Len() == 0 || next.Len() > mebibyte/4 {
			t.Fatalf("a chunk has %d bytes and CRC32C %08x", next.Len(), next.CRC32C)
		}
		all = append(all, slices.Concat(next.Pieces...)...)
		next.Release()
		var one [1]byte
		if n, err := content.Read(one[:]); err == nil {
			all = append(all, one[:n]...)
		}
	}
}

// TestChunksClosed checks that closing a file early frees the bytes that were received.
func TestChunksClosed(t *testing.T) {
	for _, files := range [][]any{
		{chunkV1(strings.Repeat("x", mebibyte))},
		{headerV2("a", ""), chunkV2(strings.Repeat("x", mebibyte)), headerV2("b", ""), chunkV2(strings.Repeat("y", mebibyte))},
	} {
		f := &foreign{messages: files}
		if len(files) > 1 {
			f.header = revision2
		}
		address := loopback.Serve(t, func(r grpc.ServiceRegistrar) { filesrvv1.RegisterFileSrvServer(r, f) })
		onBoth(t, address, func(t *testing.T, conn *grpc.ClientConn) {
			client := filesrv.New(conn, filesrv.Options{})
			if len(files) > 1 {
				if got, err := received(t.Context(), client, "*", true); err != nil || !slices.Equal(got, []string{"a", "b"}) {
					t.Errorf("received %v, %v", got, err)
				}
				return
			}
			for _, bytes := range []int{0, 1} {
				content, err := client.Open(t.Context(), "a", tranship.OpenOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := content.Read(make([]byte, bytes)); err != nil {
					t.Error(err)
				}
				for range 2 {
					if err := content.Close(); err != nil {
						t.Error(err)
					}
				}
				if _, err := content.(tranship.ChunkReader).ReadChunk(); err == nil {
					t.Error("a closed content can be read")
				}
			}
		})
	}
}

// TestChunkMessages checks that chunks are sent in messages that existing servers accept,
// and that no message is empty.
func TestChunkMessages(t *testing.T) {
	f := &foreign{answer: &filesrvv1.StringResponse{Message: "Success!"}}
	sendChunks(t.Context(), t, dialForeign(t, f, filesrv.Options{}), "a.txt", make([]byte, 2*mebibyte+5), nil, make([]byte, 7))
	var sizes []int
	for _, request := range f.received[1:] {
		sizes = append(sizes, len(request.GetChunkData()))
	}
	if !slices.Equal(sizes, []int{mebibyte, mebibyte, 5, 7}) {
		t.Errorf("chunks have %v bytes", sizes)
	}
}

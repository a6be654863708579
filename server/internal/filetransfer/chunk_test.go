package filetransfer_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/loopback"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/internal/filetransfer"
	"github.com/tranship/tranship/store/mem"
)

// chunkStore keeps the lengths of the chunks that were written, and how many pieces
// they had.
type chunkStore struct {
	tranship.Store
	lengths, pieces []int
}

type chunkUpload struct {
	tranship.Upload
	store *chunkStore
}

type chunkWriter struct {
	tranship.PartWriter
	store *chunkStore
}

func (s *chunkStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	return chunkUpload{upload, s}, err
}

func (u chunkUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return chunkWriter{part, u.store}, err
}

func (w chunkWriter) WriteChunk(c tranship.Chunk) error {
	w.store.lengths = append(w.store.lengths, c.Len())
	w.store.pieces = append(w.store.pieces, len(c.Pieces))
	if c.CRC32C != tranship.PiecesCRC32C(c.Pieces) {
		return errors.New("the checksum is wrong")
	}
	return tranship.WriteChunk(w.PartWriter, c)
}

// A message reaches the store whole, in the pieces in which it came; on a server that
// is not ours to configure, too.
func TestUploadChunks(t *testing.T) {
	const mebibyte = 1 << 20
	data := strings.Repeat("0123456789abcdef", mebibyte/16)
	for _, test := range []struct {
		name       string
		options    []grpc.ServerOption
		compressor string
		inPieces   bool
	}{
		{name: "ours", options: server.GRPCOptions(server.Config{}), inPieces: true},
		{name: "ours, gzip", options: server.GRPCOptions(server.Config{}), compressor: gzip.Name},
		{name: "plain"},
		{name: "plain, gzip", compressor: gzip.Name},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &chunkStore{Store: &mem.Store{PartSize: 2 * mebibyte}}
			service := filetransfer.New(store, filetransfer.Options{})
			client := transferpb.NewFileServiceClient(loopback.Dial(t, loopback.Serve(t, service.Register, test.options...)))
			_, err := upload(t, client, nil, []string{data, data, "tail", ""}, grpc.UseCompressor(test.compressor))
			if err != nil {
				t.Fatal(err)
			}
			if want := []int{mebibyte, mebibyte, 4}; !slices.Equal(store.lengths, want) {
				t.Errorf("chunks have %v bytes, want %v", store.lengths, want)
			}
			if test.inPieces && store.pieces[0] < 2 {
				t.Errorf("chunks have %v pieces: they were copied", store.pieces)
			}
			if got := contents(t, store); !maps.Equal(got, map[string]string{filetransfer.DefaultPath: data + data + "tail"}) {
				t.Error("the file came out differently")
			}
		})
	}
}

package filesrv_test

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
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/filesrv"
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

// A message reaches the store whole, in the pieces in which it came.
func TestUploadChunks(t *testing.T) {
	data := strings.Repeat("0123456789abcdef", mebibyte/16)
	for _, compressor := range []string{"", gzip.Name} {
		onBoth(t, func(t *testing.T, options []grpc.ServerOption) {
			store := &chunkStore{Store: &mem.Store{PartSize: 2 * mebibyte}}
			conn := loopback.Dial(
				t, loopback.Serve(t, filesrv.New(store, filesrv.Options{}).Register, options...),
				grpc.WithDefaultCallOptions(grpc.UseCompressor(compressor)),
			)
			s := upload(t, filesrvv1.NewFileSrvClient(conn), header("a", ""), chunk(data), chunk(""), chunk(data), chunk(data), chunk("tail"), header("b", ""), chunk(data), chunk(data))
			if s != nil {
				t.Fatal(s)
			}
			if want := []int{mebibyte, mebibyte, mebibyte, 4, mebibyte, mebibyte}; !slices.Equal(store.lengths, want) {
				t.Errorf("chunks have %v bytes, want %v", store.lengths, want)
			}
			if strings.HasSuffix(t.Name(), "ours") && store.pieces[0] < 2 {
				t.Errorf("chunks have %v pieces: they were copied", store.pieces)
			}
			if got := contents(t, store); !maps.Equal(got, map[string]string{"a": data + data + data + "tail", "b": data + data}) {
				t.Error("the files came out differently")
			}
		})
	}
}

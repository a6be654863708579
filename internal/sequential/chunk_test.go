package sequential_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
	"github.com/tranship/tranship/store/mem"
)

// newChunk returns a chunk of data, in two pieces, that counts how often it is
// released.
func newChunk(data string, released *int) tranship.Chunk {
	half := len(data) / 2
	return tranship.NewChunk([][]byte{[]byte(data[:half]), []byte(data[half:])}, tranship.CRC32C([]byte(data)), func() { *released++ })
}

// partCounter counts the parts that are begun.
type partCounter struct {
	tranship.Upload
	parts int
}

func (u *partCounter) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.parts++
	return u.Upload.Part(ctx, n)
}

// TestWriterChunks checks that chunks are cut at the ends of parts, and that an empty
// chunk does not begin a part.
func TestWriterChunks(t *testing.T) {
	for _, test := range []struct {
		chunks []string
		parts  int
	}{
		{nil, 0},
		{[]string{""}, 0},
		{[]string{"01234567", "", "89abcdef", ""}, 2},
		{[]string{"0123", "", "456789abcdef0123456789abc"}, 4},
	} {
		store := &mem.Store{PartSize: 8}
		begun, err := store.Begin(t.Context(), tranship.Spec{Path: "a"})
		if err != nil {
			t.Fatal(err)
		}
		upload := &partCounter{Upload: begun}
		writer := sequential.NewWriter(t.Context(), upload)
		released, all := 0, ""
		for _, data := range test.chunks {
			if err := writer.WriteChunk(newChunk(data, &released)); err != nil {
				t.Fatal(err)
			}
			all += data
		}
		file, err := writer.Commit()
		if err != nil || file.Size != int64(len(all)) || *file.CRC32C != tranship.CRC32C([]byte(all)) {
			t.Errorf("%q: %+v, %v", test.chunks, file, err)
		}
		if upload.parts != test.parts || released != len(test.chunks) {
			t.Errorf("%q: %d parts, want %d; %d chunks were released", test.chunks, upload.parts, test.parts, released)
		}
	}
}

func TestWriterChunkFails(t *testing.T) {
	store := &mem.Store{PartSize: 8}
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "a", Size: new(int64(10))})
	if err != nil {
		t.Fatal(err)
	}
	writer, released := sequential.NewWriter(t.Context(), upload), 0
	for _, data := range []string{"01234567890", "", "x"} {
		if err := writer.WriteChunk(newChunk(data, &released)); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if released != 3 {
		t.Errorf("%d chunks were released", released)
	}
}

// chunkSink is a memorySink that takes chunks until one contains "fail".
type chunkSink struct {
	memorySink
	chunks []string
}

var errSink = errors.New("the sink failed")

func (s *chunkSink) WriteChunk(c tranship.Chunk) error {
	defer c.Release()
	data := string(slices.Concat(c.Pieces...))
	if data == "fail" {
		return errSink
	}
	s.chunks = append(s.chunks, data)
	s.Buffer.WriteString(data)
	return nil
}

// TestUploadChunks writes chunks into a sink that implements tranship.ChunkWriter, and
// into one that does not.
func TestUploadChunks(t *testing.T) {
	plain, chunks := new(memorySink), new(chunkSink)
	for sink, buffer := range map[sequential.Sink]*memorySink{plain: plain, chunks: &chunks.memorySink} {
		upload := sequential.NewUpload(sink, tranship.Spec{Size: new(int64(6))})
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		released := 0
		for _, data := range []string{"abcd", "ef"} {
			if err := tranship.WriteChunk(part, newChunk(data, &released)); err != nil {
				t.Fatal(err)
			}
		}
		if err := tranship.WriteChunk(part, newChunk("x", &released)); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("beyond the size: %v", err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
		if err := tranship.WriteChunk(part, newChunk("x", &released)); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("after Close: %v", err)
		}
		file, err := upload.Commit(t.Context(), tranship.Commit{Size: 6, CRC32C: new(tranship.CRC32C([]byte("abcdef")))})
		if err != nil || file.Size != 6 || buffer.String() != "abcdef" || released != 4 {
			t.Errorf("%+v, %v; the sink has %q, %d chunks were released", file, err, buffer, released)
		}
	}
	if !slices.Equal(chunks.chunks, []string{"abcd", "ef"}) {
		t.Errorf("chunks are %q", chunks.chunks)
	}
}

// TestUploadChunkFails checks that the failure of a sink is final.
func TestUploadChunkFails(t *testing.T) {
	upload, released := sequential.NewUpload(new(chunkSink), tranship.Spec{}), 0
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"fail", "abc"} {
		if err := tranship.WriteChunk(part, newChunk(data, &released)); !errors.Is(err, errSink) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{}); !errors.Is(err, errSink) || released != 2 {
		t.Errorf("commit: %v; %d chunks were released", err, released)
	}
}

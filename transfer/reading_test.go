package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

// memoryContent is a content from memory, in reads of any length.
type memoryContent struct{ *bytes.Reader }

func (memoryContent) File() tranship.File { return tranship.File{} }
func (memoryContent) Close() error        { return nil }

// TestReadingChunks checks that a destination gets chunks of the length it wants, which
// may change, none across a multiple of what they are aligned to, and all bytes.
func TestReadingChunks(t *testing.T) {
	const aligned = 5 * bufferBytes / 2
	content := random(2*aligned + 7)
	for name, test := range map[string]struct {
		wanted int
		want   []int
	}{
		"less than a buffer": {bufferBytes / 2, append(slices.Repeat([]int{bufferBytes / 2}, 10), 7)},
		"a buffer":           {bufferBytes, []int{bufferBytes, bufferBytes, bufferBytes / 2, bufferBytes, bufferBytes, bufferBytes / 2, 7}},
		"several":            {2 * bufferBytes, []int{2 * bufferBytes, bufferBytes / 2, 2 * bufferBytes, bufferBytes / 2, 7}},
		"more than fit":      {100 * bufferBytes, []int{aligned, aligned, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuffers(100)
			r, err := b.read(t.Context(), func() int { return test.wanted }, aligned, func(context.Context) (tranship.Content, error) {
				return memoryContent{bytes.NewReader(content)}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			defer r.close()
			var lengths []int
			var got []byte
			eachChunk(t, r, func(next tranship.Chunk) {
				all := bytes.Join(next.Pieces, nil)
				if next.CRC32C != tranship.CRC32C(all) {
					t.Errorf("a chunk of %d bytes does not have its checksum", len(all))
				}
				lengths, got = append(lengths, len(all)), append(got, all...)
			})
			if !bytes.Equal(got, content) || !slices.Equal(lengths, test.want) {
				t.Errorf("chunks of %v bytes, want %v; all bytes: %v", lengths, test.want, bytes.Equal(got, content))
			}
			if live := b.live.Load(); live != 0 {
				t.Errorf("%d buffers were not released", live)
			}
		})
	}
}

// eachChunk calls take with each chunk of a reading, and releases it then.
func eachChunk(t *testing.T, r *reading, take func(next tranship.Chunk)) {
	t.Helper()
	for {
		next, err := r.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		take(next)
		next.Release()
	}
}

// memoryChunks is a content that has chunks of length bytes. live counts those that are in use.
type memoryChunks struct {
	memoryContent
	length int
	live   *int
}

func (c memoryChunks) ReadChunk() (tranship.Chunk, error) {
	data := make([]byte, c.length)
	n, err := io.ReadFull(c, data)
	if n == 0 {
		return tranship.Chunk{}, err
	}
	*c.live++
	return tranship.NewChunk([][]byte{data[:n]}, tranship.CRC32C(data[:n]), func() { *c.live-- }), nil
}

// TestReadingOfChunks checks that the chunks of a content are cut where they are aligned, and read
// one at a time, when the destination has written the last.
func TestReadingOfChunks(t *testing.T) {
	const aligned = 1000
	content := random(2*aligned + 7)
	for _, test := range []struct {
		length int
		want   []int
	}{
		{400, []int{400, 400, 200, 200, 400, 400, 7}},
		{1000, []int{1000, 1000, 7}},
		{2005, []int{1000, 1000, 5, 2}},
	} {
		live := 0
		r, err := newBuffers(1).read(t.Context(), oneBuffer, aligned, func(context.Context) (tranship.Content, error) {
			return memoryChunks{memoryContent{bytes.NewReader(content)}, test.length, &live}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var lengths []int
		var got []byte
		eachChunk(t, r, func(next tranship.Chunk) {
			if live != 1 {
				t.Errorf("%d chunks were read while one is written", live)
			}
			lengths, got = append(lengths, next.Len()), append(got, bytes.Join(next.Pieces, nil)...)
			if next.CRC32C != tranship.PiecesCRC32C(next.Pieces) {
				t.Error("a chunk does not have its checksum")
			}
		})
		if r.close(); live != 0 || !bytes.Equal(got, content) || !slices.Equal(lengths, test.want) {
			t.Errorf("chunks of %v bytes, want %v; %d were not released; all bytes: %v", lengths, test.want, live, bytes.Equal(got, content))
		}
	}
}

// TestReadingThatIsClosed checks that what was read and not taken is released.
func TestReadingThatIsClosed(t *testing.T) {
	live := 0
	r, err := newBuffers(1).read(t.Context(), oneBuffer, 10, func(context.Context) (tranship.Content, error) {
		return memoryChunks{memoryContent{bytes.NewReader(random(100))}, 100, &live}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	next.Release()
	if r.close(); live != 0 {
		t.Errorf("%d chunks were not released", live)
	}
}

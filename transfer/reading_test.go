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
			for {
				next, err := r.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				all := bytes.Join(next.Pieces, nil)
				if next.CRC32C != tranship.CRC32C(all) {
					t.Errorf("a chunk of %d bytes does not have its checksum", len(all))
				}
				lengths, got = append(lengths, len(all)), append(got, all...)
				next.Release()
			}
			if !bytes.Equal(got, content) || !slices.Equal(lengths, test.want) {
				t.Errorf("chunks of %v bytes, want %v; all bytes: %v", lengths, test.want, bytes.Equal(got, content))
			}
			if live := b.live.Load(); live != 0 {
				t.Errorf("%d buffers were not released", live)
			}
		})
	}
}

package batch_test

import (
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/batch"
)

func TestRuns(t *testing.T) {
	for keys, want := range map[string][]string{
		"": nil, "a": {"a"}, "aab": {"aa", "b"}, "abbba": {"a", "bbb", "a"},
	} {
		var got []string
		batch.Runs(len(keys), func(i int) string { return keys[i : i+1] }, func(first, end int) {
			got = append(got, keys[first:end])
		})
		if !slices.Equal(got, want) {
			t.Errorf("the runs of %q are %q, want %q", keys, got, want)
		}
	}
}

func TestBuffers(t *testing.T) {
	sizes := []int64{3, 0, -1, tranship.MaxPutBytes, tranship.MaxPutBytes + 1, 1 << 62, 2}
	var items []tranship.FetchItem
	for _, size := range sizes {
		items = append(items, tranship.FetchItem{Size: size})
	}
	for _, more := range []int{0, 1} {
		buffers := batch.Buffers(items, int64(more))
		for i, buffer := range buffers {
			switch i {
			case 2, 4, 5:
				if buffer != nil {
					t.Errorf("size %d has a buffer", sizes[i])
				}
			default:
				if buffer == nil || len(buffer) != int(sizes[i])+more || cap(buffer) != len(buffer) {
					t.Errorf("size %d: %d of %d bytes", sizes[i], len(buffer), cap(buffer))
				}
			}
		}
	}
}

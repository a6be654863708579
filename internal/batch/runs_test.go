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
	sizes := []int64{3, 0, -1, tranship.MaxPutBytes, tranship.MaxPutBytes + 1, 1 << 62, 2, 3, 3, 3, 0}
	own := map[int]int{4: 5, 7: 2, 8: 3, 9: 4, 10: 1}
	var items []tranship.FetchItem
	for i, size := range sizes {
		item := tranship.FetchItem{Size: size}
		if n, ok := own[i]; ok {
			item.Buffer = make([]byte, n)
		}
		items = append(items, item)
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
				own := items[i].Buffer
				if isOwn := own != nil && len(buffer) > 0 && &own[0] == &buffer[0]; isOwn != (len(own) >= int(sizes[i])+more && own != nil) && len(buffer) > 0 {
					t.Errorf("size %d of an item with %d bytes is in them: %t", sizes[i], len(own), isOwn)
				}
				if buffer == nil || len(buffer) != int(sizes[i])+more || cap(buffer) != len(buffer) {
					t.Errorf("size %d: %d of %d bytes", sizes[i], len(buffer), cap(buffer))
				}
			}
		}
	}
}

func TestLend(t *testing.T) {
	items := []tranship.FetchItem{{Size: 3}, {Size: 5}, {Size: -1}, {Size: 0}, {Size: 4}}
	memory := make([]byte, 3+1+0+1+4+1)
	batch.Lend(items, 4, func(length int) []byte {
		if length != len(memory) {
			t.Fatalf("%d bytes of memory, want %d", length, len(memory))
		}
		return memory
	})
	for i, item := range items {
		if isLent := item.Buffer != nil; isLent != (i != 1 && i != 2) || isLent && (len(item.Buffer) != int(item.Size)+1 || cap(item.Buffer) != len(item.Buffer)) {
			t.Errorf("size %d has a buffer of %d of %d bytes", item.Size, len(item.Buffer), cap(item.Buffer))
		}
		for j := range item.Buffer {
			item.Buffer[j]++
		}
	}
	for i, b := range memory {
		if b != 1 {
			t.Errorf("byte %d is in %d buffers", i, b)
		}
	}
}

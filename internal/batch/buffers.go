package batch

import "github.com/tranship/tranship"

// Buffers returns a buffer for each item, of its size and so many bytes more: the beginning of its
// own if that is long enough. Appending to one does not change another. The buffer of an item with
// a size that is not allowed is nil.
func Buffers(items []tranship.FetchItem, more int64) [][]byte {
	buffers := make([][]byte, len(items))
	total := int64(0)
	for i, item := range items {
		n := item.Size + more
		switch {
		case item.Size < 0 || item.Size > tranship.MaxPutBytes:
		case item.Buffer != nil && int64(len(item.Buffer)) >= n:
			buffers[i] = item.Buffer[:n:n]
		default:
			total += n
		}
	}
	memory := make([]byte, total)
	for i, item := range items {
		if buffers[i] == nil && item.Size >= 0 && item.Size <= tranship.MaxPutBytes {
			n := item.Size + more
			buffers[i], memory = memory[:n:n], memory[n:]
		}
	}
	return buffers
}

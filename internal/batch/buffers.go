package batch

import "github.com/tranship/tranship"

// Buffers returns a buffer for each item, of its size and so many bytes more. Appending to one
// does not change another. The buffer of an item with a size that is not allowed is nil.
func Buffers(items []tranship.FetchItem, more int64) [][]byte {
	allowed := func(size int64) bool { return size >= 0 && size <= tranship.MaxPutBytes }
	total := int64(0)
	for _, item := range items {
		if allowed(item.Size) {
			total += item.Size + more
		}
	}
	memory := make([]byte, total)
	buffers := make([][]byte, len(items))
	for i, item := range items {
		if allowed(item.Size) {
			n := item.Size + more
			buffers[i], memory = memory[:n:n], memory[n:]
		}
	}
	return buffers
}

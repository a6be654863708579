package batch

import "github.com/tranship/tranship"

// Lend gives each item of at most so many bytes a Buffer in memory, of one byte more than its
// size. get returns memory of a length.
func Lend(items []tranship.FetchItem, most int64, get func(length int) []byte) {
	lends := func(item tranship.FetchItem) bool { return item.Size >= 0 && item.Size <= most }
	total := int64(0)
	for _, item := range items {
		if lends(item) {
			total += item.Size + 1
		}
	}
	memory := get(int(total))
	for i, item := range items {
		if lends(item) {
			n := item.Size + 1
			items[i].Buffer, memory = memory[:n:n], memory[n:]
		}
	}
}

package bufferpool_test

import (
	"testing"

	"github.com/tranship/tranship/internal/bufferpool"
)

func TestPool(t *testing.T) {
	var pool bufferpool.Pool
	for _, length := range []int{0, 1, 1023, 1024, 1025, 16 << 10, 16<<10 + 1, 256 << 10, 1 << 20, 4 << 20, 4<<20 + 1, 9 << 20} {
		for range 3 {
			buffer := pool.Get(length)
			if len(*buffer) != length {
				t.Fatalf("a buffer for %d bytes has %d", length, len(*buffer))
			}
			if cap(*buffer) > 2*max(length, 1024) {
				t.Errorf("a buffer for %d bytes takes %d", length, cap(*buffer))
			}
			*buffer = (*buffer)[:length/2] // a buffer may be put back with a shorter length
			pool.Put(buffer)
		}
	}
	foreign := make([]byte, 3000)
	pool.Put(&foreign)
	if buffer := pool.Get(4000); len(*buffer) != 4000 {
		t.Errorf("after a foreign buffer, one of %d bytes", len(*buffer))
	}
}

// A message with a chunk and its envelope takes hardly more memory than the chunk.
func TestEnvelope(t *testing.T) {
	var pool bufferpool.Pool
	for _, chunk := range []int{64 << 10, 256 << 10, 1 << 20} {
		if buffer := pool.Get(chunk + 100); cap(*buffer) > chunk+16<<10 {
			t.Errorf("a message with %d bytes takes %d", chunk, cap(*buffer))
		}
	}
}

func BenchmarkGet(b *testing.B) {
	var pool bufferpool.Pool
	for b.Loop() {
		pool.Put(pool.Get(16 << 10))
	}
}

package tranship

import (
	"bytes"
	"testing"
)

func TestZerosCRC32C(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 3, 7, 8, 255, 4096, 1<<20 + 3} {
		if got, want := ZerosCRC32C(n), CRC32C(make([]byte, n)); got != want {
			t.Errorf("of %d zero bytes: %08x, want %08x", n, got, want)
		}
	}
	const half = int64(1) << 61
	if got, want := ZerosCRC32C(2*half), CombineCRC32C(ZerosCRC32C(half), ZerosCRC32C(half), half); got != want {
		t.Errorf("of 2^62 zero bytes: %08x, want %08x", got, want)
	}
}

// zeroCounter takes zeros as a number.
type zeroCounter struct {
	bytes.Buffer
	zeros int64
}

func (z *zeroCounter) WriteZeros(n int64) error {
	z.zeros += n
	return nil
}

func TestWriteZeros(t *testing.T) {
	for _, n := range []int64{0, 1, zeroChunk, 2*zeroChunk + 1} {
		var plain bytes.Buffer
		if err := WriteZeros(&plain, n); err != nil || !bytes.Equal(plain.Bytes(), make([]byte, n)) {
			t.Errorf("%d zeros: wrote %d bytes, %v", n, plain.Len(), err)
		}
		able := &zeroCounter{}
		if err := WriteZeros(able, n); err != nil || able.zeros != n || able.Len() != 0 {
			t.Errorf("%d zeros: a ZeroWriter got %d and %d bytes, %v", n, able.zeros, able.Len(), err)
		}
	}
}

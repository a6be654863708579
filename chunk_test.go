package tranship_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

func TestChunkSplit(t *testing.T) {
	pieces := [][]byte{[]byte("abc"), []byte("d"), nil, []byte("efgh")}
	whole := slices.Concat(pieces...)
	for n := range len(whole) + 1 {
		released := 0
		head, tail := tranship.NewChunk(pieces, tranship.CRC32C(whole), func() { released++ }).Split(n)
		if got := slices.Concat(head.Pieces...); !bytes.Equal(got, whole[:n]) || head.CRC32C != tranship.CRC32C(got) || head.Len() != n {
			t.Errorf("the first %d are %q with %08x", n, got, head.CRC32C)
		}
		if got := slices.Concat(tail.Pieces...); !bytes.Equal(got, whole[n:]) || tail.CRC32C != tranship.CRC32C(got) {
			t.Errorf("behind %d is %q with %08x", n, got, tail.CRC32C)
		}
		tail.Release()
		if released != 0 {
			t.Error("released while one half is in use")
		}
		head.Release()
		if released != 1 {
			t.Errorf("released %d times", released)
		}
	}
}

type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestWriteChunk checks that a chunk that cannot be written is released too.
func TestWriteChunk(t *testing.T) {
	for _, test := range []struct {
		room int
		want error
	}{{4, nil}, {3, errFull}} {
		released := 0
		c := tranship.NewChunk([][]byte{[]byte("ab"), []byte("cd")}, 0, func() { released++ })
		if err := tranship.WriteChunk(&failing{test.room}, c); !errors.Is(err, test.want) || released != 1 {
			t.Errorf("room for %d: %v, released %d times", test.room, err, released)
		}
	}
}

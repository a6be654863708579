package disk

import (
	"fmt"
	"testing"

	"github.com/tranship/tranship"
)

// BenchmarkTail uploads 16 MiB in pieces of a length, each of which becomes a tail or completes its
// part.
func BenchmarkTail(b *testing.B) {
	const size = 16 << 20
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		for _, length := range []int64{64 << 10, 1<<20 - 1, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", durability, length), func(b *testing.B) {
				store, err := Open(b.TempDir(), Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer store.Close()
				data := make([]byte, length)
				spec := tranship.Spec{Path: "file", Size: new(int64(size)), ResumeKey: "key", Durability: durability}
				b.SetBytes(size)
				for b.Loop() {
					begun, err := store.Begin(b.Context(), spec)
					if err != nil {
						b.Fatal(err)
					}
					for offset := int64(0); offset < size; {
						n, err := appendPiece(b, begun.(*upload), data, offset)
						if err != nil {
							b.Fatal(err)
						}
						offset += n
					}
					if err := begun.Abort(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// appendPiece writes as much of data at an offset as its part takes.
func appendPiece(b *testing.B, u *upload, data []byte, offset int64) (n int64, err error) {
	var writer tranship.PartWriter
	if offset%u.PartSize() == 0 {
		writer, err = u.Part(b.Context(), int(offset/u.PartSize()))
	} else {
		writer, err = u.ContinuePart(b.Context())
	}
	if err != nil {
		return 0, err
	}
	n = min(int64(len(data)), u.PartSize()-offset%u.PartSize())
	return n, tryCloseTail(writer, data[:n])
}

package tranship

// WidthHinter is an ability of a Store or an Upload that is faster when several readers or
// writers use it at once, such as one at the other end of a long network link.
type WidthHinter interface {
	// Width returns the number of concurrent readers or writers that is enough for full
	// speed, as far as is known now; 0 if more than a few do not help. It may rise and
	// fall during a transfer, so a caller should ask again from time to time. It is a
	// hint: other numbers work too. It is safe for concurrent use and does not block.
	Width() int
}

// Width returns the width that the WidthHinter of a Store or an Upload reports, and 0 if
// it has none.
func Width(v any) int {
	if hinter, ok := As[WidthHinter](v); ok {
		return hinter.Width()
	}
	return 0
}

// ChunkSizeHinter is an ability of an Upload that is faster with chunks, or Writes, of a
// certain length.
type ChunkSizeHinter interface {
	// ChunkBytes returns how many bytes the next chunk should have, at least 1. It may
	// change during a transfer. It is a hint: an upload takes chunks of any length. It is
	// safe for concurrent use and does not block.
	ChunkBytes() int
}

// ChunkBytes returns the length of a chunk in bytes that the ChunkSizeHinter of an Upload
// reports, and fallback if it has none.
func ChunkBytes(upload Upload, fallback int) int {
	if hinter, ok := As[ChunkSizeHinter](upload); ok {
		return hinter.ChunkBytes()
	}
	return fallback
}

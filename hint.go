package tranship

// WidthHinter is an ability of a store or an Upload that is the faster the more readers
// or writers use it at once, as one at the other end of a long network link.
type WidthHinter interface {
	// Width is how many readers or writers at once are enough, as far as is known now; 0
	// if more than a few do not help. It may rise and fall while they run, so that a
	// caller should ask again from time to time. It is a hint: more or fewer work too. It
	// is safe for concurrent use, and does not block.
	Width() int
}

// Width is the WidthHinter's width of a store or an Upload, and 0 if it has none.
func Width(v any) int {
	if hinter, ok := As[WidthHinter](v); ok {
		return hinter.Width()
	}
	return 0
}

// ChunkSizeHinter is an ability of an Upload for which not every length of a chunk, or of
// a Write, is equally good.
type ChunkSizeHinter interface {
	// ChunkBytes is how many bytes a chunk should have that is written now, at least 1.
	// It may change while chunks are written. It is a hint: an upload takes chunks of any
	// length. It is safe for concurrent use, and does not block.
	ChunkBytes() int
}

// ChunkBytes is the ChunkSizeHinter's length of a chunk for an Upload, and fallback if it
// has none.
func ChunkBytes(upload Upload, fallback int) int {
	if hinter, ok := As[ChunkSizeHinter](upload); ok {
		return hinter.ChunkBytes()
	}
	return fallback
}

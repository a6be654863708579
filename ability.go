package tranship

// Wrapper is a decorator: a store, upload, content or part writer that wraps another
// one of its kind and adds something to it, as checks, limits, counts or records.
//
// A Wrapper decides for each ability of the wrapped value what As finds:
//
//   - The Wrapper has the methods of the ability itself. As returns the Wrapper, if the
//     wrapped value has the ability too. This is the way for an ability that reads or
//     changes files: its methods do for it what the Wrapper does for the main
//     interface, and call the ability of the wrapped value, which they find with As.
//   - Passes reports true for the ability. As returns the ability of the wrapped value,
//     and the Wrapper does not see the calls. This is only for an ability that the
//     Wrapper has nothing to do with, as a hint.
//   - Otherwise As finds nothing. So an ability that was invented after the Wrapper was
//     written does not lead around it, and callers do without.
//
// For this to hold, a Wrapper must embed the main interface (tranship.Store, say) and
// never a concrete type, whose other methods would become its own.
//
// A method for an ability is there at compile time, whether the wrapped value has the
// ability or not. If it is called although As does not find it, it may do what it needs
// by the main interface, or fail with ErrUnsupported.
type Wrapper interface {
	// Unwrap returns the wrapped value. Only As calls it: what a caller does with the
	// wrapped value goes around the Wrapper.
	Unwrap() any

	// Passes reports whether an ability of the wrapped value may be used without the
	// Wrapper. The argument is a nil pointer to the interface type of the ability, to be
	// used in a type switch:
	//
	//	func (s *store) Passes(ability any) bool {
	//		switch ability.(type) {
	//		case *tranship.WidthHinter:
	//			return true
	//		}
	//		return false
	//	}
	//
	// It must report false for all that it does not name. It is safe for concurrent use.
	Passes(ability any) bool
}

// As returns the optional ability T of v, if v has it. Optional abilities are small
// interfaces that a store, an upload, a content or a part writer may have beside its main
// one:
//
//   - of a Store: UploadFinder, Fetcher, TreeRemover, AccountKeeper, WidthHinter
//   - of an Upload: PartRunner, WidthHinter, ChunkSizeHinter, CommittedUpload,
//     DiscardReporter
//   - of a Content: ChunkReader, RangeReader
//   - of a PartWriter: ChunkWriter
//
// Where v is a Wrapper, As looks into it by the rules that Wrapper describes. Callers must
// use As, or a function that does and falls back on the main interface (FindUpload,
// Fetch, RemoveAll, Width, ChunkBytes, WriteChunk). A type assertion does not do: it does not look
// into a Wrapper, and it finds a Wrapper's methods for abilities that the wrapped value
// lacks.
//
// As does not allocate. It costs two type assertions for v and each value that v wraps.
func As[T any](v any) (T, bool) {
	own, has := v.(T)
	wrapper, wraps := v.(Wrapper)
	if !wraps || !has && !wrapper.Passes((*T)(nil)) {
		return own, has
	}
	inner, found := As[T](wrapper.Unwrap())
	if !found || !has {
		return inner, found
	}
	return own, true
}

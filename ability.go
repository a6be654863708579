package tranship

// Wrapper is a decorator: a store, upload, content or part writer that wraps another
// one of its kind and adds something to it, such as checks, limits, counts or records.
//
// A Wrapper decides for each ability of the wrapped value what As finds:
//
//   - The Wrapper has the methods of the ability itself. As returns the Wrapper if the
//     wrapped value has the ability too. An ability that reads or changes files must be
//     served like this: its methods do what the Wrapper does in the main interface, and
//     then call the ability of the wrapped value, which they find with As.
//   - Passes reports true for the ability. As returns the ability of the wrapped value,
//     and the Wrapper does not see the calls. This is only for an ability that the
//     Wrapper has no part in, such as a hint.
//   - Otherwise As finds nothing. An ability that was added after the Wrapper was written
//     therefore cannot bypass it, and callers fall back on the main interface.
//
// For this to hold, a Wrapper must embed the main interface, for example tranship.Store,
// and never a concrete type: the other methods of a concrete type would become its own.
//
// The Wrapper has the methods of an ability even where the wrapped value lacks it. If
// such a method is called although As does not find the ability, it may use the main
// interface or fail with ErrUnsupported.
type Wrapper interface {
	// Unwrap returns the wrapped value. Only As may call it: calls of the wrapped value
	// bypass the Wrapper.
	Unwrap() any

	// Passes reports whether callers may use an ability of the wrapped value directly,
	// without the Wrapper. The argument is a nil pointer to the interface type of the
	// ability, for use in a type switch:
	//
	//	func (s *store) Passes(ability any) bool {
	//		switch ability.(type) {
	//		case *tranship.WidthHinter:
	//			return true
	//		}
	//		return false
	//	}
	//
	// Passes must report false for every ability that it does not know. It must be safe
	// for concurrent use.
	Passes(ability any) bool
}

// As returns the optional ability T of v, and whether v has it. Optional abilities are
// small interfaces that a store, an upload, a content or a part writer may implement
// beside its main one:
//
//   - of a Store: UploadFinder, Fetcher, BatchPutter, BatchFetcher, TreeRemover,
//     AccountKeeper, WidthHinter, HealthChecker, StateStore, UploadJoiner
//   - of an Upload: PartRunner, WidthHinter, ChunkSizeHinter, CommittedUpload, TailKeeper,
//     DiscardReporter
//   - of a Content: ChunkReader, RangeReader, ZeroReader
//   - of a PartWriter: ChunkWriter, ZeroWriter, TailWriter
//
// If v is a Wrapper, As follows the rules that Wrapper describes. Callers must use As, or
// a function that calls As and falls back on the main interface (FindUpload, Fetch,
// PutBatch, FetchBatch, RemoveAll, Width, ChunkBytes, WriteChunk, WriteZeros). A type
// assertion is not enough: it does not see the abilities inside a Wrapper, and it finds the
// methods of a Wrapper for abilities that the wrapped value lacks.
//
// As does not allocate. It costs two type assertions for v and for each value that v
// wraps. It is safe for concurrent use.
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

// Package tracing is a decorator of a store that tells a Tracer of each operation, for
// distributed traces. It knows no library for traces: a program implements Tracer with one.
//
// An operation that moves a file has one span from its beginning to its end: an upload from
// Begin to Commit, Abort or Detach, and a download from Open to Close. A batch of small files
// has one span together, and reports its files when it ends. What the wrapped store does for
// the operation has a context that Span.Context has made.
package tracing

import "context"

// Tracer makes the spans of operations. It must be safe for concurrent use.
type Tracer interface {
	// Begin is called when an operation begins. It returns the span of the operation, or nil
	// if the operation has none: nothing more is then done for it.
	Begin(ctx context.Context, operation Operation) Span
}

// Span is one operation that is under way. It must be safe for concurrent use.
type Span interface {
	// Context returns a context derived from ctx, for what the operation does.
	Context(ctx context.Context) context.Context
	// End is called once, when the operation has ended. It must not keep the slice of the
	// result.
	End(result Result)
}

// Operation is an operation that begins.
type Operation struct {
	// Kind is what is done.
	Kind Kind
	// Path is the path of the file or directory, or the first path of a batch. It is the id of
	// an upload for FindUpload and AbortUpload.
	Path string
	// Destination is the other path of Move and Copy.
	Destination string
	// Offset is the first byte of a Download. A large file may have several of them, one for each
	// range that is read.
	Offset int64
	// Files is the number of files that are moved as a whole: those of a batch, 1 for Put and
	// Fetch, and 0 for all else.
	Files int
}

// Result is the outcome of an operation.
type Result struct {
	// Bytes is how many bytes of content were moved.
	Bytes int64
	// Err is why the operation failed; nil if it succeeded. It is nil for a batch, whose files
	// have their own.
	Err error
	// Files are the outcomes of the files of a batch, in their order; nil for what is no batch.
	Files []FileResult
}

// FileResult is the outcome of one file of a batch.
type FileResult struct {
	Path  string
	Bytes int64
	Err   error
}

// Kind is the kind of an Operation.
type Kind int

// The kinds of operations.
const (
	Upload Kind = iota + 1
	UploadBatch
	Download
	DownloadBatch
	Stat
	List
	SetAttributes
	Remove
	RemoveAll
	Move
	Copy
	ListUploads
	FindUpload
	AbortUpload
)

// Transfers reports whether the operation moves content.
func (k Kind) Transfers() bool { return k >= Upload && k <= DownloadBatch }

// String returns the name of the kind, such as "upload batch".
func (k Kind) String() string {
	names := [...]string{
		"unknown", "upload", "upload batch", "download", "download batch", "stat", "list", "set attributes", "remove",
		"remove all", "move", "copy", "list uploads", "find upload", "abort upload",
	}
	if k <= 0 || int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

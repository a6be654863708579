package tranship

import "io"

// RangeReader is an ability of a Content: it reads any ranges of the file, without
// opening it again for each.
type RangeReader interface {
	// ReadAt reads len(p) bytes of the file from offset on, counted from the file's first
	// byte, whatever range was opened, and moves nothing that Read does next: a caller
	// that only reads ranges opens a Length of 0. It is safe for concurrent use, with
	// itself, Read and Close. At the end of the file it returns fewer bytes and io.EOF. A
	// negative offset is an *InvalidError. After Close it fails with fs.ErrClosed, and
	// after the end of the context of Open with the context's error. p belongs to the
	// method only until it returns. With an error other than io.EOF nothing is known of
	// p.
	//
	// The bytes are of the version that was opened. What ReadAt returns has come from the
	// store as the store has it, and the file had that version when it was read:
	// ErrIntegrity and ErrPrecondition otherwise. A part of a file cannot be compared with
	// the checksum of the whole: only Read does that. A remote store may need the version
	// to be still there: if the file was replaced since, ErrPrecondition, and if it was
	// removed, ErrNotFound. ErrUnavailable may pass: the call may be repeated.
	io.ReaderAt
}

package tranship

import "io"

// RangeReader is an ability of a Content: it reads ranges of the file, without opening
// the file again for each of them.
type RangeReader interface {
	// ReadAt reads len(p) bytes of the file from offset on, as io.ReaderAt describes. The
	// offset counts from the first byte of the file, whatever range was opened, and ReadAt
	// does not affect Read: a caller that only reads ranges opens the file with a Length
	// of 0. ReadAt is safe for concurrent use, also with Read and Close. It does not keep
	// p after it returns. At the end of the file it returns fewer bytes and io.EOF. After
	// any other error the content of p is undefined.
	//
	// A negative offset is an *InvalidError. After Close, ReadAt returns fs.ErrClosed.
	// After the context of Open ends, it returns the context's error.
	//
	// The bytes are those of the version that was opened, as the store has them: otherwise
	// ReadAt returns ErrPrecondition or ErrIntegrity. ReadAt cannot compare a range with
	// the checksum of the whole file; only Read does that. A remote store may not be able
	// to read a version that is no longer there: it returns ErrPrecondition if the file
	// was replaced, and ErrNotFound if it was removed. After ErrUnavailable the caller may
	// repeat the call.
	io.ReaderAt
}

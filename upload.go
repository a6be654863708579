package tranship

import (
	"context"
	"io"
)

// Spec says what an upload is to become.
type Spec struct {
	// Path is where the file will be visible.
	Path string
	// Size is the length in bytes; nil when it is not known in advance.
	Size *int64
	// Attributes to keep beside the content.
	Attributes Attributes
	// Precondition is decided at commit, and looked at before, to fail early.
	Precondition Precondition
	// Durability of the commit.
	Durability Durability
}

// Validate reports whether any store could take the spec. The error is an
// *InvalidError.
func (s Spec) Validate() error {
	if err := ValidatePath(s.Path); err != nil {
		return err
	}
	if s.Size != nil && *s.Size < 0 {
		return &InvalidError{Field: "size", Rule: "a size must not be negative"}
	}
	if s.Durability > DurabilityDurable {
		return &InvalidError{Field: "durability", Rule: "must be written or durable"}
	}
	return s.Attributes.Validate()
}

// Durability is what a store must have done when it reports a commit. Greater
// values promise more.
type Durability uint8

const (
	// DurabilityDefault is the store's own, durable unless it was told otherwise.
	DurabilityDefault Durability = iota
	// DurabilityWritten: handed to the operating system. It survives the
	// process, perhaps not the machine.
	DurabilityWritten
	// DurabilityDurable: synced to storage. It survives power loss.
	DurabilityDurable
)

// String is "default", "written" or "durable".
func (d Durability) String() string {
	switch d {
	case DurabilityWritten:
		return "written"
	case DurabilityDurable:
		return "durable"
	default:
		return "default"
	}
}

// Upload is a session that builds one file out of parts. Nothing of it is visible
// before Commit. It is safe for concurrent use.
type Upload interface {
	// ID names the upload in its store. It is unguessable.
	ID() string

	// PartSize is the length of every part but the last, in bytes. Part n holds
	// the bytes from n*PartSize.
	PartSize() int64

	// Part returns a writer for part n, counted from 0. Parts may be written in
	// any order and several at once. A part has one writer: a newer one ends
	// the older, whose Write fails with ErrAborted, and starts the part afresh.
	// ErrInvalid: n is negative, or beyond the upload's size.
	Part(ctx context.Context, n int) (PartWriter, error)

	// Commit makes the file visible, after all writers have been closed. Missing
	// bytes are an *IncompleteError; bytes that are too many, or a size that is
	// not the spec's, an *InvalidError; a wrong checksum is ErrIntegrity; a
	// precondition that does not hold ErrExists or ErrPrecondition. After a
	// failure nothing is visible, and the upload may be gone: it is only to be
	// aborted.
	Commit(ctx context.Context, commit Commit) (File, error)

	// Abort removes the upload and all it has stored, and ends its writers. After
	// Commit or Abort it does nothing.
	Abort(ctx context.Context) error
}

// PartWriter takes the bytes of one part in order. It keeps nothing of a buffer
// after Write returns. Bytes beyond the end of the part or of the upload's size
// are an *InvalidError, and none of that Write is taken. It is not safe for
// concurrent use.
type PartWriter interface {
	io.Writer
	// Close ends the writer and keeps what was written. The part counts as there
	// if that reaches to its end, or to what Commit names as the end of the
	// file. Failures that Close does not report, Commit does.
	Close() error
}

// Commit is what must be true of an upload's bytes for them to become a file.
type Commit struct {
	// Size is the length of the whole file in bytes.
	Size int64
	// CRC32C is the checksum of the whole file; nil when the caller does not
	// know it.
	CRC32C *uint32
}

// Range is a run of bytes of a file or upload.
type Range struct {
	// Offset is the first byte, Length the number of bytes.
	Offset, Length int64
	// CRC32C is the checksum of those bytes, where known.
	CRC32C *uint32
}

// PartSizeFor is the smallest power of two, between least and most (which must be
// powers of two themselves), that cuts size bytes into fewer than 2,000 parts; most
// when there is none, least when size is nil.
func PartSizeFor(size *int64, least, most int64) int64 {
	const parts = 2000
	partSize := least
	for size != nil && partSize < most && (*size-1)/partSize >= parts-1 {
		partSize *= 2
	}
	return partSize
}

package tranship

import (
	"context"
	"io"
	"time"
	"unicode/utf8"
)

// Spec describes the file that a Put or an upload makes.
type Spec struct {
	// Path is the path of the file.
	Path string
	// Size is the length of the content in bytes; nil if it is not known in advance.
	Size *int64
	// CRC32C is the checksum that the whole content must have; nil if it is not known. If
	// the content has another one, Put, or Commit of the upload, fails with ErrIntegrity
	// and nothing becomes visible. An upload that is resumed has the CRC32C of its newest
	// spec.
	CRC32C *uint32
	// Attributes are the attributes of the file. Commit.Attributes may replace them.
	Attributes Attributes
	// Precondition is checked at commit. Begin checks it too, to fail early.
	Precondition Precondition
	// Durability applies to the commit, and to the parts that a resumable upload keeps.
	Durability Durability
	// ResumeKey, if not empty, makes the upload resumable: its parts outlive its writers
	// and the process, until the upload expires, and a later Begin with the same Path,
	// Size, ResumeKey and Owner continues it. The key must identify the source, so that
	// parts of two sources are never mixed. It is valid UTF-8 of at most MaxResumeKeyBytes
	// bytes, and requires a Size.
	ResumeKey string
	// Transient makes the store keep nothing of a resumable upload that is not committed:
	// Detach aborts it, a server aborts it when it loses the client, and a store that is
	// opened again does not have it. Begin still continues an earlier upload with the same
	// ResumeKey, so that a caller can remove what was kept of that one. An upload without a
	// ResumeKey is always transient.
	Transient bool
	// Owner is the principal that the upload belongs to; "" if the store has only one
	// user. An upload can only be resumed by its owner. The name is valid UTF-8 of at most
	// MaxOwnerBytes bytes. A server sets Owner to the caller of the upload. A client does
	// not send it: the server knows its caller.
	Owner string
}

// Validate returns an *InvalidError if a field breaks its rules, and nil otherwise. A
// store may have further limits.
func (s Spec) Validate() error {
	if err := ValidatePath(s.Path); err != nil {
		return err
	}
	if s.Size != nil && *s.Size < 0 {
		return &InvalidError{Field: "size", Rule: "a size must not be negative"}
	}
	if s.ResumeKey != "" {
		switch {
		case len(s.ResumeKey) > MaxResumeKeyBytes || !utf8.ValidString(s.ResumeKey):
			return &InvalidError{Field: "resume_key", Rule: "a resume key must be valid UTF-8 of at most 256 bytes"}
		case s.Size == nil:
			return &InvalidError{Field: "resume_key", Rule: "an upload of unknown size cannot be resumed"}
		}
	}
	if len(s.Owner) > MaxOwnerBytes || !utf8.ValidString(s.Owner) {
		return &InvalidError{Field: "owner", Rule: "the name of an upload's owner must be valid UTF-8 of at most 1024 bytes"}
	}
	if s.Durability > DurabilityDurable {
		return &InvalidError{Field: "durability", Rule: "must be written or durable"}
	}
	if err := s.Precondition.Validate(); err != nil {
		return err
	}
	return s.Attributes.Validate()
}

// Durability is what a file survives once its store has reported the commit. Greater
// values survive more.
type Durability uint8

const (
	// DurabilityDefault is the default of the store. It is DurabilityDurable unless the
	// store is configured otherwise.
	DurabilityDefault Durability = iota
	// DurabilityWritten means that the operating system has the bytes. They survive the
	// end of the process, but may be lost with the machine.
	DurabilityWritten
	// DurabilityDurable means that the bytes are synced to storage. They survive power
	// loss.
	DurabilityDurable
)

// String returns "default", "written" or "durable".
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

// Upload is a session that builds one file out of parts. Nothing of it is visible before
// Commit. It is safe for concurrent use.
//
// After an upload has been resumed, the older Upload is ended: its Abort and Detach do
// nothing, and its other methods that return an error return ErrAborted.
type Upload interface {
	// ID identifies the upload in its store. It cannot be guessed.
	ID() string

	// Epoch is 1 for a new upload and increases each time the upload is resumed.
	Epoch() uint64

	// PartSize is the length of every part except the last, in bytes. Part n has the bytes
	// from n*PartSize. PartSize stays the same when the upload is resumed.
	PartSize() int64

	// Durable returns the parts that the upload would have after it is resumed if the
	// process ended now, or the machine if the spec has DurabilityDurable. They are whole
	// parts, in ascending order, with their CRC32C. A part that is begun again is not
	// among them until it is written. Without a ResumeKey, Durable returns none.
	Durable() []Range

	// Sync waits until all parts whose writers were closed before the call are durable. It
	// returns an error if they cannot become so. Concurrent calls share their work.
	// Without a ResumeKey, Sync does nothing.
	Sync(ctx context.Context) error

	// Part returns a writer for part n, counted from 0. Parts may be written in any order
	// and several at the same time. A part has one writer: a newer writer ends the older
	// one, whose Write returns ErrAborted, and begins the part again. Part returns
	// ErrInvalid if n is negative or the part would begin at or after the size of the
	// upload. Part 0 exists even if the size is 0.
	//
	// The context applies until Close of the writer returns. If it ends before that, Write
	// and Close return its error, the part is missing, and the part may be begun again.
	// The end of the context after Close has no effect.
	Part(ctx context.Context, n int) (PartWriter, error)

	// CopyPart fills part n with bytes of a file in the same store, from options.Offset of
	// options.Version. It ignores options.Length, because the length of the part applies.
	// It may be called where Part may, and counts as the writer of the part. It returns
	// ErrInvalid if the source has too few bytes; other errors are those of Open.
	//
	// After a failure, which only CopyPart reports, the upload continues. The part then
	// has the bytes of writers that were closed before, or none, and an open writer may
	// have been ended. The part may be filled again, as if nothing had failed.
	CopyPart(ctx context.Context, n int, source string, options OpenOptions) error

	// Commit makes the file visible. All writers must have been closed. Commit returns an
	// *IncompleteError if bytes are missing, an *InvalidError if the upload has more bytes
	// than commit.Size or commit.Size is not the size of the spec, ErrIntegrity if a
	// checksum is wrong, and ErrExists or ErrPrecondition if the precondition does not
	// hold. After a failure nothing is visible. The caller must then abort the upload,
	// which may no longer exist, or, with a ResumeKey, may detach and resume it.
	//
	// With a ResumeKey, the store remembers the commit for a day, in case its reply was
	// lost: see Writer.Begin. The Commit of a committed upload returns ErrPrecondition if
	// the file has been replaced, moved or removed since.
	Commit(ctx context.Context, commit Commit) (File, error)

	// Abort removes the upload and everything it has stored, and ends its writers. After
	// Commit, Detach or Abort it does nothing.
	Abort(ctx context.Context) error

	// Detach ends the writers of the upload and keeps its parts, so that the upload can be
	// resumed. Without a ResumeKey it is Abort.
	Detach(ctx context.Context) error
}

// PartWriter writes the bytes of one part, in order. Write does not keep its buffer after
// it returns. A Write of bytes beyond the end of the part, or beyond the size of the
// upload, writes nothing and returns an *InvalidError. A PartWriter is not safe for
// concurrent use.
type PartWriter interface {
	io.Writer
	// Close ends the writer and keeps what was written. The part is complete if the
	// written bytes reach its end, or the end of the file that Commit sets. Commit reports
	// the failures that Close does not.
	Close() error
}

// Commit describes the complete content of an upload.
type Commit struct {
	// Size is the length of the whole file in bytes.
	Size int64
	// CRC32C is the checksum of the whole file; nil if the caller does not know it.
	CRC32C *uint32
	// Attributes are attributes that the caller did not know before the content, such as a
	// digest in the metadata. The fields that are set replace those of the spec.
	Attributes Attributes
}

// Range is a range of the bytes of a file or upload.
type Range struct {
	// Offset is the first byte, and Length the number of bytes.
	Offset, Length int64
	// CRC32C is the checksum of the bytes; nil if it is not known.
	CRC32C *uint32
}

// UploadInfo describes an unfinished, resumable upload.
type UploadInfo struct {
	// ID identifies the upload in its store.
	ID string
	// Path is the path of the file.
	Path string
	// Owner is the principal that the upload belongs to; "" from a remote store, which
	// lists only the uploads of the caller.
	Owner string
	// Size is the length of the file in bytes.
	Size int64
	// DurableBytes is how many bytes are durable: those of whole parts, and those of the tail
	// if the store keeps one (see TailKeeper).
	DurableBytes int64
	// Created is when the upload was begun.
	Created time.Time
	// Written is when the upload was begun, resumed or written to last; the zero time from a
	// remote store.
	Written time.Time
	// Expires is when the store removes the upload, unless it is written to before.
	Expires time.Time
}

// PartSizeFor returns a size of parts in bytes for a file of size bytes: the smallest power
// of two from least to most, which must be powers of two themselves, that makes fewer than
// 2,000 parts. It returns most if even that makes more, and least if size is nil.
func PartSizeFor(size *int64, least, most int64) int64 {
	const parts = 2000
	partSize := least
	for size != nil && partSize < most && (*size-1)/partSize >= parts-1 {
		partSize *= 2
	}
	return partSize
}

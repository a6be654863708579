package tranship

import (
	"context"
	"io"
	"time"
	"unicode/utf8"
)

// Spec says what an upload is to become.
type Spec struct {
	// Path is where the file will be visible.
	Path string
	// Size is the length in bytes; nil when it is not known in advance.
	Size *int64
	// CRC32C is the checksum that the whole content must have; nil when it is not known.
	// Otherwise Put, or Commit of the upload, fails with ErrIntegrity and nothing becomes
	// visible. It is not kept for an upload that is resumed: the newer spec counts.
	CRC32C *uint32
	// Attributes to keep beside the content. Commit.Attributes may replace them.
	Attributes Attributes
	// Precondition is decided at commit, and looked at before, to fail early.
	Precondition Precondition
	// Durability of the commit, and of what a resumable upload keeps.
	Durability Durability
	// ResumeKey, when not empty, makes the upload resumable: what it has stored
	// outlives its writers and the process, until it expires, and a later Begin
	// with the same Path, Size, ResumeKey and Owner goes on with it. The key names
	// the source, so that two sources never mix their parts. It is valid UTF-8 of at
	// most MaxResumeKeyBytes, and needs a Size.
	ResumeKey string
	// Owner is whose upload it is, for a store that serves several: nobody resumes
	// another's. "" is nobody in particular. It is valid UTF-8 of at most
	// MaxOwnerBytes. Who guards a store sets it from who calls; it is not sent to a
	// remote store, which knows its caller and ignores it, and so does a store
	// of one user.
	Owner string
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

	// Epoch is 1 for a new upload and rises each time it is resumed. Of an upload
	// that has been resumed since, every method but those without an error fails
	// with ErrAborted, and Detach and Abort do nothing.
	Epoch() uint64

	// PartSize is the length of every part but the last, in bytes. Part n holds
	// the bytes from n*PartSize. It stays the same when the upload is resumed.
	PartSize() int64

	// Durable is what a resumed upload would have if the process ended now, or
	// the machine if the spec asks for DurabilityDurable: whole parts, in
	// ascending order, with their CRC32C. A part leaves it when it is begun
	// again. Without ResumeKey it is empty.
	Durable() []Range

	// Sync waits until every part whose writer was closed before is durable, and
	// returns why it is not to be. Calls share their work. Without ResumeKey it
	// does nothing.
	Sync(ctx context.Context) error

	// Part returns a writer for part n, counted from 0. Parts may be written in
	// any order and several at once. A part has one writer: a newer one ends
	// the older, whose Write fails with ErrAborted, and starts the part afresh.
	// ErrInvalid: n is negative, or the part would begin at or behind the end of the
	// upload's size. Part 0 is there even if the size is 0.
	//
	// The context governs the writer until its Close returns. If it ends before, Write and
	// Close fail with its error, nothing of the part counts, and the part may be begun
	// again. That it ends after Close changes nothing.
	Part(ctx context.Context, n int) (PartWriter, error)

	// CopyPart fills part n with bytes of a file in the same store, from
	// options.Offset of options.Version; options.Length is ignored, for the
	// part's counts. It may be called where Part may, and counts as its writer.
	// ErrInvalid: the source has too few bytes; otherwise as Open.
	//
	// A failure is told once, and the upload goes on. The part then has what writers that
	// were closed before have written to it, or nothing; a writer that is open may have
	// been ended. The part may be filled again, and counts then as if nothing had failed.
	CopyPart(ctx context.Context, n int, source string, options OpenOptions) error

	// Commit makes the file visible, after all writers have been closed. Missing
	// bytes are an *IncompleteError; bytes that are too many, or a size that is
	// not the spec's, an *InvalidError; a wrong checksum is ErrIntegrity; a
	// precondition that does not hold ErrExists or ErrPrecondition. After a
	// failure nothing is visible. The upload is then only to be aborted, for it
	// may be gone; or, with a ResumeKey, to be detached and resumed.
	//
	// With a ResumeKey the store remembers the commit for a day, in case its
	// reply was lost: see Begin. Commit of an upload that Begin returned because its
	// commit is remembered is ErrPrecondition if the file that it made has been replaced,
	// moved or removed since.
	Commit(ctx context.Context, commit Commit) (File, error)

	// Abort removes the upload and all it has stored, and ends its writers. After
	// Commit, Detach or Abort it does nothing.
	Abort(ctx context.Context) error

	// Detach ends the upload's writers and lets go of it, so that it can be
	// resumed. Without ResumeKey it is Abort.
	Detach(ctx context.Context) error
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
	// Attributes are what was not known before the content was, as a digest in the
	// metadata. What is set replaces what the spec has.
	Attributes Attributes
}

// Range is a run of bytes of a file or upload.
type Range struct {
	// Offset is the first byte, Length the number of bytes.
	Offset, Length int64
	// CRC32C is the checksum of those bytes, where known.
	CRC32C *uint32
}

// UploadInfo describes an unfinished, resumable upload.
type UploadInfo struct {
	// ID names it.
	ID string
	// Path is where its file will be visible.
	Path string
	// Owner is whose it is; "" from a remote store, which lists the caller's.
	Owner string
	// Size is the length of the file in bytes.
	Size int64
	// DurableBytes is how much of it is durable.
	DurableBytes int64
	// Created is when it was begun.
	Created time.Time
	// Expires is when it will be removed, unless something is written before.
	Expires time.Time
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

package tranship

import (
	"context"
	"io"
	"iter"
)

// Store holds files. It is safe for concurrent use.
//
// A file becomes visible as a whole, at one moment, and is replaced in the same way. A
// file blocks the paths below it, and files below a path block a file at the path: a
// change that would make such a file fails with ErrExists. Empty directories are not
// visible and block nothing. Every method that takes a path returns an *InvalidError for
// one that is invalid, and changes nothing.
//
// A path names a file only as it is spelled in lists. The file system of a store may take
// several names for one, for example because it ignores case. The store then has no file
// at the other spellings, and a change that would make one fails with ErrExists. A name
// that the file system would change is an *InvalidError.
//
// The message of the error for a path without a file is "not found: " and the path,
// whatever the method. A store that hides a file from a caller returns the same error, so
// that the caller cannot tell the difference.
//
// Methods stop early when their context ends, and return its error. A change is then
// either complete or not made.
//
// Every string that a method takes must be valid UTF-8. A method returns an *InvalidError
// for other strings; a store on this machine may instead report that the version or upload
// does not exist.
//
// A store may lack the following. Move, Copy, Upload.CopyPart, and changes with a
// precondition on a revision or a source version may fail with ErrUnsupported and change
// nothing. A store that does not resume uploads ignores ResumeKey, begins a new upload
// each time, and lists none. Package storetest tests complete stores, and others with what
// they declare to lack. A store may also have optional abilities beside these methods,
// which callers find with As.
type Store interface {
	Reader
	Writer
	Editor
	Uploads
}

// Reader is the part of a Store that describes, lists and reads files.
type Reader interface {
	// Stat describes the file at path. It returns ErrNotFound if no file is at path, even
	// if a directory is.
	Stat(ctx context.Context, path string) (File, error)

	// List yields the entries of a directory in ascending bytewise order of Entry.Key. A
	// directory that does not exist, or is a file, yields nothing. The list reflects every
	// change that was complete before it began; files that are added or removed meanwhile
	// may be in it or not.
	//
	// With options.ReportSkipped, List yields a *SkippedError for everything that it
	// leaves out, in the order of its Key among the entries, and continues. After any
	// other error it yields nothing more. A directory that cannot be read is such an error
	// if it is options.Directory itself, or if StartAfter or Prefix is below it, because
	// its own Key would be out of order. Options that ListOptions.Validate refuses are an
	// *InvalidError.
	List(ctx context.Context, options ListOptions) iter.Seq2[Entry, error]

	// Open opens the file at path for reading. The context applies until the Content is
	// closed. Open returns ErrNotFound if no file is at path, ErrPrecondition if the file
	// does not have options.Version, and ErrInvalid if options.Offset is negative or
	// greater than the size of the file, or options.Length is negative.
	Open(ctx context.Context, path string, options OpenOptions) (Content, error)
}

// Writer is the part of a Store that takes new content.
type Writer interface {
	// Put stores a whole file of at most MaxPutBytes; it returns ErrLimit for more. The
	// Size of spec must be nil or len(data). Put returns ErrIntegrity if data does not
	// have the CRC32C of spec, and then stores nothing. It does not keep data after it
	// returns.
	Put(ctx context.Context, spec Spec, data []byte) (File, error)

	// Begin starts the upload of a file of any size. It fails early if the commit would
	// certainly fail. The caller must end the upload with Commit, Abort or Detach.
	//
	// With a ResumeKey, Begin resumes the unfinished upload of the same path, size, key
	// and owner, if the store has one. It ends the writers of the older Upload, and
	// returns only after their writes have returned. The attributes, precondition and
	// durability of the new spec replace those of the older one.
	//
	// If the store has no such unfinished upload, but remembers the commit of one, and the
	// path still has the version that the commit made, Begin returns the committed upload.
	// No bytes of it are missing. Its Commit checks size, checksum and version, applies
	// the attributes and the durability of the new spec to the file, and returns the file.
	// Its Part and CopyPart return ErrAborted. Its Abort makes the store forget the commit,
	// and does not remove the file. The ability CommittedUpload reports this case.
	//
	// Otherwise the upload is new.
	Begin(ctx context.Context, spec Spec) (Upload, error)
}

// Editor is the part of a Store that changes existing files.
type Editor interface {
	// SetAttributes changes the attributes that are set in attributes, and not the
	// version. It returns ErrNotFound if no file is at path, whatever the precondition.
	//
	// To change metadata depending on its current value, a caller reads the file, computes
	// the new metadata, sets it with the Precondition
	// {MustMatchRevision: file.Revision()}, and starts again after ErrPrecondition. This
	// cannot lose the change of another caller.
	SetAttributes(ctx context.Context, path string, attributes Attributes, precondition Precondition) (File, error)

	// Remove removes a file. It returns ErrNotFound if no file is at path, whatever the
	// precondition.
	Remove(ctx context.Context, path string, precondition Precondition) error

	// Move renames a file atomically and keeps its attributes. It replaces a file at
	// destination. The precondition applies to destination, except for
	// MustMatchSourceVersion. Moving a file onto itself does nothing. Move returns
	// ErrNotFound if no file is at source, whatever the precondition.
	Move(ctx context.Context, source, destination string, precondition Precondition) (File, error)

	// Copy copies a file and its attributes inside the store. The copy has a version of
	// its own. Copy replaces a file at destination. The precondition applies to
	// destination, except for MustMatchSourceVersion. Copy returns ErrNotFound if no file
	// is at source, whatever the precondition. NewCopyProgressContext reports how far it is.
	Copy(ctx context.Context, source, destination string, precondition Precondition) (File, error)
}

// Uploads is the part of a Store that lists and aborts unfinished uploads. Only uploads
// with a ResumeKey are listed.
type Uploads interface {
	// ListUploads yields the unfinished uploads of files at or below directory, all for
	// "", in ascending bytewise order of path and then of id. After an error it yields
	// nothing more.
	ListUploads(ctx context.Context, directory string) iter.Seq2[UploadInfo, error]

	// AbortUpload removes an unfinished upload and everything it has stored. Its writers
	// fail with ErrAborted. AbortUpload returns ErrNotFound if the store has no unfinished
	// upload with this id.
	AbortUpload(ctx context.Context, id string) error
}

// OpenOptions selects what to read of a file. The zero value selects the whole current
// file.
type OpenOptions struct {
	// Version, if not empty, is the version that the file must have.
	Version string
	// Offset is the first byte to read, from 0 to the size of the file.
	Offset int64
	// Length is the maximum number of bytes to read, from 0; nil means all up to the end
	// of the file. It may reach beyond the end.
	Length *int64
}

// Content is a file that is open for reading. It yields the bytes of one version, whatever
// happens to the path meanwhile.
//
// Read returns io.EOF only after it has returned all requested bytes and has verified them
// as far as the store can. It returns ErrPrecondition if the content was changed in place
// meanwhile, and ErrIntegrity if the bytes are not those that were stored.
//
// Content is not safe for concurrent use. The caller must close it.
type Content interface {
	io.ReadCloser
	// File describes the file as it was when it was opened.
	File() File
}

package tranship

import (
	"context"
	"io"
	"iter"
)

// Store holds files. It is safe for concurrent use.
//
// A file becomes visible all at once, whole, and so is replaced. A file blocks
// the paths below it, and files below a path block a file at it: ErrExists. Empty
// directories are not visible and block nothing. An invalid path is an
// *InvalidError from every method that takes one, and changes nothing.
//
// A path names a file only as it is spelled in lists. Where a store keeps files in a file
// system that takes several names for one, because it ignores case, for example, there is
// no file at another spelling, and one cannot be put there: ErrExists. A name that the
// file system would change is an *InvalidError.
//
// The error of a path at which there is no file reads "not found: " and the path,
// whatever the method: a path that a caller may not know of can so be denied in the
// same words.
//
// Methods stop early when their context ends, and return its error. A change is
// then either whole or not made.
//
// Every string that a method takes must be valid UTF-8. An *InvalidError refuses another
// one; a store on this machine may instead answer that there is no such version or upload.
//
// A store may lack some of it. Move, Copy, Upload.CopyPart and a change with a
// precondition about a revision or a source version then fail with ErrUnsupported and
// change nothing. A store that does not resume uploads begins a new one each time, as if
// there was no ResumeKey, and lists none. Package storetest tests stores with and without.
// A store may also have optional abilities beside these methods, which callers find with
// As.
type Store interface {
	Reader
	Writer
	Editor
	Uploads
}

// Reader is the part of a store that tells what is there.
type Reader interface {
	// Stat describes the file at path. ErrNotFound: there is no file; a
	// directory is not one.
	Stat(ctx context.Context, path string) (File, error)

	// List yields what is under a directory in ascending bytewise order of
	// Entry.Key. A directory that does not exist, or is a file, yields nothing.
	// Files that come or go meanwhile may be missed; a change that was complete before
	// the list began is in it. With options.ReportSkipped, what is left out comes as a
	// *SkippedError, in the order of its Key among the entries, and the list goes on.
	// After any other error it yields nothing more. A directory that cannot be read is
	// such an error if it is the listed one itself, or if StartAfter or Prefix is below
	// it: then it is too late to report it. Options that ListOptions.Validate refuses
	// are an *InvalidError.
	List(ctx context.Context, options ListOptions) iter.Seq2[Entry, error]

	// Open begins to read the file at path. The context governs the reading,
	// too. ErrNotFound: there is no file. ErrPrecondition: it has not
	// options.Version. ErrInvalid: the offset is negative or beyond the end.
	Open(ctx context.Context, path string, options OpenOptions) (Content, error)
}

// Writer is the part of a store that takes new content.
type Writer interface {
	// Put stores a whole small file, of at most MaxPutBytes: more is ErrLimit.
	// Its spec's Size may be nil and must otherwise be len(data). ErrIntegrity: data
	// has not the spec's CRC32C; then nothing is stored. It keeps nothing of data after
	// it returns.
	Put(ctx context.Context, spec Spec, data []byte) (File, error)

	// Begin starts the upload of a file of any size. It fails early where the
	// commit is bound to fail. The caller must end the upload with Commit, Abort
	// or Detach.
	//
	// With a ResumeKey it resumes the unfinished upload of the same path, size,
	// key and owner, if there is one. That ends the writers of the older Upload, and
	// returns only after their writes have; the new spec's attributes,
	// precondition and durability replace the older. If the store remembers the
	// commit of such an upload, and the path still has the version that it
	// made, Begin returns that upload: nothing of it is missing, Commit gives
	// the file what the new spec sets of attributes and the new spec's durability
	// and returns it, as long as size, checksum and version are its, Part and
	// CopyPart fail with ErrAborted, and Abort makes the store forget the commit,
	// not the file. Otherwise the upload is new.
	Begin(ctx context.Context, spec Spec) (Upload, error)
}

// Editor is the part of a store that changes files as wholes.
type Editor interface {
	// SetAttributes changes what is set in attributes, and not the version.
	// ErrNotFound: there is no file, whatever the precondition.
	//
	// To change metadata that depends on what it was before, a caller reads the file,
	// computes the new metadata, sets it with the Precondition
	// {MustMatchRevision: file.Revision()}, and begins again after ErrPrecondition. No
	// change of another caller is then lost.
	SetAttributes(ctx context.Context, path string, attributes Attributes, precondition Precondition) (File, error)

	// Remove removes a file. ErrNotFound: there is none, whatever the precondition.
	Remove(ctx context.Context, path string, precondition Precondition) error

	// Move renames a file at once and keeps its attributes. The precondition is
	// about the destination, where a file is otherwise replaced, except for its
	// MustMatchSourceVersion. Moving a file onto itself does nothing.
	// ErrNotFound: there is no source, whatever the precondition.
	Move(ctx context.Context, source, destination string, precondition Precondition) (File, error)

	// Copy copies a file and its attributes inside the store; the copy has a
	// version of its own. The precondition is about the destination, where a
	// file is otherwise replaced, except for its MustMatchSourceVersion.
	// ErrNotFound: there is no source, whatever the precondition.
	Copy(ctx context.Context, source, destination string, precondition Precondition) (File, error)
}

// Uploads is the part of a store that knows its unfinished uploads: those with a
// ResumeKey.
type Uploads interface {
	// ListUploads yields the unfinished uploads of a path or of the paths below
	// it, "" for all, in ascending bytewise order of path and then of id. After
	// an error it yields nothing more.
	ListUploads(ctx context.Context, directory string) iter.Seq2[UploadInfo, error]

	// AbortUpload removes an unfinished upload and what it has stored; its
	// writers fail with ErrAborted. ErrNotFound: there is none with this id.
	AbortUpload(ctx context.Context, id string) error
}

// OpenOptions says what to read. The zero value reads the whole current file.
type OpenOptions struct {
	// Version, when not empty, is the one to read.
	Version string
	// Offset is the first byte.
	Offset int64
	// Length is how many bytes to read at most; nil: all to the end. The end of
	// the file cuts it.
	Length *int64
}

// Content is a file that is open for reading. It yields the bytes of one version,
// whatever happens to the path meanwhile. Read returns io.EOF only when all that
// was asked for has been delivered and verified as far as the store can;
// ErrPrecondition when the content was changed in place while it was read;
// ErrIntegrity when the bytes are not those that were stored. It is not safe for
// concurrent use; the caller must close it.
type Content interface {
	io.ReadCloser
	// File describes the file as it was opened.
	File() File
}

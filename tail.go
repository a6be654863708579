package tranship

import "context"

// TailKeeper is an ability of a resumable Upload: it keeps the beginning of a part whose rest has
// not come yet. It serves protocols whose requests end at any byte, such as tus.
//
// An upload has at most one tail. It is not among the ranges of Durable, does not count for
// Commit, and outlives the Upload as a part does: Begin with the same ResumeKey, and JoinUpload,
// return an Upload that has it. Part and CopyPart of its part drop it.
type TailKeeper interface {
	// Tail returns the bytes of the tail, with their CRC32C: Offset is where its part begins,
	// and Length is more than 0 and less than the length of the part. It returns a Range
	// whose Length is 0 if the upload has no tail. Tail is safe for concurrent use.
	Tail() Range

	// ContinuePart returns a writer for the part of the tail, whose first byte follows the
	// tail. It counts as the writer of the part, as that of Part does, and is a TailWriter.
	// The tail stays as it is until the writer is closed, so that a failure loses only what
	// was written since. ContinuePart returns ErrNotFound if the upload has no tail.
	ContinuePart(ctx context.Context) (PartWriter, error)
}

// TailWriter is an ability of a PartWriter of an Upload that is a TailKeeper.
type TailWriter interface {
	// CloseTail ends the writer in place of Close. If the written bytes fill the part, it
	// does what Close does. Otherwise these bytes, with those of the tail that ContinuePart
	// continued, are the tail of the upload once CloseTail has returned nil, as durable as
	// the spec demands; a writer without a byte changes nothing. It takes the place of
	// another tail. After an error the upload has the tail that it had before, or none.
	CloseTail() error
}

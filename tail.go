package tranship

import "context"

// TailKeeper is an ability of a resumable Upload: it keeps the beginning of a part whose rest has
// not come yet. It serves protocols whose requests end at any byte, such as tus.
//
// An upload has at most one tail. It is not among the ranges of Durable, does not count for
// Commit, and outlives the Upload as a part does: Begin with the same ResumeKey, and JoinUpload,
// return an Upload that has it. UploadInfo.DurableBytes counts it. Part and CopyPart of its part
// drop it; those of another part leave it. An Upload without a ResumeKey never has a tail.
type TailKeeper interface {
	// Tail returns the bytes of the tail, with their CRC32C: Offset is where its part begins,
	// and Length is more than 0 and less than the length of the part. It returns a Range
	// whose Length is 0 if the upload has no tail, or has ended. Tail knows the tail that the
	// upload had when the Upload was returned, and what this Upload made of it since. It is
	// safe for concurrent use.
	Tail() Range

	// ContinuePart returns a writer for the part of the tail, whose first byte follows the
	// tail. It counts as the writer of the part, as that of Part does, and is a TailWriter.
	// The context applies as that of Part does. Close keeps what was written if the part is
	// then whole. A part that is not whole then, or whose writer fails or is ended, keeps the
	// tail as it was: only CloseTail replaces the tail.
	//
	// ContinuePart returns ErrNotFound if the upload has no tail, and ErrAborted if the upload
	// has ended.
	ContinuePart(ctx context.Context) (PartWriter, error)
}

// TailWriter is an ability of a PartWriter of an Upload that is a TailKeeper.
type TailWriter interface {
	// CloseTail ends the writer in place of Close. If the written bytes fill the part, it
	// does what Close does; should the process end before that part is durable, the upload
	// may have its earlier tail again. Otherwise these bytes, with those of the tail that
	// ContinuePart continued, are the tail of the upload once CloseTail has returned nil, as
	// durable as the spec demands, without Sync. The new tail takes the place of another one;
	// if the part of that one was filled before the call, it is durable then, too. A writer
	// without a byte changes nothing. After an error the upload has the tail that it had
	// before, or none.
	//
	// After Close or CloseTail, CloseTail does nothing. Without a ResumeKey it is Close.
	CloseTail() error
}

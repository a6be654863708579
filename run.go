package tranship

import "context"

// PartRunner is an ability of an Upload: it writes several consecutive parts with one
// writer, at a lower cost than with one writer for each. An Upload whose Part is cheap
// does not need it.
type PartRunner interface {
	// PartRun returns a writer for the parts first to end-1, one after the other. It
	// counts as the writer of each of these parts: it ends their older writers, and a newer
	// writer of any of them ends it. A Write or chunk may have bytes of several parts. The
	// run may include the last, shorter part of the upload. Errors are those of Part;
	// ErrInvalid also means that end is not greater than first.
	PartRun(ctx context.Context, first, end int) (PartWriter, error)
}

package tranship

import "context"

// PartRunner is an ability of an Upload that can write several parts with one writer, for less
// than one writer for each costs. An upload that begins a part cheaply does not need it.
type PartRunner interface {
	// PartRun returns a writer for the parts from first up to end, exclusive, one after
	// the other, as Part does for one. It counts as the writer of each of these parts: a
	// newer writer of any of them ends it, and it ends the older ones. A Write or chunk
	// may have bytes of several parts. The last part may be the upload's last and short.
	// Errors are those of Part. ErrInvalid: there is no part from first up to end.
	PartRun(ctx context.Context, first, end int) (PartWriter, error)
}

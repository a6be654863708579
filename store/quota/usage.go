package quota

import "fmt"

// Usage is what counts for a principal.
type Usage struct {
	// Bytes is the total size of its files. Files is the number of its files and directories.
	Bytes, Files int64
	// ReservedBytes and ReservedFiles are reserved for its unfinished uploads, and for its
	// files that were replaced or removed while callers have them open.
	ReservedBytes, ReservedFiles int64
	// Uploads is the number of its unfinished uploads.
	Uploads int
}

// Usage returns what counts for a principal; "" stands for anonymous callers. Bytes and
// Files, also the reserved ones, are 0 unless a limit of either requires counting. With
// Options.Shared, Usage has only what this server has not reported to the others yet.
func (s *Store) Usage(principal string) Usage { return s.ledger.usage(nameOf(principal)) }

// String returns a description for logs.
func (u Usage) String() string {
	return fmt.Sprintf("%d bytes and %d files, %d bytes and %d files reserved for %d unfinished uploads", u.Bytes, u.Files, u.ReservedBytes, u.ReservedFiles, u.Uploads)
}

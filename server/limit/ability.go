package limit

import (
	"github.com/tranship/tranship"
)

// The descriptors that these abilities take are counted.
var (
	_ tranship.Wrapper      = (*filesStore)(nil)
	_ tranship.UploadFinder = (*filesStore)(nil)
	_ tranship.Fetcher      = (*filesStore)(nil)
	_ tranship.TreeRemover  = (*filesStore)(nil)
	_ tranship.BatchPutter  = (*filesStore)(nil)
	_ tranship.BatchFetcher = (*filesStore)(nil)
	_ tranship.UploadJoiner = (*filesStore)(nil)
	_ tranship.Wrapper      = (*countedContent)(nil)
	_ tranship.Wrapper      = (*countedUpload)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *filesStore) Unwrap() any { return s.inner }

// Passes implements tranship.Wrapper. A width takes no descriptor, and the state is not a
// caller's. Accounts are for the quota, which belongs inside.
func (s *filesStore) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (c *countedContent) Unwrap() any { return c.Content }

// Passes implements tranship.Wrapper. A content counts until it is closed, however it is
// read.
func (c *countedContent) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.ChunkReader, *tranship.RangeReader, *tranship.ZeroReader:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (u *countedUpload) Unwrap() any { return u.Upload }

// Passes implements tranship.Wrapper. An upload counts until it has ended, whatever is
// written to it.
func (u *countedUpload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.PartRunner, *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter,
		*tranship.TailKeeper:
		return true
	}
	return false
}

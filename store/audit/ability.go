package audit

import "github.com/tranship/tranship"

// The decorator implements these abilities itself, because it has to log their calls.
var (
	_ tranship.Wrapper      = (*store)(nil)
	_ tranship.UploadFinder = (*store)(nil)
	_ tranship.Fetcher      = (*store)(nil)
	_ tranship.TreeRemover  = (*store)(nil)
	_ tranship.BatchPutter  = (*store)(nil)
	_ tranship.BatchFetcher = (*store)(nil)
	_ tranship.UploadJoiner = (*store)(nil)
	_ tranship.Wrapper      = (*content)(nil)
	_ tranship.ChunkReader  = (*content)(nil)
	_ tranship.RangeReader  = (*content)(nil)
	_ tranship.ZeroReader   = (*content)(nil)
	_ tranship.Wrapper      = (*upload)(nil)
	_ tranship.Wrapper      = (*joined)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.inner }

// Passes implements tranship.Wrapper. A width is not an action, and the state is not for
// callers. Accounts are for the quota, which this decorator has to wrap.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (c *content) Unwrap() any { return c.Content }

// Passes implements tranship.Wrapper.
func (c *content) Passes(any) bool { return false }

// Unwrap implements tranship.Wrapper.
func (u *upload) Unwrap() any { return u.Upload }

// Passes implements tranship.Wrapper.
func (u *upload) Passes(ability any) bool { return passesOfUpload(ability) }

// Unwrap implements tranship.Wrapper.
func (j *joined) Unwrap() any { return j.Upload }

// Passes implements tranship.Wrapper.
func (j *joined) Passes(ability any) bool { return passesOfUpload(ability) }

// passesOfUpload is Passes of uploads. Parts, runs of parts and tails have no lines.
func passesOfUpload(ability any) bool {
	switch ability.(type) {
	case *tranship.PartRunner, *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter,
		*tranship.TailKeeper:
		return true
	}
	return false
}

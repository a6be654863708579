package tracing

import "github.com/tranship/tranship"

// The decorator implements these abilities itself: their calls have spans, or count bytes.
var (
	_ tranship.Store        = (*store)(nil)
	_ tranship.Wrapper      = (*store)(nil)
	_ tranship.UploadFinder = (*store)(nil)
	_ tranship.Fetcher      = (*store)(nil)
	_ tranship.TreeRemover  = (*store)(nil)
	_ tranship.BatchPutter  = (*store)(nil)
	_ tranship.BatchFetcher = (*store)(nil)
	_ tranship.Wrapper      = (*content)(nil)
	_ tranship.ChunkReader  = (*content)(nil)
	_ tranship.RangeReader  = (*content)(nil)
	_ tranship.ZeroReader   = (*content)(nil)
	_ tranship.Wrapper      = (*upload)(nil)
	_ tranship.PartRunner   = (*upload)(nil)
	_ tranship.TailKeeper   = (*upload)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.Store }

// Passes implements tranship.Wrapper. The quota wraps this decorator, and uses the accounts. An
// upload that was joined has its span at the server that has begun it.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore, *tranship.AccountKeeper, *tranship.UploadJoiner,
		*tranship.ChangeDater:
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

// Passes implements tranship.Wrapper. Hints and reports have no part in a span.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter:
		return true
	}
	return false
}

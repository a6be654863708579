package hook

import "github.com/tranship/tranship"

// The decorator implements these abilities itself, because they change files. Only batching has
// the BatchPutter.
var (
	_ tranship.Store       = (*store)(nil)
	_ tranship.Wrapper     = (*store)(nil)
	_ tranship.TreeRemover = (*store)(nil)
	_ tranship.BatchPutter = batching{}
	_ tranship.Wrapper     = (*upload)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.Store }

// Passes implements tranship.Wrapper. Hooks have no part in reading, and an upload that was joined
// is committed by the server that has begun it. Accounts are for the quota, which this decorator
// has to wrap.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.UploadFinder, *tranship.Fetcher, *tranship.BatchFetcher, *tranship.UploadJoiner,
		*tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (u *upload) Unwrap() any { return u.Upload }

// Passes implements tranship.Wrapper. Only the commit makes a file visible.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.PartRunner, *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter,
		*tranship.TailKeeper:
		return true
	}
	return false
}

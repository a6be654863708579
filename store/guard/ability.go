package guard

import "github.com/tranship/tranship"

// The guard implements these abilities itself, because it has to check their calls.
var (
	_ tranship.Wrapper      = (*store)(nil)
	_ tranship.UploadFinder = (*store)(nil)
	_ tranship.Fetcher      = (*store)(nil)
	_ tranship.TreeRemover  = (*store)(nil)
	_ tranship.BatchPutter  = (*store)(nil)
	_ tranship.BatchFetcher = (*store)(nil)
	_ tranship.UploadJoiner = (*store)(nil)
	_ tranship.Wrapper      = (*upload)(nil)
	_ tranship.PartRunner   = (*upload)(nil)
	_ tranship.TailKeeper   = (*upload)(nil)
	_ tranship.Wrapper      = (*partWriter)(nil)
	_ tranship.ChunkWriter  = (*partWriter)(nil)
	_ tranship.ZeroWriter   = (*partWriter)(nil)
	_ tranship.TailWriter   = (*partWriter)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.inner }

// Passes implements tranship.Wrapper. A width reveals nothing about files. The state is for the
// server and not for callers. Accounts do not pass, because they reveal all files.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (u *upload) Unwrap() any { return u.Upload }

// Passes implements tranship.Wrapper. These abilities only describe the caller's own
// upload.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (w *partWriter) Unwrap() any { return w.PartWriter }

// Passes implements tranship.Wrapper.
func (w *partWriter) Passes(any) bool { return false }

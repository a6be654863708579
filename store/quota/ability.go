package quota

import "github.com/tranship/tranship"

// The quota implements these abilities itself, because it has to count their calls.
var (
	_ tranship.Store        = (*Store)(nil)
	_ tranship.Wrapper      = (*Store)(nil)
	_ tranship.UploadFinder = (*Store)(nil)
	_ tranship.Fetcher      = (*Store)(nil)
	_ tranship.TreeRemover  = (*Store)(nil)
	_ tranship.BatchPutter  = (*Store)(nil)
	_ tranship.BatchFetcher = (*Store)(nil)
	_ tranship.Wrapper      = (*content)(nil)
	_ tranship.Wrapper      = (*upload)(nil)
	_ tranship.PartRunner   = (*upload)(nil)
	_ tranship.Wrapper      = (*partWriter)(nil)
	_ tranship.ChunkWriter  = (*partWriter)(nil)
	_ tranship.ZeroWriter   = (*partWriter)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *Store) Unwrap() any { return s.Store }

// Passes implements tranship.Wrapper. A width creates no file, and the state is not a caller's.
// Only uploads of known size can be joined, for which Begin has reserved everything. Accounts do
// not pass: a second quota would replace this one's ledger.
func (s *Store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.HealthChecker, *tranship.StateStore, *tranship.UploadJoiner:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (c *content) Unwrap() any { return c.Content }

// Passes implements tranship.Wrapper. An open file counts until it is closed, whichever
// method reads it.
func (c *content) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.ChunkReader, *tranship.RangeReader, *tranship.ZeroReader:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (u *upload) Unwrap() any { return u.Upload }

// Passes implements tranship.Wrapper. These abilities store nothing, except for tails: only an
// upload of known size has one, for which Begin has reserved everything.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter,
		*tranship.TailKeeper:
		return true
	}
	return false
}

// Unwrap implements tranship.Wrapper.
func (w *partWriter) Unwrap() any { return w.PartWriter }

// Passes implements tranship.Wrapper. CloseTail is Close here, because an upload of unknown size
// has no tail.
func (w *partWriter) Passes(ability any) bool {
	_, tails := ability.(*tranship.TailWriter)
	return tails
}

package retry

import "github.com/tranship/tranship"

// FindUpload and RemoveAll are tried again.
var (
	_ tranship.Store        = (*Store)(nil)
	_ tranship.Wrapper      = (*Store)(nil)
	_ tranship.UploadFinder = (*Store)(nil)
	_ tranship.TreeRemover  = (*Store)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *Store) Unwrap() any { return s.Store }

// Passes implements tranship.Wrapper. What moves content is not tried again here, and so
// are the accounts, of which a quota keeps count, not.
func (s *Store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.Fetcher, *tranship.WidthHinter, *tranship.AccountKeeper:
		return true
	}
	return false
}

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

// Passes implements tranship.Wrapper. The store does not try again the methods that move
// content or tell accounts.
func (s *Store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.Fetcher, *tranship.WidthHinter, *tranship.AccountKeeper:
		return true
	}
	return false
}

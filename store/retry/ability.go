package retry

import "github.com/tranship/tranship"

// The decorator implements FindUpload and RemoveAll itself, to retry them.
var (
	_ tranship.Store        = (*Store)(nil)
	_ tranship.Wrapper      = (*Store)(nil)
	_ tranship.UploadFinder = (*Store)(nil)
	_ tranship.TreeRemover  = (*Store)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *Store) Unwrap() any { return s.Store }

// Passes implements tranship.Wrapper. Methods that transfer content or return accounts are
// not retried. Neither is a change of the state: after a failure the caller has to read it.
func (s *Store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.Fetcher, *tranship.BatchPutter, *tranship.BatchFetcher, *tranship.WidthHinter, *tranship.AccountKeeper, *tranship.HealthChecker,
		*tranship.StateStore, *tranship.UploadJoiner:
		return true
	}
	return false
}

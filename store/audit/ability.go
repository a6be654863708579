package audit

import "github.com/tranship/tranship"

// What these abilities do is written down.
var (
	_ tranship.Wrapper      = (*store)(nil)
	_ tranship.UploadFinder = (*store)(nil)
	_ tranship.Fetcher      = (*store)(nil)
	_ tranship.TreeRemover  = (*store)(nil)
	_ tranship.Wrapper      = (*content)(nil)
	_ tranship.ChunkReader  = (*content)(nil)
	_ tranship.RangeReader  = (*content)(nil)
	_ tranship.Wrapper      = (*upload)(nil)
)

// Unwrap implements tranship.Wrapper.
func (s *store) Unwrap() any { return s.inner }

// Passes implements tranship.Wrapper. A width is no action. Accounts are for the quota,
// which belongs inside of the audit.
func (s *store) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.WidthHinter:
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

// Passes implements tranship.Wrapper. Parts have no lines, and so have runs of parts
// none.
func (u *upload) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.PartRunner, *tranship.WidthHinter, *tranship.ChunkSizeHinter, *tranship.CommittedUpload, *tranship.DiscardReporter:
		return true
	}
	return false
}

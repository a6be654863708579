package links

import (
	"net/http"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/web"
)

// described is what the holder of a link for uploads may know of it.
type described struct {
	ID      string    `json:"id"`
	Upload  bool      `json:"upload"`
	Expires time.Time `json:"expires"`
	MaxSize int64     `json:"max_size,omitempty"`
	MaxUses int64     `json:"max_uses,omitempty"`
	// Uses is nil without MaxUses: how often others have used the link is not the holder's to know.
	Uses *int64 `json:"uses,omitempty"`
}

// describe answers GET and HEAD of a link for uploads, with a page for browsers. It does so also after the
// link has no more uses, because an upload that has begun may go on.
func (s *Service) describe(e *httpadmission.Exchange, link *access.Link) error {
	r, _, err := s.book.load(e.Context(), link.ID)
	if err != nil {
		return err
	}
	header := e.Header()
	header.Add("Vary", "Accept")
	if web.WantsPage(e.Request) {
		return s.page.Show(e)
	}
	known := described{ID: link.ID, Upload: true, Expires: r.Expires, MaxSize: r.MaxBytes, MaxUses: r.MaxUses}
	if r.MaxUses > 0 {
		known.Uses = &r.Uses
	}
	header.Set("Cache-Control", "private, no-store")
	return writeJSON(e, http.StatusOK, known)
}

package console

import (
	"time"

	sharev1 "github.com/tranship/tranship/proto/tranship/share/v1"
)

// LinkObject is a sharing link, in JSON. URL is only in the answer that has made the link. A limit
// that is absent is none.
type LinkObject struct {
	ID      string    `json:"id"`
	URL     string    `json:"url,omitempty"`
	Path    string    `json:"path"`
	Upload  bool      `json:"upload"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	MaxSize int64     `json:"max_size,omitempty"`
	MaxUses int64     `json:"max_uses,omitempty"`
	Uses    int64     `json:"uses"`
}

// LinkObjectOf returns the LinkObject of a link.
func LinkObjectOf(l *sharev1.Link) LinkObject {
	return LinkObject{
		ID: l.GetLinkId(), Path: l.GetPath(), Upload: l.GetUpload(), Created: l.GetCreateTime().AsTime(), Expires: l.GetExpireTime().AsTime(),
		MaxSize: l.GetMaxBytes(), MaxUses: l.GetMaxUses(), Uses: l.GetUses(),
	}
}

package disk

import (
	"io/fs"
	"time"

	"github.com/tranship/tranship/internal/filetime"
)

// draftInfo implements fs.FileInfo for a draft whose size and mode are known.
type draftInfo struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
}

func (i *draftInfo) Name() string       { return i.name }
func (i *draftInfo) Size() int64        { return i.size }
func (i *draftInfo) Mode() fs.FileMode  { return i.mode }
func (i *draftInfo) ModTime() time.Time { return i.modified }
func (i *draftInfo) IsDir() bool        { return false }
func (i *draftInfo) Sys() any           { return nil }

// setDraftTime is setTime for a draft. If all else is known, and the file system keeps the time,
// it does not ask the file system to describe the draft.
func (s *Store) setDraftTime(draft *draft, path string, modified time.Time) (fs.FileInfo, error) {
	if draft.known == nil || !s.exactTimes || !filetime.IsSafe(modified) {
		return s.setTime(draft.dir, draft.file, draft.name, path, modified)
	}
	if err := s.system.chtimes(draft.dir, draft.file, draft.name, modified); err != nil {
		return nil, fail("set the modified time of", path, err)
	}
	draft.known.modified = modified
	return draft.known, nil
}

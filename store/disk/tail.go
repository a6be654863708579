package disk

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
)

var (
	_ tranship.TailKeeper = (*upload)(nil)
	_ tranship.TailWriter = (*partfile.Writer)(nil)
)

// Tail implements tranship.TailKeeper.
func (u *upload) Tail() tranship.Range {
	u.parts.Gate.RLock()
	defer u.parts.Gate.RUnlock()
	if u.current != u || u.parts.Failure() != nil || u.committed != nil {
		return tranship.Range{}
	}
	tail, ok := u.parts.Tail()
	if !ok {
		return tranship.Range{}
	}
	return tranship.Range{Offset: tail.Number * u.parts.PartSize(), Length: tail.Length, CRC32C: new(tail.CRC32C)}
}

// ContinuePart implements tranship.TailKeeper. The bytes of the tail are not read: the checksum of
// the part follows from those of its pieces.
func (u *upload) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	w, err := u.parts.ContinuePart(ctx, u.writableLocked)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// shorten replaces the journal of the current epoch if it is long. An upload with many small
// pieces needs it: each of its tails has a record.
func (s *session) shorten() error {
	s.parts.Gate.Lock()
	defer s.parts.Gate.Unlock()
	if s.current == nil || s.committed != nil || s.parts.Failure() != nil || !s.parts.Journal().IsLong() {
		return nil // the caller finds out what holds
	}
	header := s.header(s.spec, s.epoch).encode()
	return s.parts.Rewrite(context.Background(), s.durable(), header, s.unreadable, func(entries []partfile.Entry) (*partfile.Journal, error) {
		return s.replaceJournal(s.path, entries)
	})
}

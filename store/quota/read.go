package quota

import (
	"context"
	"sync"

	"github.com/tranship/tranship"
)

// reading is a file that callers have open. A file that is replaced or removed stays on the
// disk until it is closed, and counts as long. The ledger's mutex guards it.
type reading struct {
	path string
	// open is the number of open contents.
	open int
	// gone is the entry of a file that was replaced or removed; nil before.
	gone *tranship.AccountEntry
}

// startReading must be called before the file at a path is opened.
func (l *ledger) startReading(path string) *reading {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.readings[path]
	if r == nil {
		r = &reading{path: path}
		l.readings[path] = r
	}
	r.open++
	return r
}

// isReading reports whether r is still the file at path.
func (l *ledger) isReading(r *reading, path string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readings[path] == r
}

func (l *ledger) stopReading(r *reading) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.open--; r.open > 0 {
		return
	}
	if l.readings[r.path] == r {
		delete(l.readings, r.path)
	}
	if r.gone == nil || r.gone.Account == nil {
		return
	}
	name := *r.gone.Account
	has := l.usageLocked(name)
	has.ReservedBytes -= r.gone.Size
	has.ReservedFiles--
	l.forgetUnusedLocked(name)
	if l.lingering[name]--; l.lingering[name] == 0 {
		delete(l.lingering, name)
	}
}

// detachReadingLocked records that old was replaced or removed. If it is open, it counts as
// reserved until it is closed.
func (l *ledger) detachReadingLocked(old tranship.AccountEntry) {
	r := l.readings[old.Path]
	if r == nil {
		return
	}
	delete(l.readings, old.Path)
	r.gone = &old
	if old.Account == nil {
		return
	}
	has := l.usageLocked(*old.Account)
	has.ReservedBytes += old.Size
	has.ReservedFiles++
	l.lingering[*old.Account]++
}

// move records that the file at source is now at destination. The caller has recorded the
// removal of the file that was there.
func (l *ledger) move(source, destination string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.readings[source]
	if r == nil {
		return
	}
	delete(l.readings, source)
	r.path = destination
	l.readings[destination] = r
}

// Open implements tranship.Reader.
func (s *Store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if s.keeper == nil || tranship.ValidatePath(path) != nil {
		return s.Store.Open(ctx, path, options)
	}
	r, inner, err := s.open(ctx, path, options)
	if err == nil && !s.ledger.isReading(r, path) {
		// The file was replaced or moved while it was opened, so that it is unknown which
		// of the two files is open and which account it counts for. Open it again while the
		// path is locked.
		_ = inner.Close() // nothing was read
		s.ledger.stopReading(r)
		unlock, failed := s.paths.Lock(ctx, path)
		if failed != nil {
			return nil, failed
		}
		defer unlock()
		r, inner, err = s.open(ctx, path, options)
	}
	if err != nil {
		return nil, err
	}
	return &content{Content: inner, stop: sync.OnceFunc(func() { s.ledger.stopReading(r) })}, nil
}

// Fetch implements tranship.Fetcher. The file counts as open during the call.
func (s *Store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if s.keeper == nil || tranship.ValidatePath(path) != nil {
		return tranship.Fetch(ctx, s.Store, path, size)
	}
	r := s.ledger.startReading(path)
	defer s.ledger.stopReading(r)
	return tranship.Fetch(ctx, s.Store, path, size)
}

// open opens a file, which counts as open from before the call of the inner store.
func (s *Store) open(ctx context.Context, path string, options tranship.OpenOptions) (*reading, tranship.Content, error) {
	r := s.ledger.startReading(path)
	inner, err := s.Store.Open(ctx, path, options)
	if err != nil {
		s.ledger.stopReading(r)
		return nil, nil, err
	}
	return r, inner, nil
}

// content is an open file that counts until it is closed.
type content struct {
	tranship.Content
	stop func()
}

// Close implements tranship.Content.
func (c *content) Close() error {
	err := c.Content.Close()
	c.stop()
	return err
}

package quota

import (
	"context"
	"sync"

	"github.com/tranship/tranship"
)

// reading is a file that is open for reading, by anyone. When it is replaced or removed
// meanwhile the store keeps it until it is closed, and so long it counts. The ledger
// guards it.
type reading struct {
	path string
	// open is how often.
	open int
	// gone is the file once no path leads to it; nil before.
	gone *tranship.AccountEntry
}

// startReading is called before the file at a path is opened.
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

// isReading reports whether what is read is the file that is at a path now.
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
	has := l.of(name)
	has.ReservedBytes -= r.gone.Size
	has.ReservedFiles--
	l.tidy(name)
	if l.lingering[name]--; l.lingering[name] == 0 {
		delete(l.lingering, name)
	}
}

// detach tells that no path leads to old any more: whatever has it open does so until it
// is closed, and it counts as what is reserved. The caller holds mu.
func (l *ledger) detach(old tranship.AccountEntry) {
	r := l.readings[old.Path]
	if r == nil {
		return
	}
	delete(l.readings, old.Path)
	r.gone = &old
	if old.Account == nil {
		return
	}
	has := l.of(*old.Account)
	has.ReservedBytes += old.Size
	has.ReservedFiles++
	l.lingering[*old.Account]++
}

// move tells that the file at source is now at destination, where there is none any more.
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
		// The file was replaced or moved meanwhile: which of the two was opened is not
		// known, and it might count for no account. It stays the same while the path is held.
		_ = inner.Close() // nothing was read of it
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

// Fetch implements tranship.Fetcher. The file counts as being read while the call lasts.
func (s *Store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if s.keeper == nil || tranship.ValidatePath(path) != nil {
		return tranship.Fetch(ctx, s.Store, path, size)
	}
	r := s.ledger.startReading(path)
	defer s.ledger.stopReading(r)
	return tranship.Fetch(ctx, s.Store, path, size)
}

// open opens a file that counts as being read from before.
func (s *Store) open(ctx context.Context, path string, options tranship.OpenOptions) (*reading, tranship.Content, error) {
	r := s.ledger.startReading(path)
	inner, err := s.Store.Open(ctx, path, options)
	if err != nil {
		s.ledger.stopReading(r)
		return nil, nil, err
	}
	return r, inner, nil
}

// content is one that counts as being read until it is closed.
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

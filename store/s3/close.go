package s3

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

// Close detaches the resumable uploads of this process, aborts the others, and ends the work
// of the store in the background. The store must not be used afterwards. A second Close does
// nothing.
func (s *Store) Close() error {
	s.stop()
	s.background.Wait()
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	var group sync.WaitGroup
	for _, u := range open {
		group.Go(func() {
			u.end(fmt.Errorf("%w: the store was closed", tranship.ErrUnavailable))
			u.cancel(nil)
			_ = u.wait(context.Background()) // its requests were stopped
			ctx, cancel := context.WithTimeout(context.Background(), s.options.Stall)
			defer cancel()
			switch {
			case u.guest:
			case u.resumable():
				_ = u.detached(ctx) // otherwise the epoch ends when the upload is resumed
			case u.multipart != "":
				s.abortMultipart(ctx, u.spec.Path, u.multipart)
			}
			s.forget(u)
		})
	}
	group.Wait()
	return nil
}

// forget removes an upload from those of this process.
func (s *Store) forget(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, u)
	delete(s.kept, u)
	if !u.resumable() {
		return
	}
	if hash := sessionHash(u.spec); s.current[hash] == u {
		delete(s.current, hash)
	}
}

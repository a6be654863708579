package s3

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/tranship/tranship"
)

// sides has a lock with two sides for each path: many callers may hold one side of a path, or
// many the other. One side is for making a file at the path, the other for making files below
// it. The zero value is ready to use. It is safe for concurrent use.
type sides struct {
	mu    sync.Mutex
	paths map[string]*side
}

type side struct {
	// below is the side that is held.
	below bool
	// holders counts the callers that hold the side.
	holders int
	// freed is closed when the last holder has let go.
	freed chan struct{}
}

// take holds a side of a path. It waits while the other side is held.
func (s *sides) take(ctx context.Context, path string, below bool) error {
	for {
		s.mu.Lock()
		held := s.paths[path]
		if held == nil {
			if s.paths == nil {
				s.paths = make(map[string]*side)
			}
			held = &side{below: below, freed: make(chan struct{})}
			s.paths[path] = held
		}
		if held.below == below {
			held.holders++
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		select {
		case <-held.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *sides) release(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.paths[path]
	if held.holders--; held.holders == 0 {
		close(held.freed)
		delete(s.paths, path)
	}
}

// claim makes the changes of this process to the file at path wait for each other, and those
// that would make a file above or below it. The caller must call release.
func (s *Store) claim(ctx context.Context, path string) (release func(), err error) {
	var taken []string
	release = func() {
		for _, path := range taken {
			s.sides.release(path)
		}
	}
	for _, above := range append(directories(path), path) {
		if err := s.sides.take(ctx, above, above != path); err != nil {
			release()
			return nil, err
		}
		taken = append(taken, above)
	}
	return release, nil
}

// change claims path for a change under a precondition, and locks it and sources. If leased is
// set, the sources are locked against other servers as well.
func (s *Store) change(ctx context.Context, path string, precondition tranship.Precondition, leased bool, sources ...string) (done func(), err error) {
	release, err := s.claim(ctx, path)
	if err != nil {
		return nil, err
	}
	paths := append(slices.Clone(sources), path)
	if !leased {
		sources = nil
	}
	unlock, err := s.lock(ctx, paths, sources, path, precondition)
	if err != nil {
		release()
		return nil, err
	}
	return func() { unlock(); release() }, nil
}

// lock locks paths, and takes the leases of some, and that of path if the precondition on it
// needs one.
func (s *Store) lock(ctx context.Context, paths, leased []string, path string, precondition tranship.Precondition) (unlock func(), err error) {
	free, err := s.paths.Lock(ctx, paths...)
	if err != nil {
		return nil, err
	}
	if decides(precondition) || precondition.MustNotExist && !s.features.conditionalComplete {
		leased = append(slices.Clone(leased), path)
	}
	release, err := s.lease(ctx, leased...)
	if err != nil {
		free()
		return nil, err
	}
	return func() { release(); free() }, nil
}

// directories returns the directories above a path: "a" and "a/b" for "a/b/c".
func directories(path string) []string {
	var all []string
	for i := range len(path) {
		if path[i] == '/' {
			all = append(all, path[:i])
		}
	}
	return all
}

// parent returns the directory of a path; "" for the root.
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

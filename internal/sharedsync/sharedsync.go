// Package sharedsync lets many that need a sync of one file or directory share few.
package sharedsync

import "sync"

// Syncer shares syncs between those that need one: a request joins the next sync of its
// target that has not begun. So many small files that are committed at once to one
// directory cost a few syncs of it, not one each. It is safe for concurrent use.
type Syncer struct {
	// Sync syncs a target. It is not called twice at a time for one target.
	Sync func(target string) error

	mu      sync.Mutex
	targets map[string]*targetSync
}

type targetSync struct {
	// turn has an element while a sync runs.
	turn chan struct{}
	// next has not begun; nil when no request waits for it.
	next *batch
	// users ask for a sync or wait for one.
	users int
}

type batch struct {
	done chan struct{}
	err  error
}

// Request returns when a sync of the target that began after the call is over, with its
// error.
func (s *Syncer) Request(target string) error {
	s.mu.Lock()
	t := s.targets[target]
	if t == nil {
		if s.targets == nil {
			s.targets = make(map[string]*targetSync)
		}
		t = &targetSync{turn: make(chan struct{}, 1)}
		s.targets[target] = t
	}
	t.users++
	next := t.next
	first := next == nil
	if first {
		next = &batch{done: make(chan struct{})}
		t.next = next
	}
	s.mu.Unlock()

	if first {
		t.turn <- struct{}{}
		s.mu.Lock()
		t.next = nil
		s.mu.Unlock()
		next.err = s.Sync(target)
		<-t.turn
		close(next.done)
	}
	<-next.done

	s.mu.Lock()
	defer s.mu.Unlock()
	t.users--
	if t.users == 0 {
		delete(s.targets, target)
	}
	return next.err
}

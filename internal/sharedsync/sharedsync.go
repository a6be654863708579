// Package sharedsync lets concurrent requests to sync one file or directory share a few
// syncs.
package sharedsync

import "sync"

// Syncer lets requests share syncs: a request joins the next sync of its target that has
// not begun. Many small files that are committed concurrently to one directory thus cost
// a few syncs of it instead of one each. It is safe for concurrent use.
type Syncer struct {
	// Sync syncs a target. Calls for the same target are never concurrent.
	Sync func(target string) error

	mu      sync.Mutex
	targets map[string]*targetSync
}

type targetSync struct {
	// running has an element while a sync runs.
	running chan struct{}
	// next is the sync that has not begun; nil if no request waits for it.
	next *batch
	// users counts the requests in progress.
	users int
}

type batch struct {
	done chan struct{}
	err  error
}

// Request returns the error of a sync of the target that began after the call. It waits
// for the end of that sync.
func (s *Syncer) Request(target string) error {
	s.mu.Lock()
	t := s.targets[target]
	if t == nil {
		if s.targets == nil {
			s.targets = make(map[string]*targetSync)
		}
		t = &targetSync{running: make(chan struct{}, 1)}
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
		t.running <- struct{}{}
		s.mu.Lock()
		t.next = nil
		s.mu.Unlock()
		next.err = s.Sync(target)
		<-t.running
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

package disk

import (
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship/internal/rootfs"
)

// syncer shares syncs between those that need one: a request joins the next sync of
// its target that has not begun. So many small files committed at once to one
// directory cost a few syncs of it, not one each.
type syncer struct {
	sync func(target string) error

	mu      sync.Mutex
	targets map[string]*targetSync
}

type targetSync struct {
	// turn has an element while a sync runs.
	turn chan struct{}
	// next has not begun; nil when nobody has asked for it.
	next *syncBatch
	// users ask for a sync or wait for one.
	users int
}

type syncBatch struct {
	done chan struct{}
	err  error
}

// request returns when a sync of the target that began after the call is over.
func (s *syncer) request(target string) error {
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
	batch := t.next
	first := batch == nil
	if first {
		batch = &syncBatch{done: make(chan struct{})}
		t.next = batch
	}
	s.mu.Unlock()

	if first {
		t.turn <- struct{}{}
		s.mu.Lock()
		t.next = nil
		s.mu.Unlock()
		batch.err = s.sync(target)
		<-t.turn
		close(batch.done)
	}
	<-batch.done

	s.mu.Lock()
	defer s.mu.Unlock()
	t.users--
	if t.users == 0 {
		delete(s.targets, target)
	}
	return batch.err
}

// syncDirectory is what the syncer does. The directory is looked up when the sync
// begins: it may have been removed and made again since it was asked for. One
// that is gone has nothing to keep.
func (s *Store) syncDirectory(directory string) error {
	if directory == uploadsDirectory {
		return fail("sync", directory, s.system.syncDir(s.state.uploads))
	}
	dir, err := s.directories.Walk(directory)
	if err == nil {
		err = s.system.syncDir(dir)
		dir.Close()
	}
	if rootfs.IsAbsent(err) {
		return nil
	}
	return fail("sync", directoryName(directory), err)
}

func directoryName(directory string) string {
	if directory == "" {
		return "the top directory"
	}
	return directory
}

// settlements remember which directories are durable entries of their parents. A
// file is durable only if all directories above it are, and who made one, an
// earlier commit, one that skipped syncs, or somebody by hand, may not have synced
// it. So whoever finds an unsettled directory on its way syncs the parent.
//
// Nobody may take a settlement for that of a later directory at the same path.
// Therefore it is taken before the directory is looked at, and forgotten before
// the directory is made.
type settlements struct {
	mu          sync.Mutex
	directories map[string]*settlement
}

// settlement is true when the directory's entry has been synced.
type settlement struct{ atomic.Bool }

// maxSettlements bounds the memory; those that are forgotten cost another sync.
const maxSettlements = 1 << 14

func (s *settlements) of(directory string) *settlement {
	s.mu.Lock()
	defer s.mu.Unlock()
	settled := s.directories[directory]
	if settled == nil {
		if s.directories == nil || len(s.directories) >= maxSettlements {
			s.directories = make(map[string]*settlement)
		}
		settled = new(settlement)
		s.directories[directory] = settled
	}
	return settled
}

func (s *settlements) forget(directory string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directories, directory)
}

package disk

import (
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship/internal/rootfs"
)

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
// file is durable only if all directories above it are. A directory may have been made
// without a sync: by an earlier commit, by a commit that skips syncs, or by hand. So a
// commit that meets a directory which is not settled syncs its parent.
//
// A settlement must not be taken for that of a later directory at the same path. Therefore
// it is taken before the directory is looked at, and forgotten before the directory is
// made.
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

package disk

import (
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship/internal/rootfs"
)

// syncDirectory syncs a directory for the syncer. It opens the directory by its path, because
// it may have been removed and created again since the request. An absent directory is no
// error.
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

// directoryName returns the name of a directory for an error.
func directoryName(directory string) string {
	if directory == "" {
		return "the top directory"
	}
	return directory
}

// entrySyncs remembers which directories are durable entries of their parents. A file is
// durable only if all directories above it are. A directory may have been made without a sync
// of its parent: by an earlier commit, by a commit with less durability, or by hand. So a
// commit syncs the parent of each directory that has no entrySync yet.
//
// The entrySync of a directory must not be used for a later directory at the same path.
// Therefore a caller gets it before it opens the directory, and calls forget before it makes
// the directory.
type entrySyncs struct {
	mu          sync.Mutex
	directories map[string]*entrySync
}

// entrySync is true once the entry of its directory was synced.
type entrySync struct{ atomic.Bool }

// maxEntrySyncs bounds the memory of entrySyncs. A directory that is forgotten costs another
// sync.
const maxEntrySyncs = 1 << 14

// of returns the entrySync of a directory.
func (s *entrySyncs) of(directory string) *entrySync {
	s.mu.Lock()
	defer s.mu.Unlock()
	synced := s.directories[directory]
	if synced == nil {
		if s.directories == nil || len(s.directories) >= maxEntrySyncs {
			s.directories = make(map[string]*entrySync)
		}
		synced = new(entrySync)
		s.directories[directory] = synced
	}
	return synced
}

// forget makes later calls of of return a new entrySync for a directory.
func (s *entrySyncs) forget(directory string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.directories, directory)
}

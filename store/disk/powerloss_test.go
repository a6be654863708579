//go:build linux

package disk

import (
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/rootfs"
)

// powerLoss is a system that can reconstruct what would be left of a store's directory if the
// power failed. The directory itself has the state that the operating system shows. Beside it,
// powerLoss keeps what was synced: content and attributes of each file, and the entries of each
// directory. It calls crashed after every operation that changes something.
//
// The two directories of a rename are synced separately, so that after a crash the file may have
// both names. It always has at least one, as on every file system with a journal.
type powerLoss struct {
	directory string
	crashed   func(operation string)

	mu    sync.Mutex
	files map[uint64]remains            // by inode
	names map[string]map[string]dirName // by directory, "" is the root
}

// remains is a file's content and attributes.
type remains struct {
	content, attribute []byte
	modified           time.Time
}

// dirName is an entry of a directory: a directory, or a file with an inode.
type dirName struct {
	directory bool
	inode     uint64
}

func newPowerLoss(directory string) *powerLoss {
	return &powerLoss{directory: directory, files: make(map[uint64]remains), names: make(map[string]map[string]dirName)}
}

func (p *powerLoss) after(operation, name string) {
	if p.crashed != nil {
		p.crashed(operation + " " + filepath.Base(name))
	}
}

// system returns a system like the real one, which syncs only to memory.
func (p *powerLoss) system() system {
	real := realSystem()
	system := real
	system.create = func(dir *rootfs.Dir, name string) (*os.File, error) {
		file, err := real.create(dir, name)
		if err == nil {
			p.forget(file)
		}
		p.after("create", name)
		return file, err
	}
	system.remove = func(dir *rootfs.Dir, name string) error {
		err := real.remove(dir, name)
		p.after("remove", name)
		return err
	}
	system.truncate = func(file *os.File, size int64) error {
		err := real.truncate(file, size)
		p.after("truncate", file.Name())
		return err
	}
	system.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
		n, err := real.writeAt(file, offset, pieces...)
		p.after("write", file.Name())
		return n, err
	}
	system.setxattr = func(file rootfs.File, name string, value []byte) error {
		err := real.setxattr(file, name, value)
		p.after("setxattr", file.Name())
		return err
	}
	system.sync = func(file rootfs.File) error {
		err := p.sync(file)
		p.after("sync", file.Name())
		return err
	}
	system.rename = func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
		err := real.rename(from, name, to, newName, replace)
		p.after("rename", newName)
		return err
	}
	return system
}

// forget drops what was synced for the inode of a file, because the inode was reused.
func (p *powerLoss) forget(file *os.File) {
	info, err := file.Stat()
	if err != nil {
		panic(err)
	}
	inode, _ := rootfs.Identity(info)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.files, inode)
}

func (p *powerLoss) sync(file rootfs.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := remainsOf(file, info)
	if err != nil {
		return err
	}
	inode, _ := rootfs.Identity(info)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[inode] = r
	return nil
}

func remainsOf(file rootfs.File, info fs.FileInfo) (remains, error) {
	content := make([]byte, info.Size())
	if _, err := file.ReadAt(content, 0); err != nil && err != io.EOF {
		return remains{}, err
	}
	attribute, err := rootfs.Getxattr(file, attributeName)
	return remains{content, attribute, info.ModTime()}, err
}

// watch records the directory syncs of a store. Entries at the time of a sync survive.
func (p *powerLoss) watch(s *Store) {
	s.syncer.Sync = func(directory string) error {
		p.syncDirectory(directory)
		p.after("syncDirectory", directory)
		return nil
	}
	for directory := range p.now() {
		p.syncDirectory(directory)
	}
}

func (p *powerLoss) syncDirectory(directory string) {
	now := p.now()[directory]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[directory] = now
}

// now returns the present entries of all directories.
func (p *powerLoss) now() map[string]map[string]dirName {
	names := map[string]map[string]dirName{"": {}}
	err := filepath.WalkDir(p.directory, func(at string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(p.directory, at)
		if err != nil || name == "." {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		parent, base := rootfs.Split(name)
		if e.IsDir() {
			names[parent][base] = dirName{directory: true}
			names[name] = make(map[string]dirName)
			return nil
		}
		inode, _ := rootfs.Identity(info)
		names[parent][base] = dirName{inode: inode}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return names
}

// current returns the present state of all files.
func (p *powerLoss) current() map[uint64]remains {
	files := make(map[uint64]remains)
	for directory, names := range p.now() {
		for name, e := range names {
			if e.directory {
				continue
			}
			file, err := os.Open(filepath.Join(p.directory, directory, name))
			if err != nil {
				panic(err)
			}
			info, err := file.Stat()
			if err == nil {
				files[e.inode], err = remainsOf(file, info)
			}
			file.Close()
			if err != nil {
				panic(err)
			}
		}
	}
	return files
}

// survival returns what is left of a file. synced is zero if it was never synced.
type survival func(name string, synced, now remains) remains

// survivals returns what a disk may do to data that was not synced.
func survivals() map[string]survival {
	isJournal := func(name string) bool { return strings.HasSuffix(name, ".journal") }
	// stale has the new length, but not all blocks were written.
	stale := func(synced, now remains) remains {
		content := make([]byte, len(now.content))
		copy(content, synced.content)
		synced.content = content
		return synced
	}
	return map[string]survival{
		"nothing": func(_ string, synced, _ remains) remains { return synced },
		"all":     func(_ string, _, now remains) remains { return now },
		"sizes":   func(_ string, synced, now remains) remains { return stale(synced, now) },
		"journals": func(name string, synced, now remains) remains {
			if isJournal(name) {
				return now
			}
			return stale(synced, now)
		},
		"data": func(name string, synced, now remains) remains {
			if isJournal(name) {
				return synced
			}
			return now
		},
		"torn journals": func(name string, synced, now remains) remains {
			if !isJournal(name) || len(now.content) < len(synced.content) {
				return now
			}
			half := len(synced.content) + (len(now.content)-len(synced.content))/2
			now.content = now.content[:half]
			return now
		},
	}
}

// rebuild creates a directory of what is left, with the synced or with the present names.
func (p *powerLoss) rebuild(target string, synced bool, survive survival) error {
	current := p.current()
	names := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if synced {
		names = p.names
	}
	var build func(directory string) error
	build = func(directory string) error {
		if err := os.MkdirAll(filepath.Join(target, directory), 0o755); err != nil {
			return err
		}
		for name, e := range names[directory] {
			at := path.Join(directory, name)
			if e.directory {
				if err := build(at); err != nil {
					return err
				}
				continue
			}
			now, ok := current[e.inode]
			if !ok { // removed, but the directory was not synced
				now = p.files[e.inode]
			}
			if err := survive(name, p.files[e.inode], now).write(filepath.Join(target, at)); err != nil {
				return err
			}
		}
		return nil
	}
	return build("")
}

func (r remains) write(name string) error {
	if err := os.WriteFile(name, r.content, 0o644); err != nil {
		return err
	}
	if r.attribute != nil {
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := rootfs.Setxattr(file, attributeName, r.attribute); err != nil {
			return err
		}
	}
	if r.modified.IsZero() {
		return nil
	}
	return os.Chtimes(name, time.Time{}, r.modified)
}

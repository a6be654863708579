package localdir

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// foldingNames are the names of a directory on a file system that takes some for one,
// and may store others than it was given.
type foldingNames struct {
	systemNames
	// fold is the same for names of one file; store is what a name is stored as.
	fold, store func(string) string
	// renames is held while something is renamed.
	all *sync.Mutex
}

func (f foldingNames) IsExact() bool { return false }

func (f foldingNames) Stored(name string) (string, error) { return f.store(name), nil }

// find is the name of what is there under any spelling.
func (f foldingNames) find(name string) (string, bool) {
	names, _ := f.List()
	for _, there := range names {
		if f.fold(there) == f.fold(name) {
			return there, true
		}
	}
	return f.store(name), false
}

func (f foldingNames) Lstat(name string) (fs.FileInfo, error) {
	there, _ := f.find(name)
	return f.systemNames.Lstat(there)
}

func (f foldingNames) Mkdir(name string, mode fs.FileMode) error {
	f.all.Lock()
	defer f.all.Unlock()
	there, found := f.find(name)
	if found {
		return fs.ErrExist
	}
	return f.systemNames.Mkdir(there, mode)
}

func (f foldingNames) Sub(name string) (*rootfs.Dir, error) {
	there, _ := f.find(name)
	return f.systemNames.Sub(there)
}

func (f foldingNames) Rename(name, newName string) error {
	f.all.Lock()
	defer f.all.Unlock()
	there, _ := f.find(newName)
	return f.systemNames.Rename(name, there)
}

func (f foldingNames) RenameNoReplace(name, newName string) error {
	f.all.Lock()
	defer f.all.Unlock()
	there, found := f.find(newName)
	if found {
		return fs.ErrExist
	}
	return f.systemNames.RenameNoReplace(name, there)
}

// OpenFolding opens a directory as if it were on such a file system.
func OpenFolding(t *testing.T, name string, fold, store func(string) string) *Dir {
	t.Helper()
	dir := open(t, name)
	var all sync.Mutex
	dir.namesOf = func(d *rootfs.Dir) directoryNames {
		return foldingNames{systemNames{d, &dir.renames}, fold, store, &all}
	}
	return dir
}

// The name that a new file would get is found with a probe, which is removed.
func TestSystemNamesStored(t *testing.T) {
	name := t.TempDir()
	dir := open(t, name)
	for _, want := range []string{"a", "File", "\u00e9", strings.Repeat("n", 255)} {
		if got, err := dir.namesOf(dir.top).Stored(want); got != want && dir.top.IsExact() || err != nil {
			t.Errorf("%q: %q, %v", want, got, err)
		}
	}
	if _, err := dir.namesOf(dir.top).Stored(filepath.Join("a", "b")); err == nil {
		t.Error("no error")
	}
	if got := filetest.Names(t, name); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

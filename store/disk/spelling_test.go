//go:build unix

package disk

import (
	"context"
	"errors"
	"iter"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/store/storetest"
)

// folded is a system whose file system finds files by other spellings of their names.
func folded(folding rootfs.Folding) system {
	folding.Finds = rootfs.FindsFolded
	system := realSystem()
	system.open = func(directory string) (*rootfs.Dir, error) {
		return rootfs.OpenFolding(directory, stateAttributeName, folding)
	}
	return system
}

// TestSpellings reads, writes, moves and removes files by other spellings of their names: such
// files do not exist, and none may be put there.
func TestSpellings(t *testing.T) {
	f := newFixture(t, small, folded(rootfs.Folding{}))
	f.put("source", "source")
	f.put("Secret-plan", "secret")
	f.put("Some-directory/File", "content")
	for path, stored := range map[string]string{
		"SECRET-PLAN":         "Secret-plan",
		"\u017fecret-plan":    "Secret-plan",
		"Secret-plan.":        "",
		"Secret\u200d-plan":   "",
		"SECRET~1":            "",
		"Some-directory/file": "Some-directory/File",
		"some-directory/File": "Some-directory",
		"some-directory/new":  "Some-directory",
		"SOME-D~1/new":        "",
		"SOME-D~1/deep/new":   "",
	} {
		f.hidden(path)
		if _, err := f.Account(t.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("Account of %s: %v", path, err)
		}
		for name, err := range f.changes(path) {
			f.fails(name+" "+path, err, tranship.ErrExists)
			if stored != "" && !strings.Contains(err.Error(), "for "+stored+",") {
				t.Errorf("%s %s: %v, which does not name %s", name, path, err, stored)
			}
		}
		_, err := f.Put(t.Context(), tranship.Spec{Path: path, Precondition: tranship.Precondition{MustMatchVersion: "x"}}, nil)
		f.fails("Put of a version of "+path, err, tranship.ErrPrecondition)
	}
	for _, directory := range []string{"some-directory", "SOME-D~1"} {
		for entry, err := range f.List(t.Context(), tranship.ListOptions{Directory: directory, Recursive: true}) {
			t.Errorf("List of %s: %+v, %v", directory, entry, err)
		}
	}
	f.lists("Secret-plan", "Some-directory/File", "source")
	for path, want := range map[string]string{"Secret-plan": "secret", "Some-directory/File": "content", "source": "source"} {
		if got, err := f.read(path); err != nil || got != want {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	// By its own name, a file works like any other.
	f.put("Secret-plan", "replaced")
	if _, err := f.Move(t.Context(), "Secret-plan", "Some-directory/File", tranship.Precondition{}); err != nil {
		t.Error(err)
	}
	f.lists("Some-directory/File", "source")
}

// TestCommitCollides begins uploads before the file exists that they collide with.
func TestCommitCollides(t *testing.T) {
	f := newFixture(t, small, folded(rootfs.Folding{}))
	content := noise(1, 3000)
	kept, open := f.begin(resumable("FILE", content)), f.begin(tranship.Spec{Path: "Directory/file"})
	f.write(kept, content, 0)
	f.write(open, content, 0)
	f.put("file", "content")
	f.put("directory/other", "content")
	for _, u := range []*upload{kept, open} {
		_, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
		f.fails("Commit", err, tranship.ErrExists)
		if err := u.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	f.lists("directory/other", "file")
	if got, err := f.read("file"); err != nil || got != "content" {
		t.Errorf("the file is %q, %v", got, err)
	}
}

// TestMoveToAnotherSpelling moves a file to another spelling of its name. If the file system
// cannot change the spelling, the move fails and the file remains.
func TestMoveToAnotherSpelling(t *testing.T) {
	for name, folding := range map[string]rootfs.Folding{"respells": {Respells: true}, "does nothing": {}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, folded(folding))
			f.put("dir/readme", "content")
			for _, precondition := range []tranship.Precondition{{}, {MustNotExist: true}} {
				moved, err := f.Move(t.Context(), "dir/readme", "dir/README", precondition)
				if folding.Respells {
					if err != nil || moved.Path != "dir/README" {
						t.Errorf("Move: %+v, %v", moved, err)
					}
					f.lists("dir/README")
					if _, err := f.Move(t.Context(), "dir/README", "dir/readme", precondition); err != nil {
						t.Error(err)
					}
				} else {
					f.fails("Move", err, tranship.ErrExists)
					if !strings.Contains(err.Error(), "move the file to another name first") {
						t.Errorf("Move: %v", err)
					}
				}
				f.lists("dir/readme")
				if got, err := f.read("dir/readme"); err != nil || got != "content" {
					t.Errorf("it is %q, %v", got, err)
				}
			}
			// A directory in the path keeps its name.
			_, err := f.Move(t.Context(), "dir/readme", "DIR/readme", tranship.Precondition{})
			f.fails("Move to another spelling of the directory", err, tranship.ErrExists)
			f.lists("dir/readme")
		})
	}
}

// TestSpellingsTogether puts files of one name in all spellings concurrently: one succeeds, and
// all others fail.
func TestSpellingsTogether(t *testing.T) {
	f := newFixture(t, Options{Durability: tranship.DurabilityWritten}, folded(rootfs.Folding{}))
	paths := []string{"dir/name", "dir/NAME", "dir/Name", "dir/nAme", "Dir/name", "DIR/name"}
	var mu sync.Mutex
	var stored []string
	var all sync.WaitGroup
	for _, path := range paths {
		all.Go(func() {
			_, err := f.Put(t.Context(), tranship.Spec{Path: path}, []byte(path))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored = append(stored, path)
			} else if !errors.Is(err, tranship.ErrExists) {
				t.Errorf("Put %s: %v", path, err)
			}
		})
	}
	all.Wait()
	if len(stored) != 1 {
		t.Fatalf("stored are %q", stored)
	}
	f.lists(stored...)
	if got, err := f.read(stored[0]); err != nil || got != stored[0] {
		t.Errorf("%s is %q, %v", stored[0], got, err)
	}
}

// TestNameIsChanged puts a file at a name that the file system does not keep.
func TestNameIsChanged(t *testing.T) {
	f := newFixture(t, small, folded(rootfs.Folding{Stores: func(name string) string { return strings.TrimRight(name, ".") }}))
	content := noise(1, 3000)
	f.put("source", "source")
	_, err := f.Put(t.Context(), tranship.Spec{Path: "name."}, content)
	f.fails("Put", err, tranship.ErrInvalid)
	_, err = f.Put(t.Context(), tranship.Spec{Path: "dir/name./file"}, content)
	f.fails("Put below a directory", err, tranship.ErrInvalid)
	if names := f.names("."); len(names) != 2 {
		t.Errorf("one of %q is left", names)
	}
	_, err = f.Move(t.Context(), "source", "name.", tranship.Precondition{})
	f.fails("Move", err, tranship.ErrInvalid)
	u := f.begin(resumable("name.", content))
	f.write(u, content, 0)
	_, err = u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
	f.fails("Commit", err, tranship.ErrInvalid)
	f.lists("source")
	if err := u.Abort(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestHardLinks moves a file over another link to it, made by hand.
func TestHardLinks(t *testing.T) {
	for name, system := range map[string]system{"exact": realSystem(), "folded": folded(rootfs.Folding{})} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, system)
			f.put("one", "content")
			if err := os.Link(f.at("one"), f.at("two")); err != nil {
				t.Skip(err)
			}
			if _, err := f.Move(t.Context(), "one", "two", tranship.Precondition{}); err != nil {
				t.Error(err)
			}
			f.lists("two")
		})
	}
}

// Lists, and the count of accounts, do not read a directory again for each name in it.
func TestListsReadNoSpellings(t *testing.T) {
	reads := 0
	f := newFixture(t, small, folded(rootfs.Folding{Reads: func() { reads++ }}))
	for _, path := range []string{"a/file", "b/deep/file", "c"} {
		f.put(path, path)
		f.writeByHand(path+"-by-hand", path)
	}
	count := func(name string, entries iter.Seq[error], want int) {
		t.Helper()
		reads = 0
		n := 0
		for err := range entries {
			if n++; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != want || reads > 0 {
			t.Errorf("%s has %d entries, want %d, and read directories %d times", name, n, want, reads)
		}
	}
	count("a list", failures(f.List(t.Context(), tranship.ListOptions{Recursive: true})), 6)
	count("a list of the top", failures(f.List(t.Context(), tranship.ListOptions{})), 4)
	count("accounts", failures(f.Accounts(t.Context())), 6)
}

// failures returns the errors of a list.
func failures[T any](list iter.Seq2[T, error]) iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, err := range list {
			if !yield(err) {
				return
			}
		}
	}
}

// TestFolded runs the suite on a file system whose names must be checked in their directories.
func TestFolded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("not with -short")
	}
	storetest.Test(t, func(t *testing.T) tranship.Store {
		system := realSystem()
		system.open = func(directory string) (*rootfs.Dir, error) {
			return rootfs.OpenFolding(directory, stateAttributeName, rootfs.Folding{})
		}
		return newFixture(t, Options{MinPartSize: 1 << 20, Durability: tranship.DurabilityWritten}, system).Store
	})
}

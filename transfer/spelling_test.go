package transfer

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/store/mem"
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

func same(name string) string { return name }

// withoutIgnored is what HFS+ and case-folding ext4 make of zero-width joiners.
func withoutIgnored(name string) string { return strings.ReplaceAll(name, "\u200d", "") }

func withoutDots(name string) string { return strings.TrimRight(name, ". ") }

// foldings are ways of file systems to take two names for one. All are tried with names
// that are one, by each of them.
var foldings = map[string]struct {
	fold, store func(string) string
	one, other  string
}{
	"letter case":            {strings.ToLower, same, "Größe", "GRÖßE"},
	"normalization, kept":    {norm.NFC.String, same, "\u00e9", "e\u0301"},
	"normalization, changed": {norm.NFD.String, norm.NFD.String, "\u00e9", "e\u0301"},
	"changed, other first":   {norm.NFD.String, norm.NFD.String, "e\u0301", "\u00e9"},
	"ignored characters":     {withoutIgnored, same, "a\u200db", "ab"},
	"dots at the end":        {withoutDots, withoutDots, "name.", "name"},
	"dots, other first":      {withoutDots, withoutDots, "name", "name. ."},
	"upper case only":        {strings.ToUpper, strings.ToUpper, "file", "File"},
	"short names":            {func(name string) string { return strings.ToLower(name[:1]) }, same, "longname.txt", "LONGNA~1.TXT"},
}

// openFolding opens a directory as if it were on such a file system.
func openFolding(t *testing.T, name string, fold, store func(string) string) *Dir {
	t.Helper()
	dir := openDir(t, name)
	var all sync.Mutex
	dir.namesOf = func(d *rootfs.Dir) directoryNames {
		return foldingNames{systemNames{d, &dir.renames}, fold, store, &all}
	}
	return dir
}

// Two files that are one at the target are not both copied, small or large, in one run
// or in two, and the first stays.
func TestDirTellsSpellingsApart(t *testing.T) {
	for kind, f := range foldings {
		for _, size := range []int{10, largeBytes} {
			t.Run(kind, func(t *testing.T) {
				source := &mem.Store{}
				putLarge(t, source, f.one, random(size))
				putLarge(t, source, f.other, random(size+1))
				name := t.TempDir()
				// One after the other, in one run.
				dir := openFolding(t, name, f.fold, f.store)
				toSame := func(dir *Dir, path string, size int) error {
					item := Item{Source: source, SourcePath: path, Path: path, File: tranship.File{Size: int64(size)}}
					return Copy(t.Context(), dir, func(yield func(Item, error) bool) { yield(item, nil) }, Options{})
				}
				if err := toSame(dir, f.one, size); err != nil {
					t.Fatal(err)
				}
				err := toSame(dir, f.other, size+1)
				if _, target := errors.AsType[*TargetError](err); !errors.Is(err, tranship.ErrExists) || !target {
					t.Errorf("the second: %v", err)
				}
				mustHave(t, openDir(t, name), f.store(f.one), random(size))
				if got := names(t, name); !slices.Equal(got, []string{f.store(f.one)}) {
					t.Errorf("there are %q", got)
				}
				// The first is replaced by another copy of its own.
				if err := toSame(openFolding(t, name, f.fold, f.store), f.one, size); err != nil {
					t.Errorf("again: %v", err)
				}
				if err := toSame(dir, f.one, size); err != nil {
					t.Errorf("again, in one run: %v", err)
				}
				// The second is not, in another run, unless that is what the first is
				// called now.
				err = toSame(openFolding(t, name, f.fold, f.store), f.other, size+1)
				if f.store(f.other) != f.store(f.one) && !errors.Is(err, tranship.ErrExists) {
					t.Errorf("the second, in another run: %v", err)
				}
				if _, err := openFolding(t, name, f.fold, f.store).Stat(t.Context(), f.other); f.store(f.other) != f.store(f.one) && !errors.Is(err, tranship.ErrExists) {
					t.Errorf("Stat of the second: %v", err)
				}
			})
		}
	}
}

// A copy that leaves alone what is up to date does not replace it by a file of another
// spelling either, nor by one in a directory of another spelling.
func TestDirTellsSpellingsApartOfExisting(t *testing.T) {
	for kind, f := range foldings {
		for _, path := range []func(name string) string{
			func(name string) string { return name },
			func(name string) string { return "d/" + name + "/x" },
		} {
			t.Run(kind+" "+path("name"), func(t *testing.T) {
				source := &mem.Store{}
				fill(t, source, map[string]int{path(f.one): 10, path(f.other): 20})
				name := t.TempDir()
				for run := range 3 {
					dir := openFolding(t, name, f.fold, f.store)
					err := Copy(t.Context(), dir, Files(t.Context(), source, "", ""), Options{Existing: dir.Stat})
					failed, _ := errors.AsType[*FailedError](err)
					if failed == nil || failed.Failed != 1 || !errors.Is(err, tranship.ErrExists) {
						t.Errorf("run %d: %v", run, err)
					}
				}
			})
		}
	}
}

// meeting is a store of which all files are open before any is read.
type meeting struct {
	*mem.Store
	all *sync.WaitGroup
}

func (m meeting) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := m.Store.Open(ctx, path, options)
	m.all.Done()
	m.all.Wait()
	return content, err
}

// The same when they are copied side by side: whichever is first, the other fails.
func TestDirTellsSpellingsApartAtOnce(t *testing.T) {
	for kind, f := range foldings {
		t.Run(kind, func(t *testing.T) {
			source := meeting{&mem.Store{}, &sync.WaitGroup{}}
			fill(t, source.Store, map[string]int{"d/" + f.one: 10, "d/" + f.other: 20})
			source.all.Add(2)
			name := t.TempDir()
			dir := openFolding(t, name, f.fold, f.store)
			got := results{}
			err := Copy(t.Context(), dir, Files(t.Context(), source, "d", ""), Options{Report: got.report(t)})
			failed, _ := errors.AsType[*FailedError](err)
			if failed == nil || failed.Failed != 1 || !errors.Is(err, tranship.ErrExists) {
				t.Fatalf("error %v, %v", err, got)
			}
			for path, size := range map[string]int{f.one: 10, f.other: 20} {
				if got["d/"+path].Err == nil {
					mustHave(t, openDir(t, name), f.store(path), random(size))
				}
			}
			if all := names(t, name); len(all) != 1 {
				t.Errorf("there are %q", all)
			}
		})
	}
}

// Directories that are one are not merged.
func TestDirTellsDirectoriesApart(t *testing.T) {
	name := t.TempDir()
	dir := openFolding(t, name, strings.ToLower, same)
	put := func(dir *Dir, path string) error {
		_, err := dir.Put(t.Context(), tranship.Spec{Path: path}, []byte(path))
		return err
	}
	if err := put(dir, "a/Dir/x"); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []*Dir{dir, openFolding(t, name, strings.ToLower, same)} {
		for _, path := range []string{"a/dir/x", "a/dir/y", "A/Dir/x", "a/DIR/sub/z", "a/dir", "A"} {
			if err := put(dir, path); !errors.Is(err, tranship.ErrExists) {
				t.Errorf("%s: %v", path, err)
			}
			if upload, err := dir.Begin(t.Context(), tranship.Spec{Path: path}); !errors.Is(err, tranship.ErrExists) {
				t.Errorf("%s: %v, %v", path, upload, err)
			}
			if _, err := dir.Stat(t.Context(), path); !errors.Is(err, tranship.ErrExists) {
				t.Errorf("%s: %v", path, err)
			}
		}
		for _, path := range []string{"a/Dir/x", "a/Dir/z"} {
			if err := put(dir, path); err != nil {
				t.Error(err)
			}
		}
	}
	if got, want := tree(t, name), []string{"a", "a/Dir", "a/Dir/x", "a/Dir/z"}; !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// Where it is not known whether names are one, those that are two are copied, in one run
// and again.
func TestDirKeepsDifferentNames(t *testing.T) {
	sizes := map[string]int{}
	for _, f := range foldings {
		sizes[f.one], sizes[f.other] = 1, 2
		sizes["dir"+f.one+"/x"], sizes["dir"+f.other+"/x"] = 3, 4
	}
	for stored, store := range map[string]func(string) string{"same": same, "changed": func(name string) string {
		if name == changedName {
			return "changed"
		}
		return name
	}} {
		t.Run(stored, func(t *testing.T) {
			source := &mem.Store{}
			fill(t, source, sizes)
			name := t.TempDir()
			for range 3 {
				dir := openFolding(t, name, same, store)
				if err := Copy(t.Context(), dir, Files(t.Context(), source, "", ""), Options{}); err != nil {
					t.Fatal(err)
				}
			}
			for path, size := range sizes {
				mustHave(t, openDir(t, name), path, random(size))
			}
		})
	}
}

// What a new file would be called is found out, and nothing left of that.
func TestSystemNamesStored(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	for _, want := range []string{"a", "File", "\u00e9", strings.Repeat("n", 255)} {
		if got, err := dir.namesOf(dir.top).Stored(want); got != want && dir.top.IsExact() || err != nil {
			t.Errorf("%q: %q, %v", want, got, err)
		}
	}
	if _, err := dir.namesOf(dir.top).Stored(filepath.Join("a", "b")); err == nil {
		t.Error("no error")
	}
	if got := names(t, name); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

package localdir_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

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

// Two files that are one at the target are not both copied, small or large, in one run
// or in two, and the first stays.
func TestDirTellsSpellingsApart(t *testing.T) {
	for kind, f := range foldings {
		for _, size := range []int{10, largeBytes} {
			t.Run(kind, func(t *testing.T) {
				source := &mem.Store{}
				filetest.Put(t, source, f.one, filetest.Random(size))
				filetest.Put(t, source, f.other, filetest.Random(size+1))
				name := t.TempDir()
				// One after the other, in one run.
				dir := localdir.OpenFolding(t, name, f.fold, f.store)
				toSame := func(dir *localdir.Dir, path string, size int) error {
					item := transfer.Item{Source: source, SourcePath: path, Path: path, File: tranship.File{Size: int64(size)}}
					return transfer.Copy(t.Context(), dir, func(yield func(transfer.Item, error) bool) { yield(item, nil) }, transfer.Options{})
				}
				if err := toSame(dir, f.one, size); err != nil {
					t.Fatal(err)
				}
				err := toSame(dir, f.other, size+1)
				if _, target := errors.AsType[*localdir.TargetError](err); !errors.Is(err, tranship.ErrExists) || !target {
					t.Errorf("the second: %v", err)
				}
				filetest.MustHave(t, openDir(t, name), f.store(f.one), filetest.Random(size))
				if got := filetest.Names(t, name); !slices.Equal(got, []string{f.store(f.one)}) {
					t.Errorf("there are %q", got)
				}
				// The first is replaced by another copy of its own.
				if err := toSame(localdir.OpenFolding(t, name, f.fold, f.store), f.one, size); err != nil {
					t.Errorf("again: %v", err)
				}
				if err := toSame(dir, f.one, size); err != nil {
					t.Errorf("again, in one run: %v", err)
				}
				// The second is not, in another run, unless that is what the first is
				// called now.
				err = toSame(localdir.OpenFolding(t, name, f.fold, f.store), f.other, size+1)
				if f.store(f.other) != f.store(f.one) && !errors.Is(err, tranship.ErrExists) {
					t.Errorf("the second, in another run: %v", err)
				}
				if _, err := localdir.OpenFolding(t, name, f.fold, f.store).Stat(t.Context(), f.other); f.store(f.other) != f.store(f.one) && !errors.Is(err, tranship.ErrExists) {
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
				filetest.Fill(t, source, map[string]int{path(f.one): 10, path(f.other): 20})
				name := t.TempDir()
				for run := range 3 {
					dir := localdir.OpenFolding(t, name, f.fold, f.store)
					err := transfer.Copy(t.Context(), dir, transfer.Files(t.Context(), source, "", ""), transfer.Options{Existing: dir.Stat})
					failed, _ := errors.AsType[*transfer.FailedError](err)
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
			filetest.Fill(t, source.Store, map[string]int{"d/" + f.one: 10, "d/" + f.other: 20})
			source.all.Add(2)
			name := t.TempDir()
			dir := localdir.OpenFolding(t, name, f.fold, f.store)
			got := results{}
			err := transfer.Copy(t.Context(), dir, transfer.Files(t.Context(), source, "d", ""), transfer.Options{Report: got.report(t)})
			failed, _ := errors.AsType[*transfer.FailedError](err)
			if failed == nil || failed.Failed != 1 || !errors.Is(err, tranship.ErrExists) {
				t.Fatalf("error %v, %v", err, got)
			}
			for path, size := range map[string]int{f.one: 10, f.other: 20} {
				if got["d/"+path].Err == nil {
					filetest.MustHave(t, openDir(t, name), f.store(path), filetest.Random(size))
				}
			}
			if all := filetest.Names(t, name); len(all) != 1 {
				t.Errorf("there are %q", all)
			}
		})
	}
}

// Directories that are one are not merged.
func TestDirTellsDirectoriesApart(t *testing.T) {
	name := t.TempDir()
	dir := localdir.OpenFolding(t, name, strings.ToLower, same)
	put := func(dir *localdir.Dir, path string) error {
		_, err := dir.Put(t.Context(), tranship.Spec{Path: path}, []byte(path))
		return err
	}
	if err := put(dir, "a/Dir/x"); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []*localdir.Dir{dir, localdir.OpenFolding(t, name, strings.ToLower, same)} {
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
	if got, want := filetest.Tree(t, name), []string{"a", "a/Dir", "a/Dir/x", "a/Dir/z"}; !slices.Equal(got, want) {
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
		if name == localdir.ChangedName {
			return "changed"
		}
		return name
	}} {
		t.Run(stored, func(t *testing.T) {
			source := &mem.Store{}
			filetest.Fill(t, source, sizes)
			name := t.TempDir()
			for range 3 {
				dir := localdir.OpenFolding(t, name, same, store)
				if err := transfer.Copy(t.Context(), dir, transfer.Files(t.Context(), source, "", ""), transfer.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			for path, size := range sizes {
				filetest.MustHave(t, openDir(t, name), path, filetest.Random(size))
			}
		})
	}
}

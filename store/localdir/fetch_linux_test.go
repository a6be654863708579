package localdir_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// TestFetchBatchAmongChanges changes the directory after the content of the third file was
// read. That file must be found to have changed, and the next file must be what its path leads
// to then, through no link.
func TestFetchBatchAmongChanges(t *testing.T) {
	at := func(f *fetchFixture, path string) string { return filepath.Join(f.name, path) }
	for name, test := range map[string]struct {
		change func(f *fetchFixture)
		failed int
		want   error
	}{
		"grown":  {func(f *fetchFixture) { f.write("d/2", "d/2 and more") }, 2, localdir.ErrChanged},
		"shrunk": {func(f *fetchFixture) { f.write("d/2", "d") }, 2, localdir.ErrChanged},
		"written to": {func(f *fetchFixture) {
			f.write("d/2", "D/2")
			f.do(os.Chtimes(at(f, "d/2"), time.Time{}, modTime))
		}, 2, localdir.ErrChanged},
		"replaced": {func(f *fetchFixture) { // what was read is of the old one
			f.write("new", "new")
			f.do(os.Rename(at(f, "new"), at(f, "d/2")), os.Chtimes(at(f, "d/2"), time.Time{}, modTime))
		}, 2, nil},
		"removed": {func(f *fetchFixture) { f.do(os.Remove(at(f, "d/3"))) }, 3, tranship.ErrNotFound},
		"link to a file": {func(f *fetchFixture) {
			f.do(os.Remove(at(f, "d/3")), os.Symlink("4", at(f, "d/3")))
		}, 3, localdir.ErrSkipped},
		"link to a file outside": {func(f *fetchFixture) {
			f.write("../d3", "d/3")
			f.do(os.Remove(at(f, "d/3")), os.Symlink(at(f, "../d3"), at(f, "d/3")))
		}, 3, localdir.ErrSkipped},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFetchFixture(t)
			f.dir.SetFetching(func(name string) {
				if name == "d/2" {
					test.change(f)
				}
			})
			results := f.dir.FetchBatch(t.Context(), f.items)
			if test.want == nil {
				if got := results[test.failed]; got.Err != nil || string(got.Data) != "d/2" || got.File.ModTime.Equal(modTime) {
					t.Errorf("%+v", got)
				}
				return
			}
			f.check(results, test.failed, test.want)
		})
	}
}

// TestFetchBatchFromReplacedDirectory replaces the directory between two files of a batch.
func TestFetchBatchFromReplacedDirectory(t *testing.T) {
	for _, link := range []bool{false, true} {
		f := newFetchFixture(t)
		f.dir.SetFetching(func(name string) {
			if name != "d/2" {
				return
			}
			f.do(os.Rename(filepath.Join(f.name, "d"), filepath.Join(f.name, "../moved")))
			if link {
				f.do(os.Symlink("../moved", filepath.Join(f.name, "d")))
				return
			}
			f.do(os.Mkdir(filepath.Join(f.name, "d"), 0o755))
			f.write("d/3", "new")
			f.write("d/4", "new")
		})
		for i, result := range f.dir.FetchBatch(t.Context(), f.items) {
			switch {
			case i <= 2:
				if result.Err != nil || string(result.Data) != f.items[i].Path {
					t.Errorf("%+v", result)
				}
			case link:
				if !errors.Is(result.Err, localdir.ErrSkipped) || result.Data != nil {
					t.Errorf("through a link: %+v", result)
				}
			default:
				if result.Err != nil || string(result.Data) != "new" {
					t.Errorf("%+v", result)
				}
			}
		}
	}
}

// TestFetchBatchOfSpecialFiles checks that a file which is replaced by a pipe or a directory
// between two files of a batch is not read, and does not block.
func TestFetchBatchOfSpecialFiles(t *testing.T) {
	f := newFetchFixture(t)
	f.dir.SetFetching(func(name string) {
		if name != "d/2" {
			return
		}
		for _, path := range []string{"d/3", "d/4"} {
			f.do(os.Remove(filepath.Join(f.name, path)))
		}
		f.do(syscall.Mkfifo(filepath.Join(f.name, "d/3"), 0o600), os.Mkdir(filepath.Join(f.name, "d/4"), 0o755))
	})
	results := f.dir.FetchBatch(t.Context(), f.items)
	for _, result := range results[3:] {
		if result.Err == nil || result.Data != nil {
			t.Errorf("%+v", result)
		}
	}
	f.check(results[:3], -1, nil)
}

// TestFetchBatchOfProc reads files that have size 0 and more content.
func TestFetchBatchOfProc(t *testing.T) {
	dir := openDir(t, "/proc/self")
	for _, result := range dir.FetchBatch(t.Context(), []tranship.FetchItem{{Path: "status"}, {Path: "maps"}}) {
		if !errors.Is(result.Err, localdir.ErrUnsized) || !errors.Is(result.Err, localdir.ErrChanged) {
			t.Errorf("%+v", result)
		}
	}
}

//go:build unix

package disk

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

// A directory is moved between two files of a batch, and another one, a link or nothing takes its
// place. A file is reported as put only if it is at its path.
func TestPutBatchIntoMovedDirectory(t *testing.T) {
	for _, directory := range []string{"a", "a/b", "a/b/c"} {
		for what, replace := range map[string]func(f fixture){
			"nothing":   func(fixture) {},
			"directory": func(f fixture) { f.writeByHand("a/b/c/other", "other") },
			"link": func(f fixture) {
				if err := os.Symlink("moved", f.at("a")); err != nil {
					t.Skip(err)
				}
			},
			"file": func(f fixture) { f.writeByHand("a", "file") },
		} {
			t.Run(directory+" "+what, func(t *testing.T) {
				var f fixture
				f = newFixture(t, small, between("3", func() {
					if err := os.Rename(f.at("a"), f.at("moved")); err != nil {
						t.Fatal(err)
					}
					replace(f)
				}))
				paths := []string{directory + "/1", directory + "/2", directory + "/3", directory + "/4", "z/1"}
				results := f.PutBatch(t.Context(), items(paths...))
				blocked := what == "link" || what == "file"
				for i, path := range paths {
					err := results[i].Err
					if (i == 0 || i == 4) && err != nil {
						t.Errorf("%s: %v", path, err)
					}
					if i == 0 {
						continue // it was put before the directory was moved
					}
					if blocked && i < 4 {
						if !errors.Is(err, tranship.ErrDenied) && !errors.Is(err, tranship.ErrExists) {
							t.Errorf("%s: %v", path, err)
						}
						continue
					}
					if content, failed := f.read(path); err != nil || failed != nil || content != path {
						t.Errorf("%s: %v; it is %q, %v", path, err, content, failed)
					}
				}
			})
		}
	}
}

// Files that are there already are not replaced in a directory that was moved, except perhaps one:
// the one for which the path was checked just before the directory was moved.
func TestPutBatchLeavesMovedDirectory(t *testing.T) {
	for _, directory := range []string{"a", "a/b/c"} {
		for _, checked := range []bool{false, true} {
			for _, link := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s checked %v link %v", directory, checked, link), func(t *testing.T) {
					var f fixture
					move := func() {
						if err := os.Rename(f.at("a"), f.at("moved")); err != nil {
							t.Fatal(err)
						}
						if link {
							if err := os.Symlink("moved", f.at("a")); err != nil {
								t.Skip(err)
							}
						}
					}
					system := between("3", move)
					if !checked {
						system = following("2", move)
					}
					f = newFixture(t, small, system)
					moved := "moved" + strings.TrimPrefix(directory, "a")
					for _, name := range []string{"0", "1", "2", "3", "4", "5", "6"} {
						f.writeByHand(directory+"/"+name, "old")
					}
					f.put(directory+"/0", "0") // it is not the first one
					var batch []tranship.PutItem
					for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
						batch = append(batch, items(directory+"/"+name)...)
					}
					for i, result := range f.PutBatch(t.Context(), batch) {
						path := batch[i].Spec.Path
						if i == 0 {
							continue // it was put before the directory was moved
						}
						if link {
							if i > 1 && !errors.Is(result.Err, tranship.ErrDenied) {
								t.Errorf("%s: %v", path, result.Err)
							}
							continue
						}
						if content, err := f.read(path); result.Err != nil || err != nil || content != path {
							t.Errorf("%s: %v; it is %q, %v", path, result.Err, content, err)
						}
					}
					replaced := func(name string, want bool) {
						content, err := os.ReadFile(f.at(moved + "/" + name))
						if got := string(content) != "old"; err != nil || got != want {
							t.Errorf("%s was replaced %v after it was moved, want %v; %v", name, got, want, err)
						}
					}
					for _, name := range []string{"4", "5", "6"} {
						replaced(name, false)
					}
					replaced("3", checked)
				})
			}
		}
	}
}

// The state directory takes the place of a directory between two files of a batch.
func TestPutBatchIntoState(t *testing.T) {
	var f fixture
	f = newFixture(t, small, between("3", func() {
		if err := errors.Join(os.Rename(f.at("a"), f.at("moved")), os.Rename(f.at(".tranship"), f.at("a"))); err != nil {
			t.Fatal(err)
		}
	}))
	results := f.PutBatch(t.Context(), items("a/1", "a/2", "a/3", "a/4", "a/5"))
	for i, result := range results {
		if i > 0 && result.Err == nil {
			t.Errorf("item %d was put", i)
		}
	}
	for _, name := range f.below("a") {
		if slices.Contains([]string{"1", "2", "3", "4", "5"}, name) {
			t.Errorf("the state directory has %s", name)
		}
	}
	if err := os.Rename(f.at("a"), f.at(".tranship")); err != nil {
		t.Fatal(err)
	}
}

// Links, special files and directories take the places of the targets between two files of a
// batch: none is replaced or followed.
func TestPutBatchOverObstacles(t *testing.T) {
	for _, replaces := range []bool{false, true} {
		t.Run(fmt.Sprint(replaces), func(t *testing.T) {
			var f fixture
			f = newFixture(t, small, between("2", func() {
				if err := errors.Join(os.Symlink("../outside", f.at("a/3")), os.Mkdir(f.at("a/4"), 0o755), os.Mkdir(f.at("a/5"), 0o755), os.Link(f.at(".tranship/lock"), f.at("a/6"))); err != nil {
					t.Skip(err)
				}
				f.writeByHand("a/5/file", "content")
			}))
			f.writeByHand("outside", "outside")
			f.put("a/0", "old")
			if replaces {
				f.put("a/1", "old")
				f.put("a/2", "old")
			}
			results := f.PutBatch(t.Context(), items("a/0", "a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7"))
			for i, want := range map[int]error{0: nil, 1: nil, 2: nil, 3: tranship.ErrDenied, 4: nil, 5: tranship.ErrExists, 6: tranship.ErrDenied, 7: nil} {
				if err := results[i].Err; !errors.Is(err, want) {
					t.Errorf("item %d: %v, want %v", i, err, want)
				}
			}
			if content, err := f.read("outside"); err != nil || content != "outside" {
				t.Errorf("outside is %q, %v", content, err)
			}
		})
	}
}

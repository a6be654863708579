//go:build unix

package localdir_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// all collects a sequence.
func all(items iter.Seq2[transfer.Item, error]) (collected []transfer.Item) {
	for item, err := range items {
		if err == nil {
			collected = append(collected, item)
		}
	}
	return collected
}

// replay is the sequence of items.
func replay(items []transfer.Item) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// swap puts a link, or what make creates, in the place of a file or directory.
func swap(t *testing.T, name string, make func(name string) error) {
	t.Helper()
	if err := errors.Join(os.Rename(name, filepath.Join(t.TempDir(), "moved")), make(name)); err != nil {
		t.Fatal(err)
	}
}

func linkTo(target string) func(name string) error {
	return func(name string) error { return os.Symlink(target, name) }
}

// A link that takes the place of a file, or of any directory above it, after it was
// listed, is not followed: whether it leads out or stays inside, and whether the
// directory was open before.
func TestDirSourceSwappedAfterListing(t *testing.T) {
	outside := t.TempDir()
	for _, file := range []string{"f", "deep/f", "sub/deep/f"} {
		filetest.Write(t, filepath.Join(outside, file), []byte("secret"))
	}
	const size = len("secret")
	for _, open := range []bool{false, true} {
		for what, link := range map[string]struct {
			path string
			make func(string) error
			lost int
		}{
			"file":                {"sub/deep/f", linkTo(filepath.Join(outside, "f")), 1},
			"file, inside":        {"sub/deep/f", linkTo("../../.private/f"), 1},
			"directory":           {"sub/deep", linkTo(outside), 2},
			"directory, inside":   {"sub/deep", linkTo("../.private"), 2},
			"directory above":     {"sub", linkTo(outside), 4},
			"directory, relative": {"sub", linkTo(".private"), 4},
			"pipe":                {"sub/deep/f", func(name string) error { return syscall.Mkfifo(name, 0o644) }, 1},
		} {
			t.Run(fmt.Sprint(what, open), func(t *testing.T) {
				name := t.TempDir()
				for _, file := range []string{"sub/deep/f", "sub/deep/g", "sub/x", "sub/y", "z"} {
					filetest.Write(t, filepath.Join(name, file), filetest.Random(size))
				}
				dir := openDir(t, name)
				items := all(transfer.Walk(t.Context(), dir, "", ""))
				for _, file := range []string{".private/f", ".private/deep/f", ".private/g", ".private/x"} {
					filetest.Write(t, filepath.Join(name, file), []byte("secret"))
				}
				if open {
					content, err := dir.Open(t.Context(), "sub/deep/f", tranship.OpenOptions{})
					if err != nil {
						t.Fatal(err)
					}
					if err := content.Close(); err != nil {
						t.Fatal(err)
					}
				}
				swap(t, filepath.Join(name, link.path), link.make)
				store, got := &mem.Store{}, results{}
				err := transfer.Copy(t.Context(), store, replay(items), transfer.Options{Report: got.report(t)})
				if failed, _ := errors.AsType[*transfer.FailedError](err); failed == nil || failed.Failed != link.lost || what != "pipe" && !errors.Is(err, transfer.ErrSkipped) {
					t.Errorf("error %v of %v", err, got)
				}
				for _, path := range paths(t, store) {
					filetest.MustHave(t, store, path, filetest.Random(size))
				}
				if n := len(paths(t, store)); n != 5-link.lost {
					t.Errorf("%d files were copied", n)
				}
			})
		}
	}
}

// The same while it is listed: a directory that has become a link is not walked.
func TestDirWalkSwapped(t *testing.T) {
	name, outside := t.TempDir(), t.TempDir()
	for _, file := range []string{"a", "sub/f", "z/f"} {
		filetest.Write(t, filepath.Join(name, file), []byte("own"))
	}
	filetest.Write(t, filepath.Join(outside, "f"), []byte("secret"))
	copied, skipped := []string{}, []string{}
	for item, err := range transfer.Walk(t.Context(), openDir(t, name), "", "") {
		if errors.Is(err, transfer.ErrSkipped) {
			skipped = append(skipped, item.SourcePath)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		copied = append(copied, item.SourcePath)
		switch item.SourcePath {
		case "a":
			swap(t, filepath.Join(name, "sub"), linkTo(outside))
		case "z/f":
			if item.File.Size != 3 {
				t.Errorf("size %d", item.File.Size)
			}
		}
	}
	if !slices.Equal(copied, []string{"a", "z/f"}) || !slices.Equal(skipped, []string{"sub"}) {
		t.Errorf("copied %q, skipped %q", copied, skipped)
	}
}

// A link below a target is never written through: not one that was there, and not one
// that takes the place of a directory while files are copied into it.
func TestDirTargetLinks(t *testing.T) {
	for _, size := range []int{10, largeBytes} {
		for _, before := range []bool{true, false} {
			for _, inside := range []bool{true, false} {
				t.Run(fmt.Sprint(size, before, inside), func(t *testing.T) {
					name, elsewhere := t.TempDir(), t.TempDir()
					if inside {
						elsewhere = filepath.Join(name, "elsewhere")
						if err := os.Mkdir(elsewhere, 0o777); err != nil {
							t.Fatal(err)
						}
					}
					source := &mem.Store{}
					for _, path := range []string{"sub/a", "sub/deep/b", "c"} {
						filetest.Put(t, source, path, filetest.Random(size))
					}
					dir := openDir(t, name)
					link := filepath.Join(name, "sub")
					if before {
						if err := os.Symlink(elsewhere, link); err != nil {
							t.Fatal(err)
						}
					} else {
						if _, err := dir.Put(t.Context(), tranship.Spec{Path: "sub/deep/first"}, nil); err != nil {
							t.Fatal(err)
						}
						swap(t, link, linkTo(elsewhere))
					}
					err := transfer.Copy(t.Context(), dir, transfer.Files(t.Context(), source, "", ""), transfer.Options{Durability: tranship.DurabilityDurable})
					failed, _ := errors.AsType[*transfer.FailedError](err)
					if failed == nil || failed.Failed != 2 || !errors.Is(err, tranship.ErrExists) {
						t.Errorf("error %v", err)
					}
					if _, err := dir.Stat(t.Context(), "sub/a"); !errors.Is(err, tranship.ErrExists) {
						t.Errorf("Stat: %v", err)
					}
					if got := filetest.Names(t, elsewhere); len(got) > 0 {
						t.Errorf("written through: %q", got)
					}
					filetest.MustHave(t, dir, "c", filetest.Random(size))
				})
			}
		}
	}
}

// An upload that has begun ends in the directory that it began in, wherever that is by
// then, and not in what has taken its name.
func TestDirUploadKeepsItsDirectory(t *testing.T) {
	name, elsewhere := t.TempDir(), t.TempDir()
	dir := openDir(t, name)
	for _, key := range []string{"", "key"} {
		upload, err := dir.Begin(t.Context(), tranship.Spec{Path: "sub/f", Size: new(int64(3)), ResumeKey: key})
		if err != nil {
			t.Fatal(err)
		}
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(name, "moved"+key)
		if err := errors.Join(os.Rename(filepath.Join(name, "sub"), moved), os.Symlink(elsewhere, filepath.Join(name, "sub"))); err != nil {
			t.Fatal(err)
		}
		if _, err := upload.Commit(context.Background(), tranship.Commit{Size: 3}); err != nil {
			t.Error(err)
		}
		if got := filetest.Names(t, moved); !slices.Equal(got, []string{"f"}) {
			t.Errorf("there are %q", got)
		}
		if err := os.Remove(filepath.Join(name, "sub")); err != nil {
			t.Fatal(err)
		}
	}
	if got := filetest.Names(t, elsewhere); len(got) > 0 {
		t.Errorf("written through: %q", got)
	}
}

// The resume key of a source does not depend on how its name is written.
func TestAbsoluteName(t *testing.T) {
	name := t.TempDir()
	filetest.Write(t, filepath.Join(name, "deep/f"), nil)
	filetest.Write(t, filepath.Join(name, "deep/er/f"), nil)
	filetest.Write(t, filepath.Join(name, "f"), nil)
	if err := os.Symlink("deep/er", filepath.Join(name, "link")); err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"link/../f": real + "/deep/f", "f": name + "/f", "link/f": name + "/link/f", "deep/../f": real + "/f", "none/../f": "",
	} {
		if got := localdir.File(name + "/" + path).Absolute(""); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got, want := openDir(t, name+"/link/..").Absolute("f"), real+"/deep/f"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// localTree makes a directory with files, whose names are sorted, and returns its name.
func localTree(t *testing.T, sizes map[string]int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	for name, size := range sizes {
		name = filepath.Join(root, filepath.FromSlash(name))
		writeFile(t, name, random(size))
		if err := os.Chtimes(name, modTime, modTime); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func treeSizes() map[string]int {
	return map[string]int{"empty": 0, "small": 100, "d/put": tranship.MaxPutBytes, "d/e/large": 3<<20 + 1}
}

func sizeOf(sizes map[string]int) (total int64) {
	for _, size := range sizes {
		total += int64(size)
	}
	return total
}

func TestUploadDownloadTree(t *testing.T) {
	sizes := treeSizes()
	for name, store := range writerStores(t) {
		for _, remote := range []string{"to/there", ""} {
			local := localTree(t, sizes)
			if err := os.MkdirAll(filepath.Join(local, "d/hollow"), 0o755); err != nil {
				t.Fatal(err)
			}
			progress := &Progress{}
			summary, err := Upload(t.Context(), store, local, remote, UploadOptions{Options: Options{Progress: progress}})
			want := Summary{Files: 4, Bytes: sizeOf(sizes), SentBytes: sizeOf(sizes), EmptyDirectories: 1}
			if err != nil || summary != want || progress.Count().BytesDone != want.Bytes {
				t.Errorf("%s: up: %+v, %v, want %+v", name, summary, err, want)
			}
			for path, size := range sizes {
				file := mustHave(t, store, Join(remote, path), random(size))
				if !file.ModTime.Equal(modTime) {
					t.Errorf("%s: %s has time %v", name, path, file.ModTime)
				}
			}
			back := filepath.Join(t.TempDir(), "new", "back")
			summary, err = Download(t.Context(), store, "to/there", back, DownloadOptions{})
			want.EmptyDirectories = 0
			if err != nil || summary != want {
				t.Errorf("%s: down: %+v, %v, want %+v", name, summary, err, want)
			}
			for path, size := range sizes {
				data, err := os.ReadFile(filepath.Join(back, filepath.FromSlash(path)))
				if err != nil || !bytes.Equal(data, random(size)) {
					t.Errorf("%s: %s: %d bytes, %v", name, path, len(data), err)
				}
			}
		}
	}
}

func TestUploadDownloadFile(t *testing.T) {
	store := &mem.Store{}
	for _, size := range []int{0, 9, 2 << 20} {
		local := filepath.Join(t.TempDir(), "a.txt")
		writeFile(t, local, random(size))
		want := Summary{Files: 1, Bytes: int64(size), SentBytes: int64(size)}
		summary, err := Upload(t.Context(), store, local, "docs/b.txt", UploadOptions{})
		if err != nil || summary != want {
			t.Errorf("up: %+v, %v", summary, err)
		}
		mustHave(t, store, "docs/b.txt", random(size))
		back := filepath.Join(t.TempDir(), "new", "c.txt")
		if summary, err = Download(t.Context(), store, "docs/b.txt", back, DownloadOptions{}); err != nil || summary != want {
			t.Errorf("down: %+v, %v", summary, err)
		}
		if data, err := os.ReadFile(back); err != nil || !bytes.Equal(data, random(size)) {
			t.Errorf("down: %d bytes, %v", len(data), err)
		}
	}
	t.Chdir(t.TempDir())
	if _, err := Download(t.Context(), store, "docs/b.txt", "here.txt", DownloadOptions{}); err != nil {
		t.Errorf("into the working directory: %v", err)
	}
}

// With Update, what is there with the same size and time is skipped.
func TestUploadDownloadUpdate(t *testing.T) {
	store, local := newFaulty(), localTree(t, treeSizes())
	one := filepath.Join(local, "d/e/large")
	if _, err := Upload(t.Context(), store, local, "to", UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	all := Summary{Files: 4, Bytes: sizeOf(treeSizes()), Skipped: 4}
	large := Summary{Files: 1, Bytes: 3<<20 + 1, Skipped: 1}
	if summary, err := Upload(t.Context(), store, local, "to", UploadOptions{Update: true}); err != nil || summary != all {
		t.Errorf("up: %+v, %v", summary, err)
	}
	if summary, err := Upload(t.Context(), store, one, "to/d/e/large", UploadOptions{Update: true}); err != nil || summary != large {
		t.Errorf("one up: %+v, %v", summary, err)
	}
	if summary, err := Download(t.Context(), store, "to", local, DownloadOptions{Update: true}); err != nil || summary != all {
		t.Errorf("down: %+v, %v", summary, err)
	}
	if summary, err := Download(t.Context(), store, "to/d/e/large", one, DownloadOptions{Update: true}); err != nil || summary != large {
		t.Errorf("one down: %+v, %v", summary, err)
	}
	writeFile(t, filepath.Join(local, "small"), random(101))
	summary, err := Upload(t.Context(), store, local, "to", UploadOptions{Update: true})
	if err != nil || summary.Skipped != 3 || summary.SentBytes != 101 {
		t.Errorf("up after a change: %+v, %v", summary, err)
	}
}

// A call that was cut is resumed by the same call, in either direction, with the key that
// Copy makes.
func TestUploadDownloadResume(t *testing.T) {
	const size, sent = 5 << 20, 3 << 20
	cut := func() func(string) error {
		left := sent / bufferBytes
		return func(string) error {
			if left--; left < 0 {
				return fmt.Errorf("%w: full", tranship.ErrNoSpace)
			}
			return nil
		}
	}
	store := newFaulty()
	store.Store = &mem.Store{PartSize: 1 << 20}
	local := localTree(t, map[string]int{"a": size})
	store.write = cut()
	options := Options{Parts: 1}
	_, err := Upload(t.Context(), store, local, "to", UploadOptions{Options: options})
	if !errors.Is(err, ErrResumable) || !errors.Is(err, tranship.ErrNoSpace) {
		t.Fatalf("up: %v", err)
	}
	store.write = nil
	summary, err := Upload(t.Context(), store, local, "to", UploadOptions{Options: options})
	if err != nil || summary.Bytes != size || summary.SentBytes > size-sent+1<<20 {
		t.Errorf("up again: %+v, %v", summary, err)
	}
	mustHave(t, store, "to/a", random(size))

	back := filepath.Join(t.TempDir(), "back")
	left := sent
	store.open = func(_ string, c tranship.Content) (tranship.Content, error) {
		return content{readerFunc(func(p []byte) (int, error) {
			if left == 0 {
				return 0, fmt.Errorf("%w: enough", tranship.ErrDenied)
			}
			n, err := c.Read(p[:min(len(p), left)])
			left -= n
			return n, err
		}), c.File()}, nil
	}
	if _, err := Download(t.Context(), store, "to", back, DownloadOptions{Options: options}); !errors.Is(err, ErrResumable) {
		t.Fatalf("down: %v", err)
	}
	store.open = nil
	summary, err = Download(t.Context(), store, "to", back, DownloadOptions{Options: options})
	if err != nil || summary.Bytes != size || summary.SentBytes >= size {
		t.Errorf("down again: %+v, %v", summary, err)
	}
	if data, err := os.ReadFile(filepath.Join(back, "a")); err != nil || !bytes.Equal(data, random(size)) {
		t.Errorf("down again: %d bytes, %v", len(data), err)
	}
}

// The error says which files failed; the others are there.
func TestUploadSaysWhichFailed(t *testing.T) {
	store, local := newFaulty(), localTree(t, map[string]int{"a": 1, "b": 2, "c": 3})
	if err := os.Symlink("a", filepath.Join(local, "link")); err != nil {
		t.Skip(err)
	}
	store.put = func(path string) error {
		if path == "to/b" {
			return fmt.Errorf("%w: %s", tranship.ErrDenied, path)
		}
		return nil
	}
	summary, err := Upload(t.Context(), store, local, "to", UploadOptions{})
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Failed != 2 || failed.Skipped != 1 || summary != (Summary{Files: 2, Bytes: 4, SentBytes: 4}) {
		t.Fatalf("%+v, %v", summary, err)
	}
	var names []string
	for _, file := range failed.Files {
		names = append(names, file.Source)
	}
	slices.Sort(names)
	if want := []string{filepath.Join(local, "b"), filepath.Join(local, "link")}; !slices.Equal(names, want) {
		t.Errorf("failed are %q, want %q", names, want)
	}
	if !errors.Is(err, tranship.ErrDenied) || !errors.Is(err, ErrSkipped) {
		t.Errorf("error %v", err)
	}
}

// The first question of a download is tried again as well.
func TestDownloadFromFlakyStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flakyStat{Store: &mem.Store{}, failures: 3}
		putLarge(t, store, "a", random(7))
		name := filepath.Join(t.TempDir(), "a")
		if summary, err := Download(t.Context(), store, "a", name, DownloadOptions{}); err != nil || summary.Files != 1 {
			t.Errorf("%+v, %v", summary, err)
		}
		store.failures = 1000
		if _, err := Download(t.Context(), store, "a", name, DownloadOptions{}); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
	})
}

type flakyStat struct {
	*mem.Store
	failures int
}

func (s *flakyStat) Stat(ctx context.Context, path string) (tranship.File, error) {
	if s.failures--; s.failures >= 0 {
		return tranship.File{}, errGone
	}
	return s.Store.Stat(ctx, path)
}

func TestUploadFromDownloadTo(t *testing.T) {
	store := newFaulty()
	file, err := UploadFrom(t.Context(), store, bytes.NewReader(random(3<<20)), tranship.Spec{Path: "a"})
	if err != nil || file.Size != 3<<20 {
		t.Fatal(file, err)
	}
	var out bytes.Buffer
	file, err = DownloadTo(t.Context(), store, "a", &out, ReaderOptions{})
	if err != nil || file.Size != 3<<20 || !bytes.Equal(out.Bytes(), random(3<<20)) {
		t.Errorf("%+v, %v, %d bytes", file, err, out.Len())
	}
	broken := errors.New("broken")
	reader := io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) { return 0, broken }))
	if _, err := UploadFrom(t.Context(), store, reader, tranship.Spec{Path: "b"}); err != broken {
		t.Errorf("up: %v", err)
	}
	if all := paths(t, store); !slices.Equal(all, []string{"a"}) || store.begun != 0 {
		t.Errorf("the store has %q, and %d uploads", all, store.begun)
	}
	if _, err := DownloadTo(t.Context(), store, "a", writerFunc(func([]byte) (int, error) { return 0, broken }), ReaderOptions{}); err != broken {
		t.Errorf("down: %v", err)
	}
}

// TestUploadFromPanic checks that a reader that panics leaves no upload behind, which the
// context would keep until it ends.
func TestUploadFromPanic(t *testing.T) {
	store := newFaulty()
	func() {
		defer func() {
			if reason := recover(); reason != "reader" {
				t.Errorf("panic: %v", reason)
			}
		}()
		reader := io.MultiReader(bytes.NewReader(random(3<<20)), readerFunc(func([]byte) (int, error) { panic("reader") }))
		_, err := UploadFrom(t.Context(), store, reader, tranship.Spec{Path: "a"})
		t.Errorf("no panic: %v", err)
	}()
	if store.begun != 0 {
		t.Errorf("the store has %d uploads", store.begun)
	}
}

// TestLocalPlaces checks the errors of local names at which nothing can be, or something
// else is.
func TestLocalPlaces(t *testing.T) {
	store := newFaulty()
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/a"}, nil); err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	writeFile(t, file, nil)
	for _, test := range []struct {
		remote, local string
		want          error
	}{
		{"d", file, tranship.ErrExists},
		{"d", filepath.Join(file, "d"), tranship.ErrExists},
		{"d/a", filepath.Join(file, "a"), tranship.ErrExists},
		{"d/a", directory, tranship.ErrExists},
		{"d", "d\x00", tranship.ErrInvalid},
		{"d/a", "d\x00/a", tranship.ErrInvalid},
	} {
		if _, err := Download(t.Context(), store, test.remote, test.local, DownloadOptions{}); !errors.Is(err, test.want) {
			t.Errorf("download of %s to %q: %v, want %v", test.remote, test.local, err, test.want)
		}
	}
	for local, want := range map[string]error{
		filepath.Join(file, "a"): tranship.ErrNotFound,
		"a\x00":                  tranship.ErrInvalid,
	} {
		if _, err := Upload(t.Context(), store, local, "b", UploadOptions{}); !errors.Is(err, want) {
			t.Errorf("upload of %q: %v, want %v", local, err, want)
		}
	}
}

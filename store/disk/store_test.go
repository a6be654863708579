package disk

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/store/storetest"
)

// fixture is a store in a directory of its own.
type fixture struct {
	*testing.T
	*Store
	directory string
}

// small are options that keep the parts of tests small.
var small = Options{MinPartSize: 1 << 20}

func newFixture(t *testing.T, options Options, system system) fixture {
	t.Helper()
	return fixture{T: t, directory: t.TempDir()}.open(options, system)
}

// open opens a store in the fixture's directory.
func (f fixture) open(options Options, system system) fixture {
	t := f.T
	t.Helper()
	store, err := open(f.directory, options, system)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if drafts := f.names(".tranship/tmp"); len(drafts) > 0 {
			t.Errorf("left in the state directory: %q", drafts)
		}
	})
	f.Store = store
	return f
}

// reopen closes the store and opens it again.
func (f fixture) reopen() fixture {
	f.Helper()
	if err := f.Store.Close(); err != nil {
		f.Fatal(err)
	}
	options := f.options
	options.MinPartSize = max(options.MinPartSize, 1<<20) // see withTinyParts
	again := f.open(options, f.system)
	again.Store.options = f.options
	return again
}

func (f fixture) at(path string) string { return filepath.Join(f.directory, path) }

// names returns the names in a directory on disk.
func (f fixture) names(directory string) []string {
	f.Helper()
	entries, err := os.ReadDir(f.at(directory))
	if err != nil {
		f.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// writeByHand creates a file by hand.
func (f fixture) writeByHand(path, content string) {
	f.Helper()
	if err := os.MkdirAll(filepath.Dir(f.at(path)), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(f.at(path), []byte(content), 0o644); err != nil {
		f.Fatal(err)
	}
}

func (f fixture) symlink(target, path string) {
	f.Helper()
	if err := os.MkdirAll(filepath.Dir(f.at(path)), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.Symlink(target, f.at(path)); err != nil {
		f.Fatal(err)
	}
}

func (f fixture) put(path, content string) tranship.File {
	f.Helper()
	file, err := f.Put(f.Context(), tranship.Spec{Path: path}, []byte(content))
	if err != nil {
		f.Fatal(err)
	}
	return file
}

func (f fixture) stat(path string) tranship.File {
	f.Helper()
	file, err := f.Stat(f.Context(), path)
	if err != nil {
		f.Fatal(err)
	}
	return file
}

func (f fixture) read(path string) (string, error) {
	f.Helper()
	content, err := f.Open(f.Context(), path, tranship.OpenOptions{})
	if err != nil {
		return "", err
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	return string(data), err
}

// lists checks the paths of all files of the store.
func (f fixture) lists(want ...string) {
	f.Helper()
	var got []string
	for entry, err := range f.List(f.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			f.Fatal(err)
		}
		got = append(got, entry.Path)
	}
	if !slices.Equal(got, want) {
		f.Errorf("the store has %q, want %q", got, want)
	}
}

// fails checks an error's kind, and that it reveals nothing about the machine.
func (f fixture) fails(what string, err, target error) {
	f.Helper()
	if !errors.Is(err, target) {
		f.Errorf("%s: %v, want %v", what, err, target)
	}
	if err != nil && strings.Contains(err.Error(), f.directory) {
		f.Errorf("%s names the store's directory: %v", what, err)
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Test(t, func(t *testing.T) tranship.Store {
		return newFixture(t, small, realSystem()).Store
	})
}

func TestOpenOwnsTheDirectory(t *testing.T) {
	f := newFixture(t, Options{}, realSystem())
	_, err := Open(f.directory, Options{})
	if err == nil || !strings.Contains(err.Error(), "is in use by another process") {
		t.Errorf("second Open: %v", err)
	}
	f.put("still", "works")

	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = f.Stat(t.Context(), "still")
	f.fails("Stat after Close", err, tranship.ErrUnavailable)
	_, err = f.Put(t.Context(), tranship.Spec{Path: "new"}, nil)
	f.fails("Put after Close", err, tranship.ErrUnavailable)

	again, err := Open(f.directory, Options{})
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	defer again.Close()
	if _, err := again.Stat(t.Context(), "still"); err != nil {
		t.Error(err)
	}
}

func TestOpenRemovesLeftovers(t *testing.T) {
	directory := t.TempDir()
	leftover := filepath.Join(directory, ".tranship/tmp/LEFTOVER")
	if err := os.MkdirAll(filepath.Dir(leftover), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(leftover, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := Open(directory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	linked := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(linked, ".tranship")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		directory string
		options   Options
		want      string
	}{
		"missing":             {filepath.Join(t.TempDir(), "none"), Options{}, "no such file"},
		"a file":              {file, Options{}, "not a directory"},
		"the state is a link": {linked, Options{}, ".tranship is a symbolic link"},
		"part size":           {t.TempDir(), Options{MinPartSize: 3 << 20}, "power of two"},
		"part size too small": {t.TempDir(), Options{MinPartSize: 1 << 19}, "power of two"},
		"free space":          {t.TempDir(), Options{MinFreeBytes: -1}, "must not be negative"},
		"durability":          {t.TempDir(), Options{Durability: 9}, "durability"},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := Open(test.directory, test.options)
			if err == nil {
				store.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open: %v, want %q", err, test.want)
			}
		})
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("created outside: %v, %v", entries, err)
	}
}

func TestCloseAbortsUploads(t *testing.T) {
	f := newFixture(t, small, realSystem())
	upload, err := f.Begin(t.Context(), tranship.Spec{Path: "file"})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = writer.Write([]byte("late"))
	f.fails("Write after Close of the store", err, tranship.ErrAborted)
	_, err = upload.Commit(t.Context(), tranship.Commit{})
	f.fails("Commit after Close of the store", err, tranship.ErrAborted)
}

// withoutAttributes returns a system whose file systems have no extended attributes.
func withoutAttributes() system {
	system := realSystem()
	system.setxattr = func(rootfs.File, string, []byte) error { return syscall.ENOTSUP }
	return system
}

func TestFileSystemWithoutAttributes(t *testing.T) {
	var log strings.Builder
	f := newFixture(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, withoutAttributes())
	if n := strings.Count(log.String(), "no extended attributes"); n != 1 {
		t.Errorf("warned %d times, want once: %s", n, &log)
	}
	first := f.put("file", "first")
	if got := f.stat("file"); got.Version != first.Version || got.Version == "" {
		t.Errorf("version is %q and then %q", first.Version, got.Version)
	}
	if first.CRC32C != nil {
		t.Error("a checksum that cannot be kept is promised")
	}
	if second := f.put("file", "other"); second.Version == first.Version {
		t.Error("the version has not changed")
	}
	_, err := f.Put(t.Context(), tranship.Spec{Path: "x", Attributes: tranship.Attributes{Metadata: map[string]string{"k": "v"}}}, nil)
	f.fails("Put with metadata", err, tranship.ErrUnsupported)
	_, err = f.SetAttributes(t.Context(), "file", tranship.Attributes{Metadata: map[string]string{"k": "v"}}, tranship.Precondition{})
	f.fails("SetAttributes with metadata", err, tranship.ErrUnsupported)
	if file, err := f.SetAttributes(t.Context(), "file", tranship.Attributes{Mode: new(fs.FileMode(0o600))}, tranship.Precondition{}); err != nil || file.Mode != 0o600 {
		t.Errorf("SetAttributes: %v, %v", file, err)
	}
	f.lists("file")
}

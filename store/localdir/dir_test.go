//go:build unix

package localdir_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

func TestDirRoundTrip(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for name, size := range map[string]int{"a": 0, "b/c": 10, "b/d e/ü": 3 << 20, ".hidden": 1} {
		filetest.Write(t, filepath.Join(from, name), filetest.Random(size))
	}
	if err := os.Chmod(filepath.Join(from, "a"), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(from, "a"), time.Time{}, modTime); err != nil {
		t.Fatal(err)
	}
	store := &mem.Store{}
	if err := transfer.Copy(t.Context(), store, transfer.Walk(t.Context(), openDir(t, from), "", "x"), transfer.Options{}); err != nil {
		t.Fatal(err)
	}
	target := openDir(t, to)
	for range 2 { // The second time there are files to replace.
		if err := transfer.Copy(t.Context(), target, transfer.Files(t.Context(), store, "x", "y"), transfer.Options{Durability: tranship.DurabilityDurable}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := filetest.Tree(t, filepath.Join(to, "y")), filetest.Tree(t, from); !slices.Equal(got, want) {
		t.Errorf("tree %q, want %q", got, want)
	}
	info, err := os.Stat(filepath.Join(to, "y/a"))
	if err != nil || info.Mode() != 0o400 || !info.ModTime().Equal(modTime) {
		t.Errorf("%v %v, %v", info.Mode(), info.ModTime(), err)
	}
	filetest.MustHave(t, target, "y/b/d e/ü", filetest.Random(3<<20))
}

func TestDirFilesReportsWhatItSkips(t *testing.T) {
	name := t.TempDir()
	for _, file := range []string{"a", "bad\x01name", "d/x", "gone/y", "mode/z", "z"} {
		filetest.Write(t, filepath.Join(name, file), nil)
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(name, "empty"), 0o755),
		os.Symlink("a", filepath.Join(name, "link")),
		os.Symlink("d", filepath.Join(name, "linkdir")),
		syscall.Mkfifo(filepath.Join(name, "pipe"), 0o644),
		os.MkdirAll(filepath.Join(name, "bad\xff/sub"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	copied, skipped := []string{}, map[string]string{}
	for item, err := range transfer.Walk(t.Context(), openDir(t, name), "", "to") {
		if err != nil {
			skipped[item.SourcePath] = err.Error()
			continue
		}
		copied = append(copied, item.SourcePath)
		if item.SourcePath == "d/x" {
			// A directory that cannot be read, even by root.
			if err := os.RemoveAll(filepath.Join(name, "gone")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"a", "d/x", "mode/z", "z"}; !slices.Equal(copied, want) {
		t.Errorf("copied %q, want %q", copied, want)
	}
	for name, word := range map[string]string{
		"empty": "empty directory", "link": "symbolic link", "linkdir": "symbolic link", "pipe": "named pipe",
		"bad\x01name": "control", "bad\xff": "UTF-8", "gone": "not found",
	} {
		if !strings.Contains(skipped[name], word) {
			t.Errorf("%q: %q, want something of %q", name, skipped[name], word)
		}
	}
	if len(skipped) != 7 {
		t.Errorf("skipped %q", skipped)
	}
}

// A directory and a file that cannot be read are one event each. Root can read
// them; then there is none.
func TestDirUnreadable(t *testing.T) {
	name := t.TempDir()
	filetest.Write(t, filepath.Join(name, "d/x"), nil)
	filetest.Write(t, filepath.Join(name, "f"), nil)
	filetest.Write(t, filepath.Join(name, "ok"), nil)
	for _, unreadable := range []string{"d", "f"} {
		if err := os.Chmod(filepath.Join(name, unreadable), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(name, unreadable), 0o755) })
	}
	got := results{}
	store := &mem.Store{}
	err := transfer.Copy(t.Context(), store, transfer.Walk(t.Context(), openDir(t, name), "", ""), transfer.Options{Report: got.report(t)})
	if os.Geteuid() == 0 {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if err == nil || !errors.Is(got["d"].Err, tranship.ErrDenied) || !errors.Is(got["f"].Err, tranship.ErrDenied) || got["ok"].Err != nil {
		t.Errorf("error %v, %v", err, got)
	}
}

// A file name from a server never leads out of the directory.
func TestDirHostilePaths(t *testing.T) {
	outside := t.TempDir()
	name := filepath.Join(outside, "dir")
	filetest.Write(t, filepath.Join(name, "file"), nil)
	for _, err := range []error{
		os.Symlink("..", filepath.Join(name, "up")),
		os.Symlink(outside, filepath.Join(name, "absolute")),
		syscall.Mkfifo(filepath.Join(name, "pipe"), 0o644),
		os.Mkdir(filepath.Join(name, "sub"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := filetest.Tree(t, outside)
	dir := openDir(t, name)
	for _, path := range []string{
		"../x", "/x", "a/../../x", "", ".", "a//b", "up/x", "absolute/x", "up/new/x", "a\x00b", ".tranship/x",
		"sub", "pipe", "file/below", strings.Repeat("n", 256),
	} {
		if _, err := dir.Put(t.Context(), tranship.Spec{Path: path}, []byte("x")); err == nil {
			t.Errorf("put %q: no error", path)
		}
		if upload, err := dir.Begin(t.Context(), tranship.Spec{Path: path}); err == nil {
			t.Errorf("begin %q: no error", path)
			_ = upload.Abort(t.Context())
		}
	}
	if after := filetest.Tree(t, outside); !slices.Equal(before, after) {
		t.Errorf("tree %q, was %q", after, before)
	}
}

// The target that is a link is replaced, not what it leads to.
func TestDirReplacesLink(t *testing.T) {
	name := t.TempDir()
	filetest.Write(t, filepath.Join(name, "precious"), []byte("precious"))
	if err := os.Symlink("precious", filepath.Join(name, "link")); err != nil {
		t.Fatal(err)
	}
	dir := openDir(t, name)
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "link"}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	filetest.MustHave(t, dir, "precious", []byte("precious"))
	filetest.MustHave(t, dir, "link", []byte("x"))
}

func TestDirUpload(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	begin := func(spec tranship.Spec) tranship.Upload {
		t.Helper()
		upload, err := dir.Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return upload
	}
	write := func(upload tranship.Upload, n int, data string) tranship.PartWriter {
		t.Helper()
		part, err := upload.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		return part
	}
	const partSize = localdir.LeastPart
	size := int64(partSize + 3)
	upload := begin(tranship.Spec{Path: "a", Size: &size})
	older := write(upload, 1, "old")
	write(upload, 1, "new")
	if _, err := older.Write([]byte("x")); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("older writer: %v", err)
	}
	if _, err := upload.Part(t.Context(), 2); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("part beyond the size: %v", err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size}); !errors.Is(err, tranship.ErrPrecondition) {
		t.Errorf("incomplete: %v", err)
	}
	first := write(upload, 0, strings.Repeat("a", partSize))
	if _, err := first.Write([]byte("x")); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("beyond the part: %v", err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size, CRC32C: new(uint32(1))}); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("wrong checksum: %v", err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size - 1}); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("wrong size: %v", err)
	}
	if got := filetest.Tree(t, name); len(got) != 1 || !strings.HasPrefix(got[0], localdir.TemporaryPrefix) {
		t.Errorf("before commit: %q", got)
	}
	want := tranship.CRC32C(append([]byte(strings.Repeat("a", partSize)), "new"...))
	file, err := upload.Commit(t.Context(), tranship.Commit{Size: size, CRC32C: &want})
	if err != nil || file.Size != size || *file.CRC32C != want {
		t.Fatalf("%+v, %v", file, err)
	}

	// Of unknown size, every byte that was written must be asked for.
	upload = begin(tranship.Spec{Path: "b"})
	write(upload, 0, "abc")
	for _, size := range []int64{0, 2} {
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size}); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("size %d: %v", size, err)
		}
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("after abort: %v", err)
	}

	// A file that came meanwhile stays.
	must := tranship.Precondition{MustNotExist: true}
	upload = begin(tranship.Spec{Path: "c/d", Precondition: must})
	write(upload, 0, "abc")
	filetest.Write(t, filepath.Join(name, "c/d"), []byte("first"))
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("must not exist: %v", err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "e", Precondition: must}, nil); err != nil {
		t.Error(err)
	}
	if got, want := filetest.Tree(t, name), []string{"a", "c", "c/d", "e"}; !slices.Equal(got, want) {
		t.Errorf("tree %q, want %q", got, want)
	}
}

func TestLocalFileThatIsNone(t *testing.T) {
	name := t.TempDir()
	pipe := filepath.Join(name, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	for file, word := range map[string]string{pipe: "named pipe", name: "directory", name + "/none": "not found"} {
		if _, err := localdir.File(file).Open(t.Context(), "", tranship.OpenOptions{}); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := localdir.File(file).Stat(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

package localdir_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// The next upload to a target removes the leftovers of a killed process. It does not
// touch those of other targets, nor anything that is not a file.
func TestDirRemovesLeftovers(t *testing.T) {
	name := t.TempDir()
	for leftover, mode := range map[string]os.FileMode{
		localdir.TemporaryName("copy", "0"): 0o600,
		localdir.TemporaryName("copy", "1"): 0o400, // killed just before it was renamed
		localdir.TemporaryName("else", "0"): 0o600,
	} {
		if err := os.WriteFile(filepath.Join(name, leftover), []byte("left"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(name, localdir.TemporaryName("copy", "2")), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{localdir.TemporaryName("copy", "2"), localdir.TemporaryName("else", "0"), "copy"}
	slices.Sort(want)
	dir := openDir(t, name)
	filetest.Put(t, dir, "copy", []byte("large"))
	filetest.MustHave(t, dir, "copy", []byte("large"))
	if got := filetest.Names(t, name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "else"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	want = []string{localdir.TemporaryName("copy", "2"), "copy", "else"}
	if got := filetest.Names(t, name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// A file whose name is that of a leftover is not written: another upload would remove it.
func TestDirRefusesNamesOfLeftovers(t *testing.T) {
	name := t.TempDir()
	exact, folding := openDir(t, name), localdir.OpenFolding(t, name, strings.ToLower, same)
	for _, path := range []string{localdir.TemporaryName("copy", "0"), "d/" + localdir.TemporaryName("copy", "0"), localdir.PartialName("copy", 1) + localdir.PartialSuffix, localdir.HiddenName("copy") + localdir.JournalSuffix} {
		for _, refused := range []struct {
			dir  *localdir.Dir
			path string
		}{{exact, path}, {folding, path}, {folding, "d/" + strings.ToUpper(filepath.Base(path))}, {folding, "d/" + filepath.Base(path) + "\u200d"}} {
			if _, err := refused.dir.Put(t.Context(), tranship.Spec{Path: refused.path}, nil); !errors.Is(err, tranship.ErrInvalid) {
				t.Errorf("put %q: %v", refused.path, err)
			}
			if _, err := refused.dir.Begin(t.Context(), tranship.Spec{Path: refused.path}); !errors.Is(err, tranship.ErrInvalid) {
				t.Errorf("begin %q: %v", refused.path, err)
			}
		}
	}
	for _, path := range []string{".tranship-notes", ".tranship-x.tmp.txt", "x" + localdir.PartialSuffix} {
		if _, err := exact.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Errorf("put %q: %v", path, err)
		}
	}
}

// Uploads to one target that are under way at once have a file each, also when there
// are more of them than there are names.
func TestDirManyUploadsToOneTarget(t *testing.T) {
	name := t.TempDir()
	var all []tranship.Upload
	for i := range localdir.Temporaries + 3 {
		upload, err := openDir(t, name).Begin(t.Context(), tranship.Spec{Path: "copy"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, upload)
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(bytes.Repeat([]byte{byte(i)}, 10)); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
		if got := filetest.Names(t, name); len(got) != i+1 {
			t.Fatalf("%d uploads are under way, and there are %q", i+1, got)
		}
	}
	for i, upload := range all {
		if i%3 == 0 {
			if err := upload.Abort(t.Context()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 10}); err != nil {
			t.Fatal(err)
		}
		filetest.MustHave(t, openDir(t, name), "copy", bytes.Repeat([]byte{byte(i)}, 10))
	}
	if got := filetest.Names(t, name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// A partial file is of no use when its target has been replaced otherwise.
func TestDirReplacedRemovesPartial(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	dir := openDir(t, d.name)
	upload, err := dir.Begin(t.Context(), tranship.Spec{Path: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.file(t, localdir.PartialSuffix) // nothing has been replaced
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "copy"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	if got := filetest.Names(t, d.name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// leavePartial begins an upload to a path, and leaves a partial file beside it.
func leavePartial(t *testing.T, dir *localdir.Dir, path string) {
	t.Helper()
	data := filetest.Random(downloadBytes)
	upload, err := dir.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(len(data))), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = part.Write(data[:localdir.LeastPart])
	if err := errors.Join(err, part.Close(), upload.Detach(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestPutBatchRemovesPartialInNewDirectory leaves a partial file in a directory that the same Dir has
// made just before.
func TestPutBatchRemovesPartialInNewDirectory(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "new/first"}, nil); err != nil {
		t.Fatal(err)
	}
	leavePartial(t, dir, "new/copy")
	if got := filetest.Names(t, filepath.Join(name, "new")); len(got) != 3 {
		t.Fatalf("there are %q before", got)
	}
	for _, result := range dir.PutBatch(t.Context(), putItems("new/copy", "new/other")) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	if got := filetest.Names(t, filepath.Join(name, "new")); !slices.Equal(got, []string{"copy", "first", "other"}) {
		t.Errorf("there are %q", got)
	}
}

// TestPutBatchRemovesPartialOfLaterFile leaves a partial file of a later file of a batch in a new directory,
// while the batch stores an earlier one.
func TestPutBatchRemovesPartialOfLaterFile(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "new/first"}, nil); err != nil {
		t.Fatal(err)
	}
	dir.SetPutting(func(path string) {
		if path == "new/copy" {
			leavePartial(t, dir, "new/other")
		}
	})
	for _, result := range dir.PutBatch(t.Context(), putItems("new/copy", "new/other")) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	if got := filetest.Names(t, filepath.Join(name, "new")); !slices.Equal(got, []string{"copy", "first", "other"}) {
		t.Errorf("there are %q", got)
	}
}

// While a process has the partial file open, it stays.
func TestDirReplacedKeepsPartialInUse(t *testing.T) {
	name := t.TempDir()
	data := filetest.Random(downloadBytes)
	spec := tranship.Spec{Path: "copy", Size: new(int64(len(data))), ResumeKey: "key"}
	upload, err := openDir(t, name).Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDir(t, name).Put(t.Context(), tranship.Spec{Path: "copy"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	for n := 0; n*localdir.LeastPart < len(data); n++ {
		part, err := upload.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data[n*localdir.LeastPart : min(len(data), (n+1)*localdir.LeastPart)]); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	filetest.MustHave(t, openDir(t, name), "copy", data)
	if got := filetest.Names(t, name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// The partial file of a file that was removed at its source is removed, whether the
// removal shows while the file is copied or at the next attempt.
func TestDownloadRemovedMeanwhile(t *testing.T) {
	for _, kind := range []transfer.EventKind{transfer.EventResume, transfer.EventRetry} {
		synctest.Test(t, func(t *testing.T) {
			d := newDownload(t)
			d.interrupt(t, tranship.DurabilityDefault)
			removed := false
			_, err := d.copy(t, localdir.LeastPart+5, transfer.Options{Parts: 1, Events: func(e transfer.Event) {
				if e.Kind == kind && !removed {
					removed = true
					if err := d.source.Remove(t.Context(), "a", tranship.Precondition{}); err != nil {
						t.Error(err)
					}
				}
			}})
			if !removed || !errors.Is(err, tranship.ErrNotFound) || errors.Is(err, transfer.ErrResumable) {
				t.Errorf("%v: error %v", kind, err)
			}
			if got := filetest.Names(t, d.name); len(got) > 0 {
				t.Errorf("%v: left: %q", kind, got)
			}
		})
	}
}

// A copy that does not resume removes what would be resumed, and leaves nothing.
func TestDownloadNoResumeDiscards(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	if _, err := d.copy(t, localdir.LeastPart, transfer.Options{NoResume: true, Attempts: 1}); err == nil {
		t.Fatal("no error")
	}
	if got := filetest.Names(t, d.name); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

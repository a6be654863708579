package transfer

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
)

// names are all that is in a directory.
func names(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

// What a process left that was killed, the next upload to the same target removes;
// what is another target's, or no file, it does not touch.
func TestDirRemovesLeftovers(t *testing.T) {
	name := t.TempDir()
	for leftover, mode := range map[string]os.FileMode{
		temporaryName("copy", "0"): 0o600,
		temporaryName("copy", "1"): 0o400, // killed just before it was renamed
		temporaryName("else", "0"): 0o600,
	} {
		if err := os.WriteFile(filepath.Join(name, leftover), []byte("left"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(name, temporaryName("copy", "2")), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{temporaryName("copy", "2"), temporaryName("else", "0"), "copy"}
	slices.Sort(want)
	dir := openDir(t, name)
	putLarge(t, dir, "copy", []byte("large"))
	mustHave(t, dir, "copy", []byte("large"))
	if got := names(t, name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "else"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	want = []string{temporaryName("copy", "2"), "copy", "else"}
	if got := names(t, name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// A file whose name is that of a leftover is not written: another upload would remove it.
func TestDirRefusesNamesOfLeftovers(t *testing.T) {
	name := t.TempDir()
	exact, folding := openDir(t, name), openFolding(t, name, strings.ToLower, same)
	for _, path := range []string{temporaryName("copy", "0"), "d/" + temporaryName("copy", "0"), partialName("copy", 1) + partialSuffix, hiddenName("copy") + journalSuffix} {
		for _, refused := range []struct {
			dir  *Dir
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
	for _, path := range []string{".tranship-notes", ".tranship-x.tmp.txt", "x" + partialSuffix} {
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
	for i := range temporaries + 3 {
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
		if got := names(t, name); len(got) != i+1 {
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
		mustHave(t, openDir(t, name), "copy", bytes.Repeat([]byte{byte(i)}, 10))
	}
	if got := names(t, name); !slices.Equal(got, []string{"copy"}) {
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
	d.file(t, partialSuffix) // nothing has been replaced
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "copy"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, d.name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// While somebody has the partial file, it stays.
func TestDirReplacedKeepsPartialInUse(t *testing.T) {
	name := t.TempDir()
	data := random(downloadBytes)
	spec := tranship.Spec{Path: "copy", Size: new(int64(len(data))), ResumeKey: "key"}
	upload, err := openDir(t, name).Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDir(t, name).Put(t.Context(), tranship.Spec{Path: "copy"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	for n := 0; n*leastLocalPart < len(data); n++ {
		part, err := upload.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data[n*leastLocalPart : min(len(data), (n+1)*leastLocalPart)]); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, openDir(t, name), "copy", data)
	if got := names(t, name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// Who does not resume removes what would be resumed, at whichever end it is, and does
// so before anything is sent.
func TestNoResumeDiscards(t *testing.T) {
	store := newCutting(-1)
	name, _ := largeFile(t)
	interrupted(t, store, name)
	if n := uploads(t, store); n != 1 {
		t.Fatalf("%d uploads are unfinished", n)
	}
	store.after = partBytes / 2
	if err := Copy(t.Context(), store, localItem(t, name), Options{NoResume: true, Attempts: 1}); err == nil {
		t.Fatal("no error")
	}
	if n := uploads(t, store); n != 0 {
		t.Errorf("%d uploads are unfinished", n)
	}

	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	if _, err := d.copy(t, leastLocalPart, Options{NoResume: true, Attempts: 1}); err == nil {
		t.Fatal("no error")
	}
	if got := names(t, d.name); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

// What there is of a file that has been removed at its source goes, whether that shows
// while it is copied or at the next attempt.
func TestDownloadRemovedMeanwhile(t *testing.T) {
	for _, kind := range []EventKind{EventResume, EventRetry} {
		synctest.Test(t, func(t *testing.T) {
			d := newDownload(t)
			d.interrupt(t, tranship.DurabilityDefault)
			removed := false
			_, err := d.copy(t, leastLocalPart+5, Options{Parts: 1, Events: func(e Event) {
				if e.Kind == kind && !removed {
					removed = true
					if err := d.source.Remove(t.Context(), "a", tranship.Precondition{}); err != nil {
						t.Error(err)
					}
				}
			}})
			if !removed || !errors.Is(err, tranship.ErrNotFound) || errors.Is(err, ErrResumable) {
				t.Errorf("%v: error %v", kind, err)
			}
			if got := names(t, d.name); len(got) > 0 {
				t.Errorf("%v: left: %q", kind, got)
			}
		})
	}
}

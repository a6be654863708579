package localdir_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
)

// unfinished leaves a partial file of a path in a directory, as a process that was killed
// does.
func unfinished(t *testing.T, name, path string) {
	t.Helper()
	dir := openDir(t, name)
	upload, err := dir.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(4 << 20)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(make([]byte, upload.PartSize())); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := upload.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Discard removes what unfinished uploads have left, and no other file.
func TestDiscard(t *testing.T) {
	name := t.TempDir()
	unfinished(t, name, "d/gone")
	unfinished(t, name, "d/other")
	below := filepath.Join(name, "d")
	for _, file := range []string{"gone", ".tranship-gone.part", localdir.TemporaryName("gone", "0")} {
		if err := os.WriteFile(filepath.Join(below, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := openDir(t, name)
	for _, path := range []string{"d/gone", "d/none", "none/none"} {
		if err := dir.Discard(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	other := localdir.HiddenName("other")
	want := []string{other + localdir.PartialSuffix, other + localdir.JournalSuffix, ".tranship-gone.part", "gone"}
	slices.Sort(want)
	if got := filetest.Names(t, below); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if _, err := os.Lstat(filepath.Join(name, "none")); err == nil {
		t.Error("Discard has made a directory")
	}

	// An upload that is under way stays.
	upload, err := dir.Begin(t.Context(), tranship.Spec{Path: "d/other", Size: new(int64(4 << 20)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	if err := openDir(t, name).Discard("d/other"); err != nil {
		t.Error(err)
	}
	if len(upload.Durable()) != 1 || !slices.Contains(filetest.Names(t, below), other+localdir.PartialSuffix) {
		t.Error("Discard has removed an upload under way")
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Error(err)
	}
}

// An upload into a directory removes leftovers of other targets there that are older than
// seven days, and no file with another name.
func TestExpiredLeftovers(t *testing.T) {
	name := t.TempDir()
	unfinished(t, name, "old")
	unfinished(t, name, "half")
	unfinished(t, name, "new")
	others := []string{
		".tranship-notes.part", ".tranship-0123456789abcdef.txt", ".tranship-0123456789abcdeg.part",
		".tranship-0123456789abcdef-a.part", ".tranship-0123456789abcdef.tmp", "mine",
	}
	expired := []string{localdir.TemporaryName("x", "3"), localdir.TemporaryName("y", "ABCDEFGHIJ"), localdir.HiddenName("z") + localdir.PartialSuffix}
	for _, file := range slices.Concat(others, expired) {
		if err := os.WriteFile(filepath.Join(name, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age := func(file string) {
		t.Helper()
		old := time.Now().Add(-7*24*time.Hour - time.Minute)
		if err := os.Chtimes(filepath.Join(name, file), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range slices.Concat(others, expired) {
		age(file)
	}
	age(localdir.HiddenName("old") + localdir.PartialSuffix)
	age(localdir.HiddenName("old") + localdir.JournalSuffix)
	age(localdir.HiddenName("half") + localdir.JournalSuffix) // and not its partial file

	filetest.Put(t, openDir(t, name), "copy", []byte("large"))
	want := append(others, "copy",
		localdir.HiddenName("half")+localdir.PartialSuffix, localdir.HiddenName("half")+localdir.JournalSuffix,
		localdir.HiddenName("new")+localdir.PartialSuffix, localdir.HiddenName("new")+localdir.JournalSuffix)
	slices.Sort(want)
	if got := filetest.Names(t, name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

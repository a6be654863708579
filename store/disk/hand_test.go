package disk

import (
	"io"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

func TestFilePlacedByHand(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.writeByHand("dir/file", "by hand")
	found := f.stat("dir/file")
	if found.Size != 7 || found.CRC32C != nil || found.Version == "" || found.Mode != 0o644 {
		t.Errorf("Stat: %+v", found)
	}
	if again := f.stat("dir/file"); again.Version != found.Version {
		t.Errorf("version changed from %s to %s by itself", found.Version, again.Version)
	}
	if content, err := f.read("dir/file"); err != nil || content != "by hand" {
		t.Errorf("read %q, %v", content, err)
	}

	f.writeByHand("dir/file", "changed")
	edited := f.stat("dir/file")
	if edited.Version == found.Version {
		t.Error("the version did not change with the content")
	}
	precondition := tranship.Precondition{MustMatchVersion: edited.Version}
	changed, err := f.SetAttributes(t.Context(), "dir/file", tranship.Attributes{
		ModTime:  new(time.Unix(1_000_000_000, 0)),
		Mode:     new(fs.FileMode(0o400)),
		Metadata: map[string]string{"key": "value"},
	}, precondition)
	if err != nil || changed.Version != edited.Version || changed.Metadata["key"] != "value" {
		t.Errorf("SetAttributes: %+v, %v", changed, err)
	}
	moved, err := f.Move(t.Context(), "dir/file", "file", tranship.Precondition{})
	if err != nil || moved.Version != edited.Version {
		t.Errorf("Move: %+v, %v", moved, err)
	}
	if got := f.stat("file"); got.Version != edited.Version || got.Mode != 0o400 {
		t.Errorf("Stat after Move: %+v", got)
	}

	f.writeByHand("other", "by hand, too")
	found = f.stat("other")
	moved, err = f.Move(t.Context(), "other", "elsewhere/other", tranship.Precondition{})
	if err != nil || moved.Version != found.Version || moved.CRC32C != nil {
		t.Errorf("Move: %+v, want version %s; %v", moved, found.Version, err)
	}
	copied, err := f.Copy(t.Context(), "elsewhere/other", "copy", tranship.Precondition{})
	if err != nil || copied.Version == found.Version || copied.CRC32C != nil {
		t.Errorf("Copy: %+v, %v", copied, err)
	}
}

func TestFileEditedByHand(t *testing.T) {
	f := newFixture(t, small, realSystem())
	stored, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: tranship.Attributes{Metadata: map[string]string{"key": "value"}}}, []byte("stored"))
	if err != nil {
		t.Fatal(err)
	}
	f.writeByHand("file", "edited") // keeps the record
	edited := f.stat("file")
	if edited.Version == stored.Version || edited.CRC32C != nil || edited.Metadata != nil {
		t.Errorf("Stat: %+v", edited)
	}
	if content, err := f.read("file"); err != nil || content != "edited" {
		t.Errorf("read %q, %v", content, err)
	}
	_, err = f.Open(t.Context(), "file", tranship.OpenOptions{Version: stored.Version})
	f.fails("Open of the old version", err, tranship.ErrPrecondition)
}

// A chmod by hand is an edit of the mode, and not of the content.
func TestModeChangedByHand(t *testing.T) {
	f := newFixture(t, small, realSystem())
	stored, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o222))}}, []byte("stored"))
	if err != nil || stored.Mode != 0o222 {
		t.Fatalf("Put: %+v, %v", stored, err)
	}
	if err := os.Chmod(f.at("file"), 0o751); err != nil {
		t.Fatal(err)
	}
	if got := f.stat("file"); got.Mode != 0o751 || got.Version != stored.Version {
		t.Errorf("Stat: %+v", got)
	}
}

func TestModesIgnoreTheUmask(t *testing.T) {
	f := newFixture(t, small, realSystem())
	for _, mode := range []fs.FileMode{0o777, 0o666, 0o422} {
		if _, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: tranship.Attributes{Mode: &mode}}, nil); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(f.at("file")); err != nil || info.Mode() != mode {
			t.Errorf("mode on disk is %v, %v; want %v", info.Mode(), err, mode)
		}
	}
}

func TestEditedWhileRead(t *testing.T) {
	for name, edit := range map[string]func(f fixture) error{
		"longer":    func(f fixture) error { f.writeByHand("file", "something longer"); return nil },
		"cut":       func(f fixture) error { return os.Truncate(f.at("file"), 3) },
		"same size": func(f fixture) error { return os.Chtimes(f.at("file"), time.Time{}, time.Unix(1, 0)) },
	} {
		for kind, make := range map[string]func(f fixture){
			"stored": func(f fixture) { f.put("file", "content") },
			"placed": func(f fixture) { f.writeByHand("file", "content") },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				f := newFixture(t, small, realSystem())
				make(f)
				content, err := f.Open(t.Context(), "file", tranship.OpenOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer content.Close()
				if err := edit(f); err != nil {
					t.Fatal(err)
				}
				_, err = io.ReadAll(content)
				f.fails("reading", err, tranship.ErrPrecondition)
			})
		}
	}
}

func TestReadsOnWhile(t *testing.T) {
	for name, change := range map[string]func(f fixture) error{
		"replaced": func(f fixture) error { f.put("file", "replaced"); return nil },
		"removed":  func(f fixture) error { return f.Remove(f.Context(), "file", tranship.Precondition{}) },
		"given attributes": func(f fixture) error {
			_, err := f.SetAttributes(f.Context(), "file", tranship.Attributes{ModTime: new(time.Unix(5, 0))}, tranship.Precondition{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, realSystem())
			f.put("file", "content")
			content, err := f.Open(t.Context(), "file", tranship.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			if err := change(f); err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(content); err != nil || string(data) != "content" {
				t.Errorf("read %q, %v", data, err)
			}
		})
	}
}

// Corrupted bytes do not change size and modified time.
func TestDamageIsFound(t *testing.T) {
	f := newFixture(t, small, realSystem())
	stored := f.put("file", "content")
	f.writeByHand("file", "contenT")
	if err := os.Chtimes(f.at("file"), time.Time{}, stored.ModTime); err != nil {
		t.Fatal(err)
	}
	_, err := f.read("file")
	f.fails("reading", err, tranship.ErrIntegrity)

	copied, err := f.Copy(t.Context(), "file", "copy", tranship.Precondition{})
	if err != nil || copied.CRC32C == nil {
		t.Fatalf("Copy: %+v, %v", copied, err)
	}
	_, err = f.read("copy")
	f.fails("reading the copy", err, tranship.ErrIntegrity)
}

func TestDamagedRecordIsNone(t *testing.T) {
	f := newFixture(t, small, realSystem())
	stored := f.put("file", "content")
	file, err := os.OpenFile(f.at("file"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := rootfs.Getxattr(file, attributeName)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		damaged := append([]byte(nil), data...)
		damaged[i] ^= 0x10
		if err := rootfs.Setxattr(file, attributeName, damaged); err != nil {
			t.Fatal(err)
		}
		if got := f.stat("file"); got.Version == stored.Version || got.CRC32C != nil {
			t.Fatalf("with byte %d damaged: %+v", i, got)
		}
	}
}

func TestEmptyDirectoriesByHand(t *testing.T) {
	f := newFixture(t, small, realSystem())
	for _, directory := range []string{"a/b/c", "a/d", "e"} {
		if err := os.MkdirAll(f.at(directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for entry, err := range f.List(t.Context(), tranship.ListOptions{}) {
		t.Errorf("List: %+v, %v", entry, err)
	}
	f.put("a", "in place of empty directories")
	f.put("e/file", "in one")
	f.lists("a", "e/file")
}

// rename(2) has no effect between two names of one file.
func TestMoveBetweenHardLinks(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.put("a", "content")
	if err := os.Link(f.at("a"), f.at("b")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Move(t.Context(), "a", "b", tranship.Precondition{}); err != nil {
		t.Error(err)
	}
	f.lists("b")
}

// A directory into which files were just put is moved away by hand and replaced by a link. The
// next file is put neither behind the link nor into the moved directory.
func TestDirectoryMovedByHand(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.put("a/b/first", "content")
	if err := os.Rename(f.at("a"), f.at("moved")); err != nil {
		t.Fatal(err)
	}
	f.put("a/b/second", "content")
	if _, err := os.Stat(f.at("moved/b/second")); err == nil {
		t.Error("the file was put into the moved directory")
	}
	f.stat("a/b/second")

	if err := os.Rename(f.at("a"), f.at("again")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("again", f.at("a")); err != nil {
		t.Skip(err)
	}
	_, err := f.Put(t.Context(), tranship.Spec{Path: "a/b/third"}, nil)
	f.fails("Put behind a link", err, tranship.ErrDenied)
	_, err = f.Stat(t.Context(), "a/b/second")
	f.fails("Stat behind a link", err, tranship.ErrNotFound)
}

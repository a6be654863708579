package disk

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// copyRoot copies a directory as a tool does, with the modified times of its files, and with or
// without their extended attributes.
func copyRoot(t *testing.T, from string, attributes bool) (to string) {
	t.Helper()
	to = t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(from, func(name string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		return copyTimes(name, filepath.Join(to, relative), attributes)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func copyTimes(from, to string, attributes bool) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil || !attributes {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	target, err := os.Open(to)
	if err != nil {
		return errors.Join(err, source.Close())
	}
	for _, name := range []string{attributeName, markerAttributeName} {
		if value, failed := rootfs.Getxattr(source, name); failed == nil && value != nil {
			err = errors.Join(err, rootfs.Setxattr(target, name, value))
		}
	}
	return errors.Join(err, source.Close(), target.Close())
}

// reopened opens a directory, and returns what it logs and whether it has lost its attributes.
func reopened(t *testing.T, directory string) (log string, lost bool, file tranship.File) {
	t.Helper()
	var text bytes.Buffer
	store, err := Open(directory, Options{Logger: slog.New(slog.NewTextHandler(&text, nil))})
	if err != nil {
		t.Fatal(err)
	}
	lost = store.LostAttributes()
	file, err = store.Stat(t.Context(), "file")
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	return text.String(), lost, file
}

// lostBeside returns what Files say of a directory.
func lostBeside(t *testing.T, directory string) bool {
	t.Helper()
	files, err := OpenFiles(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	return files.LostAttributes()
}

// TestLostAttributes copies a directory with and without extended attributes. Only the copy without
// them is warned about, each time that it is opened, until the operator accepts the loss.
func TestLostAttributes(t *testing.T) {
	root := t.TempDir()
	store, err := Open(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !store.attributes {
		store.Close()
		return // no file system that could lose them
	}
	stored, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data"))
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	const warning = "has lost its extended attributes"
	for range 2 {
		if log, lost, _ := reopened(t, root); lost || strings.Contains(log, warning) {
			t.Errorf("the directory itself: lost %v, %s", lost, log)
		}
	}
	whole := copyRoot(t, root, true)
	if lostBeside(t, whole) {
		t.Error("the Files of the copy with attributes have lost them")
	}
	if log, lost, file := reopened(t, whole); lost || strings.Contains(log, warning) || file.Version != stored.Version {
		t.Errorf("the copy with attributes: lost %v, %+v, %s", lost, file, log)
	}
	bare := copyRoot(t, root, false)
	for range 2 {
		if !lostBeside(t, bare) {
			t.Error("the Files of the copy without attributes have not lost them")
		}
		if log, lost, file := reopened(t, bare); !lost || !strings.Contains(log, warning) || file.CRC32C != nil {
			t.Errorf("the copy without attributes: lost %v, %+v, %s", lost, file, log)
		}
	}
	if err := os.Remove(filepath.Join(bare, tranship.ReservedSegment, markerName)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if log, lost, _ := reopened(t, bare); lost || strings.Contains(log, warning) {
			t.Errorf("after the loss was accepted: lost %v, %s", lost, log)
		}
	}
}

// TestLostAttributesWithoutSupport opens a copy on a file system without extended attributes.
func TestLostAttributesWithoutSupport(t *testing.T) {
	root := t.TempDir()
	if _, lost, _ := openedWithout(t, root); lost {
		t.Error("a new directory has lost attributes that it never had")
	}
	store, err := Open(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if log, lost, _ := openedWithout(t, root); !lost || !strings.Contains(log, "has lost its extended attributes") {
		t.Errorf("lost %v, %s", lost, log)
	}
}

// openedWithout opens a directory as if its file system had no extended attributes.
func openedWithout(t *testing.T, directory string) (log string, lost bool, err error) {
	t.Helper()
	system := realSystem()
	system.setxattr = func(rootfs.File, string, []byte) error { return errors.ErrUnsupported }
	var text bytes.Buffer
	store, err := open(directory, Options{Logger: slog.New(slog.NewTextHandler(&text, nil))}, system)
	if err != nil {
		t.Fatal(err)
	}
	lost = store.LostAttributes()
	return text.String(), lost, store.Close()
}

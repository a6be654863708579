package tranship_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// TestFSFileIsOneVersion checks that an open file reads one version, and reports that it
// was replaced.
func TestFSFileIsOneVersion(t *testing.T) {
	for name, store := range fsStores(t) {
		put(t, store, "a", ascending(100))
		file, err := tranship.FS(t.Context(), store).Open("a")
		if err != nil {
			t.Fatal(err)
		}
		at, seeker := file.(io.ReaderAt), file.(io.Seeker)
		p := make([]byte, 10)
		if n, err := at.ReadAt(p, 95); n != 5 || err != io.EOF || !bytes.Equal(p[:n], ascending(100)[95:]) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if n, err := at.ReadAt(p, 100); n != 0 || err != io.EOF {
			t.Errorf("%s: at the end: %d bytes, %v", name, n, err)
		}
		if _, err := at.ReadAt(p, -1); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: before the beginning: %v", name, err)
		}
		if n, err := seeker.Seek(-20, io.SeekEnd); n != 80 || err != nil {
			t.Errorf("%s: seek: %d, %v", name, n, err)
		}
		if rest, err := io.ReadAll(file); err != nil || !bytes.Equal(rest, ascending(100)[80:]) {
			t.Errorf("%s: from 80: %d bytes, %v", name, len(rest), err)
		}
		if _, err := seeker.Seek(-101, io.SeekEnd); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: seek before the beginning: %v", name, err)
		}
		if n, err := seeker.Seek(200, io.SeekStart); n != 200 || err != nil {
			t.Errorf("%s: seek beyond the end: %d, %v", name, n, err)
		}
		if n, err := file.Read(p); n != 0 || err != io.EOF {
			t.Errorf("%s: read beyond the end: %d bytes, %v", name, n, err)
		}
		put(t, store, "a", ascending(100))
		if _, err := at.ReadAt(p, 0); !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("%s: ReadAt of a replaced file: %v", name, err)
		}
		if _, err := seeker.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Read(p); !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("%s: Read of a replaced file: %v", name, err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		for _, err := range []error{file.Close(), readErr(file), statErr(file)} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s: after Close: %v", name, err)
			}
		}
	}
}

func readErr(file fs.File) error { _, err := file.Read(make([]byte, 1)); return err }

func statErr(file fs.File) error { _, err := file.Stat(); return err }

// TestFSInfo checks that Sys of a file returns the store's File.
func TestFSInfo(t *testing.T) {
	store := &mem.Store{}
	file := put(t, store, "d/a", []byte("text"))
	info, err := fs.Stat(tranship.FS(t.Context(), store), "d/a")
	if err != nil {
		t.Fatal(err)
	}
	if sys, ok := info.Sys().(tranship.File); !ok || sys.Version != file.Version || info.Name() != "a" || info.Mode() != tranship.DefaultMode {
		t.Errorf("%v, sys %+v", info, info.Sys())
	}
}

// TestFSReadDirInPieces checks that ReadDir reads a directory in pieces, and that the
// store does not list the rest.
func TestFSReadDirInPieces(t *testing.T) {
	store := &mem.Store{}
	fillFS(t, store)
	opened, err := tranship.FS(t.Context(), store).Open(".")
	if err != nil {
		t.Fatal(err)
	}
	directory := opened.(fs.ReadDirFile)
	var names []string
	for {
		entries, err := directory.ReadDir(2)
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		if err == io.EOF {
			break
		}
		if err != nil || len(entries) > 2 {
			t.Fatal(entries, err)
		}
	}
	if want := []string{"a b", "a.b", "a", "z", "~", "日本"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	if err := directory.Close(); err != nil {
		t.Error(err)
	}
	if _, err := directory.ReadDir(1); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

package disk

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestReadAtChanged changes a file in place while it is open. ReadAt must not return bytes of
// another version than the one that was opened.
func TestReadAtChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"written": func(path string) error { return os.WriteFile(path, []byte("other data"), 0o644) },
		"cut":     func(path string) error { return os.Truncate(path, 3) },
	} {
		f := newFixture(t, small, realSystem())
		if _, err := f.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("some bytes")); err != nil {
			t.Fatal(err)
		}
		content, err := f.Open(t.Context(), "file", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		reader := content.(tranship.RangeReader)
		buffer := make([]byte, 4)
		if _, err := reader.ReadAt(buffer, 5); err != nil || string(buffer) != "byte" {
			t.Errorf("%q, %v", buffer, err)
		}
		// The store detects a change of size or modified time.
		if _, err := f.SetAttributes(t.Context(), "file", tranship.Attributes{ModTime: new(time.Unix(1, 0))}, tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
		if _, err := reader.ReadAt(buffer, 5); err != nil {
			t.Errorf("after other attributes: %v", err)
		}
		if err := change(f.at("file")); err != nil {
			t.Fatal(err)
		}
		if n, err := reader.ReadAt(buffer, 5); n != 0 || !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// TestReadAtDescriptors reads many ranges with one descriptor.
func TestReadAtDescriptors(t *testing.T) {
	f := newFixture(t, small, realSystem())
	if _, err := f.Put(t.Context(), tranship.Spec{Path: "file"}, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	content, err := f.Open(t.Context(), "file", tranship.OpenOptions{Length: new(int64(0))})
	if err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	for i := range 100 {
		if _, err := content.(tranship.RangeReader).ReadAt(make([]byte, 10), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open, and %d were", after, before)
	}
	if err := content.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := content.(tranship.RangeReader).ReadAt(make([]byte, 10), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// heldStore is a store whose list stops after its first entry until a file is stored.
type heldStore struct {
	tranship.Store
	stored chan struct{}
}

func (h *heldStore) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for entry, err := range h.Store.List(ctx, options) {
			if !yield(entry, err) {
				return
			}
			select {
			case <-h.stored:
			case <-ctx.Done():
				yield(tranship.Entry{}, ctx.Err())
				return
			}
		}
	}
}

func (h *heldStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	file, err := h.Store.Put(ctx, spec, data)
	if spec.Path == "d/a" {
		close(h.stored)
	}
	return file, err
}

// treeOf makes a directory of files that contain their paths.
func treeOf(t *testing.T, paths ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, path := range paths {
		name := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A file is copied before the list of the destination ends: here the list waits for it.
func TestUploadUpdateWhileListing(t *testing.T) {
	root := treeOf(t, "a", "b", "c", "e")
	files := &mem.Store{}
	if _, err := Upload(t.Context(), files, root, "d", UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := files.Remove(t.Context(), "d/a", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	store := &heldStore{Store: files, stored: make(chan struct{})}
	summary, err := Upload(t.Context(), store, root, "d", UploadOptions{Update: true})
	if err != nil || summary.Skipped != 3 || summary.Files != 4 {
		t.Errorf("%+v, %v", summary, err)
	}
	mustHave(t, files, "d/a", []byte("a"))
}

// cutList is a store whose list fails after some entries.
type cutList struct {
	tranship.Store
	after int
	err   error
}

func (c cutList) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		n := 0
		for entry, err := range c.Store.List(ctx, options) {
			if n++; n > c.after {
				yield(tranship.Entry{}, c.err)
				return
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// A list that fails ends the copy with its error. Nothing is copied that has not been compared.
func TestUploadUpdateListFails(t *testing.T) {
	root := treeOf(t, "a", "b", "c", "e")
	for after := range 4 {
		files := &mem.Store{}
		if _, err := Upload(t.Context(), files, root, "d", UploadOptions{}); err != nil {
			t.Fatal(err)
		}
		store := cutList{&refusingPuts{files, t}, after, fmt.Errorf("%w: the list", tranship.ErrDenied)}
		summary, err := Upload(t.Context(), store, root, "d", UploadOptions{Update: true})
		if !errors.Is(err, tranship.ErrDenied) || summary.Skipped != int64(after) || summary.Files != summary.Skipped {
			t.Errorf("after %d entries: %+v, %v", after, summary, err)
		}
	}
}

// refusingPuts is a store to which nothing must be copied.
type refusingPuts struct {
	tranship.Store
	t *testing.T
}

func (r *refusingPuts) Put(_ context.Context, spec tranship.Spec, _ []byte) (tranship.File, error) {
	r.t.Errorf("%s is copied", spec.Path)
	return tranship.File{}, tranship.ErrUnsupported
}

// A list that breaks off in a way that may pass continues.
func TestCompareContinues(t *testing.T) {
	store := &holed{keys: []string{"a", "b", "c", "d", "e"}, after: 2}
	for path, found := range compareAll(t, store, itemsAt("a", "b", "b0", "c", "d", "e"), 4) {
		if want := path != "b0"; (found == comparedSame) != want {
			t.Errorf("%s: %d", path, found)
		}
	}
}

// A list that is not in order is not believed, so that no list of pages goes on forever.
func TestCompareUnsortedList(t *testing.T) {
	store := &holed{keys: []string{"a", "c", "b"}, after: 9}
	var failed error
	for _, err := range compare(t.Context(), store, "", itemsAt("a", "b", "z"), 0, 9) {
		failed = errors.Join(failed, err)
	}
	if !errors.Is(failed, tranship.ErrIntegrity) {
		t.Errorf("error %v", failed)
	}
}

// A caller that wants no more items ends the list, even one that waits.
func TestCompareStops(t *testing.T) {
	store := &heldStore{Store: newFaulty(), stored: make(chan struct{})}
	fill(t, store.Store, map[string]int{"a": 1, "b": 1})
	n := 0
	for item, err := range Compare(t.Context(), store, "", itemsAt("a", "b"), 0) {
		if n++; err != nil || item.Path != "a" {
			t.Errorf("%s, %v", item.Path, err)
		}
		break
	}
	if n != 1 {
		t.Errorf("%d items", n)
	}
}

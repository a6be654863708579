package disk

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

// fetches returns items of a batch for files that have their paths as content.
func fetches(paths ...string) []tranship.FetchItem {
	var all []tranship.FetchItem
	for _, path := range paths {
		all = append(all, tranship.FetchItem{Path: path, Size: int64(len(path))})
	}
	return all
}

// TestFetchBatch fetches files from several directories: files of the store with and without
// attributes, files that were made or changed by hand, and paths that fail.
func TestFetchBatch(t *testing.T) {
	f := newFixture(t, small, unsynced())
	paths := []string{"a/1", "a/2", "a/by-hand", "a/edited", "b/c/1", "b/c/2", "top", "a/3"}
	for _, path := range paths {
		switch path {
		case "a/by-hand":
			f.writeByHand(path, path)
		case "a/edited":
			f.put(path, "old")
			f.writeByHand(path, path)
		default:
			f.put(path, path)
		}
	}
	mode := os.FileMode(0o640)
	attributes := tranship.Attributes{Mode: &mode, Metadata: map[string]string{"key": "value"}}
	if _, err := f.Put(t.Context(), tranship.Spec{Path: "a/2", Attributes: attributes}, []byte("a/2")); err != nil {
		t.Fatal(err)
	}
	failing := []string{"../out", "a", "a/1/below", "a/none", "none/1", ".tranship/lock", "a/./1", ""}
	batch := slices.Concat(fetches(paths...), fetches(failing...), fetches("a/1"))
	batch = append(batch, tranship.FetchItem{Path: "a/1", Size: 2}, tranship.FetchItem{Path: "a/1", Size: -1})
	for i, result := range f.FetchBatch(t.Context(), batch) {
		item := batch[i]
		file, data, err := tranship.Fetch(t.Context(), f.Store, item.Path, item.Size)
		switch {
		case err != nil:
			if result.Err == nil || result.Err.Error() != err.Error() {
				t.Errorf("%q: %v, want %v", item.Path, result.Err, err)
			}
		case result.Err != nil || string(result.Data) != string(data) || (result.Data == nil) != (data == nil):
			t.Errorf("%q: %q, %v; want %q", item.Path, result.Data, result.Err, data)
		case !reflect.DeepEqual(result.File, file):
			t.Errorf("%q: %+v, want %+v", item.Path, result.File, file)
		}
		if i < len(paths) && (err != nil || string(data) != item.Path) {
			t.Errorf("%q: %q, %v", item.Path, data, err)
		}
	}
}

// TestFetchBatchOfDamagedFile damages one of the files in place, without a trace in its times.
func TestFetchBatchOfDamagedFile(t *testing.T) {
	f := newFixture(t, small, unsynced())
	for _, path := range []string{"a/1", "a/2", "a/3"} {
		f.put(path, path)
	}
	info, err := os.Stat(f.at("a/2"))
	if err == nil {
		err = os.WriteFile(f.at("a/2"), []byte("a/X"), 0)
	}
	if err == nil {
		err = os.Chtimes(f.at("a/2"), info.ModTime(), info.ModTime())
	}
	if err != nil {
		t.Fatal(err)
	}
	if !f.attributes {
		t.Skip("the store keeps no checksums here")
	}
	for i, result := range f.FetchBatch(t.Context(), fetches("a/1", "a/2", "a/3")) {
		if i == 1 {
			f.fails("fetch of a damaged file", result.Err, tranship.ErrIntegrity)
		} else if result.Err != nil {
			t.Errorf("item %d: %v", i, result.Err)
		}
	}
}

// TestFetchBatchAfterClose fetches from a closed store.
func TestFetchBatchAfterClose(t *testing.T) {
	f := newFixture(t, small, unsynced())
	f.put("a/1", "a/1")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, result := range f.FetchBatch(t.Context(), fetches("a/1", "a/1")) {
		if !errors.Is(result.Err, tranship.ErrUnavailable) {
			t.Errorf("%v", result.Err)
		}
	}
}

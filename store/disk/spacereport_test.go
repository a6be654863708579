package disk_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
)

// TestSpace checks that the space of a store has what unfinished uploads have reserved.
func TestSpace(t *testing.T) {
	store, err := disk.Open(t.TempDir(), disk.Options{MinFreeBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const size = int64(1000)
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(size)})
	if err != nil {
		t.Fatal(err)
	}
	during, err := store.Space()
	if err != nil || during.ReservedBytes != size || during.MinFreeBytes != 1 || during.FreeBytes == 0 {
		t.Errorf("%+v, %v", during, err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := store.Space(); err != nil || after.ReservedBytes != 0 {
		t.Errorf("%+v, %v", after, err)
	}
}

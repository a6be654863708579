package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
)

// TestModeMask checks that new files and SetAttributes lose the bits of a mask, in every way to
// set a mode, and that files that are moved or were put there by hand do not.
func TestModeMask(t *testing.T) {
	root := t.TempDir()
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := fs.FileMode(0o777)
	ctx := t.Context()
	// An upload that is begun without a mask, and committed under one.
	resumed := tranship.Spec{Path: "resumed", Size: new(int64(0)), ResumeKey: "k", Attributes: tranship.Attributes{Mode: &all}}
	begun, err := store.Begin(ctx, resumed)
	if err != nil {
		t.Fatal(err)
	}
	if err := begun.Detach(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(ctx, tranship.Spec{Path: "open", Attributes: tranship.Attributes{Mode: &all}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = disk.Open(root, disk.Options{ModeMask: 0o027}); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	check := func(path string, want fs.FileMode, file tranship.File, err error) {
		t.Helper()
		if err != nil || file.Mode != want {
			t.Errorf("%s: mode %v, want %v; %v", path, file.Mode, want, err)
		}
		again, err := store.Stat(ctx, path)
		if err != nil || again.Mode != want {
			t.Errorf("%s: Stat has mode %v, want %v; %v", path, again.Mode, want, err)
		}
		if info, err := os.Stat(filepath.Join(root, path)); err != nil || info.Mode().Perm() != want|0o400 {
			t.Errorf("%s: on disk %v, want %v; %v", path, info.Mode(), want|0o400, err)
		}
	}
	commit := func(spec tranship.Spec) (tranship.File, error) {
		upload, err := store.Begin(ctx, spec)
		if err != nil {
			return tranship.File{}, err
		}
		return upload.Commit(ctx, tranship.Commit{})
	}
	attributes := tranship.Attributes{Mode: &all}

	file, err := store.Put(ctx, tranship.Spec{Path: "put", Attributes: attributes}, nil)
	check("put", 0o750, file, err)
	file, err = store.Put(ctx, tranship.Spec{Path: "default"}, nil)
	check("default", 0o640, file, err)
	file, err = store.Put(ctx, tranship.Spec{Path: "unreadable", Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o022))}}, nil)
	check("unreadable", 0, file, err)
	file, err = commit(tranship.Spec{Path: "upload", Attributes: attributes})
	check("upload", 0o750, file, err)
	file, err = commit(resumed)
	check("resumed", 0o750, file, err)
	file, err = store.Copy(ctx, "open", "copy", tranship.Precondition{})
	check("copy", 0o750, file, err)
	file, err = store.SetAttributes(ctx, "put", attributes, tranship.Precondition{})
	check("put", 0o750, file, err)

	// These calls do not set a mode.
	file, err = store.SetAttributes(ctx, "open", tranship.Attributes{Metadata: map[string]string{}}, tranship.Precondition{})
	check("open", 0o777, file, err)
	file, err = store.Move(ctx, "open", "moved", tranship.Precondition{})
	check("moved", 0o777, file, err)

	if other, err := disk.Open(t.TempDir(), disk.Options{ModeMask: fs.ModeSetuid}); err == nil {
		other.Close()
		t.Error("a mask outside 0777 was accepted")
	}
}

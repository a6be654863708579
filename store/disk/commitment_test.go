package disk

import (
	"errors"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// committed uploads and commits content, and begins the same upload again with another spec.
func (f fixture) committed(content []byte, first, again tranship.Spec) (older, newer *upload) {
	f.Helper()
	older = f.begin(first)
	f.finish(older, first.Path, content)
	newer = f.begin(again)
	if newer.ID() != older.ID() {
		f.Fatalf("the commit of %s is not remembered", first.Path)
	}
	return older, newer
}

// The file of a commit that was written but not synced is synced if the same upload must be
// durable: its content, its name and its directories.
func TestRepeatedCommitIsSynced(t *testing.T) {
	real := realSystem()
	system := real
	var files, directories int
	system.sync = func(file rootfs.File) error { files++; return real.sync(file) }
	system.syncDir = func(dir *rootfs.Dir) error { directories++; return real.syncDir(dir) }
	f := newFixture(t, small, system)
	files, directories = 0, 0 // opening the store syncs what is in its state
	content := noise(1, 3000)
	spec := resumable("a/b/file", content)
	spec.Durability = tranship.DurabilityWritten
	durable := spec
	durable.Durability = tranship.DurabilityDurable

	_, u := f.committed(content, spec, spec)
	f.finish(u, spec.Path, content)
	if files+directories > 0 {
		t.Errorf("synced %d files and %d directories of an upload that need not be durable", files, directories)
	}
	f.finish(f.begin(durable), spec.Path, content)
	if files != 1 || directories != 3 {
		t.Errorf("synced %d files and %d directories, want the file, the root, a and a/b", files, directories)
	}
}

// A commit whose file may not be on disk is not remembered.
func TestRepeatedCommitFailsToSync(t *testing.T) {
	real := realSystem()
	system := real
	failing := false
	system.sync = func(file rootfs.File) error {
		if failing {
			return errors.New("no disk")
		}
		return real.sync(file)
	}
	f := newFixture(t, small, system)
	content := noise(1, 3000)
	spec := resumable("file", content)
	older, u := f.committed(content, spec, spec)
	failing = true
	commit := tranship.Commit{Size: int64(len(content))}
	if _, err := u.Commit(t.Context(), commit); err == nil {
		t.Error("a commit succeeded that could not be synced")
	}
	failing = false
	u = f.begin(spec)
	if u.ID() == older.ID() {
		t.Error("the upload can be resumed")
	}
	f.finish(u, "file", content)
}

// The content of a commit that was not synced may be lost after a reboot.
func TestRebootForgetsWrittenCommits(t *testing.T) {
	system := unsynced()
	boot := "first"
	system.boot = func() string { return boot }
	f := newFixture(t, small, system)
	content := noise(1, 3000)
	written, durable := resumable("written", content), resumable("durable", content)
	written.Durability = tranship.DurabilityWritten
	ids := make(map[string]string)
	for _, spec := range []tranship.Spec{written, durable} {
		u := f.begin(spec)
		ids[spec.Path] = u.ID()
		f.finish(u, spec.Path, content)
	}
	recalls := func(spec tranship.Spec, want bool) {
		t.Helper()
		u := f.begin(spec)
		if got := u.ID() == ids[spec.Path]; got != want {
			t.Errorf("%s: remembered is %v, want %v", spec.Path, got, want)
		}
		f.finish(u, spec.Path, content)
	}
	f = f.reopen()
	recalls(written, true)
	recalls(durable, true)
	boot = "second"
	f = f.reopen()
	recalls(written, false)
	recalls(durable, true)
}

func TestRepeatedCommitOfTimeThatCannotBe(t *testing.T) {
	f := newFixture(t, small, unsynced())
	content := noise(1, 3000)
	spec := resumable("file", content)
	_, u := f.committed(content, spec, spec)
	f.detach(u)
	spec.Attributes.ModTime = new(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
	_, err := f.Begin(t.Context(), spec)
	f.fails("Begin with a time that cannot be", err, tranship.ErrInvalid)
}

package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// breakdown is a system of which one operation fails while kind is set, on the data or the
// journals of uploads.
type breakdown struct {
	operation string
	journals  bool
	kind      error
}

func (b *breakdown) err(operation, name string) error {
	isJournal := strings.Contains(name, ".journal")
	if b.kind == nil || b.operation != operation || b.journals != isJournal {
		return nil
	}
	return &fs.PathError{Op: operation, Path: "/somewhere/" + name, Err: b.kind}
}

func (b *breakdown) system() system {
	real := unsynced()
	system := real
	system.create = func(dir *rootfs.Dir, name string) (*os.File, error) {
		if err := b.err("create", name); err != nil {
			return nil, err
		}
		return real.create(dir, name)
	}
	system.readAt = func(file *os.File, data []byte, offset int64) (int, error) {
		if err := b.err("read", file.Name()); err != nil && offset > 0 {
			return 0, err
		}
		return real.readAt(file, data[:min(len(data), 1000)], offset)
	}
	system.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
		if err := b.err("write", file.Name()); err != nil {
			n, _ := real.writeAt(file, offset, half(pieces))
			return n, err
		}
		return real.writeAt(file, offset, pieces...)
	}
	system.sync = func(file rootfs.File) error { return b.err("sync", file.Name()) }
	system.syncDir = func(*rootfs.Dir) error { return b.err("syncDir", "") }
	system.rename = func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
		if err := b.err("rename", newName); err != nil {
			return err
		}
		return real.rename(from, name, to, newName, replace)
	}
	return system
}

// After a failed sync the content on disk is unknown: the upload ends, its files are removed,
// and the next Begin begins a new upload.
func TestFailedSyncEndsResumableUploads(t *testing.T) {
	for name, b := range map[string]*breakdown{
		"data":      {operation: "sync"},
		"journal":   {operation: "sync", journals: true},
		"directory": {operation: "syncDir"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, b.system()).withTinyParts()
			content := noise(1, 3*tiny)
			spec := resumable("file", content)
			u := f.begin(spec)
			f.write(u, content, 0)
			b.kind = syscall.EIO
			err := u.Sync(t.Context())
			f.fails("Sync", err, syscall.EIO)
			if strings.Contains(err.Error(), "/somewhere") {
				t.Errorf("Sync: %v", err)
			}
			b.kind = nil
			if err := f.tryWrite(u, content, 1); !errors.Is(err, syscall.EIO) {
				t.Errorf("Part: %v", err)
			}
			f.fails("second Sync", u.Sync(t.Context()), syscall.EIO)
			_, err = u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
			f.fails("Commit", err, syscall.EIO)
			if got := u.Durable(); len(got) > 0 {
				t.Errorf("durable are %v", got)
			}
			if left := f.uploads(); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
			f.detach(u)
			again := f.begin(spec)
			if again.Epoch() != 1 || len(again.Durable()) > 0 || again.ID() == u.ID() {
				t.Errorf("resumed: epoch %d, %v", again.Epoch(), again.Durable())
			}
			f.finish(again, "file", content)
		})
	}
}

func TestFailedSyncOfVoidAndResume(t *testing.T) {
	b := &breakdown{operation: "sync", journals: true}
	f := newFixture(t, small, b.system()).withTinyParts()
	content := noise(1, 3*tiny)
	spec := resumable("file", content)
	u := f.begin(spec)
	f.write(u, content, 0)
	f.sync(u)
	b.kind = syscall.EIO
	_, err := u.Part(t.Context(), 0)
	f.fails("Part of a durable part", err, syscall.EIO)
	f.fails("Sync", u.Sync(t.Context()), syscall.EIO)
	b.kind = nil

	u = f.begin(spec)
	f.write(u, content, 0)
	f.detach(u)
	b.kind = syscall.EIO
	_, err = f.Begin(t.Context(), spec)
	f.fails("Begin", err, syscall.EIO)
	b.kind = nil
	u = f.begin(spec)
	f.has(u, content)
	f.finish(u, "file", content)
}

// A full disk does no damage: the upload keeps its state, and works again when there is space.
func TestFullDiskIsBorne(t *testing.T) {
	b := new(breakdown)
	f := newFixture(t, small, b.system()).withTinyParts()
	content := noise(1, 4*tiny)
	spec := resumable("file", content)
	for _, journals := range []bool{false, true} {
		*b = breakdown{operation: "create", journals: journals, kind: syscall.ENOSPC}
		_, err := f.Begin(t.Context(), spec)
		f.fails("Begin", err, tranship.ErrNoSpace)
		if left := f.uploads(); len(left) > 0 {
			t.Errorf("left are %q", left)
		}
	}
	*b = breakdown{operation: "write", journals: true, kind: syscall.ENOSPC}
	_, err := f.Begin(t.Context(), spec)
	f.fails("Begin", err, tranship.ErrNoSpace)
	b.kind = nil

	u := f.begin(spec)
	f.write(u, content, 0)
	f.sync(u)
	b.operation, b.journals, b.kind = "write", false, syscall.ENOSPC
	f.fails("Write", f.tryWrite(u, content, 1), tranship.ErrNoSpace)
	b.kind = nil
	f.write(u, content, 1)
	b.journals, b.kind = true, syscall.ENOSPC
	f.fails("Sync", u.Sync(t.Context()), tranship.ErrNoSpace)
	_, err = u.Part(t.Context(), 0)
	f.fails("Part", err, tranship.ErrNoSpace)
	f.has(u, content, 0)
	_, err = f.Begin(t.Context(), spec)
	f.fails("resuming Begin", err, tranship.ErrNoSpace)
	b.kind = nil
	f.sync(u)
	f.has(u, content, 0, 1)
	b.kind = syscall.ENOSPC
	f.write(u, content, 2, 3)
	_, err = u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
	f.fails("Commit", err, tranship.ErrNoSpace)
	b.kind = nil
	f.detach(u)
	f = f.reopen()
	u = f.begin(spec)
	f.has(u, content, 0, 1, 2, 3)
	f.finish(u, "file", content)
}

func TestDiskThatBecomesReadOnly(t *testing.T) {
	b := &breakdown{operation: "create", kind: syscall.EROFS}
	f := newFixture(t, small, b.system()).withTinyParts()
	content := noise(1, 2*tiny)
	_, err := f.Begin(t.Context(), resumable("file", content))
	f.fails("Begin", err, tranship.ErrDenied)
	b.kind = nil
	u := f.begin(resumable("file", content))
	f.write(u, content, 0)
	f.detach(u)
	b.operation, b.journals, b.kind = "write", true, syscall.EROFS
	_, err = f.Begin(t.Context(), resumable("file", content))
	f.fails("resuming Begin", err, tranship.ErrDenied)
	b.kind = nil
	u = f.begin(resumable("file", content))
	f.has(u, content, 0)
	f.finish(u, "file", content)
}

func TestFailedCommitLeavesWhatCanBeResumed(t *testing.T) {
	b := &breakdown{operation: "rename"}
	for name, reopen := range map[string]bool{"at once": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, small, b.system()).withTinyParts()
			content := noise(1, 3*tiny)
			spec := resumable("d/file", content)
			spec.Attributes.Mode = new(fs.FileMode(0o400))
			u := f.begin(spec)
			f.write(u, content, 0, 1, 2)
			b.kind = syscall.EROFS
			_, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
			f.fails("Commit", err, tranship.ErrDenied)
			f.lists()
			b.kind = nil
			if reopen {
				f = f.reopen()
			} else {
				f.detach(u)
			}
			u = f.begin(spec)
			f.has(u, content, 0, 1, 2)
			f.write(u, content, 1)
			f.finish(u, "d/file", content)
			if got := f.stat("d/file").Mode; got != 0o400 {
				t.Errorf("the mode is %v", got)
			}
		})
	}
}

// If the directory cannot be synced after the rename, the file is visible, and it is unknown
// whether it survives a power loss.
func TestFailedSyncAfterTheRename(t *testing.T) {
	b := &breakdown{operation: "syncDir"}
	f := newFixture(t, small, b.system()).withTinyParts()
	content := noise(1, 3*tiny)
	spec := resumable("file", content)
	u := f.begin(spec)
	f.write(u, content, 0, 1, 2)
	f.sync(u)
	b.kind = syscall.EIO
	_, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
	f.fails("Commit", err, syscall.EIO)
	b.kind = nil
	f.detach(u)
	u = f.begin(spec)
	if u.Epoch() != 1 {
		t.Errorf("resumed with epoch %d", u.Epoch())
	}
	f.finish(u, "file", content)
}

func TestCopyPartOfWhatCannotBeRead(t *testing.T) {
	b := &breakdown{operation: "read"}
	f := newFixture(t, small, b.system()).withTinyParts()
	content := noise(1, 2*tiny)
	f.put("source", string(content))
	u := f.begin(resumable("file", content))
	b.kind = syscall.EIO
	f.fails("CopyPart", u.CopyPart(t.Context(), 0, "source", tranship.OpenOptions{}), syscall.EIO)
	b.kind = nil
	f.write(u, content, 1)
	_, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(content))})
	incomplete, ok := errors.AsType[*tranship.IncompleteError](err)
	if !ok || len(incomplete.Missing) != 1 || incomplete.Missing[0] != (tranship.Range{Length: tiny}) {
		t.Errorf("Commit: %v", err)
	}
	if err := u.CopyPart(t.Context(), 0, "source", tranship.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	f.sync(u)
	f.has(u, content, 0, 1)
	f.finish(u, "file", content)
}

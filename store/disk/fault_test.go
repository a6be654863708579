package disk

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// faults is a system whose operations fail while their errors are set.
type faults struct {
	write, sync, setxattr, rename, syncDir atomic.Pointer[error]
}

func armed(fault *atomic.Pointer[error], file string) error {
	if err := fault.Load(); err != nil {
		// As package os reports it, with the full name.
		return &fs.PathError{Op: "fault", Path: file, Err: *err}
	}
	return nil
}

// half is how much a failing write has written.
func half(pieces [][]byte) []byte {
	data := slices.Concat(pieces...)
	return data[:len(data)/2]
}

func (f *faults) system() system {
	real := realSystem()
	broken := real
	broken.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
		if err := armed(&f.write, file.Name()); err != nil {
			n, _ := real.writeAt(file, offset, half(pieces))
			return n, err
		}
		return real.writeAt(file, offset, pieces...)
	}
	broken.sync = func(file rootfs.File) error {
		return errors.Join(armed(&f.sync, file.Name()), real.sync(file))
	}
	broken.setxattr = func(file rootfs.File, name string, value []byte) error {
		if err := armed(&f.setxattr, file.Name()); err != nil {
			return err
		}
		return real.setxattr(file, name, value)
	}
	broken.rename = func(from *rootfs.Dir, name string, to *rootfs.Dir, newName string, replace bool) error {
		if err := armed(&f.rename, "/somewhere/"+newName); err != nil {
			return err
		}
		return real.rename(from, name, to, newName, replace)
	}
	broken.syncDir = func(dir *rootfs.Dir) error {
		return errors.Join(armed(&f.syncDir, "/somewhere"), real.syncDir(dir))
	}
	return broken
}

// kinds has errors of the operating system and the errors that callers must get for them.
func kinds() map[error]error {
	return map[error]error{
		syscall.ENOSPC: tranship.ErrNoSpace,
		syscall.EDQUOT: tranship.ErrQuota,
		syscall.EACCES: tranship.ErrDenied,
		syscall.EPERM:  tranship.ErrDenied,
		syscall.EROFS:  tranship.ErrDenied,
		syscall.EFBIG:  tranship.ErrLimit,
		syscall.EMFILE: tranship.ErrUnavailable,
		syscall.EXDEV:  tranship.ErrUnsupported,
		syscall.EIO:    syscall.EIO, // internal
	}
}

// A file that could not be written is not visible and leaves nothing behind, and the file that
// it would have replaced is unchanged.
func TestFaults(t *testing.T) {
	steps := map[string]func(*faults) *atomic.Pointer[error]{
		"write":    func(f *faults) *atomic.Pointer[error] { return &f.write },
		"sync":     func(f *faults) *atomic.Pointer[error] { return &f.sync },
		"setxattr": func(f *faults) *atomic.Pointer[error] { return &f.setxattr },
		"rename":   func(f *faults) *atomic.Pointer[error] { return &f.rename },
	}
	for step, fault := range steps {
		t.Run(step, func(t *testing.T) {
			faults := new(faults)
			f := newFixture(t, small, faults.system())
			old := f.put("old", "old")
			for cause, want := range kinds() {
				fault(faults).Store(&cause)
				for _, path := range []string{"old", "new", "deep/new"} {
					check := func(what string, err error) {
						f.fails(what+" of "+path, err, want)
						if !errors.Is(err, cause) && cause != syscall.EXDEV || strings.Contains(err.Error(), "/somewhere") {
							t.Errorf("%s: %v", what, err)
						}
						f.lists("old")
					}
					_, err := f.Put(t.Context(), tranship.Spec{Path: path}, []byte("new"))
					check("Put", err)
					check("upload", f.uploadAndAbort(path))
					if step != "write" { // Copy writes past the seam
						_, err = f.Copy(t.Context(), "old", path, tranship.Precondition{})
						check("Copy", err)
					}
				}
				fault(faults).Store(nil)
				if content, err := f.read("old"); err != nil || content != "old" || f.stat("old").Version != old.Version {
					t.Errorf("the file that would have been replaced: %q, %v", content, err)
				}
			}
			if got := f.names("."); len(got) != 2 {
				t.Errorf("the directory has %q", got)
			}
			f.put("new", "and now it works")
		})
	}
}

func (f fixture) uploadAndAbort(path string) error {
	f.Helper()
	upload, err := f.Begin(f.Context(), tranship.Spec{Path: path, Size: new(int64(3))})
	if err != nil {
		f.Fatal(err)
	}
	defer upload.Abort(f.Context())
	writer, err := upload.Part(f.Context(), 0)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := writer.Write([]byte("new")); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	_, err = upload.Commit(f.Context(), tranship.Commit{Size: 3})
	return err
}

func (f fixture) beginAndWrite(path, content string) tranship.Upload {
	f.Helper()
	upload, err := f.Begin(f.Context(), tranship.Spec{Path: path})
	if err != nil {
		f.Fatal(err)
	}
	writer, err := upload.Part(f.Context(), 0)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := writer.Write([]byte(content)); err != nil {
		f.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		f.Fatal(err)
	}
	return upload
}

// A failed sync ends the upload. The kernel marks pages clean even if it could not write them,
// so that a second sync would succeed without them.
func TestFailedSyncEndsTheUpload(t *testing.T) {
	for step, visible := range map[string]bool{"sync": false, "syncDir": true} {
		t.Run(step, func(t *testing.T) {
			faults := new(faults)
			f := newFixture(t, small, faults.system())
			fault := &faults.sync
			if visible {
				fault = &faults.syncDir
			}
			upload := f.beginAndWrite("file", "content")
			fault.Store(new(error(syscall.EIO)))
			_, first := upload.Commit(t.Context(), tranship.Commit{Size: 7})
			f.fails("Commit", first, syscall.EIO)
			fault.Store(nil)
			_, second := upload.Commit(t.Context(), tranship.Commit{Size: 7})
			f.fails("second Commit", second, syscall.EIO)
			if err := upload.Abort(t.Context()); err != nil {
				t.Error(err)
			}
			_, err := f.Stat(t.Context(), "file")
			if visible != (err == nil) {
				t.Errorf("Stat: %v", err)
			}
		})
	}
}

func TestCommitCanBeTriedAgain(t *testing.T) {
	faults := new(faults)
	f := newFixture(t, small, faults.system())
	upload := f.beginAndWrite("dir/file", "content")
	faults.rename.Store(new(error(syscall.ENOSPC)))
	_, err := upload.Commit(t.Context(), tranship.Commit{Size: 7})
	f.fails("Commit", err, tranship.ErrNoSpace)
	faults.rename.Store(nil)
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 7}); err != nil {
		t.Fatal(err)
	}
	if content, err := f.read("dir/file"); err != nil || content != "content" {
		t.Errorf("read %q, %v", content, err)
	}
}

func TestFailedWriteCanBeRepeated(t *testing.T) {
	faults := new(faults)
	f := newFixture(t, small, faults.system())
	upload := f.beginAndWrite("file", "")
	writer, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	faults.write.Store(new(error(syscall.ENOSPC)))
	n, err := writer.Write([]byte("content"))
	f.fails("Write", err, tranship.ErrNoSpace)
	if n != 0 {
		t.Errorf("%d bytes count as written", n)
	}
	faults.write.Store(nil)
	if _, err := writer.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 7, CRC32C: new(tranship.CRC32C([]byte("content")))}); err != nil {
		t.Fatal(err)
	}
	if content, err := f.read("file"); err != nil || content != "content" {
		t.Errorf("read %q, %v", content, err)
	}
}

// Owners that are not root may not change attributes of files that they may not
// write.
func TestRecordOfFileThatMayNotBeWritten(t *testing.T) {
	real := realSystem()
	system := real
	system.setxattr = func(file rootfs.File, name string, value []byte) error {
		if info, err := file.Stat(); err != nil || info.Mode()&0o200 == 0 {
			return errors.Join(syscall.EACCES, err)
		}
		return real.setxattr(file, name, value)
	}
	f := newFixture(t, small, system)
	spec := tranship.Spec{
		Path:         "file",
		Attributes:   tranship.Attributes{Mode: new(fs.FileMode(0o444))},
		Precondition: tranship.Precondition{MustNotExist: true},
	}
	upload, err := f.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	f.put("file/in/the/way", "")
	_, err = upload.Commit(t.Context(), tranship.Commit{})
	f.fails("Commit", err, tranship.ErrExists)
	if err := f.Remove(t.Context(), "file/in/the/way", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	stored, err := upload.Commit(t.Context(), tranship.Commit{})
	if err != nil || stored.Mode != 0o444 {
		t.Fatalf("second Commit: %+v, %v", stored, err)
	}
	changed, err := f.SetAttributes(t.Context(), "file", tranship.Attributes{Metadata: map[string]string{"k": "v"}}, tranship.Precondition{})
	if err != nil || changed.Mode != 0o444 || changed.Version != stored.Version || changed.Metadata["k"] != "v" {
		t.Errorf("SetAttributes: %+v, %v", changed, err)
	}
	if info, err := os.Stat(f.at("file")); err != nil || info.Mode() != 0o444 {
		t.Errorf("on disk: %v, %v", info, err)
	}
}

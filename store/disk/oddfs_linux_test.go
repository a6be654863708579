package disk

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/oddfs"
)

// TestOddFileSystems uses stores on real mounts of file systems that answer oddly.
func TestOddFileSystems(t *testing.T) {
	const denied = syscall.EPERM
	for name, test := range map[string]struct {
		options oddfs.Options
		time    time.Time // what Stat reports for odd
		unit    time.Duration
		refused bool // the store refuses the time
	}{
		"FAT":                  {oddfs.Options{Unit: 2 * time.Second, Modes: denied, Links: denied, NoAttributes: true}, odd.Truncate(2 * time.Second), 2 * time.Second, false},
		"exFAT":                {oddfs.Options{Unit: 10 * time.Millisecond, Links: denied, NoAttributes: true}, odd, 10 * time.Millisecond, false},
		"seconds with records": {oddfs.Options{Unit: time.Second}, odd, 0, false},
		"libfuse 2":            {oddfs.Options{IgnoreLoneTime: true, NoAttributes: true}, odd, 0, false},
		"9P":                   {oddfs.Options{SyncDir: syscall.EINVAL}, odd, 0, false},
		"SMB":                  {oddfs.Options{SyncDir: syscall.EBADF, Modes: denied, Unit: 100, NoAttributes: true}, odd, 0, false},
		"FUSE without size":    {oddfs.Options{NoSize: true, SyncDir: syscall.ENOTSUP}, odd, 0, false},
		"no times":             {oddfs.Options{Times: denied}, odd, 0, false},
		"no times, no records": {oddfs.Options{Times: denied, NoAttributes: true}, odd, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			files, at := t.TempDir(), t.TempDir()
			oddfs.Mount(t, files, at, test.options)
			f := fixture{T: t, directory: at}.open(small, realSystem())
			defer f.Close()
			attributes := tranship.Attributes{ModTime: &odd, Mode: new(fs.FileMode(0o600))}
			_, err := f.Put(t.Context(), tranship.Spec{Path: "d/file", Attributes: attributes}, []byte("data"))
			if (err != nil) != test.refused || err != nil && !errors.Is(err, tranship.ErrInvalid) {
				t.Fatalf("Put: %v, want it refused: %v", err, test.refused)
			}
			if test.refused {
				attributes.ModTime = nil
				if _, err := f.Put(t.Context(), tranship.Spec{Path: "d/file", Attributes: attributes}, []byte("data")); err != nil {
					t.Fatal(err)
				}
			}
			content := noise(1, 3<<20)
			spec := resumable("large", content)
			spec.Attributes = attributes
			u := f.begin(spec)
			f.write(u, content, 0, 1, 2)
			f.finish(u, "large", content)
			if _, err := f.Copy(t.Context(), "d/file", "copy", tranship.Precondition{}); err != nil {
				t.Errorf("Copy: %v", err)
			}
			if _, err := f.Move(t.Context(), "copy", "e/moved", tranship.Precondition{MustNotExist: true}); err != nil {
				t.Errorf("Move: %v", err)
			}
			f.lists("d/file", "e/moved", "large")
			for _, path := range []string{"d/file", "large", "e/moved"} {
				if got := f.stat(path); !test.refused && (!got.ModTime.Equal(test.time) || got.ModTimeUnit != test.unit) {
					t.Errorf("%s: %s to %s; want %s to %s", path, got.ModTime, got.ModTimeUnit, test.time, test.unit)
				}
			}
			if err := f.Remove(t.Context(), "d/file", tranship.Precondition{}); err != nil {
				t.Errorf("Remove: %v", err)
			}
		})
	}
	t.Run("broken storage", func(t *testing.T) {
		files, at := t.TempDir(), t.TempDir()
		oddfs.Mount(t, files, at, oddfs.Options{SyncDir: syscall.EIO})
		if _, err := open(at, small, realSystem()); !errors.Is(err, syscall.EIO) {
			t.Errorf("open on storage that fails: %v, want EIO", err)
		}
	})
}

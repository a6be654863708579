package localdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/oddfs"
)

// TestOddFileSystems writes files into real mounts of file systems that answer oddly.
func TestOddFileSystems(t *testing.T) {
	const denied = syscall.EPERM
	odd := time.Date(2022, 5, 5, 10, 0, 3, 250_000_000, time.UTC)
	for name, test := range map[string]struct {
		options oddfs.Options
		kept    time.Time // zero: the file system has its own time
		unit    time.Duration
	}{
		"FAT":       {oddfs.Options{Unit: 2 * time.Second, Modes: denied, Links: denied, NoAttributes: true}, odd.Truncate(2 * time.Second), 2 * time.Second},
		"exFAT":     {oddfs.Options{Unit: 10 * time.Millisecond, Modes: denied, Links: denied}, odd, 10 * time.Millisecond},
		"libfuse 2": {oddfs.Options{IgnoreLoneTime: true}, odd, 0},
		"9P":        {oddfs.Options{SyncDir: syscall.EINVAL, NoSize: true}, odd, 0},
		"SMB":       {oddfs.Options{SyncDir: syscall.ENOTSUP, Modes: syscall.ENOTSUP}, odd, 0},
		"no times":  {oddfs.Options{Times: syscall.ENOTSUP}, time.Time{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			files, at := t.TempDir(), t.TempDir()
			oddfs.Mount(t, files, at, test.options)
			dir, err := Open(at)
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			spec := tranship.Spec{Attributes: tranship.Attributes{ModTime: &odd, Mode: new(fs.FileMode(0o600))}, Durability: tranship.DurabilityDurable}
			spec.Path = "put"
			if _, err := dir.Put(t.Context(), spec, []byte("data")); err != nil {
				t.Fatal(err)
			}
			spec.Path = "d/begun"
			upload, err := dir.Begin(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := upload.Commit(t.Context(), tranship.Commit{}); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"put", "d/begun"} {
				file, err := dir.Existing(t.Context(), path)
				if err != nil || !test.kept.IsZero() && (!file.ModTime.Equal(test.kept) || file.ModTimeUnit != test.unit) {
					t.Errorf("%s: %s to %s, %v; want %s to %s", path, file.ModTime, file.ModTimeUnit, err, test.kept, test.unit)
				}
			}
			for _, directory := range []string{"", "d"} {
				if entries, err := os.ReadDir(filepath.Join(at, directory)); err != nil || len(entries) > 2-len(directory) {
					t.Errorf("%q has %v, %v", directory, entries, err)
				}
			}
		})
	}
	t.Run("broken storage", func(t *testing.T) {
		files, at := t.TempDir(), t.TempDir()
		oddfs.Mount(t, files, at, oddfs.Options{SyncDir: syscall.EIO})
		dir, err := Open(at)
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		_, err = dir.Put(t.Context(), tranship.Spec{Path: "file", Durability: tranship.DurabilityDurable}, []byte("data"))
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("Put on storage that fails: %v, want EIO", err)
		}
	})
}

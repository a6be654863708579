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
	"github.com/tranship/tranship/internal/rootfs"
)

// described is a file whose info a test sets.
type described struct{ info func() (fs.FileInfo, error) }

func (d described) Stat() (fs.FileInfo, error) { return d.info() }

// TestSetTime sets a time on file systems that ignore a modified time alone, that take no times,
// and on storage that fails.
func TestSetTime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	wanted := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		name        string
		alone, both error
		// takes is whether the file has the time after a modified time alone, and after both.
		takesAlone, takesBoth bool
		calls                 int
		kept, timed           bool
		err                   error
	}{
		{name: "ext4", takesAlone: true, calls: 1, kept: true, timed: true},
		{name: "libfuse 2", takesBoth: true, calls: 2, kept: true, timed: true},
		{name: "files of another user", alone: syscall.EPERM, calls: 1},
		{name: "FUSE without utimens", alone: syscall.ENOSYS, calls: 1},
		{name: "ignored", calls: 2, timed: true},
		{name: "ignored and refused", both: syscall.EPERM, calls: 2},
		{name: "broken", alone: syscall.EIO, calls: 1, err: syscall.EIO},
	} {
		t.Run(test.name, func(t *testing.T) {
			has, calls := info.ModTime(), 0
			file := described{func() (fs.FileInfo, error) { return changedTime{info, has}, nil }}
			got, timed, err := setTime(file, wanted, func(accessed *time.Time) error {
				calls++
				if accessed == nil {
					if test.takesAlone {
						has = wanted
					}
					return test.alone
				}
				if want := rootfs.AccessTime(info); !want.IsZero() && !accessed.Equal(want) {
					t.Errorf("the access time becomes %s", accessed)
				}
				if test.takesBoth {
					has = wanted
				}
				return test.both
			})
			if !errors.Is(err, test.err) || timed != test.timed || calls != test.calls {
				t.Errorf("timed %v, %v in %d calls; want %v, %v in %d", timed, err, calls, test.timed, test.err, test.calls)
			}
			if err != nil {
				return
			}
			if got.ModTime().Equal(wanted) != test.kept {
				t.Errorf("the time is kept: %v, want %v", !test.kept, test.kept)
			}
			if err := checkTime(got, &wanted, timed); err != nil {
				t.Errorf("a time that all file systems keep that keep any: %v", err)
			}
		})
	}
}

// TestExisting checks the unit of files that a coarse file system can have rounded.
func TestExisting(t *testing.T) {
	directory := t.TempDir()
	even := time.Date(2022, 5, 5, 10, 0, 2, 0, time.UTC)
	times := map[string]time.Time{"even": even, "odd": even.Add(time.Second), "exact": even.Add(1234567)}
	for name, modified := range times {
		if err := os.WriteFile(filepath.Join(directory, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(directory, name), time.Time{}, modified); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	check := func(want map[string]time.Duration) {
		t.Helper()
		for name, modified := range times {
			file, err := dir.Existing(t.Context(), name)
			if err != nil || !file.ModTime.Equal(modified) || file.ModTimeUnit != want[name] {
				t.Errorf("%s: %s to %s, %v; want %s to %s", name, file.ModTime, file.ModTimeUnit, err, modified, want[name])
			}
		}
	}
	check(nil) // this file system keeps nanoseconds
	if entries, err := os.ReadDir(directory); err != nil || len(entries) != len(times) {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	if len(dir.timeUnits.units) != 1 {
		t.Errorf("%d file systems were tried, want 1", len(dir.timeUnits.units))
	}
	for device := range dir.timeUnits.units {
		dir.timeUnits.units[device] = 2 * time.Second
	}
	check(map[string]time.Duration{"even": 2 * time.Second})
	if file, err := dir.Stat(t.Context(), "even"); err != nil || file.ModTimeUnit != 0 {
		t.Errorf("Stat reports a unit, %+v, %v: it must not write into a source", file, err)
	}
}

// TestFarTime refuses what the file system changes before a byte is written.
func TestFarTime(t *testing.T) {
	directory := t.TempDir()
	dir, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, modified := range []time.Time{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)} {
		spec := tranship.Spec{Path: "file", Attributes: tranship.Attributes{ModTime: &modified}}
		upload, err := dir.Begin(t.Context(), spec)
		if err != nil {
			if !errors.Is(err, tranship.ErrInvalid) {
				t.Errorf("Begin with %s: %v", modified, err)
			}
			if entries, err := os.ReadDir(directory); err != nil || len(entries) > 0 {
				t.Errorf("a refused Begin leaves %v, %v", entries, err)
			}
			continue
		}
		file, err := upload.Commit(t.Context(), tranship.Commit{})
		if err != nil || !file.ModTime.Equal(modified) {
			t.Errorf("a time that Begin takes becomes %s, %v; want %s", file.ModTime, err, modified)
		}
		if err := os.Remove(filepath.Join(directory, "file")); err != nil {
			t.Fatal(err)
		}
	}
}

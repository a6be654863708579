package disk

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// odd is a time with a second and a fraction that no coarse file system keeps.
var odd = time.Date(2022, 5, 5, 10, 0, 3, 250_000_000, time.UTC)

// coarse returns a system whose file system rounds times to a unit.
func coarse(s system, unit time.Duration) system {
	chtimes, chtimesBoth := s.chtimes, s.chtimesBoth
	s.chtimes = func(dir *rootfs.Dir, file rootfs.File, name string, modified time.Time) error {
		return chtimes(dir, file, name, modified.Truncate(unit))
	}
	s.chtimesBoth = func(dir *rootfs.Dir, file rootfs.File, name string, accessed, modified time.Time) error {
		return chtimesBoth(dir, file, name, accessed, modified.Truncate(unit))
	}
	return s
}

// timeless returns a system whose file system answers each change of a time with err, and
// changes no time.
func timeless(s system, err error) system {
	s.chtimes = func(*rootfs.Dir, rootfs.File, string, time.Time) error { return err }
	s.chtimesBoth = func(*rootfs.Dir, rootfs.File, string, time.Time, time.Time) error { return err }
	return s
}

// TestCoarseTimes uses file systems that round times. A store with records has the exact time,
// and one without reports the unit.
func TestCoarseTimes(t *testing.T) {
	for _, unit := range []time.Duration{2 * time.Second, time.Second, 100 * time.Millisecond} {
		t.Run(unit.String(), func(t *testing.T) {
			for name, test := range map[string]struct {
				system system
				want   tranship.File
			}{
				"with records":    {coarse(unsynced(), unit), tranship.File{ModTime: odd}},
				"without records": {coarse(withoutAttributes(), unit), tranship.File{ModTime: odd.Truncate(unit), ModTimeUnit: unit}},
			} {
				f := newFixture(t, small, test.system)
				put, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: tranship.Attributes{ModTime: &odd}}, []byte("data"))
				if err != nil {
					t.Fatal(err)
				}
				f = f.reopen()
				var listed tranship.Entry
				for entry, err := range f.List(t.Context(), tranship.ListOptions{}) {
					if err != nil {
						t.Fatal(err)
					}
					listed = entry
				}
				for what, got := range map[string]tranship.File{"Put": put, "Stat": f.stat("file"), "List": listed.File} {
					if !got.ModTime.Equal(test.want.ModTime) || got.ModTimeUnit != test.want.ModTimeUnit {
						t.Errorf("%s: %s reports %s to %s; want %s to %s", name, what, got.ModTime, got.ModTimeUnit, test.want.ModTime, test.want.ModTimeUnit)
					}
				}
				// A time that the file system cannot have given was not rounded.
				if err := os.WriteFile(f.at("hand"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(f.at("hand"), time.Time{}, odd.Add(time.Microsecond)); err != nil {
					t.Fatal(err)
				}
				if got := f.stat("hand"); got.ModTimeUnit != 0 {
					t.Errorf("%s: an exact time has the unit %s", name, got.ModTimeUnit)
				}
			}
		})
	}
}

// TestModifiedTimeAloneIgnored uses a file system of libfuse 2, which ignores a modified time
// without an access time.
func TestModifiedTimeAloneIgnored(t *testing.T) {
	for name, system := range map[string]system{"with records": unsynced(), "without records": withoutAttributes()} {
		system.chtimes = func(*rootfs.Dir, rootfs.File, string, time.Time) error { return nil }
		f := newFixture(t, small, system)
		attributes := tranship.Attributes{ModTime: &odd}
		if _, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: attributes}, []byte("data")); err != nil {
			t.Fatal(err)
		}
		f.put("set", "data")
		if _, err := f.SetAttributes(t.Context(), "set", attributes, tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"file", "set"} {
			info, err := os.Stat(f.at(file))
			if err != nil || !info.ModTime().Equal(odd) || !f.stat(file).ModTime.Equal(odd) {
				t.Errorf("%s: %s has the time %v on disk, %v, and %s in the store; want %s", name, file, info, err, f.stat(file).ModTime, odd)
			}
		}
	}
}

// TestNoTimes uses file systems that take no times: the records have them, and without records
// a time is refused before a byte is sent.
func TestNoTimes(t *testing.T) {
	for _, answer := range []error{nil, syscall.EPERM, syscall.ENOSYS, syscall.ENOTSUP, syscall.EINVAL} {
		var log strings.Builder
		options := small
		options.Logger = slog.New(slog.NewTextHandler(&log, nil))
		spec := tranship.Spec{Path: "file", Attributes: tranship.Attributes{ModTime: &odd}}

		f := newFixture(t, options, timeless(unsynced(), answer))
		if n := strings.Count(log.String(), "modified times"); n != 1 {
			t.Errorf("the store warned %d times, want once: %s", n, &log)
		}
		put, err := f.Put(t.Context(), spec, []byte("data"))
		if err != nil || !put.ModTime.Equal(odd) || put.CRC32C == nil {
			t.Errorf("Put: %+v, %v; want the time %s", put, err, odd)
		}
		later := odd.Add(time.Hour)
		set, err := f.SetAttributes(t.Context(), "file", tranship.Attributes{ModTime: &later}, tranship.Precondition{})
		if err != nil || !set.ModTime.Equal(later) || set.Version != put.Version {
			t.Errorf("SetAttributes: %+v, %v; want the time %s and version %s", set, err, later, put.Version)
		}
		if got := f.reopen().stat("file"); !got.ModTime.Equal(later) {
			t.Errorf("after a restart: %+v; want the time %s", got, later)
		}

		f = newFixture(t, small, timeless(withoutAttributes(), answer))
		f.put("kept", "data")
		begun, err := f.Begin(t.Context(), tranship.Spec{Path: "begun"})
		if err != nil {
			t.Fatal(err)
		}
		_, errPut := f.Put(t.Context(), spec, []byte("data"))
		_, errBegin := f.Begin(t.Context(), spec)
		_, errSet := f.SetAttributes(t.Context(), "kept", spec.Attributes, tranship.Precondition{})
		_, errCommit := begun.Commit(t.Context(), tranship.Commit{Attributes: spec.Attributes})
		for what, err := range map[string]error{"Put": errPut, "Begin": errBegin, "SetAttributes": errSet, "Commit": errCommit} {
			if invalid, ok := errors.AsType[*tranship.InvalidError](err); !ok || invalid.Field != "attributes.modified_time" {
				t.Errorf("%s on a file system that answers %v: %v", what, answer, err)
			}
		}
		if err := begun.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBrokenTimes uses storage that fails: that is not taken for a file system without times.
func TestBrokenTimes(t *testing.T) {
	if _, err := open(t.TempDir(), small, timeless(unsynced(), syscall.EIO)); !errors.Is(err, syscall.EIO) {
		t.Errorf("open: %v, want EIO", err)
	}
}

// TestNoModes uses file systems that do not let a program set modes, as FAT and SMB.
func TestNoModes(t *testing.T) {
	for name, s := range map[string]system{"with records": unsynced(), "without records": withoutAttributes()} {
		var answer error
		s.chmod = func(rootfs.File, fs.FileMode) error { return answer }
		for _, answer = range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
			f := newFixture(t, small, s)
			file, err := f.Put(t.Context(), tranship.Spec{Path: "file", Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o644))}}, []byte("data"))
			if err != nil || file.Mode != 0o600 {
				t.Errorf("%s: Put on a file system that answers %v: %+v, %v; want the mode of the file system, 0600", name, answer, file, err)
			}
			if _, err := f.SetAttributes(t.Context(), "file", tranship.Attributes{Mode: new(fs.FileMode(0o644))}, tranship.Precondition{}); err == nil {
				t.Errorf("%s: SetAttributes sets a mode that the file system refuses with %v", name, answer)
			}
		}
		answer = syscall.EIO
		f := newFixture(t, small, s)
		_, err := f.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data"))
		f.fails("Put with storage that fails", err, syscall.EIO)
	}
}

// TestFarTimes serves files whose times are beyond what an int64 of nanoseconds or the protocol
// can carry.
func TestFarTimes(t *testing.T) {
	f := newFixture(t, small, unsynced())
	for seconds, want := range map[int64]time.Time{
		10_413_792_000:       time.Unix(10_413_792_000, 0),  // the year 2300
		-1 << 33:             time.Unix(-1<<33, 0),          // the year 1697
		-12_000_000_000:      time.Unix(-12_000_000_000, 0), // the year 1589
		1_000_000_000_000:    time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		-100_000_000_000_000: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
	} {
		if err := os.WriteFile(f.at("hand"), []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
		times := []syscall.Timespec{{Nsec: 0, Sec: 1}, {Sec: seconds}}
		if err := syscall.UtimesNano(f.at("hand"), times); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(f.at("hand"))
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime().Unix() != seconds {
			continue // this file system does not keep it
		}
		hand := f.stat("hand")
		if !hand.ModTime.Equal(want) {
			t.Errorf("a file of %s has the time %s, want %s", info.ModTime(), hand.ModTime, want)
		}
		if copied, err := f.Copy(t.Context(), "hand", "copy", tranship.Precondition{}); err != nil || !copied.ModTime.Equal(want) {
			t.Errorf("a copy has the time %s, %v; want %s", copied.ModTime, err, want)
		}
		set, err := f.SetAttributes(t.Context(), "hand", tranship.Attributes{Metadata: map[string]string{"a": "b"}}, tranship.Precondition{})
		if err != nil || !set.ModTime.Equal(want) || set.Version != hand.Version {
			t.Errorf("a change of metadata makes %+v, %v of %+v", set, err, hand)
		}
	}
}

// describedAt is the info of a file with another modified time.
type describedAt struct {
	fs.FileInfo
	modified time.Time
}

func (d describedAt) ModTime() time.Time { return d.modified }

// TestClampedTimes describes a file whose time no protocol can carry.
func TestClampedTimes(t *testing.T) {
	info, err := os.Stat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, modified := range []time.Time{time.Unix(1<<40, 0), time.Unix(-1<<50, 0)} {
		file := unversioned("file", describedAt{info, modified}).File
		if err := (tranship.Attributes{ModTime: &file.ModTime}).Validate(); err != nil || file.ModTime.IsZero() {
			t.Errorf("a file of %s has the time %s: %v", modified, file.ModTime, err)
		}
	}
}

package filetime

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"
)

// up rounds a time up to a multiple of a unit.
func up(t time.Time, unit time.Duration) time.Time {
	if IsRounded(t, unit) {
		return t
	}
	return t.Truncate(unit).Add(unit)
}

func TestProbe(t *testing.T) {
	roundings := map[string]func(time.Time, time.Duration) time.Time{
		"down": func(t time.Time, unit time.Duration) time.Time { return t.Truncate(unit) },
		"near": func(t time.Time, unit time.Duration) time.Time { return t.Round(unit) },
		"up":   up,
	}
	for name, round := range roundings {
		for unit, want := range map[time.Duration]time.Duration{
			2 * time.Second:        2 * time.Second,        // FAT
			time.Second:            time.Second,            // HFS+, ext3
			100 * time.Millisecond: 100 * time.Millisecond, //
			10 * time.Millisecond:  10 * time.Millisecond,  // exFAT
			time.Millisecond:       time.Millisecond,       //
			time.Microsecond:       0,                      //
			100:                    0,                      // NTFS, SMB
			1:                      0,                      // ext4
		} {
			got, err := Probe(func(t time.Time) (time.Time, error) { return round(t, unit), nil })
			if err != nil || got != want {
				t.Errorf("a file system that rounds %s to %s has the unit %s, %v; want %s", name, unit, got, err, want)
			}
		}
	}
}

func TestProbeWithoutTimes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, refused := range []error{nil, syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.ENOTSUP, syscall.EINVAL, fmt.Errorf("%w", ErrNone)} {
		if unit, err := Probe(func(time.Time) (time.Time, error) { return now, refused }); unit != 0 || !errors.Is(err, ErrNone) {
			t.Errorf("a file system that answers %v has the unit %s, %v; want ErrNone", refused, unit, err)
		}
	}
	for _, broken := range []error{syscall.EIO, io.ErrUnexpectedEOF} {
		if _, err := Probe(func(time.Time) (time.Time, error) { return now, broken }); !errors.Is(err, broken) {
			t.Errorf("an error of the storage becomes %v; want %v", err, broken)
		}
	}
}

func TestClamp(t *testing.T) {
	for _, test := range []struct {
		t, want time.Time
		clamped bool
	}{
		{time.Date(2300, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(2300, 1, 2, 3, 4, 5, 6, time.UTC), false},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), false},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), Most(), true},
		{time.Unix(1<<62, 0), Most(), true},
		{time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), Least(), true},
		{time.Unix(-1<<62, 0), Least(), true},
		{time.Time{}, Least(), true}, // the zero time is unknown
	} {
		got := Clamp(test.t)
		if !got.Equal(test.want) || IsClamped(got) != test.clamped {
			t.Errorf("Clamp(%s) is %s, clamped %v; want %s, %v", test.t, got, IsClamped(got), test.want, test.clamped)
		}
		if got.IsZero() || got.Year() < 1 || got.Year() > 9999 {
			t.Errorf("Clamp(%s) is %s, which no protocol can carry", test.t, got)
		}
	}
}

// TestProbeFloat probes a file system that computes times with floating-point numbers.
func TestProbeFloat(t *testing.T) {
	for _, unit := range []time.Duration{2 * time.Second, 10 * time.Millisecond} {
		got, err := Probe(func(t time.Time) (time.Time, error) {
			seconds := float64(t.Truncate(unit).UnixNano()) / 1e9
			return time.Unix(0, int64(seconds*1e9)), nil
		})
		if err != nil || got != unit {
			t.Errorf("the unit is %s, %v; want %s", got, err, unit)
		}
	}
}

// Package filetime knows how file systems keep the modified times of files.
package filetime

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// ErrNone is the error of Probe for a file system that does not keep the times that a program
// sets.
var ErrNone = errors.New("the file system does not keep modified times")

// Tolerance is the maximum by which file systems round times: FAT has times of 2 seconds.
const Tolerance = 2 * time.Second

// SafeLeast and SafeMost return the range of times that every file system keeps that keeps any.
// FAT begins in 1980, and signed 32-bit seconds end in 2038.
func SafeLeast() time.Time { return time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC) }

// SafeMost returns the end of the range.
func SafeMost() time.Time { return time.Date(2037, 12, 31, 0, 0, 0, 0, time.UTC) }

// IsSafe reports whether every file system keeps a time that keeps any.
func IsSafe(t time.Time) bool { return !t.Before(SafeLeast()) && !t.After(SafeMost()) }

// Clamp returns the time nearest to t in the years 1 to 9999, which is what the contract of
// tranship.Attributes and every protocol can carry. File systems with 64-bit seconds have
// others.
func Clamp(t time.Time) time.Time {
	switch seconds := t.Unix(); {
	case seconds < leastSeconds || t.IsZero():
		return Least()
	case seconds > mostSeconds:
		return Most()
	}
	return t
}

// Least returns the first nanosecond of the years 1 to 9999 that is not the zero time, which
// stands for an unknown one.
func Least() time.Time { return time.Unix(leastSeconds, 1).UTC() }

// Most returns the last nanosecond of the years 1 to 9999.
func Most() time.Time { return time.Unix(mostSeconds, 999_999_999).UTC() }

// IsClamped reports whether Clamp has changed a time, or the time is one of the two that Clamp
// changes others to.
func IsClamped(t time.Time) bool { return t.Equal(Least()) || t.Equal(Most()) }

// The first and last second of the years 1 to 9999, since 1970: those of
// google.protobuf.Timestamp.
const (
	leastSeconds = -62135596800
	mostSeconds  = 253402300799
)

// units returns the units of known file systems, largest first: those of FAT; HFS+ and ext3;
// exFAT, which has 10 ms; and others that a FUSE or network file system may have.
func units() []time.Duration {
	return []time.Duration{2 * time.Second, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}
}

// Probe returns the unit to which a file system rounds times. It is 0 if the file system keeps
// microseconds. set must set the modified time of a file, and return the time that the file has
// then. If the file system refuses to set times, or has another time afterwards, the error is
// ErrNone. Other errors are those of set.
func Probe(set func(time.Time) (time.Time, error)) (time.Duration, error) {
	// An odd second, with a fraction that no unit divides, also not when it is rounded up.
	odd := time.Date(2001, 2, 3, 4, 5, 7, 0, time.UTC)
	wanted := odd.Add(387654321 * time.Nanosecond)
	kept, err := set(wanted)
	switch {
	case IsRefused(err), errors.Is(err, ErrNone):
		return 0, ErrNone
	case err != nil:
		return 0, err
	case kept.Sub(wanted).Abs() > Tolerance:
		return 0, ErrNone
	}
	for _, unit := range units() {
		if !IsRounded(kept, unit) {
			continue
		}
		if unit > time.Second {
			// Rounding up to seconds makes an even second, too.
			if kept, err = set(odd); err != nil {
				return 0, err
			}
			if !IsRounded(kept, unit) {
				continue
			}
		}
		return unit, nil
	}
	return 0, nil
}

// IsRefused reports whether an error means that a file system does not let this process set
// times or modes, so that it would refuse others, too.
func IsRefused(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)
}

// IsRounded reports whether a time is a multiple of a unit, to the microsecond: FUSE file
// systems that compute times with floating-point numbers miss it by less. It is false for a unit
// of 0.
func IsRounded(t time.Time, unit time.Duration) bool {
	return unit > 0 && t.Sub(t.Round(unit)).Abs() < time.Microsecond
}

// MayBeRounded reports whether a file system with one of the units that Probe knows could have
// rounded a time. It is false for nearly all times of file systems that keep nanoseconds.
func MayBeRounded(t time.Time) bool { return IsRounded(t, time.Millisecond) }

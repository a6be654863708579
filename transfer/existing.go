package transfer

import (
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
)

// Same reports whether two files look the same: equal size, and equal modified
// time as far as both sides keep it. That is to the microsecond, or to the second
// when one of the two is a whole second, or to the tranship.File.ModTimeUnit to which the
// file system of a side has rounded its time. An unknown size or time is never the
// same.
func Same(a, b tranship.File) bool {
	return isSame(a, b, 0)
}

// SameWithin is Same with a window: modified times that differ by at most that are equal.
func SameWithin(a, b tranship.File, window time.Duration) bool {
	return isSame(a, b, window)
}

// isSame implements SameWithin.
func isSame(a, b tranship.File, window time.Duration) bool {
	if a.Size < 0 || a.Size != b.Size || a.ModTime.IsZero() || b.ModTime.IsZero() {
		return false
	}
	difference := a.ModTime.Sub(b.ModTime).Abs()
	if difference <= window || isRoundedTo(a, difference) || isRoundedTo(b, difference) {
		return true
	}
	unit := time.Microsecond
	if isWholeSecond(a.ModTime) || isWholeSecond(b.ModTime) {
		unit = time.Second
	}
	return a.ModTime.Truncate(unit).Equal(b.ModTime.Truncate(unit))
}

// isRoundedTo reports whether rounding can have changed the time of a file by a difference.
func isRoundedTo(file tranship.File, difference time.Duration) bool {
	return difference < file.ModTimeUnit && filetime.IsRounded(file.ModTime, file.ModTimeUnit)
}

func isWholeSecond(t time.Time) bool {
	return t.Truncate(time.Microsecond).Nanosecond() == 0
}

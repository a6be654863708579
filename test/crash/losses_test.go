package crash

import (
	"slices"
	"testing"
)

// losses records how many bytes had to be sent again after each crash.
type losses struct {
	all []int64
	// size and passed are those of all files together.
	size, passed int64
}

// report logs the losses, and fails if half of the crashes cost more than most bytes.
func (l *losses) report(t *testing.T, most int64) {
	t.Helper()
	const mebibyte = 1 << 20
	crashes := len(l.all)
	slices.Sort(l.all)
	median, worst := l.all[crashes/2], l.all[crashes-1]
	t.Logf("%d crashes; %.1f MiB went over the network for files of %.1f MiB; sent again for a crash: mean %.2f MiB, median %.2f MiB, worst %.2f MiB",
		crashes, float64(l.passed)/mebibyte, float64(l.size)/mebibyte,
		float64(l.passed-l.size)/mebibyte/float64(crashes), float64(median)/mebibyte, float64(worst)/mebibyte)
	if median > most {
		t.Errorf("the median is more than %.2f MiB", float64(most)/mebibyte)
	}
}

package crashtest

import (
	"slices"
	"testing"
)

// losses are what had to be sent again, of each crash in bytes.
type losses struct {
	all []int64
	// size and passed are those of all files together.
	size, passed int64
}

func (l *losses) report(t *testing.T, crashes int) {
	t.Helper()
	const mebibyte = 1 << 20
	t.Logf("%d crashes; %.1f MiB went over the network for files of %.1f MiB: %.2f MiB again for each crash",
		crashes, float64(l.passed)/mebibyte, float64(l.size)/mebibyte,
		float64(l.passed-l.size)/mebibyte/float64(crashes))
	if len(l.all) > 0 {
		slices.Sort(l.all)
		t.Logf("sent again for one crash: median %.2f MiB, worst %.2f MiB",
			float64(l.all[len(l.all)/2])/mebibyte, float64(l.all[len(l.all)-1])/mebibyte)
	}
}

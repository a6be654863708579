package display

import "fmt"

func durationText(seconds float64) string {
	if seconds >= 100*3600 {
		return ">99h"
	}
	s := int(seconds + 0.5)
	if s >= 3600 {
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Percent returns the done part of a total, rounded down: 100 means everything. It is 100 if
// the total is not positive.
func Percent(done, total int64) int {
	if total <= 0 || done >= total {
		return 100
	}
	return int(max(float64(done)/float64(total)*100, 0))
}

// Package raced lets tests do less under the race detector, which makes them some ten
// times as slow.
package raced

// Times returns n, a number of repetitions or a size; under the race detector it returns
// a tenth of n.
func Times(n int) int {
	if On {
		return max(n/10, 1)
	}
	return n
}

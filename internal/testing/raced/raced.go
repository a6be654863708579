// Package raced lets tests do less under the race detector, which makes everything some
// ten times as slow.
package raced

// Times is how often something is repeated, or how large it is: n, and a tenth of it
// under the race detector.
func Times(n int) int {
	if On {
		return max(n/10, 1)
	}
	return n
}

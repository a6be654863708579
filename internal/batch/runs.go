package batch

// Runs calls do for each run of consecutive items, of n, that have the same key: with the index of
// the first, and that after the last.
func Runs(n int, key func(i int) string, do func(first, end int)) {
	for first := 0; first < n; {
		end, of := first+1, key(first)
		for end < n && key(end) == of {
			end++
		}
		do(first, end)
		first = end
	}
}

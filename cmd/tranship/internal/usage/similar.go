package usage

import "iter"

// maxTypos is the number of wrong, missing or superfluous letters up to which a name is
// similar to another.
const maxTypos = 2

// Similar returns the one of names that was meant by an unknown name, or "".
func Similar(name string, names iter.Seq[string]) (similar string) {
	least := maxTypos + 1
	for known := range names {
		// A name of two letters must not differ in both.
		if n := typos(name, known); n < least && n < len(name)-1 {
			similar, least = known, n
		}
	}
	return similar
}

// typos returns the Levenshtein distance of two texts in bytes.
func typos(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return maxTypos + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

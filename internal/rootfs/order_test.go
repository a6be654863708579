package rootfs

import (
	"slices"
	"strings"
	"testing"
)

// TestCompareNames compares names in all pairs with the bytewise order of their keys.
func TestCompareNames(t *testing.T) {
	keys := []string{"a", "a!", "a-b", "a.b", "a/", "a0", "ab", "ab/", "b!/", "b/", "b", "é", "\xff/"}
	slices.Sort(keys)
	for _, a := range keys {
		for _, b := range keys {
			nameA, isDirA := strings.CutSuffix(a, "/")
			nameB, isDirB := strings.CutSuffix(b, "/")
			want := strings.Compare(a, b)
			if got := CompareNames(nameA, isDirA, nameB, isDirB); got != want {
				t.Errorf("%q, %q: %d, want %d", a, b, got, want)
			}
			if got := CompareNameBytes([]byte(nameA), isDirA, []byte(nameB), isDirB); got != want {
				t.Errorf("bytes %q, %q: %d, want %d", a, b, got, want)
			}
		}
	}
}

package batch_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tranship/tranship/internal/batch"
)

// pass doubles even numbers and refuses odd ones.
func pass(items []int) (results []string, passed [][]int) {
	items = slices.Clone(items)
	results = batch.Pass(items,
		func(i int) error {
			if items[i]%2 != 0 {
				return errors.New("odd")
			}
			items[i] *= 2
			return nil
		},
		error.Error,
		func(items []int) (results []string) {
			passed = append(passed, items)
			for _, item := range items {
				results = append(results, fmt.Sprint(item))
			}
			return results
		})
	return results, passed
}

func TestPass(t *testing.T) {
	for _, test := range []struct{ items, passed []int }{
		{nil, nil},
		{[]int{1}, nil},
		{[]int{2}, []int{4}},
		{[]int{2, 4, 6}, []int{4, 8, 12}},
		{[]int{2, 4, 1}, []int{4, 8}},
		{[]int{1, 3, 2}, []int{4}},
		{[]int{1, 2, 3, 4, 6, 5}, []int{4, 8, 12}},
	} {
		results, passed := pass(test.items)
		var want []string
		for _, item := range test.items {
			if item%2 != 0 {
				want = append(want, "odd")
			} else {
				want = append(want, fmt.Sprint(2*item))
			}
		}
		if !slices.Equal(results, want) {
			t.Errorf("the results of %v are %q, want %q", test.items, results, want)
		}
		if !slices.Equal(slices.Concat(passed...), test.passed) || len(passed) > 1 {
			t.Errorf("of %v, these were passed on: %v, want %v at once", test.items, passed, test.passed)
		}
	}
}

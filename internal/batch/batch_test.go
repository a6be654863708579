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
	results = batch.Pass(items,
		func(item *int) error {
			if *item%2 != 0 {
				return errors.New("odd")
			}
			*item *= 2
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
		{[]int{1, 2, 3, 4, 6, 5}, []int{4, 8, 12}},
	} {
		before := slices.Clone(test.items)
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
		if !slices.Equal(test.items, before) {
			t.Errorf("the items %v were changed to %v", before, test.items)
		}
	}
}

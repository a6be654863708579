// Package batch helps with batches of small files. Decorators of stores refuse some items of a
// batch and pass on the others; stores divide them by directory, and work on them one by one or
// at once.
package batch

// Pass returns one result for each item, in their order. It calls refuse with the index of
// each item, in ascending order; refuse may change that item. If it returns an error, failed
// makes the result of the error. The other items go to one call of do, which must return a
// result for each, and must not keep the slice. Pass calls do only if there are such items.
// It copies items only if refuse has refused some.
func Pass[Item, Result any](items []Item, refuse func(i int) error, failed func(err error) Result, do func(items []Item) []Result) []Result {
	var results []Result // nil as long as no item was refused
	var passed []Item
	var places []int // of the passed items
	for i := range items {
		err := refuse(i)
		switch {
		case err != nil && results == nil:
			results = make([]Result, len(items))
			passed = append(make([]Item, 0, len(items)), items[:i]...)
			places = make([]int, i, len(items))
			for n := range places {
				places[n] = n
			}
			fallthrough
		case err != nil:
			results[i] = failed(err)
		case results != nil:
			passed, places = append(passed, items[i]), append(places, i)
		}
	}
	switch {
	case results == nil && len(items) > 0:
		return do(items)
	case len(passed) > 0:
		for n, result := range do(passed) {
			results[places[n]] = result
		}
	}
	return results
}

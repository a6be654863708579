// Package batch helps decorators with batches of small files, of which they refuse some
// items and pass on the others.
package batch

// Pass returns one result for each item, in their order. It calls refuse for each item, with
// a copy that refuse may change. If that returns an error, the result is the one that failed
// makes of it. The other items, as refuse has changed them, go to one call of do, which must
// return a result for each. Pass calls do only if there are such items. It does not change
// items.
func Pass[Item, Result any](items []Item, refuse func(item *Item) error, failed func(err error) Result, do func(items []Item) []Result) []Result {
	results := make([]Result, len(items))
	passed := make([]Item, 0, len(items))
	places := make([]int, 0, len(items)) // of the passed items
	for i, item := range items {
		if err := refuse(&item); err != nil {
			results[i] = failed(err)
			continue
		}
		passed = append(passed, item)
		places = append(places, i)
	}
	if len(passed) == 0 {
		return results
	}
	for i, result := range do(passed) {
		results[places[i]] = result
	}
	return results
}

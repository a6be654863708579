package transfer

import (
	"context"
	"iter"
	"slices"
	"time"
)

// comparedItems is how many items Compare reads before it compares them.
const comparedItems = 1 << 10

// comparison is what Compare has found out about an item.
type comparison uint8

const (
	// notCompared: Options.Existing is asked.
	notCompared comparison = iota
	// comparedSame: the destination has a file that is Same.
	comparedSame
	// comparedOther: the destination has another file, or none.
	comparedOther
	// comparedUnreadable: the list of the destination leaves out what is at the path.
	// Options.Existing is asked.
	comparedUnreadable
)

// Compare compares items with what a list of their destination has at their paths, all of which
// are at or below a directory of it. Copy skips an item whose File is SameWithin the window, and
// does not ask Options.Existing for the others. So one list takes the place of a question for
// each item.
//
// The store is listed while items are read, and each item is yielded as soon as the list has
// come to its path. The items should be in the bytewise order of their paths, as those of Walk
// for a localdir.Dir, and of Files, are: some of both sequences is in memory, however long they
// are. An item that sorts before the one before it is not compared. Neither is an item at or
// below what the list leaves out because the store cannot read it. Copy asks Options.Existing
// for these, if it is set.
//
// A list that breaks off continues after its last entry, within the defaults of Options.Attempts
// and Options.Patience. When it fails, the sequence ends with its error, which comes without an
// item.
func Compare(ctx context.Context, store Lister, directory string, items iter.Seq2[Item, error], window time.Duration) iter.Seq2[Item, error] {
	return compare(ctx, store, directory, items, window, listPage)
}

// compare implements Compare with pages of a size.
func compare(ctx context.Context, store Lister, directory string, items iter.Seq2[Item, error], window time.Duration, page int) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		listed := listAhead(ctx, store, directory, page)
		defer listed.stop()
		defer cancel()
		next, end := iter.Pull(listed.all())
		defer end()
		c := &comparer{next: next, window: window}
		walked := readAhead(comparedItems, func(a *ahead[walkedItem]) {
			for item, err := range items {
				if !a.put(walkedItem{item, err}) {
					return
				}
			}
		})
		defer walked.stop()
		for next := range walked.all() {
			item, err := next.item, next.err
			if err == nil {
				if item.compared, err = c.compare(&item); err != nil {
					yield(Item{}, err)
					return
				}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// walkedItem is one pair of a sequence of items and errors.
type walkedItem struct {
	item Item
	err  error
}

// comparer compares items with a list, both in order. It is not safe for concurrent use.
type comparer struct {
	next   func() (listedFile, bool)
	window time.Duration
	// current is the first line that does not sort before last, the path of the last item.
	// isListed is false before the first line and after the last one.
	current                    listedFile
	last                       string
	hasBegun, isListed, hasAny bool
	// unreadable are the lines before current that the list leaves out, and that later items
	// may be below. Each key begins with the one before, so they are few.
	unreadable []listedFile
}

// compare compares an item. Its error ends the list.
func (c *comparer) compare(item *Item) (comparison, error) {
	path := item.Path
	if c.hasAny && path < c.last {
		return notCompared, nil
	}
	c.last, c.hasAny = path, true
	if err := c.advance(path); err != nil {
		return notCompared, err
	}
	if c.isListed && c.current.key == path && !c.current.isUnreadable {
		if isSame(item.File, c.current.file(), c.window) {
			return comparedSame, nil
		}
		return comparedOther, nil
	}
	for i := range c.unreadable {
		if c.unreadable[i].isAtOrBelow(path) {
			return comparedUnreadable, nil
		}
	}
	return comparedOther, nil
}

// advance makes current the first line that does not sort before a path. It keeps what the
// list leaves out on the way.
func (c *comparer) advance(path string) error {
	for !c.hasBegun || c.isListed && (c.current.key < path || c.current.key == path && c.current.isUnreadable) {
		if c.isListed && c.current.isUnreadable {
			c.unreadable = append(c.unreadable, c.current)
		}
		c.hasBegun = true
		if c.current, c.isListed = c.next(); c.isListed && c.current.err != nil {
			c.isListed = false
			return c.current.err
		}
	}
	c.unreadable = slices.DeleteFunc(c.unreadable, func(f listedFile) bool { return f.isBefore(path) })
	return nil
}

// IsSame reports whether Compare has found the item at the destination, and isKnown whether it
// has compared it.
func (i *Item) IsSame() (same, isKnown bool) {
	return i.compared == comparedSame, i.compared == comparedSame || i.compared == comparedOther
}

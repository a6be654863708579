// Package commits bounds what a store remembers of uploads that were committed: the
// latest commit of each path, and of each owner no more than a fixed number.
package commits

import "container/list"

// DefaultPerOwner is how many commits of one owner a store remembers unless told
// otherwise. A commit is remembered for the case that its reply was lost, so only the
// latest ones of a client matter.
const DefaultPerOwner = 500

// Book has the commits that a store remembers. T identifies one. A Book is not safe for
// concurrent use.
type Book[T comparable] struct {
	// PerOwner is how many commits of one owner are remembered; 0 means
	// DefaultPerOwner.
	PerOwner int

	// owners have their entries, the oldest first.
	owners map[string]*list.List
	paths  map[string]*list.Element
}

type entry[T comparable] struct {
	owner, path string
	commit      T
}

// Add remembers a commit of owner at path. It returns the commits that are forgotten for
// it: an earlier one at the path, of any owner, and the oldest ones of owner beyond
// PerOwner.
func (b *Book[T]) Add(owner, path string, commit T) (forgotten []T) {
	if b.owners == nil {
		b.owners = make(map[string]*list.List)
		b.paths = make(map[string]*list.Element)
	}
	if old, ok := b.Forget(path); ok && old != commit {
		forgotten = append(forgotten, old)
	}
	all := b.owners[owner]
	if all == nil {
		all = list.New()
		b.owners[owner] = all
	}
	b.paths[path] = all.PushBack(&entry[T]{owner, path, commit})
	most := b.PerOwner
	if most == 0 {
		most = DefaultPerOwner
	}
	for all.Len() > most {
		forgotten = append(forgotten, b.remove(all.Front()))
	}
	return forgotten
}

// Forget removes the commit at path, and returns it if there is one.
func (b *Book[T]) Forget(path string) (forgotten T, ok bool) {
	e := b.paths[path]
	if e == nil {
		return forgotten, false
	}
	return b.remove(e), true
}

// Drop removes a commit at path if it is this one.
func (b *Book[T]) Drop(path string, commit T) {
	if e := b.paths[path]; e != nil && e.Value.(*entry[T]).commit == commit {
		b.remove(e)
	}
}

// Len is how many commits are remembered.
func (b *Book[T]) Len() int { return len(b.paths) }

func (b *Book[T]) remove(e *list.Element) T {
	old := e.Value.(*entry[T])
	delete(b.paths, old.path)
	all := b.owners[old.owner]
	all.Remove(e)
	if all.Len() == 0 {
		delete(b.owners, old.owner)
	}
	return old.commit
}

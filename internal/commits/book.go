// Package commits limits how many committed uploads a store remembers: the latest commit
// of each path, and a fixed number of commits of each owner.
package commits

import "container/list"

// DefaultPerOwner is how many commits of one owner a store remembers by default. A store
// remembers a commit in case its reply was lost, so only the latest ones of a client
// matter.
const DefaultPerOwner = 500

// Book is the set of commits that a store remembers. T identifies a commit. The zero value
// is an empty Book. A Book is not safe for concurrent use.
type Book[T comparable] struct {
	// PerOwner is how many commits of one owner are remembered; 0 means
	// DefaultPerOwner.
	PerOwner int

	// owners has the entries of each owner, the oldest first.
	owners map[string]*list.List
	paths  map[string]*list.Element
}

type entry[T comparable] struct {
	owner, path string
	commit      T
}

// Add remembers a commit of owner at path. It returns the commits that it has forgotten in
// exchange: an earlier one at the path, of any owner, and the oldest ones of owner beyond
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

// Forget removes and returns the commit at path. ok is false if there is none.
func (b *Book[T]) Forget(path string) (forgotten T, ok bool) {
	e := b.paths[path]
	if e == nil {
		return forgotten, false
	}
	return b.remove(e), true
}

// Drop removes the commit at path if it is the given one.
func (b *Book[T]) Drop(path string, commit T) {
	if e := b.paths[path]; e != nil && e.Value.(*entry[T]).commit == commit {
		b.remove(e)
	}
}

// Len returns the number of remembered commits.
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

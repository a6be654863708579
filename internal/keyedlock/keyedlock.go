// Package keyedlock has locks for the keys of a set that nobody knows beforehand, such as
// the paths of a store.
package keyedlock

import (
	"context"
	"slices"
	"sync"
)

// Locks are a lock for each key. The zero value is ready to use, and keys that
// nobody holds or waits for take no memory.
type Locks struct {
	mu   sync.Mutex
	keys map[string]*heldKey
}

type heldKey struct {
	// held has an element while somebody holds the key.
	held chan struct{}
	// users hold the key or wait for it.
	users int
}

// Lock waits until the caller alone holds all keys, or the context ends. Keys are
// taken in order, so that callers with several do not wait for each other.
func (l *Locks) Lock(ctx context.Context, keys ...string) (unlock func(), err error) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	var unlocks []func()
	unlock = func() {
		for _, unlock := range unlocks {
			unlock()
		}
	}
	for _, key := range keys {
		one, err := l.lockOne(ctx, key)
		if err != nil {
			unlock()
			return nil, err
		}
		unlocks = append(unlocks, one)
	}
	return unlock, nil
}

func (l *Locks) lockOne(ctx context.Context, key string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	k := l.keys[key]
	if k == nil {
		if l.keys == nil {
			l.keys = make(map[string]*heldKey)
		}
		k = &heldKey{held: make(chan struct{}, 1)}
		l.keys[key] = k
	}
	k.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		k.users--
		if k.users == 0 {
			delete(l.keys, key)
		}
	}
	select {
	case k.held <- struct{}{}:
		return func() { <-k.held; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

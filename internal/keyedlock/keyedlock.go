// Package keyedlock provides a lock for each key of a set that is not known in advance,
// such as the paths of a store.
package keyedlock

import (
	"context"
	"slices"
	"sync"
)

// Locks has a lock for each key. The zero value is ready to use. Keys that are neither
// held nor waited for take no memory. It is safe for concurrent use.
type Locks struct {
	mu   sync.Mutex
	keys map[string]*heldKey
}

type heldKey struct {
	// held has an element while the key is locked.
	held chan struct{}
	// users counts the callers that hold the key or wait for it.
	users int
}

// Lock locks all keys, and returns a function that unlocks them. It waits until the keys
// are free or the context ends. Keys are locked in sorted order, so that callers with
// several keys cannot deadlock.
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

	forget := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		k.users--
		if k.users == 0 {
			delete(l.keys, key)
		}
	}
	select {
	case k.held <- struct{}{}:
		return func() { <-k.held; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}

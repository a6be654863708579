// Package keyedlock provides a lock for each key of a set that is not known in advance,
// such as the paths of a store.
package keyedlock

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Locks has a lock for each key. The zero value is ready to use. Keys that are neither
// held nor waited for take no memory, except a little for the next keys. It is safe for concurrent use.
type Locks struct {
	mu   sync.Mutex
	keys map[string]*heldKey
	// spare has at most maxSpare locks of no key, which are used again.
	spare []*heldKey
}

// maxSpare bounds the memory of locks that are used again.
const maxSpare = 64

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

// TryLock locks a key if that is possible without waiting, and reports whether it has.
func (l *Locks) TryLock(key string) (unlock func(), ok bool) {
	k := l.use(key)
	select {
	case k.held <- struct{}{}:
		return func() { l.unlock(key, k) }, true
	default:
		l.forget(key, k)
		return nil, false
	}
}

// WaitHeld waits until each key that is held when it is called has been unlocked, or the context
// ends. Keys that are locked later do not delay it. The caller must hold none.
func (l *Locks) WaitHeld(ctx context.Context) error {
	l.mu.Lock()
	keys := slices.Collect(maps.Keys(l.keys))
	l.mu.Unlock()
	for _, key := range keys {
		unlock, err := l.lockOne(ctx, key)
		if err != nil {
			return err
		}
		unlock()
	}
	return nil
}

func (l *Locks) lockOne(ctx context.Context, key string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k := l.use(key)
	select {
	case k.held <- struct{}{}:
		return func() { l.unlock(key, k) }, nil
	case <-ctx.Done():
		l.forget(key, k)
		return nil, ctx.Err()
	}
}

// use returns the lock of a key, and counts one more user of it.
func (l *Locks) use(key string) *heldKey {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.keys[key]
	if k == nil {
		if l.keys == nil {
			l.keys = make(map[string]*heldKey)
		}
		if last := len(l.spare) - 1; last >= 0 {
			k, l.spare = l.spare[last], l.spare[:last]
		} else {
			k = &heldKey{held: make(chan struct{}, 1)}
		}
		l.keys[key] = k
	}
	k.users++
	return k
}

func (l *Locks) unlock(key string, k *heldKey) {
	<-k.held
	l.forget(key, k)
}

// forget counts one user less of the lock of a key, and deletes it after the last.
func (l *Locks) forget(key string, k *heldKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k.users--
	if k.users == 0 {
		delete(l.keys, key)
		if len(l.spare) < maxSpare {
			l.spare = append(l.spare, k)
		}
	}
}

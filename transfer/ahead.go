package transfer

import (
	"iter"
	"sync"
)

// ahead is what a goroutine has read of a sequence and the caller has not taken yet: at most
// some values, and as many again that the caller took at once. It is used by the goroutine, which
// calls put and empty, and by one caller, which calls all and stop.
type ahead[T any] struct {
	most int

	mu sync.Mutex
	// changed is signaled when read gets values or is emptied, and at the end.
	changed        sync.Cond
	read           []T
	ended, stopped bool
	// isWaiting is set while the caller waits for a value.
	isWaiting bool
	reader    sync.WaitGroup
}

// readAhead calls read in a goroutine of its own, which puts the values.
func readAhead[T any](most int, read func(a *ahead[T])) *ahead[T] {
	a := &ahead[T]{most: most}
	a.changed.L = &a.mu
	a.reader.Go(func() {
		defer a.end()
		read(a)
	})
	return a
}

// put adds a value, and waits until there is room for it. It returns false once the caller wants
// no more.
func (a *ahead[T]) put(value T) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.read) >= a.most && !a.stopped {
		a.changed.Wait()
	}
	if a.stopped {
		return false
	}
	a.read = append(a.read, value)
	if a.isWaiting {
		a.isWaiting = false
		a.changed.Signal()
	}
	return true
}

// empty waits until the caller has taken all values. It returns false once the caller wants no
// more.
func (a *ahead[T]) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.read) > 0 && !a.stopped {
		a.changed.Wait()
	}
	return !a.stopped
}

func (a *ahead[T]) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	a.changed.Signal()
}

// take returns the values that were read, and waits for the first. It returns none at the end.
// Their memory is used again by the next call but one: taken is what the last call returned.
func (a *ahead[T]) take(taken []T) []T {
	clear(taken)
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.read) == 0 && !a.ended {
		a.isWaiting = true
		a.changed.Wait()
	}
	read := a.read
	a.read = taken[:0]
	a.changed.Signal()
	return read
}

// all yields the values. It may be ranged over once.
func (a *ahead[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for taken := a.take(nil); len(taken) > 0; taken = a.take(taken) {
			for _, value := range taken {
				if !yield(value) {
					return
				}
			}
		}
	}
}

// stop ends the reading, and waits for the goroutine.
func (a *ahead[T]) stop() {
	a.mu.Lock()
	a.stopped = true
	a.changed.Signal()
	a.mu.Unlock()
	a.reader.Wait()
}

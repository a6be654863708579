package disk

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

const (
	// freeEntries is how many entries of a directory a list reads without a turn: few
	// directories have more.
	freeEntries = 4096
	// turnEntries is how many entries it reads in one turn after that.
	turnEntries = 256
)

// turns are for lists that read large directories. Few read at once, on half of the
// processors, and take turns: a short request can make the store read a hundred thousand
// names, and what moves bytes must not wait for many of those. They are safe for
// concurrent use.
type turns struct{ readers *semaphore.Weighted }

func newTurns() turns {
	return turns{semaphore.NewWeighted(int64(max(runtime.GOMAXPROCS(0)/2, 1)))}
}

// turn is what a list reads one directory with. One goroutine may use it.
type turn struct {
	ctx     context.Context
	readers *semaphore.Weighted
	read    int
	// held tells that the turn is the list's, and must be given back.
	held bool
}

// start begins to read a directory. The caller ends the turn.
func (t turns) start(ctx context.Context) *turn { return &turn{ctx: ctx, readers: t.readers} }

// next counts an entry, and waits for the list's next turn where one is needed. It is
// false when the context ends.
func (t *turn) next() bool {
	t.read++
	if t.read < freeEntries || t.read%turnEntries != 0 {
		return true
	}
	t.end()
	t.held = t.readers.Acquire(t.ctx, 1) == nil
	return t.held
}

// end gives the turn back.
func (t *turn) end() {
	if t.held {
		t.held = false
		t.readers.Release(1)
	}
}

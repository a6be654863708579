package disk

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

const (
	// freeEntries is the number of entries of a directory that a list reads without a turn.
	// Few directories have more.
	freeEntries = 4096
	// turnEntries is the number of entries that a list then reads in one turn.
	turnEntries = 256
)

// turns schedules lists that read large directories. A short request can make the store read a
// hundred thousand names, and transfers must not wait for many such requests. So only half of
// the processors read directories at a time, and the lists take turns. It is safe for
// concurrent use.
type turns struct{ readers *semaphore.Weighted }

func newTurns() turns {
	return turns{semaphore.NewWeighted(int64(max(runtime.GOMAXPROCS(0)/2, 1)))}
}

// turn schedules the reading of one directory. It is not safe for concurrent use.
type turn struct {
	ctx     context.Context
	readers *semaphore.Weighted
	read    int
	// held is set while the list has its turn, which end must give back.
	held bool
}

// start must be called before a directory is read. The caller must call end.
func (t turns) start(ctx context.Context) *turn { return &turn{ctx: ctx, readers: t.readers} }

// next must be called for each entry. It waits for the list's next turn if one is needed. It
// returns false if the context ends.
func (t *turn) next() bool {
	t.read++
	if t.read < freeEntries || t.read%turnEntries != 0 {
		return true
	}
	t.end()
	t.held = t.readers.Acquire(t.ctx, 1) == nil
	return t.held
}

// end gives the turn back. It may be called more than once.
func (t *turn) end() {
	if t.held {
		t.held = false
		t.readers.Release(1)
	}
}

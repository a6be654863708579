package batch

import (
	"sync"
	"sync/atomic"
	"time"
)

// slow is how long a call takes at least that waits for a device or the network. A small file
// that is in the memory of the system takes a hundredth of that.
const slow = time.Millisecond

// Each calls do with each number from 0 to n-1, and returns when all calls have returned. The
// calls are made one after the other, which costs the least processor time. After a call that
// took long, the others are made concurrently, so that they wait together.
func Each(n int, do func(i int)) {
	last := time.Now()
	for i := range n {
		do(i)
		now := time.Now()
		if now.Sub(last) >= slow {
			concurrently(i+1, n, do)
			return
		}
		last = now
	}
}

// concurrently makes the calls from first to before end at the same time, as far as they wait. A
// goroutine whose calls do not wait makes many of them.
func concurrently(first, end int, do func(i int)) {
	var next atomic.Int64
	take := func() int { return first + int(next.Add(1)) - 1 }
	var all sync.WaitGroup
	var work func()
	work = func() {
		i := take()
		if i >= end {
			return
		}
		all.Go(work) // for what is left while the call below waits
		for ; i < end; i = take() {
			do(i)
		}
	}
	all.Go(work)
	all.Wait()
}

package batch

import (
	"sync"
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

func concurrently(first, end int, do func(i int)) {
	var all sync.WaitGroup
	for i := first; i < end; i++ {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

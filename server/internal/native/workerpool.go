package native

// workerPool runs functions at the same time, each in a goroutine. Goroutines are used
// again, because their stacks have grown: growing a new goroutine's stack is a twentieth of
// the work for a small file.
type workerPool struct {
	next chan func()
	// done ends idle goroutines.
	done <-chan struct{}
}

func newWorkerPool(done <-chan struct{}) workerPool {
	return workerPool{next: make(chan func()), done: done}
}

// run starts a function, and does not wait for it.
func (c workerPool) run(f func()) {
	select {
	case c.next <- f:
	default:
		go c.work(f)
	}
}

func (c workerPool) work(f func()) {
	for {
		f()
		select {
		case f = <-c.next:
		case <-c.done:
			return
		}
	}
}

package native

// workerPool runs functions at the same time, each in a goroutine. One that has done its own
// takes another: a new goroutine's stack grows several times until there is room for what
// a file takes, which for small files is a twentieth of all their work.
type workerPool struct {
	next chan func()
	// done ends the goroutines that have nothing to do.
	done <-chan struct{}
}

func newWorkerPool(done <-chan struct{}) workerPool {
	return workerPool{next: make(chan func()), done: done}
}

// run runs a function, without waiting for it.
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

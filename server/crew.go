package server

// crew runs functions at the same time, each in a goroutine. One that has done its own
// takes another: a new goroutine's stack grows several times until there is room for what
// a file takes, which for small files is a twentieth of all their work.
type crew struct {
	next chan func()
	// done ends the goroutines that have nothing to do.
	done <-chan struct{}
}

func newCrew(done <-chan struct{}) crew {
	return crew{next: make(chan func()), done: done}
}

// run runs a function, without waiting for it.
func (c crew) run(f func()) {
	select {
	case c.next <- f:
	default:
		go c.work(f)
	}
}

func (c crew) work(f func()) {
	for {
		f()
		select {
		case f = <-c.next:
		case <-c.done:
			return
		}
	}
}

package lane

// lock is a mutex for which a goroutine can stop waiting.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// Lock waits for the lock.
func (l lock) Lock() { l <- struct{}{} }

// LockUnless waits for the lock until done is closed, and reports whether it has it.
func (l lock) LockUnless(done <-chan struct{}) bool {
	select {
	case l <- struct{}{}:
		return true
	case <-done:
		return false
	}
}

// Unlock releases the lock.
func (l lock) Unlock() { <-l }

package lanes

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/lane"
)

const (
	// maxIdle is how many lanes without a call are kept, and idleTime for how long.
	maxIdle, idleTime = 8, 30 * time.Second
	// trustTime is how long a lane without a call is taken for alive without asking.
	trustTime = 10 * time.Second
)

// Lane is a lane, and what calls on it need to know of its connection.
type Lane struct {
	*lane.Conn
	// Info is that of the handshake.
	Info credentials.AuthInfo
	// IsOutdated reports whether the client would now present another certificate; nil means
	// that it presents none.
	IsOutdated func() bool

	// idle is when the last call has ended; zero before the first.
	idle time.Time
	// expiry closes the lane while it is idle.
	expiry *time.Timer
}

// WasIdle reports whether the lane had no call for some time before the present one.
func (l *Lane) WasIdle() bool { return !l.idle.IsZero() }

func (l *Lane) isLost() bool {
	select {
	case <-l.Lost():
		return true
	default:
		return l.IsOutdated != nil && l.IsOutdated()
	}
}

// pool keeps lanes between calls. It is safe for concurrent use.
type pool struct {
	// making are the goroutines that make lanes.
	making sync.WaitGroup

	mu sync.Mutex
	// idle are the lanes without a call, the one whose call has ended last at the end.
	idle   []*Lane
	all    map[*Lane]struct{}
	closed bool
}

// begin runs what makes a lane in a goroutine, unless the pool is closed.
func (p *pool) begin(produce func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.making.Go(produce)
	}
	return !p.closed
}

// take returns a lane without a call; nil if there is none. It closes those that were lost.
func (p *pool) take() *Lane {
	for {
		l := p.pop()
		if l == nil || !l.isLost() {
			return l
		}
		p.drop(l)
	}
}

func (p *pool) pop() *Lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	l := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	l.expiry.Stop()
	return l
}

// hasIdle reports whether there is a lane without a call.
func (p *pool) hasIdle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle) > 0
}

// add takes a new lane. After close it closes the lane, and fails.
func (p *pool) add(l *Lane) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = l.Close()
		return errClosed
	}
	p.all[l] = struct{}{}
	return nil
}

// put takes a lane back that has no call. If there are many, it closes the one that was used
// least recently.
func (p *pool) put(l *Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return // close has closed it
	}
	l.idle = time.Now()
	l.expiry = time.AfterFunc(idleTime, func() { p.expire(l) })
	p.idle = append(p.idle, l)
	if len(p.idle) > maxIdle {
		p.expireLocked(p.idle[0])
	}
}

func (p *pool) expire(l *Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expireLocked(l)
}

// expireLocked closes a lane if it is idle.
func (p *pool) expireLocked(l *Lane) {
	at := slices.Index(p.idle, l)
	if at < 0 {
		return
	}
	l.expiry.Stop()
	p.idle = slices.Delete(p.idle, at, at+1)
	delete(p.all, l)
	_ = l.Close()
}

// drop closes a lane that is not idle.
func (p *pool) drop(l *Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, l)
	_ = l.Close()
}

// close closes all lanes, which ends their calls, and waits for the goroutines of begin.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	for _, l := range p.idle {
		l.expiry.Stop()
	}
	p.idle = nil
	for l := range p.all {
		_ = l.Close()
	}
	clear(p.all)
	p.mu.Unlock()
	p.making.Wait()
}

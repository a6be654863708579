package linkemu

import (
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// pipe is one direction of one connection: a goroutine reads and sends, another writes
// what has arrived.
type pipe struct {
	line     *line
	from, to net.Conn
	// cut is closed when data in flight is no longer needed.
	cut <-chan struct{}

	mu      sync.Mutex
	changed sync.Cond
	// travelling is the data in flight, in order; bytes is its size.
	travelling []packet
	bytes      int
	// stopped is whether delivery has ended.
	stopped bool
	free    [][]byte
}

// packet is some data in flight; the last packet of a pipe is empty.
type packet struct {
	content []byte
	arrival time.Time
}

func newPipe(l *line, from, to net.Conn, cut <-chan struct{}) *pipe {
	p := &pipe{line: l, from: from, to: to, cut: cut}
	p.changed.L = &p.mu
	return p
}

// run forwards data until the sender has ended, and then the end. If the receiver stops
// reading, it closes the sender's connection.
func (p *pipe) run() {
	var both sync.WaitGroup
	both.Go(p.fill)
	both.Go(func() {
		if err := p.drain(); err != nil {
			_ = p.from.Close()
		}
	})
	both.Wait()
}

// fill reads from the sender.
func (p *pipe) fill() {
	for {
		buffer, ok := p.buffer()
		if !ok {
			return
		}
		n, err := p.from.Read(buffer)
		if n > 0 {
			p.send(p.packet(buffer, n))
		}
		if err != nil {
			// Even if the sender was cut off, the data that it has sent arrives.
			p.send(packet{})
			return
		}
	}
}

// buffer waits until more data may be in flight.
func (p *pipe) buffer() ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped && p.bytes+p.line.segment() > p.line.inFlight() {
		p.changed.Wait()
	}
	if p.stopped {
		return nil, false
	}
	if last := len(p.free) - 1; last >= 0 {
		buffer := p.free[last]
		p.free = p.free[:last]
		return buffer, true
	}
	return make([]byte, p.line.segment()), true
}

// packet returns a packet with the first bytes of a buffer. A small packet does not
// retain a whole buffer, because only the sum of the packets' bytes is bounded.
func (p *pipe) packet(buffer []byte, bytes int) packet {
	if bytes > len(buffer)/2 {
		return packet{content: buffer[:bytes]}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, buffer)
	return packet{content: slices.Clone(buffer[:bytes])}
}

// send waits for room in the queue.
func (p *pipe) send(sent packet) {
	for {
		arrival, wait := p.line.send(len(sent.content), time.Now())
		if wait <= 0 {
			sent.arrival = arrival
			break
		}
		if !p.sleep(wait) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.travelling = append(p.travelling, sent)
	p.bytes += len(sent.content)
	p.changed.Broadcast()
}

// drain writes to the receiver.
func (p *pipe) drain() error {
	for {
		arrived := p.next()
		p.sleep(time.Until(arrived.arrival))
		if len(arrived.content) == 0 {
			return closeWrite(p.to)
		}
		_, err := p.to.Write(arrived.content)
		p.mu.Lock()
		p.bytes -= len(arrived.content)
		if cap(arrived.content) == p.line.segment() {
			p.free = append(p.free, arrived.content[:p.line.segment()])
		}
		p.stopped = err != nil
		p.changed.Broadcast()
		p.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

func (p *pipe) next() packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.travelling) == 0 {
		p.changed.Wait()
	}
	first := p.travelling[0]
	p.travelling = p.travelling[1:]
	return first
}

// sleep returns false if the connection was cut meanwhile.
func (p *pipe) sleep(wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.cut:
		return false
	}
}

// closeWrite forwards the end of the sender.
func closeWrite(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return conn.Close()
	}
	if err := half.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

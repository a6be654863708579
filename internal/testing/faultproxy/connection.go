package faultproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	segmentBytes = 32 << 10
	// flightSegments bounds the segments in flight in one direction that has latency.
	flightSegments = 256
)

// connection is a connection of a client and the corresponding one to the server.
type connection struct {
	client, server net.Conn
	link           Link
	passed         *[2]counter

	// ended is closed when the connection is closed.
	ended     chan struct{}
	endedOnce sync.Once

	mu sync.Mutex
	// thawed is nil unless the connection is frozen; then it is closed when the
	// connection thaws.
	thawed chan struct{}
}

func newConnection(client, server net.Conn, link Link, passed *[2]counter) *connection {
	return &connection{
		client: client,
		server: server,
		link:   link,
		passed: passed,
		ended:  make(chan struct{}),
	}
}

// run forwards bytes until the connection is closed.
func (c *connection) run() {
	up := &direction{connection: c, faults: c.link.Up, counter: &c.passed[Up]}
	down := &direction{connection: c, faults: c.link.Down, counter: &c.passed[Down]}
	var both sync.WaitGroup
	both.Go(func() { up.run(c.server, c.client) })
	both.Go(func() { down.run(c.client, c.server) })
	both.Wait()
	c.cut()
}

func (c *connection) cut() {
	c.endedOnce.Do(func() {
		close(c.ended)
		_, _ = c.client.Close(), c.server.Close()
	})
}

func (c *connection) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.thawed == nil {
		c.thawed = make(chan struct{})
	}
}

func (c *connection) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.thawed != nil {
		close(c.thawed)
		c.thawed = nil
	}
}

// waitThawed waits while the connection is frozen. It returns false if the connection has
// ended.
func (c *connection) waitThawed() bool {
	c.mu.Lock()
	thawed := c.thawed
	c.mu.Unlock()
	if thawed != nil {
		select {
		case <-thawed:
		case <-c.ended:
		}
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// direction is one of the two directions of a connection.
type direction struct {
	connection *connection
	faults     Faults
	counter    *counter
	passed     int64
	// next is when more bytes may pass.
	next time.Time
}

// segment is a piece of data in flight.
type segment struct {
	data []byte
	due  time.Time
}

func (d *direction) run(to net.Conn, from io.Reader) {
	flight := 0
	if d.faults.Latency > 0 {
		flight = flightSegments
	}
	queue := make(chan segment, flight)
	var reader sync.WaitGroup
	defer reader.Wait()
	reader.Go(func() { d.read(queue, from) })
	if !d.applyFaults() {
		return
	}
	for s := range queue {
		if !d.write(to, s) {
			d.connection.cut()
			return
		}
	}
	// The sender has closed its half, with or without an error.
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	} else {
		_ = to.Close()
	}
}

// read queues the data of the sender until it ends, and closes the queue.
func (d *direction) read(queue chan<- segment, from io.Reader) {
	defer close(queue)
	for {
		buffer := make([]byte, segmentBytes)
		n, err := from.Read(buffer)
		if !d.connection.waitThawed() {
			return
		}
		if n > 0 {
			select {
			case queue <- segment{buffer[:n], time.Now().Add(d.faults.Latency)}:
			case <-d.connection.ended:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				d.connection.cut()
			}
			return
		}
	}
}

// write forwards a segment. It returns false if the connection has ended.
func (d *direction) write(to io.Writer, s segment) bool {
	if !d.waitUntil(s.due) {
		return false
	}
	for data := s.data; len(data) > 0; {
		piece := data[:d.faults.next(d.passed, int64(len(data)))]
		if rate := d.faults.BytesPerSecond; rate > 0 {
			if !d.waitUntil(d.next) {
				return false
			}
			took := time.Duration(float64(len(piece)) / float64(rate) * float64(time.Second))
			d.next = time.Now().Add(took)
		}
		if !d.connection.waitThawed() {
			return false
		}
		d.faults.damage(piece, d.passed)
		n, err := to.Write(piece)
		d.passed += int64(n)
		d.counter.add(n)
		if err != nil || !d.applyFaults() {
			return false
		}
		data = data[n:]
	}
	return true
}

// applyFaults applies the faults at the current offset. It returns false if the
// connection has ended.
func (d *direction) applyFaults() bool {
	switch {
	case at(d.faults.CutAfter, d.passed):
		d.connection.cut()
		return false
	case at(d.faults.FreezeAfter, d.passed):
		d.faults.FreezeAfter = nil // only once
		d.connection.freeze()
		return d.connection.waitThawed()
	case at(d.faults.StallAfter, d.passed):
		<-d.connection.ended
		return false
	}
	return true
}

// waitUntil waits until a time. It returns false if the connection ends before.
func (d *direction) waitUntil(moment time.Time) bool {
	left := time.Until(moment)
	if left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.connection.ended:
		return false
	}
}

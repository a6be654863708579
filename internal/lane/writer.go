package lane

import (
	"context"
	"net"
	"runtime"
	"sync"

	"google.golang.org/grpc/mem"
)

const (
	// pendingBytes is how much may wait to be written before SendMsg waits, in bytes.
	pendingBytes = 240 << 10
	// controlBytes is how much more control frames may take, in bytes. They do not wait, because
	// the goroutine that reads sends pongs. A client that sends pings and does not read takes so
	// much memory without a call, which no limit of memory counts.
	controlBytes = 4 << 10
	// smallPending and fullPending are the sizes of the buffer of frames that wait, in bytes.
	smallPending, fullPending = 4 << 10, pendingBytes + 16<<10
)

// BuffersWriter is a connection that writes several buffers in few system calls. A connection
// that wraps another, and changes nothing of what is written, should implement it with
// WriteBuffers.
type BuffersWriter interface {
	// WriteBuffers writes all buffers, like net.Buffers.WriteTo.
	WriteBuffers(buffers *net.Buffers) (int64, error)
}

// WriteBuffers writes all buffers to conn, like net.Buffers.WriteTo, in few system calls if conn is
// a *net.TCPConn or a BuffersWriter.
func WriteBuffers(conn net.Conn, buffers *net.Buffers) (int64, error) {
	if out, ok := conn.(BuffersWriter); ok {
		return out.WriteBuffers(buffers)
	}
	return buffers.WriteTo(conn)
}

// writer writes frames. It is safe for concurrent use.
type writer struct {
	conn net.Conn
	pool mem.BufferPool
	// sent is called with the number of bytes of each write, by the goroutine that holds turn.
	sent func(n int)
	// turn is held while something is written.
	turn lock
	// wake signals that frames are pending, and room that pending frames were taken. Each has
	// room for one signal.
	wake, room chan struct{}
	// over is closed when writing has failed or ended.
	over chan struct{}

	mu sync.Mutex
	// pending are small frames that wait; nil if there are none. controls is how many bytes of
	// them are control frames.
	pending  *[]byte
	controls int
	err      error
}

func newWriter(conn net.Conn, pool mem.BufferPool, sent func(int)) *writer {
	w := &writer{
		conn: conn, pool: pool, sent: sent,
		turn: newLock(), wake: make(chan struct{}, 1), room: make(chan struct{}, 1), over: make(chan struct{}),
	}
	go w.run()
	return w
}

// run writes small frames until the writer is over.
func (w *writer) run() {
	for {
		select {
		case <-w.wake:
		case <-w.over:
			return
		}
		// Let senders that are ready add frames to this write.
		runtime.Gosched()
		if !w.turn.LockUnless(w.over) {
			return
		}
		_ = w.writePending(nil) // frames that are added later fail with it
		w.turn.Unlock()
	}
}

// writePending writes the small frames that wait, and then more. The caller must hold
// turn.
func (w *writer) writePending(more net.Buffers) error {
	w.mu.Lock()
	pending, err := w.pending, w.err
	w.pending, w.controls = nil, 0
	w.mu.Unlock()
	signal(w.room)
	if err != nil {
		return err
	}
	buffers := more
	if pending != nil {
		buffers = append(net.Buffers{*pending}, more...)
		defer w.pool.Put(pending)
	}
	if len(buffers) == 0 {
		return nil
	}
	n, err := WriteBuffers(w.conn, &buffers)
	w.sent(int(n))
	if err != nil {
		w.fail(err)
	}
	return err
}

// append adds a small frame. It waits for room while ctx lasts.
func (w *writer) append(ctx context.Context, k kind, payload [][]byte, length int) error {
	for {
		w.mu.Lock()
		if err := w.err; err != nil {
			w.mu.Unlock()
			return err
		}
		if w.pending == nil || len(*w.pending)+frameBytes+length <= pendingBytes {
			w.appendLocked(k, payload, length)
			w.mu.Unlock()
			signal(w.wake)
			return nil
		}
		w.mu.Unlock()
		select {
		case <-w.room:
		case <-w.over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// control adds a control frame without waiting. It fails if too many wait.
func (w *writer) control(k kind, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if w.controls += frameBytes + len(payload); w.controls > controlBytes {
		return breach("the other end does not read what it asks for")
	}
	w.appendLocked(k, [][]byte{payload}, len(payload))
	signal(w.wake)
	return nil
}

// appendLocked adds a frame to pending.
func (w *writer) appendLocked(k kind, payload [][]byte, length int) {
	w.growLocked(frameBytes + length)
	end := len(*w.pending)
	*w.pending = append(*w.pending, 0, 0, 0, 0, 0)
	putFrame((*w.pending)[end:], k, length)
	for _, piece := range payload {
		*w.pending = append(*w.pending, piece...)
	}
}

// growLocked makes room for more bytes in pending.
func (w *writer) growLocked(more int) {
	old := w.pending
	if old != nil {
		more += len(*old)
		if more <= cap(*old) {
			return
		}
	}
	size := smallPending
	if more > size {
		size = max(fullPending, more)
	}
	w.pending = w.pool.Get(size)
	*w.pending = (*w.pending)[:0]
	if old != nil {
		*w.pending = append(*w.pending, *old...)
		w.pool.Put(old)
	}
}

// takeTurn waits for turn while ctx lasts.
func (w *writer) takeTurn(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-w.over:
		return w.failure()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// direct writes a large message, after the small frames that wait.
func (w *writer) direct(ctx context.Context, payload [][]byte, length int) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	defer w.turn.Unlock() // append has signaled wake for frames that were added meanwhile
	header := make([]byte, frameBytes)
	putFrame(header, kindMessage, length)
	return w.writePending(append(net.Buffers{header}, payload...))
}

// flush waits until all that was added is written.
func (w *writer) flush(ctx context.Context) error {
	if err := w.takeTurn(ctx); err != nil {
		return err
	}
	defer w.turn.Unlock()
	return w.writePending(nil)
}

// failure returns the error with which the writer has ended; nil if it has not.
func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// fail ends the writer. Only the first error counts.
func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
		close(w.over)
	}
}

// signal sends a signal to a channel with room for one.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

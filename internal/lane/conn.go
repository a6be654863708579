package lane

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
)

// Options are settings of one end of a lane. The zero value is useful.
type Options struct {
	// Instance is the id that a server sends in its preface, of at most MaxInstance bytes. A
	// client does not set it.
	Instance string
	// MaxMessageBytes is the largest message that the other end may send, in bytes; 0 means
	// DefaultMaxMessageBytes.
	MaxMessageBytes int
	// MaxHeaderBytes is the largest size of the headers of a call, in bytes, which a client
	// keeps to and a server enforces; 0 means DefaultMaxHeaderBytes.
	MaxHeaderBytes int
	// Codec encodes messages; nil means payload.Codec{}.
	Codec encoding.CodecV2
	// Pool provides the buffers. It must be safe for concurrent use. Nil means a pool of this
	// lane.
	Pool mem.BufferPool
	// Control is called with the number 1 for each frame that comes, except for messages with
	// payload. When it fails, the lane ends. It may be nil.
	Control func(n int) error
	// Sent is called with the number of bytes of each write. It is not called concurrently. It
	// may be nil.
	Sent func(n int)
}

func (o Options) withDefaults() Options {
	if o.MaxMessageBytes <= 0 {
		o.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if o.MaxHeaderBytes <= 0 {
		o.MaxHeaderBytes = DefaultMaxHeaderBytes
	}
	if o.Codec == nil {
		o.Codec = payload.Codec{}
	}
	if o.Pool == nil {
		o.Pool = &bufferpool.Pool{}
	}
	if o.Control == nil {
		o.Control = func(int) error { return nil }
	}
	if o.Sent == nil {
		o.Sent = func(int) {}
	}
	return o
}

// Conn is one end of a lane. Close, GoAway, Retire, Instance and Lost are safe for concurrent use.
// The other methods must not be called concurrently with each other.
type Conn struct {
	net      net.Conn
	options  Options
	isServer bool
	instance string
	writer   *writer

	// reading is held by the goroutine that reads. It guards the next fields.
	reading lock
	reader  reader
	// stash is a frame that was read too early; its kind is 0 if there is none.
	stash frame
	// calling means that a call is under way, and that its frames may come.
	calling bool
	// broken means that the connection was lost, or that the other end broke the protocol.
	broken bool

	// pong has room for one signal: a pong came.
	pong chan struct{}
	// lost is closed when the lane takes no further call.
	lost      chan struct{}
	loseOnce  sync.Once
	closeOnce sync.Once
	closeErr  error
}

func newConn(conn net.Conn, isServer bool, options Options) *Conn {
	options = options.withDefaults()
	c := &Conn{net: conn, options: options, isServer: isServer, reading: newLock(), pong: make(chan struct{}, 1), lost: make(chan struct{})}
	c.reader = reader{conn: conn, pool: options.Pool, check: c.check}
	c.writer = newWriter(conn, options.Pool, options.Sent)
	return c
}

// Accept returns the server's end of a lane whose client's preface was read. It writes the
// server's preface. If it fails, the caller must close conn.
func Accept(conn net.Conn, options Options) (*Conn, error) {
	if n := len(options.Instance); n > MaxInstance {
		return nil, breach("an instance id of %d bytes: it must have at most %d", n, MaxInstance)
	}
	answer := append([]byte(Preface), byte(len(options.Instance))) //nolint:gosec // at most MaxInstance
	if _, err := conn.Write(append(answer, options.Instance...)); err != nil {
		return nil, err
	}
	return newConn(conn, true, options), nil
}

// Dial returns the client's end of a lane on a new connection. It writes the client's preface
// and reads the server's, while ctx lasts. If it fails, the caller must close conn. The error
// is a *ProtocolError if the other end is no server of lanes, and context.Cause(ctx) if ctx has
// ended.
func Dial(ctx context.Context, conn net.Conn, options Options) (*Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	instance, err := greet(conn)
	if !stop() {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	c := newConn(conn, false, options)
	c.instance = instance
	c.watchIdle()
	return c, nil
}

// greet exchanges the prefaces, and returns the server's instance id.
func greet(conn net.Conn) (string, error) {
	if _, err := io.WriteString(conn, Preface); err != nil {
		return "", err
	}
	answer := make([]byte, len(Preface)+1)
	for n := 0; n < len(answer); {
		m, err := conn.Read(answer[n:])
		n += m
		if !strings.HasPrefix(Preface, string(answer[:min(n, len(Preface))])) {
			return "", breach("the other end does not know lanes")
		}
		if err != nil && n < len(answer) {
			return "", err
		}
	}
	length := answer[len(Preface)]
	if length > MaxInstance {
		return "", breach("an instance id of %d bytes: it must have at most %d", length, MaxInstance)
	}
	instance := make([]byte, length)
	_, err := io.ReadFull(conn, instance)
	return string(instance), err
}

// Instance returns the id that the server has sent; "" at the server.
func (c *Conn) Instance() string { return c.instance }

// Lost returns a channel that is closed when the lane takes no further call: it was closed, the
// connection was lost, or the server is going away.
func (c *Conn) Lost() <-chan struct{} { return c.lost }

func (c *Conn) isLost() bool { return isClosed(c.lost) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// lose makes the lane take no further call.
func (c *Conn) lose() { c.loseOnce.Do(func() { close(c.lost) }) }

// past is a deadline that makes reading fail at once.
var past = time.Unix(1, 0)

// interrupt makes the goroutine that reads stop, and locks reading for the caller, which must
// unlock it. What was read of a frame stays.
func (c *Conn) interrupt() {
	_ = c.net.SetReadDeadline(past)
	c.reading.Lock()
	_ = c.net.SetReadDeadline(time.Time{})
}

// isInterrupt reports whether reading failed because of interrupt, or another deadline.
func isInterrupt(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// read returns the next frame that belongs to a call. The caller must hold reading.
func (c *Conn) read() (frame, error) {
	for {
		if next, err := c.readOne(); next.kind != 0 || err != nil {
			return next, err
		}
	}
}

// readOne reads one frame. It returns the zero frame for one that does not belong to a call.
// The caller must hold reading.
func (c *Conn) readOne() (frame, error) {
	if stashed := c.stash; stashed.kind != 0 {
		c.stash = frame{}
		return stashed, nil
	}
	next, err := c.reader.next()
	if err != nil {
		return frame{}, err
	}
	if next.kind != kindMessage || next.length == 0 {
		err = c.options.Control(1)
	}
	switch {
	case err != nil:
	case next.kind == kindPing:
		err = c.writer.control(kindPong, next.body.ReadOnlyData())
	case next.kind == kindPong:
		signal(c.pong)
	case next.kind == kindGoAway:
		c.lose()
	default:
		return next, nil
	}
	next.body.Free()
	return frame{}, err
}

// send writes an encoded message, and frees it.
func (c *Conn) send(ctx context.Context, encoded mem.BufferSlice) error {
	defer encoded.Free()
	length := encoded.Len()
	var few [4][]byte // most messages have three pieces
	pieces := few[:0]
	for _, buffer := range encoded {
		if buffer.Len() > 0 {
			pieces = append(pieces, buffer.ReadOnlyData())
		}
	}
	if length >= bulkBytes {
		return c.writer.direct(ctx, pieces, length)
	}
	return c.writer.append(ctx, kindMessage, pieces, length)
}

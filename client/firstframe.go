package client

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// firstFrameConn is a connection that reports why the first frame of its server did not
// come, because grpc-go passes on only the text of an error. A server that refuses the
// client's certificate does so only after the handshake, and then closes the connection.
// Writing may therefore fail before the refusal was read; firstFrameConn then reports the
// refusal. It is safe for concurrent use.
type firstFrameConn struct {
	net.Conn
	report func(connectFailure)
	// answered is called when the first frame of an HTTP/2 server has come. The function that
	// it returns is called when the connection is closed after that.
	answered func() (closed func())
	// done means that the first bytes of the server have come, a frame or not.
	done atomic.Bool

	mu sync.Mutex
	// header is what has come of the first frame's header, and of what follows it in the
	// same Read.
	header []byte
	// closed is what answered has returned.
	closed   func()
	isClosed bool
}

// frameHeaderBytes is the length of the header of an HTTP/2 frame. RFC 9113, section 4.1.
const frameHeaderBytes = 9

// refusalPatience is how long Write waits for a refusal that the server has already sent.
const refusalPatience = time.Second

// Read implements net.Conn.
func (c *firstFrameConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.done.Load() && c.inspect(p[:n], err) {
		return 0, errForeign
	}
	return n, err
}

// errForeign is the error of a server that answers in another protocol. grpc-go itself
// would wait for the rest of a frame.
var errForeign = errors.New("the server answered in another protocol than HTTP/2")

// inspect takes the bytes and the error of a Read before the first frame's header was
// complete. It reports whether the bytes cannot be of a frame.
func (c *firstFrameConn) inspect(p []byte, err error) (isForeign bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = append(c.header, p[:min(len(p), maxAnswer-len(c.header))]...)
	complete := len(c.header) >= frameHeaderBytes
	isForeign = complete && !isSettings(c.header) || isForeignPrefix(c.header) || len(c.header) > 0 && err != nil
	switch {
	case isForeign:
		c.done.Store(true)
		c.report(connectFailure{stage: foreign, answer: c.header})
	case complete:
		c.done.Store(true)
		c.header = nil
		if !c.isClosed {
			c.closed = c.answered()
		}
	case err != nil:
		c.report(connectFailure{stage: waiting, err: err})
	}
	return isForeign
}

// Close implements net.Conn.
func (c *firstFrameConn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isClosed = true
	if c.closed != nil {
		c.closed()
		c.closed = nil
	}
	return err
}

// Write implements net.Conn.
func (c *firstFrameConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !c.done.Load() {
		_ = c.SetReadDeadline(time.Now().Add(refusalPatience))
		answer := make([]byte, maxAnswer)
		n, refusal := c.Conn.Read(answer)
		if n > 0 {
			c.inspect(answer[:n], nil)
		}
		if isAlert(refusal) {
			err = refusal
		}
		c.report(connectFailure{stage: waiting, err: err})
	}
	return n, err
}

package client

import (
	"net"
	"sync/atomic"
	"time"
)

// firstFrameConn is a connection that reports why the first frame of its server did not
// come, because grpc-go passes on only the text of an error. A server that refuses the
// client's certificate does so only after the handshake, and then closes the connection.
// Writing may therefore fail before the refusal was read; firstFrameConn then reports the
// refusal.
type firstFrameConn struct {
	net.Conn
	report func(connectFailure)
	// done means that the first bytes of the server have come, a frame or not.
	done atomic.Bool

	// header is what has come of the first frame's header, and of what follows it in the
	// same Read. It belongs to the reading goroutine.
	header []byte
}

// frameHeaderBytes is the length of the header of an HTTP/2 frame. RFC 9113, section 4.1.
const frameHeaderBytes = 9

// refusalPatience is how long Write waits for a refusal that the server has already sent.
const refusalPatience = time.Second

// Read implements net.Conn.
func (c *firstFrameConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.done.Load() {
		c.inspect(p[:n], err)
	}
	return n, err
}

// inspect takes the bytes and the error of a Read before the first frame was complete.
func (c *firstFrameConn) inspect(p []byte, err error) {
	c.header = append(c.header, p[:min(len(p), maxAnswer-len(c.header))]...)
	switch {
	case len(c.header) >= frameHeaderBytes:
		if !isSettings(c.header) {
			c.report(connectFailure{stage: foreign, answer: c.header})
		}
		c.header = nil
		c.done.Store(true)
	case err != nil:
		if len(c.header) > 0 {
			c.report(connectFailure{stage: foreign, answer: c.header})
			return
		}
		c.report(connectFailure{stage: waiting, err: err})
	}
}

// Write implements net.Conn.
func (c *firstFrameConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !c.done.Load() {
		_ = c.SetReadDeadline(time.Now().Add(refusalPatience))
		if _, refusal := c.Conn.Read(make([]byte, 1)); isAlert(refusal) {
			err = refusal
		}
		c.report(connectFailure{stage: waiting, err: err})
	}
	return n, err
}

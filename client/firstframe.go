package client

import (
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// connectFailure is the reason why a connection was not made.
type connectFailure struct {
	err error
	// inHandshake means that the TLS handshake failed. Otherwise the connection failed
	// before the server's first frame.
	inHandshake bool
	// isForeign means that the server answered in another protocol than HTTP/2.
	isForeign bool
}

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

	// header is the part of the first frame's header that has come. It belongs to the
	// reading goroutine.
	header []byte
}

// frameHeaderBytes is the length of the header of an HTTP/2 frame. Its fourth byte is the
// type. RFC 9113, section 4.1.
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
	c.header = append(c.header, p[:min(len(p), frameHeaderBytes-len(c.header))]...)
	switch {
	case len(c.header) == frameHeaderBytes:
		// Every HTTP/2 server begins with a SETTINGS frame. RFC 9113, section 3.4.
		if http2.FrameType(c.header[3]) != http2.FrameSettings {
			c.report(connectFailure{isForeign: true})
		}
		c.done.Store(true)
	case err != nil:
		c.report(connectFailure{err: err})
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
		c.report(connectFailure{err: err})
	}
	return n, err
}

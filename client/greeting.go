package client

import (
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// connectFailure is why a connection was not made.
type connectFailure struct {
	err error
	// inHandshake: the TLS handshake failed. Otherwise the connection failed before the
	// server's first frame.
	inHandshake bool
	// isForeign: the server answered in another protocol than HTTP/2.
	isForeign bool
}

// greeting is a connection that waits for the first frame of its server, and keeps why
// it did not come: of an error, grpc-go hands on the text alone. A server that refuses
// the client's certificate says so only after the handshake, and closes the connection.
// That may make writing fail before the refusal is read: it is the reason.
type greeting struct {
	net.Conn
	failed func(connectFailure)
	// over: the first frame has come, or something else.
	over atomic.Bool

	// header is what has come of the first frame's header. It belongs to the goroutine
	// that reads.
	header []byte
}

// frameHeaderBytes is the length of the header of an HTTP/2 frame, whose fourth byte is
// the type. RFC 9113, section 4.1.
const frameHeaderBytes = 9

// refusalPatience is how long a refusal is waited for, which has been sent already.
const refusalPatience = time.Second

// Read implements net.Conn.
func (g *greeting) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.over.Load() {
		g.look(p[:n], err)
	}
	return n, err
}

// look takes what was read before the first frame was there.
func (g *greeting) look(p []byte, err error) {
	g.header = append(g.header, p[:min(len(p), frameHeaderBytes-len(g.header))]...)
	switch {
	case len(g.header) == frameHeaderBytes:
		// Every server begins with its settings. RFC 9113, section 3.4.
		if http2.FrameType(g.header[3]) != http2.FrameSettings {
			g.failed(connectFailure{isForeign: true})
		}
		g.over.Store(true)
	case err != nil:
		g.failed(connectFailure{err: err})
	}
}

// Write implements net.Conn.
func (g *greeting) Write(p []byte) (int, error) {
	n, err := g.Conn.Write(p)
	if err != nil && !g.over.Load() {
		_ = g.SetReadDeadline(time.Now().Add(refusalPatience))
		if _, refusal := g.Conn.Read(make([]byte, 1)); isAlert(refusal) {
			err = refusal
		}
		g.failed(connectFailure{err: err})
	}
	return n, err
}

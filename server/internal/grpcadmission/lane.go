package grpcadmission

import (
	"io"
	"net"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/server/internal/admission"
)

// Lane is a connection of Listener whose client has sent the preface of a lane. gRPC has
// forgotten it.
type Lane struct {
	// Conn continues after the preface. Only the server of lanes uses it.
	Conn net.Conn
	// Info is that of the handshake.
	Info credentials.AuthInfo
	// Connection counts until Close is called.
	Connection *admission.Connection
	// Close closes Conn, and ends what counts the connection. Further calls do nothing.
	Close func()
}

// LaneCredentials are Credentials that hand the connections of clients that want a lane to
// take, which must not block. A handshake over TLS must allow the protocol lane.Protocol.
func (a *Adapter) LaneCredentials(inner credentials.TransportCredentials, take func(Lane)) credentials.TransportCredentials {
	return admittedCredentials{inner, a, take}
}

// takeLane hands a connection to the server of lanes, if its client wants a lane. Otherwise it
// returns the connection, from which nothing is missing.
func (c admittedCredentials) takeLane(secured net.Conn, info credentials.AuthInfo, admitted *admittedConn) (_ net.Conn, taken bool, err error) {
	if encrypted, ok := info.(credentials.TLSInfo); ok && encrypted.State.NegotiatedProtocol != lane.Protocol {
		return secured, false, nil
	}
	seen, isLane, err := readPreface(secured)
	if err != nil || !isLane {
		return &prefixedConn{Conn: secured, prefix: seen}, false, err
	}
	a := c.adapter
	admitted.dispatched.Store(true)
	ends := endsOf(secured.RemoteAddr(), secured.LocalAddr())
	a.add(ends, admitted.connection)
	if secured == net.Conn(admitted) {
		secured = admitted.Conn // which can write several buffers at once
	}
	var closed atomic.Bool
	c.take(Lane{Conn: secured, Info: info, Connection: admitted.connection, Close: func() {
		if !closed.Swap(true) {
			a.remove(ends, admitted.connection)
			_ = secured.Close()
			_ = admitted.Close()
		}
	}})
	a.begun(admitted) // Drain has closed it, or leaves it to take
	return nil, true, nil
}

// readPreface reads the preface of a lane, or as much as shows that there is none, and returns
// what it has read.
func readPreface(conn net.Conn) (seen []byte, isLane bool, err error) {
	preface := make([]byte, len(lane.Preface))
	for n := 0; n < len(preface); {
		m, err := conn.Read(preface[n:])
		n += m
		if !strings.HasPrefix(lane.Preface, string(preface[:n])) {
			return preface[:n], false, nil
		}
		if err != nil && n < len(preface) {
			return preface[:n], false, noEOF(n, err)
		}
	}
	return nil, true, nil
}

// noEOF returns the error of a connection that ended after n bytes: nothing is missing if a
// client only looked whether there is a server.
func noEOF(n int, err error) error {
	if n > 0 && err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// prefixedConn is a connection from which a prefix was read.
type prefixedConn struct {
	net.Conn
	// prefix is what was read. One goroutine reads.
	prefix []byte
}

// Read implements net.Conn.
func (c *prefixedConn) Read(p []byte) (int, error) {
	if len(c.prefix) > 0 {
		n := copy(p, c.prefix)
		c.prefix = c.prefix[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

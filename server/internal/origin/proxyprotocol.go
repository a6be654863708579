package origin

import (
	"bufio"
	"errors"
	"fmt"
	"net"

	"github.com/pires/go-proxyproto"
)

// ReadHeader reads the header of the PROXY protocol, version 1 or 2, at the beginning of a
// connection from a trusted proxy, and returns the connection as the client's: RemoteAddr
// is the address in the header, and what follows the header can be read. A header without
// an address, such as that of a health check of the proxy itself, leaves the address as it
// is. ReadHeader waits for the header until the read deadline of the connection.
func ReadHeader(conn net.Conn) (net.Conn, error) {
	// Longer headers than the reader's 4 KiB are those of attackers.
	reader := bufio.NewReader(conn)
	header, err := proxyproto.Read(reader)
	if errors.Is(err, proxyproto.ErrNoProxyProtocol) {
		return nil, fmt.Errorf("the trusted proxy sent no header of the PROXY protocol: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the header of the PROXY protocol: %w", err)
	}
	remote := conn.RemoteAddr()
	if source, _, ok := header.TCPAddrs(); ok && !header.Command.IsLocal() {
		remote = source
	}
	return &proxiedConn{Conn: conn, reader: reader, remote: remote}, nil
}

// proxiedConn is the connection of a client through a proxy.
type proxiedConn struct {
	net.Conn
	// reader has what was read behind the header. One goroutine reads.
	reader *bufio.Reader
	remote net.Addr
}

// Read implements net.Conn.
func (c *proxiedConn) Read(p []byte) (int, error) {
	if c.reader != nil {
		if c.reader.Buffered() > 0 {
			return c.reader.Read(p)
		}
		c.reader = nil
	}
	return c.Conn.Read(p)
}

// RemoteAddr implements net.Conn.
func (c *proxiedConn) RemoteAddr() net.Addr { return c.remote }

package limit

import (
	"fmt"
	"net"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/caller"
)

// Listener returns a listener that accepts no more connections than there may be.
// Others it closes at once: nothing can be said on a connection that is to be
// encrypted, so the server's log has the reason.
func (l *Limiter) Listener(listener net.Listener) net.Listener {
	return &limitedListener{Listener: listener, limiter: l}
}

type limitedListener struct {
	net.Listener
	limiter *Limiter
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := caller.PeerOf(conn.RemoteAddr())
		why := l.limiter.admitConnection(peer)
		if why == "" {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.limiter.releaseConnection(peer) })}, nil
		}
		_ = conn.Close() // nobody is to read or write it
		l.limiter.reportClosed(why, conn.RemoteAddr())
	}
}

// admitConnection counts a connection, or says why there may be no more.
func (l *Limiter) admitConnection(peer string) (why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch most, mostOfPeer := l.options.Connections, l.options.ConnectionsPerPeer; {
	case most > 0 && l.all >= most:
		return fmt.Sprintf("there are %d connections, and there may be no more (%s)", most, tranship.LimitConnections)
	case mostOfPeer > 0 && l.connections[peer] >= mostOfPeer:
		return fmt.Sprintf("the peer has %d connections, and it may have no more (%s)", mostOfPeer, tranship.LimitConnectionsPerPeer)
	}
	l.all++
	l.connections[peer]++
	return ""
}

func (l *Limiter) releaseConnection(peer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.connections[peer]--; l.connections[peer] == 0 {
		delete(l.connections, peer)
	}
}

// limitedConn is a connection that counts until it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	c.release()
	return c.Conn.Close()
}

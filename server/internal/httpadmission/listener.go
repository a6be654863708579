package httpadmission

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/tranship/tranship/internal/sendbuffer"
	"github.com/tranship/tranship/server/internal/origin"
	"github.com/tranship/tranship/server/limit"
)

// Listener returns a listener of connections that the Door has admitted, whose PROXY header was
// read and whose handshake, if config is not nil, has succeeded. It closes all others; before that,
// it answers a request in plaintext where a handshake should be. A client that is slow in that
// delays no other.
func (a *Adapter) Listener(inner net.Listener, config *tls.Config) net.Listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{Listener: inner, adapter: a, ready: make(chan net.Conn), ctx: ctx, cancel: cancel, failed: make(chan struct{})}
	if config != nil {
		l.config = onlyHTTP1(config)
	}
	l.making.Go(l.accept)
	return l
}

type listener struct {
	net.Listener
	adapter *Adapter
	// config is nil for plaintext.
	config *tls.Config
	ready  chan net.Conn
	// ctx ends with Close.
	ctx    context.Context //nolint:containedctx // it is the life of the listener
	cancel context.CancelFunc
	// making counts the goroutines that make connections ready.
	making sync.WaitGroup
	// failed is closed when err is set.
	failed chan struct{}
	err    error
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.failed:
		return nil, l.err
	}
}

// Close implements net.Listener. It ends the handshakes under way.
func (l *listener) Close() error {
	l.cancel()
	err := l.Listener.Close()
	l.making.Wait()
	return err
}

// accept accepts connections until the inner listener fails.
func (l *listener) accept() {
	defer close(l.failed)
	for pause := leastPause; ; {
		conn, err := l.Listener.Accept()
		if err != nil {
			passing, ok := errors.AsType[net.Error](err)
			if !ok || !passing.Temporary() { //nolint:staticcheck // such as too many open files, which no other method tells
				l.err = err
				return
			}
			l.adapter.log.Warn("a connection could not be accepted: it is tried again", "error", err, "pause", pause)
			if !l.wait(pause) {
				l.err = net.ErrClosed
				return
			}
			pause = min(2*pause, mostPause)
			continue
		}
		pause = leastPause
		connection, err := l.adapter.door.Connect(conn.RemoteAddr(), func() { _ = conn.Close() })
		if err != nil {
			_ = conn.Close() // nothing was read or written
			continue
		}
		sendbuffer.Bound(conn)
		l.making.Go(func() { l.offer(&admittedConn{Conn: conn, connection: connection, accepted: conn, serving: l.ctx}) })
	}
}

// leastPause and mostPause bound the pause after a connection that could not be accepted.
const leastPause, mostPause = 5 * time.Millisecond, time.Second

// wait waits. It returns false when the listener is closed.
func (l *listener) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// offer makes a connection ready, and waits until Accept takes it.
func (l *listener) offer(conn *admittedConn) {
	raw := conn.Conn // prepare may replace it
	closing := context.AfterFunc(l.ctx, func() { _ = raw.Close() })
	prepared, err := l.prepare(conn)
	if err != nil {
		closing()
		_ = conn.Close()
		return
	}
	select {
	case l.ready <- prepared:
		if !closing() {
			_ = conn.Close()
		}
	case <-l.ctx.Done():
		_ = conn.Close()
	}
}

// prepare reads the header of the PROXY protocol and shakes hands, within the time for that.
func (l *listener) prepare(conn *admittedConn) (net.Conn, error) {
	door := l.adapter.door
	wait := door.Limits().HandshakeTime
	if wait == 0 {
		wait = limit.DefaultHandshakeTime
	}
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	if conn.connection.BeginsWithHeader() {
		proxied, err := origin.ReadHeader(conn.Conn)
		if err != nil {
			door.HandshakeFailed(conn.RemoteAddr(), err)
			return nil, err
		}
		conn.Conn = proxied
		if err := conn.connection.Forwarded(proxied.RemoteAddr()); err != nil {
			return nil, err
		}
	}
	var prepared net.Conn = conn
	if l.config != nil {
		secured := tls.Server(conn, l.config)
		if err := secured.HandshakeContext(l.ctx); err != nil {
			door.HandshakeFailed(conn.RemoteAddr(), err)
			answerPlaintext(conn, err)
			return nil, err
		}
		prepared = secured
	}
	return prepared, conn.SetDeadline(time.Time{})
}

// onlyHTTP1 returns a copy of a configuration that agrees to HTTP/1.1 alone by ALPN. So do the
// configurations that its GetConfigForClient returns.
func onlyHTTP1(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	if inner := config.GetConfigForClient; inner != nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := inner(hello)
			if chosen == nil || err != nil {
				return chosen, err
			}
			chosen = chosen.Clone()
			chosen.NextProtos = config.NextProtos
			return chosen, nil
		}
	}
	return config
}

package grpcadmission

import (
	"net"
	"time"

	"github.com/tranship/tranship/server/internal/admission"
)

// Drain drains the Door, and closes the connections of Listener on which no client speaks
// gRPC or lanes yet: grpc.Server.GracefulStop waits for their handshakes.
func (a *Adapter) Drain() {
	a.door.Drain()
	a.mu.Lock()
	a.draining = true
	early := a.early
	a.early = nil
	a.mu.Unlock()
	for conn := range early {
		_ = conn.Close()
	}
}

// newConn returns a connection of Listener, which is closed if the server drains before
// its client speaks gRPC or lanes.
func (a *Adapter) newConn(conn net.Conn, connection *admission.Connection) *admittedConn {
	admitted := &admittedConn{Conn: conn, adapter: a, connection: connection, accepted: time.Now()}
	a.mu.Lock()
	draining := a.draining
	if !draining {
		a.early[admitted] = struct{}{}
	}
	a.mu.Unlock()
	if draining {
		_ = admitted.Close()
	}
	return admitted
}

// begun forgets a connection whose client speaks gRPC or lanes, or that was closed.
func (a *Adapter) begun(conn *admittedConn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.early, conn)
}

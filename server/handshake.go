package server

import (
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"
)

// loggedHandshakes are credentials of a server that write failed handshakes to the log
// and to the audit log. grpc-go reports them to nothing else.
type loggedHandshakes struct {
	credentials.TransportCredentials
	log     *slog.Logger
	refused func(address, reason string)
}

// ServerHandshake implements credentials.TransportCredentials.
func (h loggedHandshakes) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := h.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		address := conn.RemoteAddr().String()
		h.log.Debug("TLS handshake failed", "peer", address, "error", err)
		h.refused(address, err.Error())
	}
	return secured, info, err
}

// Clone implements credentials.TransportCredentials.
func (h loggedHandshakes) Clone() credentials.TransportCredentials {
	h.TransportCredentials = h.TransportCredentials.Clone()
	return h
}

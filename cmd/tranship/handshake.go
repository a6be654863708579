package main

import (
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"
)

// loggedHandshakes are credentials of a server that tell why a client was not let in,
// which grpc-go keeps to itself. It is for who looks for it: anybody can make them fail.
type loggedHandshakes struct {
	credentials.TransportCredentials
	log *slog.Logger
}

// ServerHandshake implements credentials.TransportCredentials.
func (h loggedHandshakes) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := h.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		h.log.Debug("TLS handshake failed", "peer", conn.RemoteAddr().String(), "error", err)
	}
	return secured, info, err
}

// Clone implements credentials.TransportCredentials.
func (h loggedHandshakes) Clone() credentials.TransportCredentials {
	h.TransportCredentials = h.TransportCredentials.Clone()
	return h
}

package server

import (
	"log/slog"

	"github.com/tranship/tranship/server/limit"
)

// descriptors is how the file descriptors that the process may have are shared: at most
// a quarter for connections; a quarter for what the server has open for a moment and for
// itself; and the rest for what callers have open.
type descriptors struct {
	// connections and connectionsPerPeer are limits as in limit.Options.
	connections, connectionsPerPeer int
	files                           int64
}

// peersPart is the part of all connections that one peer may have by default: an 8th.
const peersPart = limit.DefaultConnections / limit.DefaultConnectionsPerPeer

// shareDescriptors shares so many descriptors. Limits of connections that the
// configuration sets stay as they are.
func shareDescriptors(all int64, limits limit.Options) descriptors {
	d := descriptors{connections: limits.Connections, connectionsPerPeer: limits.ConnectionsPerPeer}
	if d.connections == 0 {
		d.connections = int(min(limit.DefaultConnections, max(all/4, 1)))
	}
	if d.connectionsPerPeer == 0 {
		d.connectionsPerPeer = limit.DefaultConnectionsPerPeer
		if d.connections > 0 {
			d.connectionsPerPeer = min(d.connectionsPerPeer, max(d.connections/peersPart, 1))
		}
	}
	d.files = all/2 + max(all/4-int64(max(d.connections, 0)), 0)
	return d
}

// boundDescriptors returns limits that leave enough descriptors, and how many of them
// callers share. all is how many the process may have; 0 means that the system is asked.
// Go has raised the system's limit as far as the process may.
func boundDescriptors(all int64, limits limit.Options, log *slog.Logger) (limit.Options, int64) {
	if all <= 0 {
		all = descriptorLimit()
	}
	d := shareDescriptors(all, limits)
	if limits.Connections == 0 && d.connections < limit.DefaultConnections {
		log.Warn("there are few file descriptors (ulimit -n): fewer connections are allowed than usual",
			"descriptors", all, "connections", d.connections, "connections_per_peer", d.connectionsPerPeer)
	}
	limits.Connections, limits.ConnectionsPerPeer = d.connections, d.connectionsPerPeer
	return limits, d.files
}

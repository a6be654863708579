package main

import (
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
)

// descriptors is how the descriptors that the system allows are shared: a quarter for
// connections, at most; the same for what the server has open for a moment and for
// itself; and the rest for what callers have open.
type descriptors struct {
	connections, connectionsPerPeer int
	files                           int64
}

// peersPart is the part of all connections that one peer may have by default: an 8th.
const peersPart = limit.DefaultConnections / limit.DefaultConnectionsPerPeer

// shareDescriptors shares so many. Numbers of connections that are not the defaults stay
// as they are.
func shareDescriptors(all int64, flags serveLimitFlags) descriptors {
	d := descriptors{connections: flags.connections, connectionsPerPeer: flags.connectionsPerPeer}
	if d.connections == limit.DefaultConnections {
		d.connections = int(min(int64(d.connections), max(all/4, 1)))
	}
	if d.connectionsPerPeer == limit.DefaultConnectionsPerPeer && d.connections > 0 {
		d.connectionsPerPeer = min(d.connectionsPerPeer, max(d.connections/peersPart, 1))
	}
	d.files = all/2 + max(all/4-int64(d.connections), 0)
	return d
}

// bounded returns a store whose callers share the descriptors, and sets how many
// connections there may be. The system's limit was raised as far as may be: Go does that.
func (f *serveLimitFlags) bounded(store tranship.Store, all int64, log *slog.Logger) tranship.Store {
	d := shareDescriptors(all, *f)
	if d.connections != f.connections {
		log.Warn("there are few file descriptors (ulimit -n): fewer connections are allowed than usual",
			"descriptors", all, "connections", d.connections, "connections_per_peer", d.connectionsPerPeer)
	}
	f.connections, f.connectionsPerPeer = d.connections, d.connectionsPerPeer
	return limit.NewFiles(d.files).Store(store)
}

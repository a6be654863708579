// Package limit has the limits of what clients may do to a server, whatever the
// transport: how many connections and calls they have and how fast they begin them, how
// much they move, and how little. The server applies them; see Config.Limits of package
// server.
//
// A peer is an IPv4 address or an IPv6 network of 64 bits. A caller is a principal or,
// if the principal is unknown, a peer. A call is a call and not a file: ten thousand
// files on one stream are one call.
//
// # Slow clients
//
// A client that sends more slowly than MinRate, or takes what it asked for more slowly,
// loses its call with tranship.ErrUnavailable, and may resume where it was. Only the time
// counts in which the server waits for the client, not the time in which the client waits
// for the server: for the disk, for memory, or for a limit of bandwidth. On streams in
// both directions only the service knows what the client owes. Where the client owes
// nothing, Idle is the limit.
package limit

import (
	"time"
)

// Options are the limits. 0 stands for the default that each field names. A value less
// than 0 means unlimited; of HandshakeTime and HeaderBytes it means the limit that the
// transport has by itself.
type Options struct {
	// Connections is how many connections there may be, by default 4,096, and
	// ConnectionsPerPeer how many of one peer, by default 512. The server closes others
	// at once.
	Connections, ConnectionsPerPeer int
	// HandshakeTime is how long a connection may take until TLS and the protocol are
	// agreed on, by default 10 s. A call with one message may take 30 s until that has
	// arrived.
	HandshakeTime time.Duration
	// StreamsPerConnection is how many calls may be under way on one connection, by
	// default 1,000: clients wait with others. StreamsPerPeer is how many calls of one
	// peer may be under way, by default 4,096: others fail with tranship.ErrUnavailable.
	StreamsPerConnection, StreamsPerPeer int
	// StreamsPerPrincipal is how many calls of one principal may be under way, unlimited by
	// default: others fail with tranship.ErrUnavailable.
	StreamsPerPrincipal int
	// StreamsPerSecond is how many calls a peer may begin in a second, including those
	// that it resets, by default 4,000, and twice as many at once. Others fail with
	// tranship.ErrUnavailable before anything is spent on them.
	StreamsPerSecond int
	// CallsPerSecond is how many calls a caller may make in a second, by default 2,000,
	// and CallsBurst how many at once, by default 4,000. Others wait for their turn for
	// at most 5 s, and then fail with tranship.ErrUnavailable.
	CallsPerSecond float64
	CallsBurst     int
	// FramesPerSecond is how many frames without payload a connection may send in a
	// second, by default 10,000, and twice as many at once, beside those that answer
	// what the server sends. The server closes a connection that sends more.
	FramesPerSecond int
	// Bandwidth is how many bytes of payload all callers together may send and receive
	// in a second, and BandwidthPerPrincipal how many one caller may; both are unlimited
	// by default.
	Bandwidth, BandwidthPerPrincipal int64
	// MinRate is how many bytes a client must send or take in a second, by default
	// 1,024, measured over MinRateWindow of waiting for it, by default 1 minute.
	MinRate       int64
	MinRateWindow time.Duration
	// Idle is how long a client may send nothing where it owes nothing, by default 1
	// hour.
	Idle time.Duration
	// HeaderBytes is the largest size of the headers of a call, by default 32 KiB. The
	// transport tells clients, and resets calls that have more.
	HeaderBytes int
}

// Defaults of Options.
const (
	DefaultConnections          = 4096
	DefaultConnectionsPerPeer   = 512
	DefaultHandshakeTime        = 10 * time.Second
	DefaultStreamsPerConnection = 1000
	DefaultStreamsPerPeer       = 4096
	DefaultStreamsPerSecond     = 4000
	DefaultCallsPerSecond       = 2000
	DefaultCallsBurst           = 4000
	DefaultFramesPerSecond      = 10_000
	DefaultMinRate              = 1024
	DefaultMinRateWindow        = time.Minute
	DefaultIdle                 = time.Hour
	DefaultHeaderBytes          = 32 << 10
)

// number is n, the default for 0, or 0 for less.
func number[T ~int | ~int64 | ~float64](n, standard T) T {
	if n == 0 {
		n = standard
	}
	return max(n, 0)
}

// WithDefaults returns the limits with the defaults set. In the result 0 means
// unlimited, so that WithDefaults must not be called on it again.
func (o Options) WithDefaults() Options {
	o.Connections = number(o.Connections, DefaultConnections)
	o.ConnectionsPerPeer = number(o.ConnectionsPerPeer, DefaultConnectionsPerPeer)
	o.HandshakeTime = number(o.HandshakeTime, DefaultHandshakeTime)
	o.StreamsPerConnection = number(o.StreamsPerConnection, DefaultStreamsPerConnection)
	o.StreamsPerPeer = number(o.StreamsPerPeer, DefaultStreamsPerPeer)
	o.StreamsPerPrincipal = max(o.StreamsPerPrincipal, 0)
	o.StreamsPerSecond = number(o.StreamsPerSecond, DefaultStreamsPerSecond)
	o.CallsPerSecond = number(o.CallsPerSecond, DefaultCallsPerSecond)
	o.CallsBurst = max(number(o.CallsBurst, DefaultCallsBurst), 1)
	o.FramesPerSecond = number(o.FramesPerSecond, DefaultFramesPerSecond)
	o.Bandwidth = max(o.Bandwidth, 0)
	o.BandwidthPerPrincipal = max(o.BandwidthPerPrincipal, 0)
	o.MinRate = number(o.MinRate, DefaultMinRate)
	o.MinRateWindow = number(o.MinRateWindow, DefaultMinRateWindow)
	o.Idle = number(o.Idle, DefaultIdle)
	o.HeaderBytes = number(o.HeaderBytes, DefaultHeaderBytes)
	return o
}

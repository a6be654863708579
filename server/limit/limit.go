// Package limit bounds what clients may do to a gRPC server: how many connections and
// calls they have and how fast they begin them, how much they move, and how little. It
// is for any grpc.Server, whatever its services:
//
//	limiter := limit.New(limit.Options{})
//	options := append(limiter.ServerOptions(), grpc.Creds(limiter.Credentials(tls)))
//	grpc.NewServer(options...).Serve(limiter.Listener(listener))
//
// Whoever finds out who calls comes before ServerOptions, so that the principal is in
// the context. A peer is an IPv4 address or an IPv6 network of 64 bits; whoever is not
// known is counted by the peer.
//
// A call is a call, not a file: ten thousand files on one stream are one call.
//
// # Who is slow
//
// A client that sends slower than MinRate, or takes what it asked for slower, loses its
// call with UNAVAILABLE, and may go on from where it was. What counts is the time in
// which the server waits for the client, not that in which the client waits for the
// server: for the disk, for memory, or for a limit of bandwidth. On streams in both
// directions the service has to know what the client owes: those of package server do.
// Where nothing is owed, Idle is the bound.
//
// # What gRPC does by itself
//
// gRPC for Go (1.85) runs at most as many handlers as a connection may have streams,
// those of streams that were reset included, and reads no further until one ends; it
// closes connections that ping too often, and stops reading from one that has 10,000
// answers to its pings, settings and resets waiting to be sent. What it does not bound
// is how often a client that takes those answers does that: Credentials counts frames
// that carry no payload, and closes a connection that sends too many.
package limit

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/minrate"
)

// Options are the limits. A limit of 0 has the default that is named with it; one less
// than 0 is none, or, of HandshakeTime, gRPC's own.
type Options struct {
	// Connections is how many there may be, by default 4,096; ConnectionsPerPeer
	// how many of one peer, 512. Others are closed at once.
	Connections, ConnectionsPerPeer int
	// HandshakeTime is how long a connection may take until TLS and HTTP/2 are
	// agreed on, 10 s. (A call that has only one message may take 30 s until that
	// has arrived.)
	HandshakeTime time.Duration
	// StreamsPerConnection is how many calls may be under way on a connection,
	// 1,000: clients wait with others. StreamsPerPeer is how many of one peer, on
	// all its connections, 4,096: others are refused with UNAVAILABLE.
	StreamsPerConnection, StreamsPerPeer int
	// StreamsPerSecond is how many calls a peer may begin in a second, 4,000, and
	// twice as many at once, those that it resets included: others are refused with
	// UNAVAILABLE before anything is spent on them.
	StreamsPerSecond int
	// CallsPerSecond is how many calls a principal may make in a second, 2,000, and
	// CallsBurst how many at once, 4,000. Others wait for their turn, for at most 5
	// s, and are then refused with UNAVAILABLE.
	CallsPerSecond float64
	CallsBurst     int
	// FramesPerSecond is how many HTTP/2 frames without payload a connection may
	// send in a second, 10,000, and twice as many at once, beside those that answer
	// what the server sends. A connection that sends more is closed.
	FramesPerSecond int
	// Bandwidth is how many bytes of payload a second all may send and get
	// together, and BandwidthPerPrincipal how many one may; by default any.
	Bandwidth, BandwidthPerPrincipal int64
	// MinRate is how many bytes a second a client must send or take, 1,024, measured
	// over MinRateWindow of waiting for it, 1 minute.
	MinRate       int64
	MinRateWindow time.Duration
	// Idle is how long a client may send nothing where it owes nothing, 1 hour.
	Idle time.Duration
	// HeaderBytes is how much the headers of a call may have, 32 KiB. gRPC tells
	// clients, and resets calls that have more.
	HeaderBytes int
	// Refused is told of each connection that is closed and each call that is refused
	// before anything is read of it: the address, "host:port", and why. nil: nothing is.
	// It must not block for long.
	Refused func(address, reason string)
	// Logger gets a line when connections were closed; nil: none.
	Logger *slog.Logger
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

const (
	// arrivalTime is how long the only message of a call may take to arrive.
	arrivalTime = 30 * time.Second
	// turnTime is how long a call waits for its turn.
	turnTime = 5 * time.Second
	// rememberedClients bounds the principals of which it is remembered what they did in
	// the last seconds, and as many peers: some 7 MiB each.
	rememberedClients = 1 << 14
)

// number is n, or the default for 0, or 0 for less.
func number[T ~int | ~int64 | ~float64](n, standard T) T {
	if n == 0 {
		n = standard
	}
	return max(n, 0)
}

// WithDefaults returns the options with the defaults set, in which 0 means unlimited.
func (o Options) WithDefaults() Options {
	o.Connections = number(o.Connections, DefaultConnections)
	o.ConnectionsPerPeer = number(o.ConnectionsPerPeer, DefaultConnectionsPerPeer)
	o.HandshakeTime = number(o.HandshakeTime, DefaultHandshakeTime)
	o.StreamsPerConnection = number(o.StreamsPerConnection, DefaultStreamsPerConnection)
	o.StreamsPerPeer = number(o.StreamsPerPeer, DefaultStreamsPerPeer)
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
	if o.Refused == nil {
		o.Refused = func(string, string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Limiter applies limits. It is safe for concurrent use; several servers can share one.
type Limiter struct {
	options   Options
	bandwidth *rate.Limiter
	// peers and principals are remembered apart, so that a caller with many addresses
	// cannot make the limits of principals fresh.
	peers, principals clients

	mu sync.Mutex
	// connections and streams are those under way of each peer.
	connections, streams map[string]int
	all                  int
	// framedConns are the connections whose frames are counted.
	framedConns map[ends]*framedConn
	// closed counts connections since the last line about them.
	closed int
	logged time.Time
}

// New returns a limiter.
func New(options Options) *Limiter {
	options = options.WithDefaults()
	l := &Limiter{
		options:     options,
		bandwidth:   bandwidth(options.Bandwidth),
		connections: make(map[string]int),
		streams:     make(map[string]int),
		framedConns: make(map[ends]*framedConn),
	}
	l.peers, l.principals = newClients(rememberedClients, l.newClient), newClients(rememberedClients, l.newClient)
	return l
}

// ServerOptions are the options of a grpc.Server with these limits. Beside them,
// Credentials and Listener have theirs.
func (l *Limiter) ServerOptions() []grpc.ServerOption {
	return append(l.Settings(),
		grpc.InTapHandle(l.Tap),
		grpc.ChainUnaryInterceptor(l.unary),
		grpc.ChainStreamInterceptor(l.stream),
	)
}

// Settings are those of ServerOptions that other options set, too, as GRPCOptions of
// package server do: the last ones hold, so that these are to come again after them.
func (l *Limiter) Settings() []grpc.ServerOption {
	var options []grpc.ServerOption
	if l.options.HandshakeTime > 0 {
		options = append(options, grpc.ConnectionTimeout(l.options.HandshakeTime))
	}
	if l.options.StreamsPerConnection > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(min(l.options.StreamsPerConnection, 1<<31-1))))
	}
	if l.options.HeaderBytes > 0 {
		options = append(options, grpc.MaxHeaderListSize(uint32(min(l.options.HeaderBytes, 1<<31-1))))
	}
	return options
}

// pace are the limits of how slow a client may be.
func (o Options) pace() minrate.Limits {
	return minrate.Limits{Rate: o.MinRate, Window: o.MinRateWindow, Idle: o.Idle}
}

// reportClosed writes a line about connections that were closed, at most one a second.
func (l *Limiter) reportClosed(why string, address net.Addr) {
	l.options.Refused(address.String(), why)
	l.mu.Lock()
	l.closed++
	n := l.closed
	due := time.Since(l.logged) >= time.Second
	if due {
		l.closed, l.logged = 0, time.Now()
	}
	l.mu.Unlock()
	if due {
		l.options.Logger.LogAttrs(context.Background(), slog.LevelWarn, "connections closed",
			slog.String("reason", why), slog.String("peer", address.String()), slog.Int("connections", n))
	}
}

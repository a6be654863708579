package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
)

// serveLimitFlags are the flags of serve that limit what clients may use.
type serveLimitFlags struct {
	quota struct {
		fileSize byteSize
		bytes    byteSize
		files    int64
		// filesGiven reports whether --quota-files was passed.
		filesGiven func() bool
		uploads    int
	}
	connections, connectionsPerPeer int
	handshakeTime                   time.Duration
	streams, streamsPerPeer         int
	streamsPerPrincipal             int
	streamsPerSecond                int
	callsPerSecond                  float64
	callsBurst                      int
	framesPerSecond                 int
	bandwidth, principalBandwidth   byteSize
	minRate                         byteSize
	minRateWindow                   time.Duration
	idle                            time.Duration
	headerSize                      byteSize
	listPage                        int
}

func (f *serveLimitFlags) add(cmd *cobra.Command) {
	f.minRate, f.headerSize = limit.DefaultMinRate, limit.DefaultHeaderBytes
	flags := cmd.Flags()
	flags.Var(&f.quota.fileSize, "max-file-size", "largest `size` of a file, such as 10GiB (default unlimited)")
	flags.Var(&f.quota.bytes, "quota-bytes", "total `size` of the files and unfinished uploads of one principal (default unlimited)")
	flags.Int64Var(&f.quota.files, "quota-files", 0, "maximum number of files and directories of one principal; 0 means unlimited (default unlimited; with --quota-bytes, one per KiB of it and at least 1000)")
	f.quota.filesGiven = func() bool { return flags.Changed("quota-files") }
	flags.IntVar(&f.quota.uploads, "max-uploads", quota.DefaultUploads, "maximum number of unfinished uploads of one principal; 0 means unlimited")
	flags.IntVar(&f.connections, "max-connections", limit.DefaultConnections, "maximum number of connections; 0 means unlimited")
	flags.IntVar(&f.connectionsPerPeer, "max-connections-per-peer", limit.DefaultConnectionsPerPeer, "maximum number of connections of one IPv4 address or IPv6 /64; 0 means unlimited")
	flags.Var(span(&f.handshakeTime, limit.DefaultHandshakeTime), "handshake-timeout", "time limit for the TLS and HTTP/2 handshakes of a connection")
	flags.IntVar(&f.streams, "max-streams", limit.DefaultStreamsPerConnection, "maximum number of concurrent calls on one connection; 0 means unlimited")
	flags.IntVar(&f.streamsPerPeer, "max-streams-per-peer", limit.DefaultStreamsPerPeer, "maximum number of concurrent calls of one peer; 0 means unlimited")
	flags.IntVar(&f.streamsPerPrincipal, "max-streams-per-principal", 0, "maximum number of concurrent calls of one principal; 0 means unlimited")
	flags.IntVar(&f.streamsPerSecond, "max-streams-per-second", limit.DefaultStreamsPerSecond, "maximum number of calls that one peer may begin per second, including those that it resets; 0 means unlimited")
	flags.Float64Var(&f.callsPerSecond, "max-calls-per-second", limit.DefaultCallsPerSecond, "maximum number of calls of one principal per second, on average; further calls wait; 0 means unlimited")
	flags.IntVar(&f.callsBurst, "max-calls-burst", limit.DefaultCallsBurst, "maximum number of calls that one principal may make at once")
	flags.IntVar(&f.framesPerSecond, "max-frames-per-second", limit.DefaultFramesPerSecond, "maximum number of HTTP/2 frames without payload that a connection may send per second; 0 means unlimited")
	flags.Var(&f.bandwidth, "bandwidth", "`size` of payload that all clients together may send and receive per second (default unlimited)")
	flags.Var(&f.principalBandwidth, "bandwidth-per-principal", "`size` of payload that one principal may send and receive per second (default unlimited)")
	flags.Var(&f.minRate, "min-rate", "minimum `size` that a client must send or receive per second while the server waits for it; 0 means no minimum")
	flags.Var(span(&f.minRateWindow, limit.DefaultMinRateWindow), "min-rate-window", "waiting time over which --min-rate is measured")
	flags.Var(span(&f.idle, limit.DefaultIdle), "idle-timeout", "how long a client may be silent on a stream on which it has nothing to send; 0 means unlimited")
	flags.Var(&f.headerSize, "max-header-size", "largest `size` of the headers of a call; 0 means 16MiB")
	flags.IntVar(&f.listPage, "list-page-size", 256, "maximum number of entries in one message of a list, 1 to 256")
	config.MarkLive(flags, "max-file-size", "quota-bytes", "quota-files", "max-uploads",
		"max-connections", "max-connections-per-peer", "max-streams-per-peer", "max-streams-per-principal", "max-streams-per-second",
		"max-calls-per-second", "max-calls-burst", "max-frames-per-second", "bandwidth", "bandwidth-per-principal",
		"min-rate", "min-rate-window", "idle-timeout")
}

func (f *serveLimitFlags) validate() error {
	var m usage.Mistakes
	for _, flag := range []struct {
		name  string
		value float64
	}{
		{"quota-files", float64(f.quota.files)},
		{"max-uploads", float64(f.quota.uploads)},
		{"max-connections", float64(f.connections)},
		{"max-connections-per-peer", float64(f.connectionsPerPeer)},
		{"max-streams", float64(f.streams)},
		{"max-streams-per-peer", float64(f.streamsPerPeer)},
		{"max-streams-per-principal", float64(f.streamsPerPrincipal)},
		{"max-streams-per-second", float64(f.streamsPerSecond)},
		{"max-calls-per-second", f.callsPerSecond},
		{"max-frames-per-second", float64(f.framesPerSecond)},
		{"idle-timeout", float64(f.idle)},
	} {
		m.If(!(flag.value >= 0), flag.name, "--%s %v: it must not be negative", flag.name, flag.value) // nor NaN
	}
	m.If(f.handshakeTime <= 0, "handshake-timeout", "--handshake-timeout %v: it must be more than 0", f.handshakeTime)
	m.If(f.minRateWindow <= 0, "min-rate-window", "--min-rate-window %v: it must be more than 0", f.minRateWindow)
	m.If(f.callsBurst < 1, "max-calls-burst", "--max-calls-burst %d: it must be at least 1", f.callsBurst)
	m.If(f.headerSize != 0 && f.headerSize < minHeaderSize, "max-header-size", "--max-header-size %d bytes: it must be at least 4KiB", f.headerSize)
	m.If(f.listPage < 1 || f.listPage > 256, "list-page-size", "--list-page-size %d: it must be from 1 to 256", f.listPage)
	return m.Err()
}

// minHeaderSize is enough, in bytes, for the headers of every call.
const minHeaderSize = 4 << 10

// negativeIfZero returns -1 for 0, and n otherwise. On the command line 0 means 0 or unlimited;
// in options that is a negative value, because 0 selects the default.
func negativeIfZero[T ~int | ~int64 | ~float64](n T) T {
	if n == 0 {
		return -1
	}
	return n
}

// limits returns the limits of the use of the network. Default numbers of connections are
// passed as 0: the server lowers its defaults to the descriptors that it may open.
func (f *serveLimitFlags) limits() limit.Options {
	return limit.Options{
		Connections:           zeroIfDefault(f.connections, limit.DefaultConnections),
		ConnectionsPerPeer:    zeroIfDefault(f.connectionsPerPeer, limit.DefaultConnectionsPerPeer),
		HandshakeTime:         f.handshakeTime,
		StreamsPerConnection:  negativeIfZero(f.streams),
		StreamsPerPeer:        negativeIfZero(f.streamsPerPeer),
		StreamsPerPrincipal:   f.streamsPerPrincipal,
		StreamsPerSecond:      negativeIfZero(f.streamsPerSecond),
		CallsPerSecond:        negativeIfZero(f.callsPerSecond),
		CallsBurst:            f.callsBurst,
		FramesPerSecond:       negativeIfZero(f.framesPerSecond),
		Bandwidth:             int64(f.bandwidth),
		BandwidthPerPrincipal: int64(f.principalBandwidth),
		MinRate:               int64(negativeIfZero(f.minRate)),
		MinRateWindow:         f.minRateWindow,
		Idle:                  negativeIfZero(f.idle),
		HeaderBytes:           int(negativeIfZero(f.headerSize)),
	}
}

// live returns the limits of next, but those of f that cannot change while the server runs.
func (f *serveLimitFlags) live(next serveLimitFlags) *serveLimitFlags {
	next.handshakeTime, next.streams, next.headerSize, next.listPage = f.handshakeTime, f.streams, f.headerSize, f.listPage
	return &next
}

// zeroIfDefault returns 0 for the default, and negativeIfZero of any other number.
func zeroIfDefault(n, standard int) int {
	if n == standard {
		return 0
	}
	return negativeIfZero(n)
}

// quotas returns the quotas of each principal, which several servers may share.
func (f *serveLimitFlags) quotas(shared bool) quota.Options {
	files := f.quota.files
	if f.quota.filesGiven() {
		files = negativeIfZero(files)
	}
	return quota.Options{
		FileBytes: int64(f.quota.fileSize),
		Bytes:     int64(f.quota.bytes),
		Files:     files,
		Uploads:   negativeIfZero(f.quota.uploads),
		Shared:    shared,
		Saved:     !shared,
	}
}

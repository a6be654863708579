package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/quota"
)

// serveLimitFlags are the flags of serve that bound what clients may do.
type serveLimitFlags struct {
	quota struct {
		fileSize byteSize
		bytes    byteSize
		files    int64
		// filesGiven tells that files was given on the command line.
		filesGiven func() bool
		uploads    int
	}
	connections, connectionsPerPeer int
	handshakeTime                   time.Duration
	streams, streamsPerPeer         int
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
	flags.Var(&f.quota.fileSize, "max-file-size", "the largest `size` of a file, as 10GiB (default any)")
	flags.Var(&f.quota.bytes, "quota-bytes", "`size` that the files and unfinished uploads of one principal may have together (default any)")
	flags.Int64Var(&f.quota.files, "quota-files", 0, "how many files and directories one principal may have; 0: any (default any, with --quota-bytes one for each KiB of it, at least 1000)")
	f.quota.filesGiven = func() bool { return flags.Changed("quota-files") }
	flags.IntVar(&f.quota.uploads, "max-uploads", quota.DefaultUploads, "how many unfinished uploads one principal may have; 0: any")
	flags.IntVar(&f.connections, "max-connections", limit.DefaultConnections, "how many connections there may be; 0: any")
	flags.IntVar(&f.connectionsPerPeer, "max-connections-per-peer", limit.DefaultConnectionsPerPeer, "how many connections one IPv4 address or IPv6 /64 may have; 0: any")
	flags.DurationVar(&f.handshakeTime, "handshake-timeout", limit.DefaultHandshakeTime, "how long a connection may take until TLS and HTTP/2 are agreed on")
	flags.IntVar(&f.streams, "max-streams", limit.DefaultStreamsPerConnection, "how many calls may be under way on one connection; 0: any")
	flags.IntVar(&f.streamsPerPeer, "max-streams-per-peer", limit.DefaultStreamsPerPeer, "how many calls of one peer may be under way; 0: any")
	flags.IntVar(&f.streamsPerSecond, "max-streams-per-second", limit.DefaultStreamsPerSecond, "how many calls one peer may begin in a second, those that it resets included; 0: any")
	flags.Float64Var(&f.callsPerSecond, "max-calls-per-second", limit.DefaultCallsPerSecond, "how many calls one principal may make in a second, on average; others wait for a moment; 0: any")
	flags.IntVar(&f.callsBurst, "max-calls-burst", limit.DefaultCallsBurst, "how many calls one principal may make at once")
	flags.IntVar(&f.framesPerSecond, "max-frames-per-second", limit.DefaultFramesPerSecond, "how many HTTP/2 frames without payload a connection may send in a second; 0: any")
	flags.Var(&f.bandwidth, "bandwidth", "`size` of payload that all may send and get in a second (default any)")
	flags.Var(&f.principalBandwidth, "bandwidth-per-principal", "`size` of payload that one principal may send and get in a second (default any)")
	flags.Var(&f.minRate, "min-rate", "`size` that a client must send, or take, in a second while the server waits for it; 0: any")
	flags.DurationVar(&f.minRateWindow, "min-rate-window", limit.DefaultMinRateWindow, "over how much waiting --min-rate is measured")
	flags.DurationVar(&f.idle, "idle-timeout", limit.DefaultIdle, "how long a client may send nothing on a stream that owes nothing; 0: any time")
	flags.Var(&f.headerSize, "max-header-size", "the largest `size` of the headers of a call; 0: 16MiB")
	flags.IntVar(&f.listPage, "list-page-size", 256, "how many entries go into one message of a list, 1 to 256")
}

func (f *serveLimitFlags) validate() error {
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
		{"max-streams-per-second", float64(f.streamsPerSecond)},
		{"max-calls-per-second", f.callsPerSecond},
		{"max-frames-per-second", float64(f.framesPerSecond)},
		{"idle-timeout", float64(f.idle)},
	} {
		if !(flag.value >= 0) { // nor NaN
			return usage.Errorf("--%s %v: it must not be negative", flag.name, flag.value)
		}
	}
	switch {
	case f.handshakeTime <= 0:
		return usage.Errorf("--handshake-timeout %v: it must be more than 0", f.handshakeTime)
	case f.minRateWindow <= 0:
		return usage.Errorf("--min-rate-window %v: it must be more than 0", f.minRateWindow)
	case f.callsBurst < 1:
		return usage.Errorf("--max-calls-burst %d: it must be at least 1", f.callsBurst)
	case f.headerSize != 0 && f.headerSize < leastHeaders:
		return usage.Errorf("--max-header-size %d bytes: it must be at least 4KiB", f.headerSize)
	case f.listPage < 1 || f.listPage > 256:
		return usage.Errorf("--list-page-size %d: it must be from 1 to 256", f.listPage)
	}
	return nil
}

// leastHeaders is enough for those of any call.
const leastHeaders = 4 << 10

// none turns what means "any" on the command line into what does in options.
func none[T ~int | ~int64 | ~float64](n T) T {
	if n == 0 {
		return -1
	}
	return n
}

// limits are those of the use of the network. Numbers of connections that are the
// defaults are left to the server, which knows how many descriptors there are.
func (f *serveLimitFlags) limits() limit.Options {
	return limit.Options{
		Connections:           unlessDefault(f.connections, limit.DefaultConnections),
		ConnectionsPerPeer:    unlessDefault(f.connectionsPerPeer, limit.DefaultConnectionsPerPeer),
		HandshakeTime:         f.handshakeTime,
		StreamsPerConnection:  none(f.streams),
		StreamsPerPeer:        none(f.streamsPerPeer),
		StreamsPerSecond:      none(f.streamsPerSecond),
		CallsPerSecond:        none(f.callsPerSecond),
		CallsBurst:            f.callsBurst,
		FramesPerSecond:       none(f.framesPerSecond),
		Bandwidth:             int64(f.bandwidth),
		BandwidthPerPrincipal: int64(f.principalBandwidth),
		MinRate:               int64(none(f.minRate)),
		MinRateWindow:         f.minRateWindow,
		Idle:                  none(f.idle),
		HeaderBytes:           int(none(f.headerSize)),
	}
}

// unlessDefault is none of a number that is not the default, and 0 for that.
func unlessDefault(n, standard int) int {
	if n == standard {
		return 0
	}
	return none(n)
}

// quotas are what each principal may have.
func (f *serveLimitFlags) quotas() quota.Options {
	files := f.quota.files
	if f.quota.filesGiven() {
		files = none(files)
	}
	return quota.Options{
		FileBytes: int64(f.quota.fileSize),
		Bytes:     int64(f.quota.bytes),
		Files:     files,
		Uploads:   none(f.quota.uploads),
	}
}

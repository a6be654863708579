package server

import (
	"cmp"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"

	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// Flow-control windows. Both are set: setting one leaves the other at 64 KiB. What a
// stream's window lets in is held until its file takes it; a connection's window does
// not bound memory, for its credit returns on receipt. Clients open more streams on
// links that are too long for one window.
const (
	streamWindow     = admission.WindowBytes
	connectionWindow = 64 << 20
)

// writeBuffer is how much is written to a connection at once, and readBuffer how much is
// read: 16 frames and four, and a fraction of the system calls that grpc-go's defaults
// make. A connection has the one only while it writes; grpc-go shares them.
const (
	writeBuffer = 256 << 10
	readBuffer  = 64 << 10
)

// GRPCOptions are the settings of a grpc.Server with which mounted services move files
// fastest: payloads that are not copied, flow-control windows for files, the limit of
// messages, the limits of Config.Limits that are settings of grpc-go, and keepalive that
// notices dead clients and allows them a ping every 10 s. They have no interceptors.
// Options that come after them in grpc.NewServer replace them.
func GRPCOptions(config Config) []grpc.ServerOption {
	message := cmp.Or(config.MaxMessageBytes, DefaultMaxMessageBytes)
	return append(transportOptions(message), grpcadmission.Settings(config.Limits)...)
}

// minPingInterval is the shortest interval between the HTTP/2 pings of a client. GetServerInfo
// reports it on servers of Serve. Mount does not know the interval of the program's
// grpc.Server, which is 5 minutes by default.
const minPingInterval = 10 * time.Second

// transportOptions are GRPCOptions without what package limit sets.
func transportOptions(messageBytes int) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(payload.Codec{}),
		experimental.BufferPool(&bufferpool.Pool{}),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connectionWindow),
		grpc.WriteBufferSize(writeBuffer),
		grpc.ReadBufferSize(readBuffer),
		grpc.MaxRecvMsgSize(messageBytes),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPingInterval, PermitWithoutStream: true}),
	}
}

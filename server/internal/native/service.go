// Package native is tranship.v1.FileService, the native service, over one store. It
// decodes messages, bounds what one stream may hold, and calls the store. It knows
// nothing of credentials, policies and limits of calls: package server puts them
// around it, and only package server can register it.
package native

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// Options are settings of a Service. The zero value is useful.
type Options struct {
	// Logger gets one line for each finished transfer, and internal failures.
	// Nil means that nothing is logged.
	Logger *slog.Logger
	// MinDurability is the least durability of a commit, whatever the client asks for.
	MinDurability tranship.Durability
	// MaxMessageBytes is the transport's limit for one message. GetServerInfo tells it
	// to clients; the transport enforces it.
	MaxMessageBytes int
	// Memory is shared by all streams. Nil means that payload, streams and replies
	// have no common limit.
	Memory Memory
	// ListPage is how many entries one message of a list has, from 1 to 256. 0 means
	// 256: at most about 1.3 MiB when all paths and metadata have their longest form.
	ListPage int
	// Refused is told of each action of an Upload or Download stream that failed
	// before the service asked the store for it. Nil means that nothing is told. It
	// must not block for long. Calls with one message, and lists, fail with their own
	// status, which interceptors see.
	Refused func(ctx context.Context, refusal Refusal)
	// Running is told of each upload and download while it runs, except of files that are
	// stored or read whole; nil means that nothing is told.
	Running *running.Registry
	// Version is the software version that GetServerInfo tells; it may be empty.
	Version string
	// Keepalive is how often a stream with files under way sends a message; 0 means
	// 20 s.
	Keepalive time.Duration
}

// Memory bounds what all streams of a server hold together. It is safe for concurrent
// use.
type Memory interface {
	// Hold waits until n more bytes of payload may be held.
	Hold(ctx context.Context, n int64) error
	// TryHold is Hold if it need not wait. Otherwise it returns false.
	TryHold(n int64) bool
	// Drop gives n bytes back.
	Drop(n int64)
	// GrantStreams returns how many streams one of so many uploads under way may have;
	// had is what it was granted before.
	GrantStreams(had int64, uploads int) int64
	// DropStreams gives granted streams back.
	DropStreams(granted int64)
	// RepliesOfStream is how many bytes the replies that wait on one stream may take
	// at the moment.
	RepliesOfStream() int
}

// Service is the native service over one store. It is safe for concurrent use.
type Service struct {
	transhipv1.UnimplementedFileServiceServer

	// Options are those of New with their defaults. They must not change once the
	// service is registered.
	Options Options

	store    tranship.Store
	log      *slog.Logger
	sessions sessions

	// largeDownloads counts the downloads with large chunks.
	largeDownloads atomic.Int32

	// buffers are for what is read from the store.
	buffers bufferpool.Pool

	shutdownOnce sync.Once
	// draining is closed by Shutdown.
	draining chan struct{}
}

// New returns the service over store.
func New(store tranship.Store, options Options) *Service {
	if options.ListPage <= 0 || options.ListPage > listPage {
		options.ListPage = listPage
	}
	if options.Memory == nil {
		options.Memory = unlimitedMemory{}
	}
	options.Keepalive = cmp.Or(options.Keepalive, keepaliveInterval)
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: store, Options: options, log: log, draining: make(chan struct{})}
}

// Register adds the service to a registrar.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	registrar.RegisterService(grpcdesc.Strict(&transhipv1.FileService_ServiceDesc), s)
}

// Transport is what GetServerInfo replies about the connections of a server, which Register does
// not know. The zero value means that nothing is known.
type Transport struct {
	// MinPingInterval is the shortest interval between the HTTP/2 pings of a client that the
	// server permits.
	MinPingInterval time.Duration
	// LaneInstance is the instance id of the server's lanes; "" means that it has none.
	LaneInstance string
}

// RegisterOn adds the service to a registrar, and makes GetServerInfo reply with transport.
func (s *Service) RegisterOn(registrar grpc.ServiceRegistrar, transport Transport) {
	registrar.RegisterService(grpcdesc.Strict(&transhipv1.FileService_ServiceDesc), connected{s, transport})
}

// RegisterLanes adds to a registrar the only calls that lanes carry: Upload and Download.
func (s *Service) RegisterLanes(registrar grpc.ServiceRegistrar) {
	description := grpcdesc.Strict(&transhipv1.FileService_ServiceDesc)
	description.Methods = nil
	description.Streams = slices.DeleteFunc(description.Streams, func(stream grpc.StreamDesc) bool {
		return stream.StreamName != "Upload" && stream.StreamName != "Download"
	})
	registrar.RegisterService(description, s)
}

// connected is a Service with known connections.
type connected struct {
	*Service
	transport Transport
}

// GetServerInfo implements transhipv1.FileServiceServer.
func (c connected) GetServerInfo(ctx context.Context, request *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	info, err := c.Service.GetServerInfo(ctx, request)
	if err != nil {
		return nil, err
	}
	info.MinPingInterval = durationpb.New(c.transport.MinPingInterval)
	if id := c.transport.LaneInstance; id != "" {
		info.Lanes = &transhipv1.Lanes{InstanceId: id, Version: wire.LaneVersion}
	}
	return info, nil
}

// Shutdown makes the service refuse new files with UNAVAILABLE, and ends each stream
// with UNAVAILABLE as soon as the files under way on it have ended. It does not wait
// for that: grpc.Server.GracefulStop does.
func (s *Service) Shutdown() {
	s.shutdownOnce.Do(func() { close(s.draining) })
}

func (s *Service) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// durability is what a commit gets when a client asks for d. The store's default is
// left to the store, unless it might be less than the server's minimum.
func (s *Service) durability(d tranship.Durability) tranship.Durability {
	if d == tranship.DurabilityDefault && s.Options.MinDurability != tranship.DurabilityDurable {
		return d
	}
	return max(d, s.Options.MinDurability)
}

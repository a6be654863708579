// Package client is a tranship.Store on a server: every file operation becomes a
// call of the native protocol, tranship.v1. Small files share one stream, without
// a round trip each; every upload and every open file has a stream of its own, so
// that flow control holds back only what the caller does not take.
//
// What a server says is not trusted: paths it sends are validated, checksums of
// all bytes it sends are verified.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// DefaultConnectTimeout is how long Dial tries by default.
const DefaultConnectTimeout = 5 * time.Second

// Options are settings of a connection; the zero value is useful.
type Options struct {
	// TLS encrypts the connection; nil: plaintext.
	TLS *tls.Config
	// ConnectTimeout bounds how long connecting may take; 0:
	// DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// MaxMessageBytes is the largest message to take from the server; 0: 4 MiB.
	MaxMessageBytes int
	// DialOptions come after the package's own.
	DialOptions []grpc.DialOption
}

// Client is a tranship.Store on a server. It is safe for concurrent use.
type Client struct {
	files transhipv1.FileServiceClient
	// owned is the connection that Close closes; nil for New.
	owned *grpc.ClientConn

	mu     sync.Mutex
	closed bool
	// shared carries small files.
	shared *uploadStream
}

var _ tranship.Store = (*Client)(nil)

// Dial connects to the server at address, "host:port", and makes sure that it
// speaks the native protocol. The context governs connecting only.
func Dial(ctx context.Context, address string, options Options) (*Client, error) {
	conn, err := DialConn(ctx, address, options)
	if err != nil {
		return nil, err
	}
	client := New(conn)
	client.owned = conn
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(options.ConnectTimeout, DefaultConnectTimeout))
	defer cancel()
	if _, err := client.Info(ctx); err != nil {
		_ = client.Close()
		if status.Code(err) == codes.Unimplemented {
			return nil, fmt.Errorf("%w: the gRPC server at %s does not serve %s",
				tranship.ErrUnsupported, address, transhipv1.FileService_ServiceDesc.ServiceName)
		}
		return nil, fmt.Errorf("asking the server at %s for its version: %w", address, err)
	}
	return client, nil
}

// New returns a client over a connection that the caller has and keeps. It does
// not use the connection before the first call.
func New(conn grpc.ClientConnInterface) *Client {
	return &Client{files: transhipv1.NewFileServiceClient(conn)}
}

// Close ends what is under way, and the connection if Dial made it.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	shared := c.shared
	c.shared = nil
	c.mu.Unlock()
	if shared != nil {
		shared.close(errClosed)
	}
	if c.owned == nil {
		return nil
	}
	return c.owned.Close()
}

// errClosed is what files under way fail with when their client is closed.
var errClosed = fmt.Errorf("%w: the client is closed", tranship.ErrUnavailable)

// ServerInfo is what a server tells of itself.
type ServerInfo struct {
	// Version is its software version, for people.
	Version string
	// MaxMessageBytes is the largest message it takes.
	MaxMessageBytes int64
	// MinDurability is the least that a commit gets.
	MinDurability tranship.Durability
}

// Info asks the server for its version and limits.
func (c *Client) Info(ctx context.Context) (ServerInfo, error) {
	response, err := c.files.GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{})
	if err != nil {
		return ServerInfo{}, rpcstatus.FromError(err)
	}
	// A durability that this client does not know is more than it can ask for.
	durability, err := wire.DurabilityFromProto(response.GetMinDurability())
	if err != nil {
		durability = tranship.DurabilityDurable
	}
	return ServerInfo{
		Version:         response.GetServerVersion(),
		MaxMessageBytes: response.GetMaxMessageBytes(),
		MinDurability:   durability,
	}, nil
}

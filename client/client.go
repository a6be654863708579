// Package client is a tranship.Store on a server: every file operation becomes a
// call of the native protocol, tranship.v1. Small files share one stream in each
// direction, without a round trip each; every upload and every open file has a
// stream of its own, so that flow control holds back only what the caller does not
// take.
//
// What a server says is not trusted: paths it sends are validated, checksums of
// all bytes it sends are verified.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// DefaultConnectTimeout is how long Dial tries by default.
	DefaultConnectTimeout = 5 * time.Second
	// DefaultStallTimeout is how long a list waits by default.
	DefaultStallTimeout = 30 * time.Second
)

// Options are settings of a connection; the zero value is useful.
type Options struct {
	// TLS encrypts the connection; nil: plaintext.
	TLS *tls.Config
	// ConnectTimeout bounds how long connecting may take; 0:
	// DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Connections is how many there are, over which part writers and open files
	// are spread: one connection is one core's work, and one TCP window. 0: 1.
	Connections int
	// StallTimeout is how long a list waits for the next entries, before it fails
	// with ErrUnavailable; 0: DefaultStallTimeout.
	StallTimeout time.Duration
	// MaxMessageBytes is the largest message to take from the server; 0: 4 MiB.
	MaxMessageBytes int
	// DialOptions come after the package's own.
	DialOptions []grpc.DialOption
}

// Client is a tranship.Store on a server. It is safe for concurrent use.
type Client struct {
	// files is the first of connections.
	files        transhipv1.FileServiceClient
	connections  []transhipv1.FileServiceClient
	stallTimeout time.Duration
	// turn counts what is spread over the connections.
	turn atomic.Uint64
	// owned are the connections that Close closes; none for New.
	owned []*grpc.ClientConn

	// puts and fetches carry small files.
	puts    *shared[*uploadStream]
	fetches *shared[*downloadStream]
	// closing is closed by Close.
	closing   chan struct{}
	closeOnce sync.Once
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
	client.stallTimeout = cmp.Or(options.StallTimeout, DefaultStallTimeout)
	client.owned = append(client.owned, conn)
	for len(client.owned) < options.Connections {
		// It connects when it is used first.
		conn, err := newConn(address, options)
		if err != nil {
			_ = client.Close()
			return nil, err
		}
		client.owned = append(client.owned, conn)
		client.connections = append(client.connections, transhipv1.NewFileServiceClient(conn))
	}
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

// New returns a client over a connection that the caller has and keeps: one of
// grpc-go's own, for it encodes messages ahead. It does
// not use the connection before the first call.
func New(conn grpc.ClientConnInterface) *Client {
	files := transhipv1.NewFileServiceClient(conn)
	closing := make(chan struct{})
	return &Client{
		files:        files,
		connections:  []transhipv1.FileServiceClient{files},
		stallTimeout: DefaultStallTimeout,
		puts: newShared(closing, func(ctx context.Context) (*uploadStream, error) {
			return openUploadStream(ctx, files, nil)
		}),
		fetches: newShared(closing, func(ctx context.Context) (*downloadStream, error) {
			return openDownloadStream(ctx, files)
		}),
		closing: closing,
	}
}

// connection is the n-th, counted around.
func (c *Client) connection(n uint64) transhipv1.FileServiceClient {
	return c.connections[n%uint64(len(c.connections))]
}

// Close ends small files that are under way, and the connections that Dial made
// with all that is. The client must not be used after it.
func (c *Client) Close() error {
	c.closeOnce.Do(func() { close(c.closing) })
	c.puts.close()
	c.fetches.close()
	var err error
	for _, conn := range c.owned {
		err = errors.Join(err, conn.Close())
	}
	return err
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

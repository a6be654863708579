// Package client is a tranship.Store on a server: every file operation becomes a
// call of the native protocol, tranship.v1. Small files share one stream in each
// direction, without a round trip each; every upload and every open file has a
// stream of its own, so that flow control holds back only what the caller does not
// take.
//
// What a server says is not trusted. Every message is checked before anything of it is
// kept: what breaks the protocol is tranship.ErrIntegrity. Checksums of all bytes are
// verified. What a server can make a client hold in memory is bounded, except for what a
// caller itself collects, such as a list that does not end.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/unsent"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// DefaultConnectTimeout is how long Dial tries by default.
	DefaultConnectTimeout = 5 * time.Second
	// DefaultStallTimeout is how long an answer is waited for by default.
	DefaultStallTimeout = 30 * time.Second
)

// Options are settings of a connection; the zero value is useful.
type Options struct {
	// TLS, when not nil, encrypts the connection, and decides alone which server is
	// trusted. nil: a grpcs:// URL uses Trust, and grpc:// and "host:port" no TLS.
	TLS *tls.Config
	// Trust says, for a grpcs:// URL, which servers are trusted and which certificate the
	// client shows. The zero value trusts what the tranship command trusts without flags:
	// certificates of the system's authorities, and the keys in the user's file of known
	// hosts; see tlsconfig.UserClient. It must be the zero value with TLS, and without
	// a grpcs:// URL.
	Trust tlsconfig.ClientOptions
	// Token returns the bearer token that says who makes a call; it is asked at each,
	// from any goroutine. "": none. Tokens go only over TLS, or to this machine: with
	// Token and without TLS, no other is connected to. nil: calls have no token.
	//
	// When a call fails with UNAUTHENTICATED and Token, or TLS.GetClientCertificate, has
	// something else than the call was made with, that is not final. The call is made
	// again, or goes on, where that is safe; otherwise the error matches
	// tranship.ErrUnavailable, and the operation can be tried again.
	Token func(ctx context.Context) (string, error)
	// TokenFile, when not empty, is the name of a file with the token, in place of Token.
	// It is read at each call, as bearer.File says.
	TokenFile string
	// ConnectTimeout bounds how long connecting may take; 0:
	// DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Connections is how many there are, over which large files are spread: one
	// connection is one core's work, and one TCP window. 0: as many as make them
	// move faster, up to 4, made as they are needed.
	Connections int
	// StallTimeout is how long any call but Copy waits for its answer, and a list for
	// its next entries, before it fails with ErrUnavailable; 0: DefaultStallTimeout.
	// Reading and writing content is not bounded by it: package transfer watches that,
	// and a context can. A connection that has died ends them within 40 s.
	StallTimeout time.Duration
	// MaxMessageBytes is the largest message to take from the server; 0: 4 MiB.
	MaxMessageBytes int
	// Observer is told of calls and transfers, for metrics and traces; nil means that
	// nothing is told.
	Observer tranship.Observer
	// DialOptions come after the package's own.
	DialOptions []grpc.DialOption
}

// Client is a tranship.Store on a server. It is safe for concurrent use.
type Client struct {
	// files is the first of connections.
	files        transhipv1.FileServiceClient
	connections  connections
	stallTimeout time.Duration
	// fixed is how many connections there are; 0: pace decides.
	fixed int
	pace  pace
	// observed is nil if there is no observer.
	observed *observation.Batch
	// turn counts what is spread over the connections.
	turn atomic.Uint64

	// puts and fetches carry small files.
	puts    *shared[*uploadStream]
	fetches *shared[*downloadStream]
	// closing is closed by Close.
	closing   chan struct{}
	closeOnce sync.Once
}

var _ tranship.Store = (*Client)(nil)

// Dial connects to a server, and makes sure that it speaks the native protocol. address is
// its URL, "grpc://host:port" or "grpcs://host:port" with TLS, which must not have a path
// (see ParseURL for one that has), or "host:port", where Options.TLS decides about TLS.
// Options that contradict each other or the URL are tranship.ErrInvalid. The context
// governs connecting only. The caller must close the Client.
func Dial(ctx context.Context, address string, options Options) (*Client, error) {
	address, options, err := options.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	var answer error
	renewal, observed := newRenewal(options.Token), observation.New(options.Observer)
	conn, err := dial(ctx, address, options, renewal, observed, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, answer = transhipv1.NewFileServiceClient(unsent.Conn{ClientConnInterface: conn}).GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{})
		return answer
	})
	if err != nil {
		return nil, err
	}
	client := New(conn)
	client.stallTimeout = cmp.Or(options.StallTimeout, DefaultStallTimeout)
	client.fixed = options.Connections
	client.observed = observed
	client.connections.owned = append(client.connections.owned, conn)
	client.connections.more = func() (*grpc.ClientConn, error) {
		return newConn(address, newHandshakes(options), options, renewal, observed)
	}
	if answer == nil {
		return client, nil
	}
	_ = client.Close()
	if status.Code(answer) == codes.Unimplemented && !rpcstatus.IsPage(answer) {
		return nil, fmt.Errorf("%w: the gRPC server at %s does not serve %s",
			tranship.ErrUnsupported, address, transhipv1.FileService_ServiceDesc.ServiceName)
	}
	failed := rpcstatus.FromError(answer)
	if failure.Of(ctx, failed) == failure.Refused {
		// Callers take a Dial that is Refused for one that reached no server.
		failed = failure.Mark(failed, failure.Unknown)
	}
	return nil, fmt.Errorf("asking the server at %s for its version: %w", address, failed)
}

// New returns a client over a connection that the caller has and keeps: one of
// grpc-go's own, for it encodes messages ahead. It does
// not use the connection before the first call.
func New(conn grpc.ClientConnInterface) *Client {
	files := transhipv1.NewFileServiceClient(unsent.Conn{ClientConnInterface: conn})
	closing := make(chan struct{})
	return &Client{
		files:        files,
		connections:  connections{files: []transhipv1.FileServiceClient{files}},
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

// connection returns the connection for the n-th stream: streams take turns.
func (c *Client) connection(n uint64) transhipv1.FileServiceClient {
	number := c.fixed
	if number == 0 {
		number = min(c.pace.streams(), maxConnections)
	}
	return c.connections.of(int(n % uint64(number))) //nolint:gosec // a positive number, and less than it
}

// streams returns how many streams should carry large files.
func (c *Client) streams() int { return max(c.pace.streams(), c.fixed) }

// Width implements tranship.WidthHinter.
func (c *Client) Width() int { return c.streams() }

// Close ends small files that are under way, and the connections that Dial made
// with all that is. The client must not be used after it.
func (c *Client) Close() error {
	c.closeOnce.Do(func() { close(c.closing) })
	c.puts.close()
	c.fetches.close()
	err := c.connections.close()
	c.observed.Flush()
	return err
}

// errClosed is what files under way fail with when their client is closed.
// Trying again does not help.
var errClosed = failure.Mark(fmt.Errorf("%w: the client is closed", tranship.ErrUnavailable), failure.Final)

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
	response, err := ask(ctx, c, c.files.GetServerInfo, &transhipv1.GetServerInfoRequest{})
	if err != nil {
		return ServerInfo{}, err
	}
	if err := wire.CheckServerInfo(response); err != nil {
		return ServerInfo{}, err
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

// Package client implements tranship.Store on a server: every file operation becomes a
// call of the native protocol, tranship.v1. Small files share one stream in each
// direction, without a round trip for each. Every upload and every open file has its own
// stream, so that flow control delays only a file whose caller does not read it.
//
// The client does not trust the server. It checks every message before it uses any of it,
// and returns tranship.ErrIntegrity for a breach of the protocol. It verifies checksums
// of all bytes. The memory that a server can make a client use is bounded, except for
// results that the caller collects, such as a list that does not end.
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/client/internal/route"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/unsent"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// DefaultConnectTimeout is how long Dial and DialConn try by default.
	DefaultConnectTimeout = 5 * time.Second
	// DefaultStallTimeout is how long a call waits for its answer by default.
	DefaultStallTimeout = 30 * time.Second
)

// Options configure a connection. The zero value connects without TLS, without a token,
// and with the default timeouts.
type Options struct {
	// TLS, when not nil, encrypts the connection, and alone decides which server is
	// trusted. When it is nil, a grpcs:// URL uses Trust, and grpc:// and "host:port" use
	// no TLS.
	TLS *tls.Config
	// Trust decides, for a grpcs:// URL, which servers are trusted and which certificate
	// the client presents. The zero value trusts what the tranship command trusts without
	// flags: certificates of the system's authorities, and the keys in the user's file of
	// known hosts; see tlsconfig.UserClient. Trust must be the zero value when TLS is set,
	// and when the address is not a grpcs:// URL.
	Trust tlsconfig.ClientOptions
	// Token returns the bearer token that identifies the caller; "" means no token. It is
	// called for each call, from any goroutine. Tokens are sent only over TLS or to this
	// machine: with Token and without TLS, connections to other machines are refused.
	// When Token is nil, calls have no token.
	//
	// A call that fails with UNAUTHENTICATED has not failed for good if Token, or
	// TLS.GetClientCertificate, by then returns other credentials than those of the call.
	// The client repeats or continues the call where that is safe. Otherwise the error
	// matches tranship.ErrUnavailable, and the caller may try the operation again.
	Token func(ctx context.Context) (string, error)
	// TokenFile, when not empty, is the name of a file with the token, in place of Token.
	// It is read for each call, as described at bearer.File.
	TokenFile string
	// ConnectTimeout limits how long connecting may take, with all addresses of the name;
	// 0 means DefaultConnectTimeout. The addresses are tried concurrently, 250 ms apart.
	ConnectTimeout time.Duration
	// Proxy returns the proxy for connections to a server, "host:port", and nil for direct
	// connections. Its scheme is http or https, for the method CONNECT, or socks5; it may
	// have a user name and a password. When Proxy is nil, the environment decides: for
	// connections with TLS HTTPS_PROXY, for all others and without it ALL_PROXY, and
	// NO_PROXY names the servers that have no proxy. HTTP_PROXY has no meaning. localhost,
	// loopback addresses, and connections without TLS that have a Token, never have a proxy
	// of the environment.
	Proxy func(address string) (*url.URL, error)
	// Connections is the number of gRPC connections over which large files are spread. One
	// connection uses one core and one TCP window. 0 means 1, and up to 4 if the server takes
	// longer than 5 ms to reply. Each is made when it is first needed. On lanes, it is the least
	// number of lanes of a large file: 0 means 1, and up to 8 if the server takes longer than
	// 26 ms to reply.
	Connections int
	// StallTimeout is how long a call waits for its answer, a list for its next entries or a
	// sign that the server is at work, and a copy inside the server for a report of its
	// progress, before it fails with ErrUnavailable; 0 means DefaultStallTimeout. A copy
	// waits for at least 15 s. StallTimeout does not limit reading and writing content:
	// package transfer watches these, and a context can end them. The client asks servers for a
	// sign of life four times within it, at least every 5 s and at most every 500 ms.
	//
	// A connection whose other end acknowledges nothing for StallTimeout, from 1 s to 20 s,
	// is ended, and so are its calls. The operating system does that, on TCP connections only.
	// The client sends no HTTP/2 pings, because many servers forbid them.
	StallTimeout time.Duration
	// Transport is what carries uploads and downloads. The zero value, TransportAuto, uses
	// lanes where the server has them and they can be reached: connections without HTTP/2 to the
	// same address. Options of gRPC cannot apply to lanes: with DialOptions, the zero value
	// means TransportGRPC, and TransportLanes is refused.
	Transport Transport
	// TransportUsed, unless it is nil, is called at the first upload or download, and again at
	// each that uses another transport, or the same for another reason. used is TransportLanes
	// or TransportGRPC. reason is why lanes are not used; nil if they are. TransportUsed may be
	// called from any goroutine, but not concurrently, and must return at once.
	TransportUsed func(used Transport, reason error)
	// Prepare makes Dial also begin to make the connection of the first upload or download, if that
	// is not the one for all other calls, so that the first need not wait for it. Dial does not
	// wait for it either. A server without lanes gets one connection more, which ends soon.
	Prepare bool
	// Meanwhile, unless it is nil, is called by Dial in a goroutine of its own once the client is connected, while
	// Dial waits for the server's description of itself. What it asks the store for saves the caller a round trip
	// after Dial. Dial does not wait for its return. Its context is that of Dial; if Dial fails, calls of
	// store fail, too. Open waits for the end of Dial. store must not be used after the Client is closed.
	Meanwhile func(ctx context.Context, store tranship.Reader)
	// MaxMessageBytes is the size of the largest message that the client accepts from the
	// server; 0 means 4 MiB. A message with a chunk may have 1 MiB and some bytes more.
	MaxMessageBytes int
	// Observer receives the events of calls and transfers, for metrics and traces. It may
	// be nil.
	Observer tranship.Observer
	// CallMetadata, unless it is nil, returns metadata that is sent with a call, such as the
	// context of a trace. ctx is that of the operation that begins the call. Puts and fetches of
	// small files share a call, which has the metadata of the first of them. Keys are in lower case,
	// and values printable ASCII. Keys that this package or gRPC uses itself, such as
	// "authorization", must not be among them. It is called from several goroutines at the same time.
	CallMetadata func(ctx context.Context) map[string]string
	// DialOptions are applied after the package's own. A dialer among them replaces
	// proxies, and is called with "host:port", once for each address of the host.
	DialOptions []grpc.DialOption

	// proxy is what Proxy or the environment returned; see resolve.
	proxy *route.Proxy
	// preferred is shared by all connections; see resolve.
	preferred *route.Preferred
	// lookup replaces the resolver of the system in tests.
	lookup route.Lookup
}

// Client implements tranship.Store on a server. It is safe for concurrent use.
type Client struct {
	// files is the service client of the first connection.
	files        transhipv1.FileServiceClient
	connections  connections
	stallTimeout time.Duration
	// keepAlive is the value of wire.KeepAliveKey in calls that stream.
	keepAlive string
	// fixed is Options.Connections; with 0, roundTrip decides.
	fixed     int
	roundTrip shortestRoundTrip
	// fastStream is whether the part that was measured last moved at fastRate.
	fastStream atomic.Bool
	// silent are the connections of Dial; nil for a client of New.
	silent *silentConns
	// lanes is nil if uploads and downloads use gRPC only.
	lanes *lanes.Lanes
	// early is the lane of Options.Prepare; it may be nil.
	early *earlyLane
	// observed is nil if there is no observer.
	observed *observation.Batch
	// lacksCopyFile is true once the server has answered that it does not have CopyFile.
	lacksCopyFile atomic.Bool
	// zeros is whether the server takes runs of zeros, once that is known.
	zeros zeroSupport
	// turn counts the streams that are spread over the connections.
	turn atomic.Uint64

	// puts and fetches carry small files.
	puts    *shared[*uploadStream]
	fetches *shared[*downloadStream]
	// closing is closed by Close.
	closing   chan struct{}
	closeOnce sync.Once
}

var (
	_ tranship.Store        = (*Client)(nil)
	_ tranship.BatchPutter  = (*Client)(nil)
	_ tranship.BatchFetcher = (*Client)(nil)
)

// Dial connects to a server, and checks that it serves the native protocol. address is
// its URL, "grpc://host:port" or "grpcs://host:port" with TLS, which must not have a path
// (see ParseURL for URLs that do), or "host:port", where Options.TLS decides about TLS.
// The error is tranship.ErrInvalid if the address has another form, or if options contradict
// each other or the URL, a *ServiceError if a gRPC server answered that does not serve
// the protocol, and a *LaneError if Options.Transport requires lanes that cannot be used. The
// context governs connecting only. The caller must close the Client.
// Connections to anything else, such as a Unix socket, are for grpc.NewClient and New.
func Dial(ctx context.Context, address string, options Options) (*Client, error) {
	address, options, err := options.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	var answer error
	var info *transhipv1.GetServerInfoResponse
	missing := &ServiceError{Address: address}
	conns, renewal, observed := newSilentConns(), newRenewal(options.Token), observation.New(options.Observer)
	begun := time.Now()
	chosen, err := newLaneOptions(address, options, conns)
	if err != nil {
		return nil, err
	}
	var client *Client
	dialed := make(chan struct{})
	defer close(dialed)
	conn, err := dial(ctx, address, options, conns, renewal, observed, chosen.early, func(callCtx context.Context, conn *grpc.ClientConn) error {
		client = New(conn)
		client.setStallTimeout(cmp.Or(options.StallTimeout, DefaultStallTimeout))
		if options.Meanwhile != nil {
			go meanwhile(ctx, conn, &earlyReader{client, dialed}, options.Meanwhile)
		}
		info, answer = transhipv1.NewFileServiceClient(unsent.Conn{ClientConnInterface: conn}).GetServerInfo(callCtx, &transhipv1.GetServerInfoRequest{})
		if rpcstatus.IsUnserved(answer) {
			missing.Services = servicesOf(callCtx, conn)
		}
		return answer
	})
	if err != nil {
		chosen.early.close()
		return nil, err
	}
	client.early = chosen.early
	client.fixed = options.Connections
	client.observed = observed
	client.silent = conns
	client.connections.owned = append(client.connections.owned, conn)
	client.connections.dialMore = func() (*grpc.ClientConn, error) {
		return newConn(address, newHandshakes(options, conns), options, renewal, observed)
	}
	if answer == nil {
		err := client.useLanes(ctx, address, options, chosen, conn, info, renewal, time.Since(begun))
		if err == nil {
			return client, nil
		}
		_ = client.Close()
		return nil, err
	}
	_ = client.Close()
	if rpcstatus.IsUnserved(answer) {
		return nil, missing
	}
	failed := rpcstatus.FromError(answer)
	if failure.Of(ctx, failed) == failure.Refused {
		// To callers, Refused means that Dial reached no server.
		failed = failure.Mark(failed, failure.Unknown)
	}
	return nil, fmt.Errorf("asking the server at %s for its version: %w", address, failed)
}

// New returns a client over conn, which the caller must close after the client. conn must
// be a connection of grpc-go or a wrapper of one, because the client encodes messages
// before it sends them. New does not use the connection; the first call does.
func New(conn grpc.ClientConnInterface) *Client {
	calls := unsent.Conn{ClientConnInterface: conn}
	closing := make(chan struct{})
	c := &Client{
		files:       transhipv1.NewFileServiceClient(calls),
		connections: connections{calls: []grpc.ClientConnInterface{calls}},
		closing:     closing,
	}
	c.setStallTimeout(DefaultStallTimeout)
	c.puts = newShared(closing, func(ctx context.Context) (*uploadStream, error) {
		return openUploadStream(c.askKeepAlive(ctx), c.connections.service(0), nil)
	})
	c.fetches = newShared(closing, func(ctx context.Context) (*downloadStream, error) {
		return openDownloadStream(c.askKeepAlive(ctx), c.connections.service(0))
	})
	return c
}

// Close ends the transfers of small files, and closes the connections that Dial made,
// which ends all other calls. The client must not be used after Close.
func (c *Client) Close() error {
	c.closeOnce.Do(func() { close(c.closing) })
	c.puts.close()
	c.fetches.close()
	if c.lanes != nil {
		c.lanes.Close()
	}
	c.early.close()
	err := c.connections.close()
	c.observed.Flush()
	return err
}

// errClosed is the error of transfers whose client was closed. It is final: trying again
// does not help.
var errClosed = failure.Mark(fmt.Errorf("%w: the client is closed", tranship.ErrUnavailable), failure.Final)

package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/internal/route"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
)

// Flow-control windows. Setting only one would leave the other at 64 KiB. A copy has few
// streams at once, so that a client can afford larger windows than a server.
const (
	streamWindow     = 4 << 20
	connectionWindow = 64 << 20
)

// writeBuffer and readBuffer are the sizes of the buffers of a connection: 16 frames and
// four. They need a fraction of the system calls of grpc-go's defaults. A connection has a
// write buffer only while it writes, because grpc-go shares them.
const (
	writeBuffer = 256 << 10
	readBuffer  = 64 << 10
)

// maxHeaders is the largest size of the headers and trailers of an answer, in bytes and
// decompressed. They carry the status; the largest has 1,000 missing ranges, about 35 KiB.
const maxHeaders = 128 << 10

const (
	// longestAttempt is the longest time for an attempt to connect to an address, and
	// longestPause the longest pause before the next. Both must fit into the 30 s that
	// retries wait for a server, so that a lost packet does not end them.
	longestAttempt = 20 * time.Second
	longestPause   = 3 * time.Second
)

// attemptTimeout is how long an attempt to connect to one address may take. Dial may give up
// earlier. When a client reconnects, a new attempt finds a network that has returned sooner
// than one whose packets are repeated after ever longer pauses.
func (o Options) attemptTimeout() time.Duration {
	return min(max(o.ConnectTimeout, DefaultConnectTimeout), longestAttempt)
}

// DialConn connects like Dial, with the same addresses, but to any gRPC service. When it
// returns without an error, a gRPC server has answered. The error is ErrUnauthenticated if
// one end does not trust the other's certificate; it then wraps the error of verifying
// the server by Options.TLS. If no gRPC server can be reached within
// Options.ConnectTimeout, the error is ErrUnavailable. The caller must close the
// connection.
func DialConn(ctx context.Context, address string, options Options) (*grpc.ClientConn, error) {
	address, options, err := options.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	return dial(ctx, address, options, newSilentConns(), newRenewal(options.Token), observation.New(options.Observer), nil, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	})
}

// dial makes a connection, and waits until it is established. For that it makes a call
// that every gRPC server answers, if only with UNIMPLEMENTED, because the error of a call
// has the reason of a failure, and the state of a connection does not. Meanwhile it begins to make
// the early lane, unless that is nil.
func dial(ctx context.Context, address string, options Options, conns *silentConns, renewal renewal, observed *observation.Batch, early *earlyLane, call func(context.Context, *grpc.ClientConn) error) (*grpc.ClientConn, error) {
	transport := newHandshakes(options, conns)
	transport.early = early
	conn, err := newConn(address, transport, options, renewal, observed)
	if err != nil {
		return nil, err
	}
	if err := connect(ctx, conn, cmp.Or(options.ConnectTimeout, DefaultConnectTimeout), call); err != nil {
		if ctx.Err() == nil {
			err = transport.explain(address, err)
		} else {
			err = ctx.Err()
		}
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// newConn returns a connection that is made when it is first used.
//
// It sends no HTTP/2 pings: gRPC servers end connections that ping more often than every 5
// minutes, unless they are set to permit it. Instead, the operating system notices that the
// other end is gone (see route.Options), and streams notice that it is silent.
func newConn(address string, transport handshakes, options Options, renewal renewal, observed *observation.Batch) (*grpc.ClientConn, error) {
	way, err := route.New(address, route.Options{
		LocalOnly:   transport.localOnly,
		Proxy:       transport.proxy,
		Lookup:      options.lookup,
		Attempt:     transport.attempted,
		PeerTimeout: transport.peerTimeout,
		Looking:     transport.failures.setLookup,
		Preferred:   options.preferred,
	})
	if err != nil {
		return nil, err
	}
	transport.reached = way.Reached
	dialOptions := append(way.DialOptions(),
		grpc.WithTransportCredentials(transport),
		grpc.WithInitialWindowSize(streamWindow),
		grpc.WithInitialConnWindowSize(connectionWindow),
		grpc.WithWriteBufferSize(writeBuffer),
		grpc.WithReadBufferSize(readBuffer),
		grpc.WithMaxHeaderListSize(maxHeaders),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(cmp.Or(options.MaxMessageBytes, wire.DefaultMaxMessageBytes)),
			grpc.ForceCodecV2(payload.Codec{MaxFields: wire.MaxFields}),
		),
		experimental.WithBufferPool(&bufferpool.Pool{}),
		// Reconnect within seconds after the server restarts.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestPause},
			MinConnectTimeout: options.attemptTimeout(),
		}),
		// To retry a stream, grpc-go would keep everything that was sent in memory.
		grpc.WithDisableRetry(),
		// A resolver's answer must not change how this package calls.
		grpc.WithDisableServiceConfig(),
	)
	dialOptions = append(dialOptions, transport.conns.options()...)
	dialOptions = append(dialOptions, credentialOptions(transport, options, renewal)...)
	dialOptions = append(dialOptions, observedCalls{observed}.options()...)
	dialOptions = append(dialOptions, callMetadata(options.CallMetadata).options()...)
	dialOptions = append(dialOptions, options.DialOptions...)
	conn, err := grpc.NewClient(way.Target(), dialOptions...)
	if err != nil {
		return nil, fmt.Errorf("%w: connecting to %s: %w", tranship.ErrInvalid, address, err)
	}
	return conn, nil
}

// errNoAnswer is the error of a connection that was not made in time.
var errNoAnswer = errors.New("no answer")

// connect waits until the call of dial has been answered.
func connect(ctx context.Context, conn *grpc.ClientConn, timeout time.Duration, call func(context.Context, *grpc.ClientConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := call(ctx, conn)
	if rpcstatus.IsOurs(err) || rpcstatus.IsMalformed(err) {
		return nil // a refusal and an undecodable answer show that a server is there
	}
	class := unconnected(err)
	if rpcstatus.IsPage(err) {
		err = rpcstatus.FromError(err) // without the text of the page
		if status.Code(err) == codes.Unavailable {
			return failure.Mark(err, class)
		}
	}
	switch status.Code(err) {
	case codes.Unavailable:
		return failure.Mark(errors.New(cause(status.Convert(err).Message())), class)
	case codes.DeadlineExceeded:
		return failure.Mark(fmt.Errorf("%w within %v", errNoAnswer, timeout), failure.Refused)
	case codes.Canceled:
		return ctx.Err()
	case codes.Internal, codes.Unknown:
		// An answer, but not a gRPC server's.
		return failure.Mark(err, class)
	default:
		return nil
	}
}

// unconnected returns the class of the failure of the first call: Refused if no server was
// reached, and Unknown if the answer is a page of a gateway whose server may be down.
func unconnected(err error) failure.Class {
	if rpcstatus.IsPage(err) {
		return failure.Of(context.Background(), rpcstatus.FromError(err))
	}
	return failure.Refused
}

// cause returns the part of grpc-go's description of a failed connection that helps a
// person.
func cause(message string) string {
	for _, prefix := range []string{"connection error: desc = ", "error reading server preface: "} {
		if _, after, ok := strings.Cut(message, prefix); ok {
			message = after
		}
	}
	message = strings.Trim(message, `"`)
	return strings.TrimPrefix(message, "transport: Error while dialing: ")
}

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
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/wire"
)

// Flow-control windows. Both are set: setting one leaves the other at 64 KiB. A copy
// has a few streams at once, so that a client can afford more for each than a server.
const (
	streamWindow     = 4 << 20
	connectionWindow = 64 << 20
)

// writeBuffer is how much is written to a connection at once, and readBuffer how much is
// read: 16 frames and four, and a fraction of the system calls that grpc-go's defaults
// make. A connection has the one only while it writes; grpc-go shares them.
const (
	writeBuffer = 256 << 10
	readBuffer  = 64 << 10
)

// maxHeaders is how large the headers and trailers of an answer may be in bytes,
// decompressed. A status travels in them; the largest has 1,000 missing ranges, some
// 35 KiB.
const maxHeaders = 128 << 10

// DialConn makes the connection of Dial, for any gRPC service, and takes the same
// addresses. When it returns, a gRPC server has answered; whatever stands in the way of
// that is ErrUnavailable, and says so within Options.ConnectTimeout. That one end does
// not trust the other's certificate is ErrUnauthenticated, and what Options.TLS says of
// the server, the error wraps.
func DialConn(ctx context.Context, address string, options Options) (*grpc.ClientConn, error) {
	address, options, err := options.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	return dial(ctx, address, options, newRenewal(options.Token), observation.New(options.Observer), func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		return err
	})
}

// dial makes a connection, and waits until it is there by making a call, that every
// gRPC server answers, if only with UNIMPLEMENTED: unlike the connection's state, its
// error says what is wrong.
func dial(ctx context.Context, address string, options Options, renewal renewal, observed *observation.Batch, call func(context.Context, *grpc.ClientConn) error) (*grpc.ClientConn, error) {
	transport := newHandshakes(options)
	conn, err := newConn(address, transport, options, renewal, observed)
	if err != nil {
		return nil, err
	}
	if err := connect(ctx, conn, cmp.Or(options.ConnectTimeout, DefaultConnectTimeout), call); err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, transport.explain(address, err)
	}
	return conn, nil
}

// newConn returns a connection that is made when it is first used.
func newConn(address string, transport handshakes, options Options, renewal renewal, observed *observation.Batch) (*grpc.ClientConn, error) {
	dialOptions := []grpc.DialOption{
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
		// As often as servers of this project allow; see the server's policy.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 20 * time.Second}),
		// A server that restarts is found again within seconds.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 20 * time.Second,
		}),
		// A retried stream would pin what has been sent.
		grpc.WithDisableRetry(),
		// A resolver's answer must not change how this package calls.
		grpc.WithDisableServiceConfig(),
	}
	dialOptions = append(dialOptions, credentialOptions(transport, options, renewal)...)
	dialOptions = append(dialOptions, observedCalls{observed}.options()...)
	dialOptions = append(dialOptions, options.DialOptions...)
	conn, err := grpc.NewClient("passthrough:///"+address, dialOptions...)
	if err != nil {
		return nil, fmt.Errorf("%w: connecting to %s: %w", tranship.ErrInvalid, address, err)
	}
	return conn, nil
}

// connect waits until the call of dial has been answered.
func connect(ctx context.Context, conn *grpc.ClientConn, timeout time.Duration, call func(context.Context, *grpc.ClientConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := call(ctx, conn)
	if rpcstatus.IsOurs(err) || rpcstatus.IsMalformed(err) {
		return nil // a refusal is an answer, too, and so is one that cannot be read
	}
	class := unconnected(err)
	if rpcstatus.IsPage(err) {
		err = rpcstatus.FromError(err) // without the text of the page
	}
	switch status.Code(err) {
	case codes.Unavailable:
		return failure.Mark(errors.New(cause(status.Convert(err).Message())), class)
	case codes.DeadlineExceeded:
		return failure.Mark(fmt.Errorf("no answer within %v", timeout), failure.Refused)
	case codes.Canceled:
		return ctx.Err()
	case codes.Internal, codes.Unknown:
		// An answer, but not a gRPC server's.
		return failure.Mark(err, class)
	default:
		return nil
	}
}

// unconnected is the class of the failure of the first call: Refused if no server was
// reached, Unknown if a gateway answered whose server may be away.
func unconnected(err error) failure.Class {
	if rpcstatus.IsPage(err) {
		return failure.Of(context.Background(), rpcstatus.FromError(err))
	}
	return failure.Refused
}

// cause finds in grpc-go's description of a failed connection what a person needs.
func cause(message string) string {
	for _, prefix := range []string{"connection error: desc = ", "error reading server preface: "} {
		if _, after, ok := strings.Cut(message, prefix); ok {
			message = after
		}
	}
	message = strings.Trim(message, `"`)
	return strings.TrimPrefix(message, "transport: Error while dialing: ")
}

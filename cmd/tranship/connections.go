package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/store/s3"
)

// effect is what a command does with its locations.
type effect int

const (
	reads effect = iota
	changes
)

// connections are the connections of a command, one per server or bucket. Its methods are not safe
// for concurrent use; the clients that they return are.
type connections struct {
	globals *globals
	// stallTimeout is how long a file may make no progress before it is retried; 0 means
	// forever.
	stallTimeout time.Duration
	// number of connections to each server that large files are spread over; 0 means as
	// many as make them faster.
	number int
	// moves means that files are uploaded or downloaded.
	moves bool
	// changed are the locations that the command changes. Buckets of others are opened for
	// reading only, for which the right to read is enough.
	changed []location.Location
	// lookups are the locations that the command looks for, in the order in which it does. ahead has the answers that
	// were asked for early, and not used.
	lookups []location.Location
	ahead   map[location.Server]*lookahead
	stores  map[location.Server]*retry.Store
	// natives are the clients of servers, without the retries of stores.
	natives map[location.Server]*client.Client
	closers []io.Closer
	raw     map[location.Server]*grpc.ClientConn
}

func (g *globals) connections() *connections {
	return &connections{
		globals: g,
		ahead:   map[location.Server]*lookahead{},
		stores:  map[location.Server]*retry.Store{},
		natives: map[location.Server]*client.Client{},
		raw:     map[location.Server]*grpc.ClientConn{},
	}
}

func (c *connections) options(server location.Server) (client.Options, error) {
	token, err := c.globals.token.of(server, c.globals.Warn)
	if err != nil {
		return client.Options{}, err
	}
	config, err := c.globals.tls.config(server, c.globals.Warn)
	return client.Options{
		Token:           token,
		TLS:             config,
		ConnectTimeout:  c.globals.connectTimeout,
		StallTimeout:    c.stallTimeout,
		MaxMessageBytes: int(c.globals.maxMessage.byteSize),
		Transport:       client.Transport(c.globals.transport),
		TransportUsed:   c.globals.notifyTransport(server),
		CallMetadata:    c.globals.telemetry.CallMetadata(),
	}, err
}

// Store returns the native client of a server, or the store in a bucket, connecting first if
// needed. It retries transient failures.
func (c *connections) Store(ctx context.Context, server location.Server) (*retry.Store, error) {
	if store, ok := c.stores[server]; ok {
		return store, nil
	}
	store, closer, err := c.open(ctx, server)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, closer)
	c.stores[server] = retry.New(store, retry.Options{Events: func(event retry.Event) {
		c.globals.NotifyRetry(server.At(event.Path), event.Wait, event.Err)
	}})
	return c.stores[server], nil
}

// open returns the client of a server, or the store in a bucket.
func (c *connections) open(ctx context.Context, server location.Server) (tranship.Store, io.Closer, error) {
	if server.IsBucket() {
		store, err := c.openBucket(ctx, server)
		if err != nil {
			return nil, nil, err
		}
		return c.globals.telemetry.Bucket(store), store, nil
	}
	var native *client.Client
	err := c.dial(ctx, server, func(options client.Options) (err error) {
		options.Connections, options.Prepare = c.number, c.moves
		if first := c.first(server); first != nil {
			ahead := newLookahead(*first)
			options.Meanwhile = func(ctx context.Context, store tranship.Reader) {
				ahead.look(ctx, c.globals.telemetry.RemoteReader(store))
			}
			c.ahead[server] = ahead
		}
		native, err = client.Dial(ctx, server.URL(), options)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	c.natives[server] = native
	return c.globals.telemetry.Remote(native), native, nil
}

// openBucket returns the store in a bucket.
func (c *connections) openBucket(ctx context.Context, bucket location.Server) (*s3.Store, error) {
	options := c.globals.bucket.options(bucket)
	options.Stall = c.stallTimeout
	options.Around = c.globals.telemetry.Engine()
	options.ReadOnly = !slices.ContainsFunc(c.changed, func(p location.Location) bool { return p.Server == bucket })
	store, err := s3.Open(ctx, options)
	if err != nil {
		return nil, &console.ServerError{Server: bucket, Err: c.globals.bucket.advise(err)}
	}
	return store, nil
}

// minConnectTimeout is the part of --connect-timeout that must remain for another attempt.
const minConnectTimeout = 100 * time.Millisecond

// dial connects to a server. If the server cannot be reached, it retries until
// --connect-timeout has passed; if the server refuses because of a limit, or a gateway
// answers in its place, it retries within the budget of all operations.
func (c *connections) dial(ctx context.Context, server location.Server, connect func(client.Options) error) error {
	options, err := c.options(server)
	if err != nil {
		return err
	}
	begun := time.Now()
	tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
	var pauses budget.Pauses
	var told error
	for {
		err := connect(options)
		if err == nil {
			return nil
		}
		told = moreTelling(told, err)
		var pause time.Duration
		var final error
		if failure.Of(ctx, err) == failure.Refused {
			left := c.globals.connectTimeout - time.Since(begun)
			// A pause of at most half the remaining time leaves room for another attempt.
			pause = min(pauses.Next(), left/2)
			options.ConnectTimeout = left - pause
			if left < minConnectTimeout {
				final = told
			}
		} else {
			pause, final = tries.Failed(ctx, err)
		}
		if final == nil {
			c.globals.NotifyRetry(server.String(), pause, err)
			final = budget.Sleep(ctx, pause)
		}
		if final != nil {
			return &console.ServerError{Server: server, Err: c.globals.tls.advise(server, final)}
		}
	}
}

// moreTelling returns the error to report of two attempts to connect to a server: the later one,
// unless only the earlier one has a hint. The last attempts have little time, and may end before the
// server has answered in a way that tells what is wrong.
func moreTelling(earlier, later error) error {
	was, isConnect := errors.AsType[*client.ConnectError](earlier)
	is, stillConnect := errors.AsType[*client.ConnectError](later)
	if isConnect && stillConnect && was.Hint != client.HintNone && is.Hint == client.HintNone {
		return earlier
	}
	return later
}

// Conn returns a plain connection to a server, for the compatibility protocols.
func (c *connections) Conn(ctx context.Context, server location.Server) (*grpc.ClientConn, error) {
	if conn, ok := c.raw[server]; ok {
		return conn, nil
	}
	var conn *grpc.ClientConn
	err := c.dial(ctx, server, func(options client.Options) (err error) {
		conn, err = client.DialConn(ctx, server.URL(), options)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.raw[server] = conn
	return conn, nil
}

func (c *connections) close() error {
	var errs []error
	for _, closer := range c.closers {
		errs = append(errs, closer.Close())
	}
	for _, conn := range c.raw {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

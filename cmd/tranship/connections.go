package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/tranship/tranship/client"
)

// connections are a command's, one for each server. It is not safe for concurrent
// use; the clients are.
type connections struct {
	globals *globals
	// stallTimeout is after how long without a byte a file is tried again; 0: never.
	stallTimeout time.Duration
	// number is of connections to each server that large files are spread over; 0: as
	// many as help.
	number int
	stores map[serverPlace]*client.Client
	raw    map[serverPlace]*grpc.ClientConn
}

func (g *globals) connections() *connections {
	return &connections{
		globals: g,
		stores:  map[serverPlace]*client.Client{},
		raw:     map[serverPlace]*grpc.ClientConn{},
	}
}

func (c *connections) options(server serverPlace) (client.Options, error) {
	token, err := c.globals.token.of(server, c.globals.warn)
	if err != nil {
		return client.Options{}, err
	}
	config, err := c.globals.tls.config(server, c.globals.warn)
	return client.Options{
		Token:           token,
		TLS:             config,
		ConnectTimeout:  c.globals.connectTimeout,
		StallTimeout:    c.stallTimeout,
		MaxMessageBytes: int(c.globals.maxMessage.byteSize),
	}, err
}

// store is the native client of a server.
func (c *connections) store(ctx context.Context, server serverPlace) (*client.Client, error) {
	if store, ok := c.stores[server]; ok {
		return store, nil
	}
	options, err := c.options(server)
	if err != nil {
		return nil, err
	}
	options.Connections = c.number
	if c.stallTimeout > 0 {
		options.DialOptions = []grpc.DialOption{grpc.WithKeepaliveParams(c.keepalive())}
	}
	store, err := client.Dial(ctx, server.address, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server, c.globals.tls.advise(server, err))
	}
	c.stores[server] = store
	return store, nil
}

// keepalive replaces a connection that nothing comes through any more before all
// attempts of a file have stalled in it. Servers take a ping every 10 s.
func (c *connections) keepalive() keepalive.ClientParameters {
	return keepalive.ClientParameters{Time: 12 * time.Second, Timeout: min(max(c.stallTimeout, time.Second), 20*time.Second)}
}

// conn is a plain connection to a server, for the compatibility protocols.
func (c *connections) conn(ctx context.Context, server serverPlace) (*grpc.ClientConn, error) {
	if conn, ok := c.raw[server]; ok {
		return conn, nil
	}
	options, err := c.options(server)
	if err != nil {
		return nil, err
	}
	conn, err := client.DialConn(ctx, server.address, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server, c.globals.tls.advise(server, err))
	}
	c.raw[server] = conn
	return conn, nil
}

func (c *connections) close() error {
	var errs []error
	for _, store := range c.stores {
		errs = append(errs, store.Close())
	}
	for _, conn := range c.raw {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

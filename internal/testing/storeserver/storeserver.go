// Package storeserver serves stores over real connections for tests.
package storeserver

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/server"
)

// Open returns config with store. Unless config sets them, all callers may do everything,
// all protocols are served, and unfinished uploads are unlimited.
func Open(store tranship.Store, config server.Config) server.Config {
	config.Store = store
	if len(config.Authenticators) == 0 && config.Anonymous == server.AnonymousNone {
		config.Anonymous = server.AnonymousWrite
	}
	if config.Quota.Uploads == 0 {
		config.Quota.Uploads = -1
	}
	config.Protocols.Filetransfer = true
	if config.Protocols.Filesrv == nil {
		config.Protocols.Filesrv = &server.Filesrv{}
	}
	return config
}

// New returns a server of store with the Config of Open.
func New(t testing.TB, store tranship.Store, config server.Config) *server.Server {
	t.Helper()
	s, err := server.New(t.Context(), Open(store, config))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Serve serves store with Server.Serve and the Config of Open until the test ends, and
// returns its address.
func Serve(t testing.TB, store tranship.Store, config server.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(t, store, config)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), listener) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; !errors.Is(err, server.ErrStopped) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return listener.Addr().String()
}

// Mount serves store with the Config of Open on a grpc.Server until the test ends, and
// returns its address. options do not include those of GRPCOptions.
func Mount(t testing.TB, store tranship.Store, config server.Config, options ...grpc.ServerOption) string {
	t.Helper()
	return loopback.Serve(t, New(t, store, config).Mount, options...)
}

// Believing returns config for callers that loopback.As names. The grpc.Server needs the
// options of loopback.Believing.
func Believing(config server.Config) server.Config {
	config.Caller = func(ctx context.Context) (access.Principal, error) { return access.FromContext(ctx), nil }
	return config
}

package quiet

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/pipenet"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// proxyIdle is for how long a proxy of these tests allows silence in either direction.
const proxyIdle = 30 * time.Second

// idleConn is a connection through a proxy that ends it after silence. Only the messages of
// the streams count: the other end sends no pings.
type idleConn struct {
	net.Conn
	up, down *time.Timer
}

// newIdleDown returns a connection that ends after silence of the server.
func newIdleDown(conn net.Conn) net.Conn {
	return &idleConn{conn, time.NewTimer(0), time.AfterFunc(proxyIdle, func() { _ = conn.Close() })}
}

// newIdleBoth returns a connection that ends after silence of either end.
func newIdleBoth(conn net.Conn) net.Conn {
	end := func() { _ = conn.Close() }
	return &idleConn{conn, time.AfterFunc(proxyIdle, end), time.AfterFunc(proxyIdle, end)}
}

func (c *idleConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.down.Reset(proxyIdle)
	return n, err
}

func (c *idleConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.up.Reset(proxyIdle)
	return n, err
}

func (c *idleConn) Close() error {
	c.up.Stop()
	c.down.Stop()
	return c.Conn.Close()
}

// site is a server and a client of it, in virtual time.
type site struct {
	*client.Client
	// conns counts the connections that the client has made.
	conns atomic.Int32
}

// newSite mounts the services of a store on a grpc.Server without options, as a program may
// have: it permits a ping every 5 minutes. wrap, if not nil, wraps the client's connections.
func newSite(t *testing.T, store tranship.Store, config server.Config, options client.Options, wrap func(net.Conn) net.Conn) *site {
	t.Helper()
	network, grpcServer := pipenet.New(), grpc.NewServer()
	storeserver.New(t, store, config).Mount(grpcServer)
	done := make(chan error, 1)
	go func() { done <- grpcServer.Serve(network) }()
	s := &site{}
	options.DialOptions = append(options.DialOptions, grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := network.Dial(ctx, address)
		if err == nil && wrap != nil {
			conn = wrap(conn)
		}
		s.conns.Add(1)
		return conn, err
	}))
	var err error
	if s.Client, err = client.Dial(t.Context(), "127.0.0.1:1", options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		grpcServer.Stop()
		<-done
	})
	return s
}

// pattern returns n bytes that differ from those at other offsets.
func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return data
}

// mustHave checks the content of a file.
func mustHave(t *testing.T, store *mem.Store, path string, want []byte) {
	t.Helper()
	content, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, %v; want %d", path, len(got), err, len(want))
	}
}

// fill makes a file.
func fill(t *testing.T, store *mem.Store, path string, data []byte) {
	t.Helper()
	if _, err := transfer.UploadFrom(t.Context(), store, bytes.NewReader(data), tranship.Spec{Path: path}); err != nil {
		t.Fatal(err)
	}
}

// one has one item: the file "f" of a source, of so many bytes as listed.
func one(source transfer.Source, size int64) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		yield(transfer.Item{Source: source, SourcePath: "f", Path: "f", File: tranship.File{Size: size}}, nil)
	}
}

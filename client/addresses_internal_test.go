package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/testing/testcert"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// name is a host with several addresses, all of this machine.
type name struct {
	port      string
	addresses atomic.Pointer[[]netip.Addr]
	lookups   atomic.Int64
}

// lookup is a route.Lookup.
func (n *name) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.lookups.Add(1)
	if host != "files.test" {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return *n.addresses.Load(), nil
}

func (n *name) address() string { return net.JoinHostPort("files.test", n.port) }

// set makes hosts the addresses of the name.
func (n *name) set(hosts ...string) {
	addresses := make([]netip.Addr, 0, len(hosts))
	for _, host := range hosts {
		addresses = append(addresses, netip.MustParseAddr(host))
	}
	n.addresses.Store(&addresses)
}

// listen listens at one port of all hosts.
func listen(t *testing.T, hosts ...string) (*name, []net.Listener) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has more than one IPv4 loopback address")
	}
	for range 100 {
		port, listeners := "0", []net.Listener(nil)
		for _, host := range hosts {
			listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
			if err != nil {
				break
			}
			_, port, _ = net.SplitHostPort(listener.Addr().String())
			listeners = append(listeners, listener)
		}
		if len(listeners) == len(hosts) {
			for _, listener := range listeners {
				t.Cleanup(func() { _ = listener.Close() })
			}
			n := &name{port: port}
			n.set(hosts...)
			return n, listeners
		}
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}
	t.Fatal("there is no port that all addresses have free")
	return nil, nil
}

// informed is a server that answers GetServerInfo with its name.
type informed struct {
	transhipv1.UnimplementedFileServiceServer
	version string
}

func (s informed) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{ServerVersion: s.version, MaxMessageBytes: 1 << 20}, nil
}

// serveAt serves until the test ends or the server is stopped.
func serveAt(t *testing.T, listener net.Listener, version string, options ...grpc.ServerOption) *grpc.Server {
	t.Helper()
	server := grpc.NewServer(options...)
	transhipv1.RegisterFileServiceServer(server, informed{version: version})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	return server
}

// version returns the name of the server that answers the client.
func version(t *testing.T, c *Client) string {
	t.Helper()
	info, err := c.Info(t.Context())
	if err != nil {
		t.Error(err)
	}
	return info.Version
}

// Silent addresses accept connections and never answer, as a proxy whose server is dead.
// Each connection of the client reaches the server behind them, within one
// ConnectTimeout.
func TestDialPassesSilentAddresses(t *testing.T) {
	t.Parallel()
	hosts := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"}
	n, listeners := listen(t, hosts...)
	serveAt(t, listeners[3], "good")
	c, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup, ConnectTimeout: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for stream := range maxConnections {
		if _, err := c.connections.service(stream).GetServerInfo(t.Context(), &transhipv1.GetServerInfoRequest{}); err != nil {
			t.Errorf("connection %d: %v", stream, err)
		}
	}
	conn, err := DialConn(t.Context(), "grpc://"+n.address(), Options{lookup: n.lookup, ConnectTimeout: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// A connection with TLS passes addresses that accept and never shake hands, and that have no
// TLS, and takes the key of the server that answers on first use.
func TestDialPassesAddressesWithoutTLS(t *testing.T) {
	t.Parallel()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(testcert.Spec{Hosts: []string{"files.test"}})
	if err != nil {
		t.Fatal(err)
	}
	n, listeners := listen(t, "127.0.0.2", "127.0.0.3", "127.0.0.1")
	serveAt(t, listeners[1], "plaintext")
	serveAt(t, listeners[2], "good", grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}},
	})))
	hosts := filepath.Join(t.TempDir(), "hosts")
	c, err := Dial(t.Context(), "grpcs://"+n.address(), Options{
		Trust:  tlsconfig.ClientOptions{KnownHostsFile: hosts, TrustOnFirstUse: true},
		lookup: n.lookup,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := version(t, c); got != "good" {
		t.Errorf("connected to %q", got)
	}
	if text, err := os.ReadFile(hosts); err != nil || strings.Count(string(text), "\n") != 1 || !strings.HasPrefix(string(text), n.address()+" ") {
		t.Errorf("known hosts are %q, %v", text, err)
	}
}

// Addresses that refuse connections, and a family of addresses that this machine may lack,
// cost no time.
func TestDialPassesRefusingAddresses(t *testing.T) {
	t.Parallel()
	n, listeners := listen(t, "127.0.0.1")
	n.set("::1", "127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.1")
	serveAt(t, listeners[0], "good")
	c, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
}

// After a server has moved to another address of its name, or the name to another address,
// the client finds it without a new Dial.
func TestReconnectsToAnotherAddress(t *testing.T) {
	t.Parallel()
	n, listeners := listen(t, "127.0.0.1", "127.0.0.2", "127.0.0.3")
	n.set("127.0.0.1", "127.0.0.2")
	first := serveAt(t, listeners[0], "first")
	c, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := version(t, c); got != "first" {
		t.Errorf("connected to %q", got)
	}
	second := serveAt(t, listeners[1], "second")
	first.Stop()
	await(t, c, "second")
	n.set("127.0.0.3")
	serveAt(t, listeners[2], "third")
	second.Stop()
	await(t, c, "third")
}

// await waits until a server answers the client.
func await(t *testing.T, c *Client, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		info, err := c.files.GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{}, grpc.WaitForReady(true))
		if err == nil && info.GetServerVersion() == want {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%q has not answered: %v", want, err)
		}
	}
}

// The error of a connection names every address of the host that was tried, and why it
// failed.
func TestDialNamesAddresses(t *testing.T) {
	t.Parallel()
	n, _ := listen(t, "127.0.0.2")
	n.set("127.0.0.2", "127.0.0.1")
	_, err := Dial(t.Context(), n.address(), Options{lookup: n.lookup, ConnectTimeout: time.Second})
	if !errors.Is(err, tranship.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	for _, part := range []string{"127.0.0.2:" + n.port + " has not answered", "127.0.0.1:" + n.port + " connect: connection refused"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %q", err, part)
		}
	}
}

// A name without an address is looked up once, and the error is that of the lookup.
func TestDialUnknownName(t *testing.T) {
	t.Parallel()
	n := &name{}
	_, err := Dial(t.Context(), "other.test:1", Options{lookup: n.lookup})
	if !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "lookup other.test: no such host") {
		t.Errorf("error %v", err)
	}
	if got := n.lookups.Load(); got != 1 {
		t.Errorf("%d lookups", got)
	}
}

// A lookup that takes longer than ConnectTimeout is named.
func TestDialSlowLookup(t *testing.T) {
	t.Parallel()
	slow := func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := Dial(t.Context(), "files.test:1", Options{lookup: slow, ConnectTimeout: 100 * time.Millisecond})
	if !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "no answer within 100ms: the name servers have not found files.test") {
		t.Errorf("error %v", err)
	}
}

// An attempt to reconnect, and the pause after it, fit into the patience of retries, and
// within ConnectTimeout each attempt may take all of it, up to a limit.
func TestAttemptTimeout(t *testing.T) {
	for connect, want := range map[time.Duration]time.Duration{
		0:                      DefaultConnectTimeout,
		100 * time.Millisecond: DefaultConnectTimeout, // the rest of a command's timeout
		10 * time.Second:       10 * time.Second,
		time.Minute:            longestAttempt,
	} {
		if got := (Options{ConnectTimeout: connect}).attemptTimeout(); got != want {
			t.Errorf("%v: %v, want %v", connect, got, want)
		}
	}
	if longestAttempt+longestPause >= budget.DefaultPatience {
		t.Errorf("one lost attempt of %v and the pause of %v use up the patience of %v", longestAttempt, longestPause, budget.DefaultPatience)
	}
}

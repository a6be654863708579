package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// lockedText is an output that may be read while it is written.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// machine is the address of this machine in tests.
func machine() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

// stat asks for a file that does not exist, with headers.
func stat(t *testing.T, files transhipv1.FileServiceClient, headers ...string) error {
	t.Helper()
	ctx := grpcmetadata.AppendToOutgoingContext(testContext(t), headers...)
	_, err := files.Stat(ctx, &transhipv1.StatRequest{Path: "none"})
	return err
}

// TestForwardedHeader checks that the audit log and limits have the address that a trusted
// proxy reports, over Serve and Mount, and never one that another peer claims.
func TestForwardedHeader(t *testing.T) {
	for _, test := range []struct {
		name    string
		proxies server.Proxies
		headers []string
		want    string // the beginning of the peer
	}{
		{"trusted", server.Proxies{Trusted: machine()}, []string{"x-forwarded-for", "198.51.100.7, 192.0.2.1"}, "192.0.2.1:"},
		{"trusted, Forwarded", server.Proxies{Trusted: machine(), Header: server.Forwarded}, []string{"forwarded", `for="[2001:db8::1]"`}, "[2001:db8::1]:"},
		{"trusted, mapped to IPv6", server.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("::ffff:127.0.0.0/104")}}, []string{"x-forwarded-for", "192.0.2.1"}, "192.0.2.1:"},
		{"another header", server.Proxies{Trusted: machine()}, []string{"forwarded", "for=192.0.2.1"}, "127.0.0.1:"},
		{"garbage", server.Proxies{Trusted: machine()}, []string{"x-forwarded-for", "\"<,>;"}, "127.0.0.1:"},
		{"not trusted", server.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, []string{"x-forwarded-for", "192.0.2.1"}, "127.0.0.1:"},
		{"none trusted", server.Proxies{}, []string{"x-forwarded-for", "192.0.2.1"}, "127.0.0.1:"},
	} {
		for _, mounted := range []bool{false, true} {
			log := &lockedText{}
			config := server.Config{Proxies: test.proxies, Audit: audit.NewLog(log, nil), Anonymous: server.AnonymousWrite}
			var address string
			if mounted {
				address = storeserver.Mount(t, &mem.Store{}, config)
			} else {
				address = storeserver.Serve(t, &mem.Store{}, config)
			}
			files := transhipv1.NewFileServiceClient(loopback.Dial(t, address))
			if err := stat(t, files, test.headers...); status.Code(err) != codes.NotFound {
				t.Errorf("%s: %v", test.name, err)
			}
			if !strings.Contains(log.String(), `"peer":"`+test.want) {
				t.Errorf("%s, mounted: %v: %s", test.name, mounted, log)
			}
		}
	}
}

// TestForwardedLimits checks that each client of a proxy has limits of its own, and that
// connections of the proxy do not count for a peer.
func TestForwardedLimits(t *testing.T) {
	address := storeserver.Serve(t, &mem.Store{}, server.Config{
		Anonymous: server.AnonymousWrite,
		Proxies:   server.Proxies{Trusted: machine()},
		Limits:    limit.Options{StreamsPerPeer: 1, ConnectionsPerPeer: 1},
	})
	first := transhipv1.NewFileServiceClient(loopback.Dial(t, address))
	ctx := grpcmetadata.AppendToOutgoingContext(testContext(t), "x-forwarded-for", "192.0.2.1")
	stream, err := first.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	send(t, stream, begin(1, "file", nil))
	receive(t, stream)
	second := transhipv1.NewFileServiceClient(loopback.Dial(t, address)) // another connection
	if err := stat(t, second, "x-forwarded-for", "192.0.2.1"); status.Code(err) != codes.Unavailable {
		t.Errorf("a second call of one client: %v", err)
	}
	if err := stat(t, second, "x-forwarded-for", "192.0.2.2"); status.Code(err) != codes.NotFound {
		t.Errorf("a call of another client: %v", err)
	}
}

// dialWith returns a client whose connections begin with a text.
func dialWith(t *testing.T, address, text string) transhipv1.FileServiceClient {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err == nil {
				_, err = io.WriteString(conn, text)
			}
			return conn, err
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return transhipv1.NewFileServiceClient(conn)
}

// TestProxyProtocol checks that connections of a trusted proxy count for the clients in
// their headers, before anything else is read, and that a trusted proxy without a header
// is refused.
func TestProxyProtocol(t *testing.T) {
	log := &lockedText{}
	address := storeserver.Serve(t, &mem.Store{}, server.Config{
		Anonymous: server.AnonymousWrite,
		Proxies:   server.Proxies{Trusted: machine(), ProxyProtocol: true},
		Limits:    limit.Options{ConnectionsPerPeer: 1},
		Audit:     audit.NewLog(log, nil),
	})
	const first, second = "PROXY TCP4 192.0.2.1 192.0.2.100 4711 443\r\n", "PROXY TCP4 192.0.2.2 192.0.2.100 4711 443\r\n"
	held := dialWith(t, address, first)
	if err := stat(t, held, "x-forwarded-for", "198.51.100.7"); status.Code(err) != codes.NotFound {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, `"peer":"192.0.2.1:4711"`) || strings.Contains(text, "198.51.100.7") {
		t.Errorf("the audit log is %s", text)
	}
	if err := stat(t, dialWith(t, address, strings.Replace(first, "4711", "4712", 1))); status.Code(err) != codes.Unavailable {
		t.Errorf("a second connection of one client: %v", err)
	}
	if err := stat(t, dialWith(t, address, second)); status.Code(err) != codes.NotFound {
		t.Errorf("a connection of another client: %v", err)
	}
	for _, text := range []string{"", "PROXY TCP4 x y 1 2\r\n", "GET / HTTP/1.1\r\n\r\n"} {
		if err := stat(t, dialWith(t, address, text)); status.Code(err) != codes.Unavailable {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := stat(t, held); status.Code(err) != codes.NotFound {
		t.Errorf("afterwards: %v", err)
	}
}

// TestProxyProtocolOfStranger checks that a header from a machine that is not trusted is no
// header: the connection fails, and without one it works.
func TestProxyProtocolOfStranger(t *testing.T) {
	address := storeserver.Serve(t, &mem.Store{}, server.Config{
		Anonymous: server.AnonymousWrite,
		Proxies:   server.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, ProxyProtocol: true},
	})
	if err := stat(t, dialWith(t, address, "PROXY TCP4 192.0.2.1 192.0.2.100 4711 443\r\n")); status.Code(err) != codes.Unavailable {
		t.Errorf("a header of a stranger: %v", err)
	}
	if err := stat(t, dialWith(t, address, "")); status.Code(err) != codes.NotFound {
		t.Errorf("without a header: %v", err)
	}
}

// TestProxyProtocolTLS checks that the header comes before TLS, and that a proxy that sends
// nothing delays no other connection and is cut off.
func TestProxyProtocolTLS(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedText{}
	address := storeserver.Serve(t, &mem.Store{}, server.Config{
		TLS:       &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, NextProtos: []string{"h2"}},
		Anonymous: server.AnonymousWrite,
		Proxies:   server.Proxies{Trusted: machine(), ProxyProtocol: true},
		Limits:    limit.Options{HandshakeTime: 2 * time.Second},
		Audit:     audit.NewLog(log, nil),
	})
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n"); err != nil {
		t.Fatal(err)
	}
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := secured.HandshakeContext(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a connection without a header: %v", err)
	}
}

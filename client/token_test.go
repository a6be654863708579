package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

const secret = "tsp_not-to-be-seen"

// withToken returns options with a token, and counts the calls of Token.
func withToken(asked *atomic.Int64, token string, err error) client.Options {
	return client.Options{Token: func(context.Context) (string, error) {
		asked.Add(1)
		return token, err
	}}
}

// tokenServer serves files, and counts the calls with the token and without it.
func tokenServer(t *testing.T) (address string, with, without *atomic.Int64) {
	with, without = &atomic.Int64{}, &atomic.Int64{}
	count := func(ctx context.Context) {
		if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) == 1 && values[0] == "Bearer "+secret {
			with.Add(1)
		} else {
			without.Add(1)
		}
	}
	options := append(server.GRPCOptions(server.Config{}),
		grpc.ChainUnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			count(ctx)
			return handler(ctx, request)
		}),
		grpc.ChainStreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			count(stream.Context())
			return handler(server, stream)
		}))
	address = storeserver.Mount(t, &mem.Store{}, storeserver.Believing(server.Config{}), options...)
	return address, with, without
}

// TestToken checks that every call on every connection has the token, and that Token is
// called for each.
func TestToken(t *testing.T) {
	address, with, without := tokenServer(t)
	var asked atomic.Int64
	options := withToken(&asked, secret, nil)
	options.Connections = 3
	files, err := client.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	if _, err := files.Put(t.Context(), tranship.Spec{Path: "small"}, []byte("x")); err != nil {
		t.Error(err)
	}
	size := int64(20 << 20)
	upload, err := files.Begin(t.Context(), tranship.Spec{Path: "large", Size: &size})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int((size + upload.PartSize() - 1) / upload.PartSize()) {
		part, err := upload.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(make([]byte, min(upload.PartSize(), size-int64(n)*upload.PartSize()))); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size}); err != nil {
		t.Error(err)
	}
	content, err := files.Open(t.Context(), "large", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		t.Error(err)
	}
	content.Close()
	if without.Load() != 0 || with.Load() < 4 || asked.Load() != with.Load() {
		t.Errorf("%d calls with the token and %d without; Token was called %d times", with.Load(), without.Load(), asked.Load())
	}
	conn, err := client.DialConn(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if without.Load() != 0 {
		t.Error("a call had no token")
	}
}

// TestNoToken checks that calls have no token if Token returns "".
func TestNoToken(t *testing.T) {
	address, with, without := tokenServer(t)
	var asked atomic.Int64
	files, err := client.Dial(t.Context(), address, withToken(&asked, "", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	if with.Load() != 0 || without.Load() != 1 || asked.Load() != 1 {
		t.Errorf("%d calls with a token and %d without; Token was called %d times", with.Load(), without.Load(), asked.Load())
	}
}

// TestBadToken checks that the error of Token, or an invalid token, fails the call, and that
// the error does not contain the token.
func TestBadToken(t *testing.T) {
	address, with, without := tokenServer(t)
	for _, test := range []struct {
		token string
		err   error
		words string
	}{
		{"", errors.New("the file is gone"), "the file is gone"},
		{secret + "\r\nx-admin: 1", nil, "characters"},
		{secret + " ", nil, "characters"},
		{secret + "\x00", nil, "characters"},
		{secret + "é", nil, "characters"},
	} {
		var asked atomic.Int64
		_, err := client.Dial(t.Context(), address, withToken(&asked, test.token, test.err))
		if !errors.Is(err, tranship.ErrUnauthenticated) || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", test.token, err)
		}
	}
	if with.Load()+without.Load() != 0 {
		t.Error("a call was made")
	}
}

// TestTokenInTheClear checks that a client with a token and without TLS does not connect to
// other machines, and does not call Token.
func TestTokenInTheClear(t *testing.T) {
	for _, address := range []string{"192.0.2.1:9", "[2001:db8::1]:9", "0.0.0.0:9"} {
		var asked atomic.Int64
		options := withToken(&asked, secret, nil)
		_, err := client.Dial(t.Context(), address, options)
		_, connErr := client.DialConn(t.Context(), address, options)
		for _, err := range []error{err, connErr} {
			if !errors.Is(err, tranship.ErrInvalid) || !strings.Contains(err.Error(), address+" is another machine, and a token is sent to another machine only over TLS") || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", address, err)
			}
		}
		if asked.Load() != 0 {
			t.Error("Token was called")
		}
	}
}

// remoteConn is a connection that reports the address of another machine.
type remoteConn struct{ net.Conn }

func (remoteConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}
}

// TestTokenInTheClearByOptions checks that Options.DialOptions cannot cause the token to be
// sent in plaintext either.
func TestTokenInTheClearByOptions(t *testing.T) {
	address, with, without := tokenServer(t)
	elsewhere := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		return remoteConn{conn}, err
	})
	for name, own := range map[string][]grpc.DialOption{
		"dialer":                 {elsewhere},
		"credentials":            {grpc.WithTransportCredentials(insecure.NewCredentials())},
		"dialer and credentials": {elsewhere, grpc.WithTransportCredentials(insecure.NewCredentials())},
	} {
		var asked atomic.Int64
		options := withToken(&asked, secret, nil)
		options.DialOptions = own
		files, err := client.Dial(t.Context(), address, options)
		if err == nil {
			_ = files.Close()
		}
		if err == nil || strings.Contains(err.Error(), secret) || asked.Load() != 0 || with.Load()+without.Load() != 0 {
			t.Errorf("%s: %v; Token called %d times, %d calls", name, err, asked.Load(), with.Load()+without.Load())
		}
	}
}

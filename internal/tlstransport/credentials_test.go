package tlstransport_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/tlstransport"
)

// counted is a connection that counts its writes.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestCredentials sends in both directions concurrently, and counts the writes.
func TestCredentials(t *testing.T) {
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(testcert.Spec{Hosts: []string{"server"}})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	sent := make([]byte, 4<<20)
	_, _ = rand.Read(sent)
	served := make(chan error, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer raw.Close()
		conn, _, err := tlstransport.New(&tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}},
			NextProtos:   []string{"h2"},
		}).ServerHandshake(raw)
		if err == nil {
			_, err = io.CopyBuffer(conn, io.LimitReader(conn, int64(len(sent))), make([]byte, 64<<10))
		}
		served <- err
	}()

	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var writes atomic.Int64
	conn, info, err := tlstransport.New(&tls.Config{RootCAs: roots}).Clone().
		ClientHandshake(context.WithoutCancel(t.Context()), "server", counted{raw, &writes})
	if err != nil {
		t.Fatal(err)
	}
	if tlsInfo, ok := info.(credentials.TLSInfo); !ok || tlsInfo.State.Version != tls.VersionTLS13 {
		t.Errorf("the connection is %+v", info)
	}
	before := writes.Load()
	go func() {
		for piece := sent; len(piece) > 0; piece = piece[64<<10:] {
			if _, err := conn.Write(piece[:64<<10]); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("other bytes came back than were sent")
	}
	// The first 128 KiB are in small records.
	if n, most := writes.Load()-before, int64(len(sent)/(64<<10)+4); n > most {
		t.Errorf("%d bytes took %d writes, want at most %d", len(sent), n, most)
	}
}

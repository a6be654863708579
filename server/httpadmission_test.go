package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPPolicy checks that credentials and the policy decide over HTTP, and what the log names.
func TestHTTPPolicy(t *testing.T) {
	var lines logLines
	rights, err := policy.Parse("policy", []byte("allow ann read,write,delete,list /\nallow bob read a/open\n"))
	if err != nil {
		t.Fatal(err)
	}
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{
		Authenticators: []authn.Authenticator{names{"ann", "bob"}}, Policy: rights,
		Logger: slog.New(slog.NewJSONHandler(&lines, nil)),
	})
	put := func() response { return w.do(http.MethodPut, "a/open", strings.NewReader("x")) }
	if got := put().want(t, "without a token", http.StatusUnauthorized); got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%v", got.header)
	}
	w.token = "eve"
	put().want(t, "with a bad token", http.StatusUnauthorized)
	w.token = "ann"
	put().want(t, "by ann", http.StatusCreated)
	w.do(http.MethodPut, "a/secret", strings.NewReader("x")).want(t, "by ann", http.StatusCreated)
	w.token = "bob"
	put().want(t, "PUT by bob", http.StatusForbidden)
	w.do(http.MethodDelete, "a/open", nil).want(t, "DELETE by bob, who may not list", http.StatusNotFound)
	w.do(http.MethodGet, "a/open", nil).want(t, "GET by bob", http.StatusOK)
	for _, path := range []string{"a/secret", "a/none"} {
		if got := w.do(http.MethodGet, path, nil).want(t, "GET by bob", http.StatusNotFound); got.body != "not found: "+path+"\n" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if got := w.do(http.MethodGet, "a/", nil); got.status == http.StatusOK && got.body != "" {
		t.Errorf("the list of bob: %+v", got)
	}
	named := false
	for _, record := range lines.records(t, "transfer finished") {
		named = named || record["principal"] == "ann" && record["transport"] == tranship.TransportHTTP && record["path"] == "a/open"
	}
	if !named {
		t.Errorf("no line names ann's upload:\n%s", lines.text.String())
	}
}

// TestHTTPSlowSender checks that a client that stalls in its body loses its upload, and is told.
func TestHTTPSlowSender(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{Limits: limit.Options{MinRate: 1000, MinRateWindow: slowWindow}})
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\nx")
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || got.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("%+v, %v", got, err)
	}
	if text, err := io.ReadAll(got.Body); err != nil || !strings.Contains(string(text), "less than 1000 bytes a second") {
		t.Errorf("%s, %v", text, err)
	}
	for upload, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("the upload %+v remains, %v", upload, err)
	}
}

// TestHTTPSlowReader checks that a client that does not read loses its connection.
func TestHTTPSlowReader(t *testing.T) {
	w := serveHTTP(t, &zeroFile{size: 64 << 20}, server.Config{Limits: limit.Options{MinRate: 1000, MinRateWindow: slowWindow}})
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "GET /files/f HTTP/1.1\r\nHost: x\r\n\r\n")
	<-time.After(5 * slowWindow)
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, got.Body); err == nil || n == 64<<20 {
		t.Errorf("%d bytes came, %v", n, err)
	}
}

// TestHTTPCancel checks that an administrator can end requests that wait for their clients.
func TestHTTPCancel(t *testing.T) {
	store := &zeroFile{size: 64 << 20}
	w := serveHTTP(t, store, server.Config{})
	for request, want := range map[string]int{
		"PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\nx": http.StatusConflict,
		"GET /files/f HTTP/1.1\r\nHost: x\r\n\r\n":                                http.StatusOK,
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, request)
		reader := bufio.NewReader(conn)
		if want == http.StatusOK {
			_, _ = reader.Peek(1) // the response has begun
		}
		running := w.service.Running()
		for len(running.Transfers()) == 0 {
			runtime.Gosched()
		}
		if _, err := running.Cancel(running.Transfers()[0].ID); err != nil {
			t.Fatal(err)
		}
		got, err := http.ReadResponse(reader, nil)
		if err != nil || got.StatusCode != want {
			t.Fatalf("%.20s: %+v, %v", request, got, err)
		}
		text, err := io.ReadAll(got.Body)
		if cut := err != nil; cut != (want == http.StatusOK) || !cut && !strings.Contains(string(text), "an administrator of the server has cancelled the transfer") {
			t.Errorf("%.20s: %d bytes, %v", request, len(text), err)
		}
		for len(running.Transfers()) > 0 {
			runtime.Gosched()
		}
	}
	for upload, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("the upload %+v remains, %v", upload, err)
	}
}

// TestHTTPSlowHeader checks that a client whose headers do not come is cut off.
func TestHTTPSlowHeader(t *testing.T) {
	for _, begin := range []string{"", "GET /files/f HTTP/1.1\r\n"} {
		w := serveHTTP(t, &mem.Store{}, server.Config{Limits: limit.Options{HandshakeTime: slowWindow}})
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, begin)
		if _, err := io.Copy(io.Discard, conn); err != nil && !isReset(err) {
			t.Errorf("%q: %v", begin, err)
		}
	}
}

// TestHTTPConnections checks the limit of connections, which all listeners share.
func TestHTTPConnections(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{Limits: limit.Options{ConnectionsPerPeer: 1}})
	w.do(http.MethodPut, "f", http.NoBody).want(t, "PUT", http.StatusCreated) // the client keeps the connection
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "GET /files/f HTTP/1.1\r\nHost: x\r\n\r\n")
	if n, err := io.Copy(io.Discard, conn); n > 0 {
		t.Errorf("%d bytes came, %v", n, err)
	}
}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestHTTPDrain checks that a request under way ends when the server drains.
func TestHTTPDrain(t *testing.T) {
	store := &mem.Store{}
	service := storeserver.New(t, store, server.Config{DrainTimeout: time.Hour})
	listener := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- service.Serve(ctx, server.HTTPListener{Listener: listener}) }()
	idle, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
	reader := bufio.NewReader(conn)
	if got, err := http.ReadResponse(reader, nil); err != nil || got.StatusCode != http.StatusContinue {
		t.Fatalf("%+v, %v", got, err)
	}
	stop()
	_, _ = conn.Write(make([]byte, 2_000_000))
	if got, err := http.ReadResponse(reader, nil); err != nil || got.StatusCode != http.StatusCreated {
		t.Errorf("%+v, %v", got, err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if _, err := store.Stat(t.Context(), "f"); err != nil {
		t.Error(err)
	}
}

// TestHTTPS serves over TLS, and refuses plaintext and other protocols.
func TestHTTPS(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	w := serveHTTP(t, &mem.Store{}, server.Config{TLS: &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}})
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate)
	for _, protocols := range [][]string{nil, {"http/1.1"}, {"h2", "http/1.1"}} {
		conn, err := tls.Dial("tcp", w.address, &tls.Config{RootCAs: roots, NextProtos: protocols})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprint(conn, "PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
		if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusCreated {
			t.Errorf("%q: %+v, %v", protocols, got, err)
		}
		conn.Close()
	}
	if _, err := tls.Dial("tcp", w.address, &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}); err == nil {
		t.Error("the server agreed to HTTP/2")
	}
	if got, err := w.client.Get("http://" + w.address + "/files/f"); err == nil {
		got.Body.Close()
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("plaintext was served with %s", got.Status)
		}
	}
	if file, err := w.client.Get("https://" + w.address + "/files/f"); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a client that does not trust the certificate got %+v, %v", file, err)
	}
}

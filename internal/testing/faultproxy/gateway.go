package faultproxy

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// CallFault is what a Gateway does to one call.
type CallFault int

// The faults of calls.
const (
	// Pass passes the call on.
	Pass CallFault = iota
	// Page answers with a page of status 502 in HTML, without asking the server.
	Page
	// Reset resets the stream, without asking the server.
	Reset
	// NoTrailers answers as a gRPC server that ends without a status, without asking
	// the server.
	NoTrailers
	// LoseReply passes the call on, lets the server finish it, and resets the stream in
	// place of the reply.
	LoseReply
	// LosePage is LoseReply with a page of status 502.
	LosePage
	// LastCall passes the call on, and lets its connection take no more: those under way
	// finish, later ones must go over another, as with nginx's keepalive_requests.
	LastCall
)

// Gateway is a proxy for calls of gRPC, over HTTP/2 without TLS, on a port of its own on
// 127.0.0.1. Unlike a Proxy it understands what it passes on, and answers for a server
// that is away, as nginx, haproxy and Caddy do. It is safe for concurrent use.
type Gateway struct {
	listener net.Listener
	server   *http.Server
	all      sync.WaitGroup
	calls    atomic.Int64
}

// ListenGateway starts a gateway for the server at address, "host:port". fault is asked,
// from any goroutine, for the fault of each call, which are counted from 0 and have the
// path "/package.Service/Method".
func ListenGateway(address string, fault func(call int, path string) CallFault) (*Gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	quiet := log.New(io.Discard, "", 0)
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	pass.Transport = &http.Transport{Protocols: &protocols}
	pass.FlushInterval = -1
	pass.ErrorLog = quiet
	g := &Gateway{listener: listener}
	g.server = &http.Server{Protocols: &protocols, ErrorLog: quiet, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch fault(int(g.calls.Add(1)-1), r.URL.Path) {
		case Pass:
			pass.ServeHTTP(w, r)
		case Page:
			page(w)
		case Reset:
			panic(http.ErrAbortHandler)
		case NoTrailers:
			w.Header().Set("Content-Type", "application/grpc")
		case LoseReply:
			pass.ServeHTTP(nowhere{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case LosePage:
			pass.ServeHTTP(nowhere{http.Header{}}, r)
			page(w)
		case LastCall:
			w.Header().Set("Connection", "close") // a GOAWAY in HTTP/2
			pass.ServeHTTP(w, r)
		}
	})}
	g.all.Go(func() { _ = g.server.Serve(listener) })
	return g, nil
}

func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = fmt.Fprint(w, "<html><h1>502 Bad Gateway</h1></html>")
}

// nowhere takes a reply that gets lost.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

// Address is where clients connect to, "host:port".
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// Close closes all connections, and returns once nothing of the gateway is left.
func (g *Gateway) Close() error {
	err := g.server.Close()
	g.all.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

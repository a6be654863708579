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

// CallFault is a fault that a Gateway applies to one call.
type CallFault int

// The faults of calls.
const (
	// Pass forwards the call.
	Pass CallFault = iota
	// Page answers with an HTML page of status 502, without calling the server.
	Page
	// Reset resets the stream, without calling the server.
	Reset
	// NoTrailers answers like a gRPC server that ends without a status, without calling
	// the server.
	NoTrailers
	// LoseReply forwards the call, lets the server finish it, and resets the stream in
	// place of the reply.
	LoseReply
	// LosePage is LoseReply with a page of status 502 in place of the reset.
	LosePage
	// LastCall forwards the call, and makes its connection accept no more: calls in
	// progress finish, later ones need another connection, as with nginx's
	// keepalive_requests.
	LastCall
)

// Gateway is a proxy for gRPC calls, over HTTP/2 without TLS, on a free port of
// 127.0.0.1. Unlike a Proxy it handles single calls, and answers for a server that is
// down, as nginx, haproxy and Caddy do. It is safe for concurrent use.
type Gateway struct {
	listener net.Listener
	server   *http.Server
	all      sync.WaitGroup
	calls    atomic.Int64
}

// ListenGateway starts a gateway for the server at address, "host:port". The gateway
// calls fault, from several goroutines, for the fault of each call. Calls are numbered
// from 0, and path is "/package.Service/Method".
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

// nowhere discards a reply.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

// Address returns the address of the gateway, "host:port".
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// Close closes all connections, and returns after all goroutines of the gateway have
// ended.
func (g *Gateway) Close() error {
	err := g.server.Close()
	g.all.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

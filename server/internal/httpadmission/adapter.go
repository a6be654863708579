// Package httpadmission brings the requests of an http.Server to a Door of package admission:
//
//	adapter := httpadmission.New(door, httpadmission.Options{})
//	server := adapter.Server(handler)
//	server.Serve(adapter.Listener(listener, tlsConfig))
//
// and in the handler, once it knows what a request asks for:
//
//	adapter.Serve(w, r, httpadmission.Request{Method: "…"}, func(exchange *httpadmission.Exchange) error { … })
//
// Connections are of HTTP/1.1: each has one call at a time, so that the limits of connections
// and calls hold as they do for other transports.
package httpadmission

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// idleTime is how long a connection may have no request.
const idleTime = 2 * time.Minute

// Options of an Adapter. The zero value is useful.
type Options struct {
	// Logger gets what net/http reports about connections, at level Debug. Nil means that
	// nothing is logged.
	Logger *slog.Logger
	// URL is the URL by which browsers know the server, without a path; nil if it is not known.
	URL *url.URL
	// Sessions finds the sessions of browsers; nil means that cookies say nothing.
	Sessions Sessions
	// Origins are other origins, such as "https://app.example.com", whose pages may use the handlers
	// of Share.
	Origins []string
}

// Adapter is the HTTP side of a Door. It is safe for concurrent use.
type Adapter struct {
	door    *admission.Door
	log     *slog.Logger
	options Options
	// crossOrigin tells requests that pages of other sites have made.
	crossOrigin *http.CrossOriginProtection
	// handlers counts handlers that run, including those whose requests have ended.
	handlers sync.WaitGroup
}

// New returns the HTTP side of door.
func New(door *admission.Door, options Options) *Adapter {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Adapter{door: door, log: options.Logger, options: options, crossOrigin: http.NewCrossOriginProtection()}
	if options.URL != nil { // a proxy may send another Host than that of the browser
		_ = a.crossOrigin.AddTrustedOrigin(options.URL.Scheme + "://" + options.URL.Host) // an invalid one is no origin
	}
	return a
}

// Server returns a server for connections of Listener.
func (a *Adapter) Server(handler http.Handler) *http.Server {
	limits := a.door.Limits()
	if limits.HandshakeTime == 0 {
		limits.HandshakeTime = limit.DefaultHandshakeTime
	}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: limits.HandshakeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    limits.HeaderBytes,
		ConnContext:       connContext,
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// Wait waits for the handlers that run.
func (a *Adapter) Wait() { a.handlers.Wait() }

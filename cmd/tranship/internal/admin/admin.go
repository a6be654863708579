// Package admin is the listener for operators of a server: its health, metrics and profiles over
// HTTP/1.1 in plaintext, apart from the port that clients use.
//
// /healthz and /readyz answer all requests. Everything else answers requests from this machine,
// if the listener is on a loopback address. On another address it needs a token, and Options must
// allow that the token crosses the network in plaintext.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server"
)

// DefaultGroup is the group of principals that may read metrics and profiles from other machines.
const DefaultGroup = "tranship-admin"

// Options of a Server. Health and Metrics are required.
type Options struct {
	// Health returns the health of all parts of the server that files are served by.
	Health func(ctx context.Context) []server.PartHealth
	// Warnings, if not nil, returns what is wrong although calls succeed. /readyz tells it to this
	// machine only.
	Warnings func() []string
	// Metrics answers scrapes.
	Metrics http.Handler
	// Profiles serves /debug/pprof/, too.
	Profiles bool
	// Insecure allows metrics and profiles on an address that other machines can reach, to
	// principals of Group. Their tokens cross the network in plaintext.
	Insecure bool
	// Authenticators find the principal of a token. They are asked in order.
	Authenticators []authn.Authenticator
	// Group is the group of principals that may read metrics and profiles; "" means
	// DefaultGroup.
	Group string
	// Logger gets failures; nil means that nothing is logged.
	Logger *slog.Logger
}

// Bounds on what a client can make a Server hold.
const (
	maxConnections = 64
	maxHeaderBytes = 16 << 10
	readTime       = 10 * time.Second
	// writeTime is long enough for a scrape. A profile has as much more as it lasts.
	writeTime = 30 * time.Second
	idleTime  = 2 * time.Minute
	// closeTime is how long requests under way may take to finish.
	closeTime = time.Second
)

// Server answers requests. It is safe for concurrent use.
type Server struct {
	http   *http.Server
	served chan error
}

// Serve serves a listener until Close is called. It returns at once.
func Serve(listener net.Listener, options Options) *Server {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Group == "" {
		options.Group = DefaultGroup
	}
	s := &Server{
		http: &http.Server{
			Handler:           newHandler(options, listener.Addr()),
			ReadHeaderTimeout: readTime,
			ReadTimeout:       readTime,
			WriteTimeout:      writeTime,
			IdleTimeout:       idleTime,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(options.Logger.Handler(), slog.LevelDebug),
		},
		served: make(chan error, 1),
	}
	go func() {
		err := s.http.Serve(netutil.LimitListener(listener, maxConnections))
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		} else {
			options.Logger.Error("the admin listener has failed: metrics and health are not served any more", "error", err)
		}
		s.served <- err
	}()
	return s
}

// Close ends the server. Requests under way have a second to finish. Close returns an error if
// the listener failed before. It must be called once.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	if err := <-s.served; err != nil {
		return fmt.Errorf("the admin listener failed: %w", err)
	}
	return nil
}

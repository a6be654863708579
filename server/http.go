package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/links"
	"github.com/tranship/tranship/server/internal/page"
	"github.com/tranship/tranship/server/internal/signin"
	"github.com/tranship/tranship/server/internal/tus"
	"github.com/tranship/tranship/server/internal/web"
)

// HTTPListener is a listener on which Serve serves files over HTTP/1.1 instead of gRPC, for
// browsers and programs such as curl:
//
//	err := s.Serve(ctx, listener, server.HTTPListener{Listener: other})
//
// Its connections pass the same authentication, policy, limits and quotas, and are encrypted with
// Config.TLS. docs/http.md describes the requests.
type HTTPListener struct{ net.Listener }

// HTTPMethods returns the names of the calls over HTTP, as an Observer is told them.
func HTTPMethods() []string {
	return slices.Concat(
		web.Methods(),
		page.Methods(),
		tus.Methods(),
		links.Methods(),
		signin.Methods(),
		[]string{httpadmission.MethodPreflight},
	)
}

// httpParts returns the parts of the server over HTTP by the first segment of their paths.
func (s *Server) httpParts(adapter *httpadmission.Adapter, sessions *signin.Sessions) map[string]http.Handler {
	thePage := page.New(adapter)
	files := web.New(s.store, adapter, web.Options{Durability: s.config.commitDurability(), Running: s.running, Logger: s.config.Logger})
	state, _ := tranship.As[tranship.StateStore](s.config.Store)
	return map[string]http.Handler{
		"":      thePage,
		"page":  thePage,
		"files": adapter.Share(files, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, web.MethodMove),
		"uploads": adapter.Share(tus.New(s.store, adapter, tus.Options{
			State: state, Links: s.links, Durability: s.config.commitDurability(), Running: s.running, Logger: s.config.Logger,
		}), http.MethodPost, http.MethodHead, http.MethodPatch, http.MethodDelete),
		"share": links.NewShares(s.links, adapter),
		"s":     links.NewService(s.links, files, adapter, thePage),
		"session": signin.New(sessions, adapter, signin.Options{
			Tokens: s.config.takesTokens(), Issuer: s.config.SignIn.issuer(), URL: s.config.httpURL(),
		}),
	}
}

// httpEnd serves the connections of HTTP listeners.
type httpEnd struct {
	adapter *httpadmission.Adapter
	server  *http.Server
}

// newHTTPEnd returns the HTTP side of the server.
func (s *Server) newHTTPEnd() httpEnd {
	state, _ := tranship.As[tranship.StateStore](s.config.Store)
	sessions := signin.NewSessions(state, s.config.httpURL(), s.config.Logger)
	adapter := httpadmission.New(s.door, httpadmission.Options{Logger: s.config.Logger, URL: s.config.httpURL(), Sessions: sessions, Origins: s.config.HTTPOrigins})
	return httpEnd{adapter, adapter.Server(adapter.Router(web.MethodOther, s.httpParts(adapter, sessions)))}
}

// serve serves connections until the server stops.
func (e httpEnd) serve(listener net.Listener) error {
	if err := e.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// drain closes connections without a request, and waits for the requests under way. It returns
// early when stop is called.
func (e httpEnd) drain() { _ = e.server.Shutdown(context.Background()) }

// stop closes all connections.
func (e httpEnd) stop() { _ = e.server.Close() }

// commitDurability is that of commits of protocols that have no word for it. What a store does by
// default may be less than durable.
func (c Config) commitDurability() tranship.Durability {
	if c.MinDurability == tranship.DurabilityDurable {
		return tranship.DurabilityDurable
	}
	return tranship.DurabilityDefault
}

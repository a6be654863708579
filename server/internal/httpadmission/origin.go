package httpadmission

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/cors"
)

// MethodPreflight is the name of the call in which a browser asks whether a page of another origin
// may make a request.
const MethodPreflight = "/http/Preflight"

// preflightAge is how long a browser may remember the answer of a preflight request.
const preflightAge = 2 * time.Hour

// exposed are the headers of responses that pages of other origins can read.
func exposed() []string {
	return []string{
		"Accept-Patch", "Accept-Ranges", "Allow", "Content-Disposition", "Content-Range", "ETag", "Location", "Repr-Digest", "Retry-After",
		ErrorHeader, "Tranship-Max-Checked-Piece", "Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Resumable", "Tus-Version",
		"Upload-Complete", "Upload-Draft-Interop-Version", "Upload-Expires", "Upload-Incomplete", "Upload-Length",
		"Upload-Limit", "Upload-Metadata", "Upload-Offset", "WWW-Authenticate",
	}
}

// origins returns what lets pages of other origins use a server: they may send any header, and
// cookies count for nothing.
func origins(listed []string, methods []string) *cors.Cors {
	return cors.New(cors.Options{
		AllowedOrigins:     listed,
		AllowedMethods:     methods,
		AllowedHeaders:     []string{"*"},
		ExposedHeaders:     exposed(),
		MaxAge:             int(preflightAge / time.Second),
		OptionsPassthrough: true,
	})
}

// guestKey is the key of the context of a request by a page of a listed origin.
type guestKey struct{}

// Share returns a handler that pages of Options.Origins may use with the methods, too. What a browser
// adds to their requests by itself, cookies and client certificates, counts for nothing: such a page
// has the rights of the Authorization header that it sends, or those of callers without credentials.
// Without Options.Origins, Share returns handler.
func (a *Adapter) Share(handler http.Handler, methods ...string) http.Handler {
	if len(a.options.Origins) == 0 {
		return handler
	}
	listed := origins(a.options.Origins, methods)
	return listed.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guest := !isOwn(r) && listed.OriginAllowed(r)
		switch {
		case guest && r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
			a.Serve(w, r, Request{Method: MethodPreflight, Public: true}, func(e *Exchange) error { return e.WriteHeader(http.StatusNoContent) })
			return
		case guest:
			r = r.WithContext(context.WithValue(r.Context(), guestKey{}, true))
		}
		handler.ServeHTTP(w, r)
	}))
}

// isOwn reports whether a request is not of a page of another origin. As in SameOrigin, the word of the
// browser for that counts, and the host if there is none: by which scheme a browser reaches the server
// is not known behind a proxy.
func isOwn(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		parsed, err := url.Parse(origin)
		return err == nil && strings.EqualFold(parsed.Host, r.Host)
	}
	return false
}

// isGuest reports whether a page of a listed origin has made a request.
func isGuest(r *http.Request) bool { return r.Context().Value(guestKey{}) != nil }

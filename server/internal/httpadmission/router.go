package httpadmission

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/tranship/tranship"
)

// Router hands each request to the part of the server that serves the first segment of its path.
// It is an http.Handler for Adapter.Server, and is safe for concurrent use.
type Router struct {
	adapter *Adapter
	method  string
	parts   map[string]http.Handler
}

// Router returns a Router over parts. Each part has a segment without slashes as its key, such as
// "files" for /files, /files/ and all paths below it; "" is the path / alone. A part passes each of
// its requests to Adapter.Serve. The Router itself answers the paths that no part has with status
// 404; for limits, logs and metrics they are calls of method.
func (a *Adapter) Router(method string, parts map[string]http.Handler) *Router {
	return &Router{a, method, parts}
}

// ServeHTTP implements http.Handler.
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if part := r.part(request); part != nil {
		part.ServeHTTP(w, request)
		return
	}
	r.adapter.Serve(w, request, Request{Method: r.method}, func(*Exchange) error {
		return fmt.Errorf("%w: %s: the server has nothing at this path", tranship.ErrNotFound, cmp.Or(request.URL.EscapedPath(), request.RequestURI))
	})
}

// part returns the part for a request, or nil. A segment is compared as it came: an escaped one is
// that of no part.
func (r *Router) part(request *http.Request) http.Handler {
	rest, ok := strings.CutPrefix(request.URL.EscapedPath(), "/")
	if !ok {
		return nil
	}
	segment, _, below := strings.Cut(rest, "/")
	if segment == "" && below { // "//files" is not "/"
		return nil
	}
	return r.parts[segment]
}

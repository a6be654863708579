// Package web serves files over HTTP, for browsers and programs such as curl. Package server puts
// credentials, policy and limits around it.
//
// A file is at /files/ and its path, and a directory at the same with a slash at the end:
//
//	GET, HEAD  reads a file or a range of it, or lists a directory as lines of JSON
//	PUT        stores a whole file
//	DELETE     removes a file
//	MOVE       gives a file another path
//
// The version of a file is its ETag, which the usual conditions compare. Nothing of a file is
// visible before all of its body has come. docs/http.md describes it for users.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/running"
)

// filesPrefix is the beginning of the paths of files.
const filesPrefix = "/files/"

// The names of calls.
const (
	methodGet    = "/http/Get"
	methodHead   = "/http/Head"
	methodPut    = "/http/Put"
	methodDelete = "/http/Delete"
	methodList   = "/http/List"
	methodMove   = "/http/Move"
	// MethodOther is the name of a request that names nothing that can be called.
	MethodOther = "/http/Other"
)

// Methods returns the names of all calls, for metrics.
func Methods() []string {
	return []string{methodGet, methodHead, methodPut, methodDelete, methodList, methodMove, MethodOther}
}

// Options are settings of a Service. The zero value is useful.
type Options struct {
	// Durability is that of every commit.
	Durability tranship.Durability
	// Running is told of each file while it is moved; nil means that nothing is told.
	Running *running.Registry
	// Logger gets one line for each transfer that ends. Nil means that nothing is logged.
	Logger *slog.Logger
}

// Service serves the files of a store. It is safe for concurrent use.
type Service struct {
	store   tranship.Store
	adapter *httpadmission.Adapter
	options Options
	log     compat.Log
	pieces  pieces
}

var _ http.Handler = (*Service)(nil)

// New returns the service over store.
func New(store tranship.Store, adapter *httpadmission.Adapter, options Options) *Service {
	return &Service{store: store, adapter: adapter, options: options, log: compat.Log{Logger: options.Logger, Protocol: "http"}}
}

// target is what a request names.
type target struct {
	// path is the path of a file or directory; "" for the root.
	path  string
	isDir bool
}

// targetOf returns what a request names. Its path is decoded once, and not cleaned: the store
// refuses paths that are not valid.
func targetOf(r *http.Request) (target, error) {
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), filesPrefix)
	if !ok {
		return target{}, fmt.Errorf("%w: %s: files are at %s and their path", tranship.ErrNotFound, r.URL.EscapedPath(), filesPrefix)
	}
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return target{}, &tranship.InvalidError{Field: "path", Rule: err.Error()}
	}
	if path == "" {
		return target{isDir: true}, nil
	}
	directory, isDir := strings.CutSuffix(path, "/")
	if directory == "" {
		return target{}, tranship.ValidatePath(path) // which fails
	}
	return target{directory, isDir}, nil
}

// RefuseQuery returns an error if a request has a query, which a "?" in the path of a file would begin.
func RefuseQuery(r *http.Request) error {
	if r.URL.RawQuery == "" && !r.URL.ForceQuery {
		return nil
	}
	return &tranship.InvalidError{Field: "path", Rule: `it ends before "?": write %3F for a "?" in the path of a file`}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, err := targetOf(r)
	if err == nil {
		err = httpadmission.RefuseRunning(r)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if err := RefuseQuery(r); err != nil && changes(r) {
		s.refuse(w, r, err)
		return
	}
	request := httpadmission.Request{Names: admission.Names{Path: to.path}}
	var handler func(*httpadmission.Exchange) error
	switch {
	case to.isDir && r.Method == http.MethodGet && WantsPage(r):
		s.adapter.Serve(w, r, httpadmission.Request{Method: methodList, Public: true}, func(e *httpadmission.Exchange) error { return toPage(e, to.path) })
		return
	case to.isDir && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		request.Method, handler = methodList, func(e *httpadmission.Exchange) error { return s.list(e, to.path, "") }
	case to.isDir:
		s.refuse(w, r, notAllowed("a directory has only GET and HEAD; the path of a file does not end with a slash", http.MethodGet, http.MethodHead))
		return
	case r.Method == http.MethodGet:
		request.Method, handler = methodGet, func(e *httpadmission.Exchange) error { return s.get(e, to.path, nil) }
	case r.Method == http.MethodHead:
		request.Method, handler = methodHead, func(e *httpadmission.Exchange) error { return s.get(e, to.path, nil) }
	case r.Method == http.MethodPut:
		request.Method, request.Owes, request.MemoryBytes = methodPut, r.ContentLength != 0, memoryBytes(r)
		handler = func(e *httpadmission.Exchange) error { return s.put(e, to.path) }
	case r.Method == http.MethodDelete:
		request.Method, handler = methodDelete, func(e *httpadmission.Exchange) error { return s.remove(e, to.path) }
	case r.Method == MethodMove:
		var destination string
		if destination, err = destinationOf(r); err != nil {
			s.refuse(w, r, err)
			return
		}
		request.Method, request.Names.Destination = methodMove, destination
		handler = func(e *httpadmission.Exchange) error { return s.move(e, to.path, destination) }
	default:
		s.refuse(w, r, notAllowed("a file has no method "+r.Method, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, MethodMove))
		return
	}
	s.adapter.Serve(w, r, request, handler)
}

// changes reports whether a request is to change a file. Such a request has no query: one is the rest
// of a path that was not escaped, and another file would be changed than the client means.
func changes(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodDelete || r.Method == MethodMove
}

// begin tells of a transfer. It returns a context that ends, and interrupts the exchange, when an
// administrator cancels the transfer. The caller must call end, which ends the context, and which
// returns the reason for an error of the transfer.
func (s *Service) begin(e *httpadmission.Exchange, subject running.Subject) (ctx context.Context, transfer *running.Transfer, end func(error) error) {
	ctx, transfer = s.options.Running.Begin(e.Context(), subject)
	stop := context.AfterFunc(ctx, e.Interrupt)
	return ctx, transfer, func(err error) error {
		stop()
		err = running.Reason(ctx, err)
		transfer.End()
		return err
	}
}

// refuse answers a request that names nothing that can be called. It passes the limits of calls.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.adapter.Serve(w, r, httpadmission.Request{Method: MethodOther}, func(*httpadmission.Exchange) error { return err })
}

// notAllowed returns the error of a method that a resource does not have.
func notAllowed(text string, methods ...string) error {
	return httpadmission.WithHeader(httpadmission.WithStatus(fmt.Errorf("%w: %s", tranship.ErrUnsupported, text), http.StatusMethodNotAllowed),
		"Allow", strings.Join(methods, ", "))
}

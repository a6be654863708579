// Package tus takes uploads in pieces over HTTP, with the protocol tus 1.0 (https://tus.io), which
// clients for browsers and many languages speak, and with drafts of the IETF that are to follow it.
// Package server puts credentials, policy and limits around it.
//
// An upload of this protocol is an upload of the store with a ResumeKey. What the protocol needs
// besides, such as the path of an upload's URL, is in the StateStore of the store, so that each
// request may reach another server. docs/http.md describes it for users.
package tus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/links"
	"github.com/tranship/tranship/server/internal/running"
)

// prefix is the beginning of the paths of uploads.
const prefix = "/uploads/"

// The names of calls.
const (
	methodCreate = "/http/UploadCreate"
	methodStatus = "/http/UploadStatus"
	methodWrite  = "/http/UploadWrite"
	methodEnd    = "/http/UploadEnd"
	methodAbout  = "/http/UploadAbout"
)

// Methods returns the names of all calls, for metrics.
func Methods() []string {
	return []string{methodCreate, methodStatus, methodWrite, methodEnd, methodAbout}
}

// Options are settings of a Service. The zero value is useful.
type Options struct {
	// State keeps what is known of each upload. Without it, no upload can be created.
	State tranship.StateStore
	// Links are the sharing links with which uploads may be created; nil means that there are none.
	Links *links.Book
	// Durability is that of the pieces and of every commit.
	Durability tranship.Durability
	// Running is told of each piece while it comes; nil means that nothing is told.
	Running *running.Registry
	// Logger gets one line for each piece that has ended. Nil means that nothing is logged.
	Logger *slog.Logger
}

// Service takes uploads into a store. It is safe for concurrent use.
type Service struct {
	store   tranship.Store
	adapter *httpadmission.Adapter
	options Options
	records records
	holders holders
	log     compat.Log
	buffers bufferpool.Pool
}

var _ http.Handler = (*Service)(nil)

// New returns the service over store.
func New(store tranship.Store, adapter *httpadmission.Adapter, options Options) *Service {
	return &Service{
		store: store, adapter: adapter, options: options, records: records{options.State},
		log: compat.Log{Logger: options.Logger, Protocol: "http"},
	}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	speaks := protocolOf(r.Header)
	speaks.mark(w.Header())
	id := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if r.URL.EscapedPath()+"/" == prefix {
		id = ""
	}
	method := r.Method
	if override := r.Header.Get(overrideHeader); override != "" && method == http.MethodPost {
		method = override
	}
	request := httpadmission.Request{Owes: r.ContentLength != 0, MemoryBytes: memoryBytes(r)}
	var handler func(*httpadmission.Exchange) error
	switch {
	case method == http.MethodOptions:
		request.Method, request.Open, request.Owes, handler = methodAbout, true, false, s.about
	case id == "" && method == http.MethodPost:
		request.Method, handler = methodCreate, func(e *httpadmission.Exchange) error { return s.create(e, speaks) }
	case id == "":
		request.Method, request.Owes = methodCreate, false
		handler = fails(notAllowed("uploads are created with POST, not "+method, http.MethodPost, http.MethodOptions))
	case method == http.MethodHead:
		request.Method, request.Owes = methodStatus, false
		handler = func(e *httpadmission.Exchange) error { return s.status(e, speaks, id) }
	case method == http.MethodPatch:
		request.Method, handler = methodWrite, func(e *httpadmission.Exchange) error { return s.write(e, speaks, id) }
	case method == http.MethodDelete:
		request.Method, request.Owes = methodEnd, false
		handler = func(e *httpadmission.Exchange) error { return s.end(e, id) }
	default:
		request.Method, request.Owes = methodStatus, false
		handler = fails(notAllowed("an upload has no method "+method,
			http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodOptions))
	}
	if method != http.MethodOptions && method != http.MethodHead {
		if err := speaks.check(r.Header); err != nil {
			w.Header().Set("Tus-Version", version)
			request.Owes, handler = false, fails(err)
		}
		if err := checkHeaders(r.Header); err != nil {
			request.Owes, handler = false, fails(err)
		}
	}
	if request.Method == methodCreate { // the id of an upload is a secret
		request.Names = admission.Names{Path: speaks.namedPath(r.Header)}
	}
	if token := r.Header.Get(links.TokenHeader); token != "" && method != http.MethodOptions && s.options.Links != nil {
		request.Finder, handler = s.options.Links.Finder(token), linked(handler)
	}
	s.adapter.Serve(w, r, request, handler)
}

// fails returns a handler that fails.
func fails(err error) func(*httpadmission.Exchange) error {
	return func(*httpadmission.Exchange) error { return err }
}

// about answers OPTIONS: what the server can do.
func (s *Service) about(e *httpadmission.Exchange) error {
	header := e.Header()
	header.Set("Accept-Patch", pieceType+", "+partialType)
	header.Set("Tus-Version", version)
	header.Set("Tus-Extension", "creation,creation-with-upload,checksum,checksum-trailer,expiration,termination")
	header.Set("Tus-Checksum-Algorithm", strings.Join(checksumAlgorithms(), ","))
	header.Set(maxCheckedHeader, strconv.Itoa(maxCheckedBytes))
	return e.WriteHeader(http.StatusNoContent)
}

// begin tells of a piece of an upload, at an offset. It returns a context that ends, and interrupts
// the exchange, when an administrator cancels the transfer. The caller must call end, which ends
// the context, and which returns the reason for an error of the transfer.
func (s *Service) begin(e *httpadmission.Exchange, subject running.Subject) (ctx context.Context, end func(error) error) {
	ctx, transfer := s.options.Running.Begin(e.Context(), subject)
	stop := context.AfterFunc(ctx, e.Interrupt)
	return ctx, func(err error) error {
		stop()
		err = running.Reason(ctx, err)
		transfer.End()
		if errors.Is(err, running.ErrCancelled) { // after status 409, clients continue
			return httpadmission.WithStatus(err, http.StatusForbidden)
		}
		return err
	}
}

// notAllowed returns the error of a method that a resource does not have.
func notAllowed(text string, methods ...string) error {
	return httpadmission.WithHeader(
		httpadmission.WithStatus(fmt.Errorf("%w: %s", tranship.ErrUnsupported, text), http.StatusMethodNotAllowed),
		"Allow", strings.Join(methods, ", "))
}

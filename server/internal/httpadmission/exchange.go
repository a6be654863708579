package httpadmission

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/internal/admission"
)

const (
	// abortTime is how long a write may still take once the Door has ended its call.
	abortTime = time.Second
	// flushTime is how long the end of a response may take, which no call counts any more.
	flushTime = 30 * time.Second
)

const (
	// defaultMemoryBytes is what a handler holds of bodies by default.
	defaultMemoryBytes = 256 << 10
	// overheadBytes is what a request takes beside, with its connection: buffers, stacks and
	// headers, and what the garbage collector has not found yet.
	overheadBytes = 256 << 10
)

// errEnded is the error of an Exchange that the Door has ended, for its handler.
var errEnded = errors.New("the call has ended")

// Request describes what a request asks for.
type Request struct {
	// Method is the name of the call, for limits, logs and metrics: "/http/Get".
	Method string
	// Names are what the request names, for the audit log.
	Names admission.Names
	// Owes: the client owes a body while the handler waits for it.
	Owes bool
	// MemoryBytes is the most that the handler holds in memory of bodies; 0 means a quarter of
	// a MiB.
	MemoryBytes int64
	// Open admits callers without credentials. Bad credentials are refused even so.
	Open bool
	// Public admits all callers, as callers without credentials, whatever they present. It is
	// for what is the same for all, such as the page in which a user signs in.
	Public bool
	// Finder finds the principal of the call, whatever the caller presents beside; nil means that
	// credentials do.
	Finder admission.Finder
}

// Exchange is a request and its response, whose bytes pass the Door. One goroutine uses it.
type Exchange struct {
	Request *http.Request
	adapter *Adapter
	call    *admission.Call
	control *http.ResponseController
	body    io.Reader
	header  http.Header
	// bodyBytes is how many bytes of the body may be read, and tooLong the error beyond; nil
	// without a limit. read is how many were.
	bodyBytes, read int64
	tooLong         error
	// returned: the handler has returned. whole: the body was read to its end, or there is none.
	returned, whole atomic.Bool

	mu sync.Mutex
	w  http.ResponseWriter
	// begun: the header of the response was written. ended: the handler may write no more.
	begun, ended bool
	// interrupted: the connection has no further request.
	interrupted bool
}

// Serve admits a request and runs its handler. When either fails before the response has begun, it
// answers with Fail; after that it cuts the connection, so that the client cannot take what it has
// for the whole.
func (a *Adapter) Serve(w http.ResponseWriter, r *http.Request, request Request, handler func(*Exchange) error) {
	e := &Exchange{Request: r, adapter: a, w: w, control: http.NewResponseController(w), body: r.Body, header: http.Header{}}
	e.whole.Store(r.ContentLength == 0)
	err := a.run(e, request, handler)
	_ = e.control.SetWriteDeadline(time.Now().Add(flushTime))
	if !e.whole.Load() {
		_ = e.control.SetReadDeadline(time.Unix(1, 0)) // the http.Server would read the rest
		if admitted := admittedFrom(r.Context()); admitted != nil {
			admitted.unread.Store(true)
		}
	}
	if err == nil {
		return
	}
	if !e.end() {
		panic(http.ErrAbortHandler)
	}
	Fail(w, err)
}

// run passes a request through the Door.
func (a *Adapter) run(e *Exchange, request Request, handler func(*Exchange) error) (err error) {
	call, err := a.begin(e.Request, request.Method)
	if err != nil {
		return err
	}
	defer call.End()
	defer func() { call.Done(err, request.Names) }()
	if err := a.checkSource(e.Request); err != nil {
		return err
	}
	if err := a.authenticate(call, e.Request, request); err != nil {
		return err
	}
	e.call = call
	return call.Run(admission.Stream{Handlers: &a.handlers, Owes: request.Owes, MemoryBytes: cmp.Or(request.MemoryBytes, defaultMemoryBytes) + overheadBytes}, func() error {
		defer e.returned.Store(true)
		if !request.Owes {
			minrate.FromContext(call.Context()).Download()
			call.Receiving()
			if err := call.Received(0, nil); err != nil {
				return err
			}
		}
		return handler(e)
	})
}

// authenticate finds the principal of a call.
func (a *Adapter) authenticate(call *admission.Call, r *http.Request, request Request) error {
	if request.Finder != nil {
		return call.AuthenticateBy(request.Finder)
	}
	presented := admission.Presented{}
	if !request.Public {
		presented = a.presented(call.Context(), r)
	}
	return call.Authenticate(presented, request.Open || request.Public)
}

// begin counts a call.
func (a *Adapter) begin(r *http.Request, method string) (*admission.Call, error) {
	ctx := observation.NewTransportContext(r.Context(), tranship.TransportHTTP)
	var forwarded []string
	if name := a.door.ForwardedHeader(); name != "" {
		forwarded = r.Header.Values(name)
	}
	if admitted := admittedFrom(ctx); admitted != nil {
		return admitted.connection.Begin(ctx, method, forwarded)
	}
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return a.door.Begin(ctx, method, &net.UnixAddr{Name: r.RemoteAddr, Net: "unix"}, forwarded)
	}
	return a.door.Begin(ctx, method, net.TCPAddrFromAddrPort(address), forwarded)
}

// Context returns the context of the call, which has the principal and ends with the call.
func (e *Exchange) Context() context.Context { return e.call.Context() }

// Read reads from the body of the request.
func (e *Exchange) Read(p []byte) (int, error) {
	e.call.Receiving()
	n, err := e.body.Read(p)
	if err == io.EOF { // also with the last bytes
		e.whole.Store(true)
	}
	refusal := e.call.Received(int64(n), ended(n, err))
	e.read += int64(n)
	switch {
	case e.tooLong != nil && e.read > e.bodyBytes:
		return 0, e.tooLong
	case err != nil:
		return n, err
	case refusal != nil:
		return 0, refusal
	}
	return n, nil
}

// LimitBody makes Read fail with tooLong once the body has more than so many bytes. The handler
// calls it before it reads.
func (e *Exchange) LimitBody(bytes int64, tooLong error) { e.bodyBytes, e.tooLong = bytes, tooLong }

// ended returns the error of a Read that has returned no bytes.
func ended(n int, err error) error {
	if n > 0 {
		return nil
	}
	return err
}

// Header returns the header that WriteHeader writes.
func (e *Exchange) Header() http.Header { return e.header }

// WriteHeader begins the response.
func (e *Exchange) WriteHeader(status int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return errEnded
	}
	e.begun = true
	own := e.w.Header()
	vary := slices.Concat(own["Vary"], e.header["Vary"])
	maps.Copy(own, e.header)
	if len(vary) > 0 {
		own["Vary"] = vary
	}
	e.closeUnread()
	e.w.WriteHeader(status)
	return nil
}

// Inform sends an interim response (RFC 9110, section 15.2) with a header, before WriteHeader. It does
// nothing for a client of HTTP/1.0, which does not know such responses.
func (e *Exchange) Inform(status int, header http.Header) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return errEnded
	}
	if !e.Request.ProtoAtLeast(1, 1) {
		return nil
	}
	own := e.w.Header()
	later := maps.Clone(own)
	clear(own)
	maps.Copy(own, header)
	e.w.WriteHeader(status)
	clear(own)
	maps.Copy(own, later)
	return nil
}

// Write writes to the body of the response, after WriteHeader.
func (e *Exchange) Write(p []byte) (int, error) {
	if err := e.call.Sending(int64(len(p))); err != nil {
		return 0, err
	}
	defer e.call.Sent(int64(len(p)))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return 0, errEnded
	}
	return e.w.Write(p)
}

// Interrupt makes Read fail or, once the response has begun, Write, also one that waits. It may be
// called from any goroutine.
func (e *Exchange) Interrupt() {
	_ = e.control.SetReadDeadline(time.Unix(1, 0))
	if locked := e.mu.TryLock(); !locked { // a Write holds it
		_ = e.control.SetWriteDeadline(time.Unix(1, 0))
		e.mu.Lock()
	}
	defer e.mu.Unlock()
	e.interrupted = true
	if e.begun {
		_ = e.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

// closeUnread makes the connection end with the response if the body was not read to its end: the
// http.Server would wait for the rest before it answers, for as long as the client likes.
func (e *Exchange) closeUnread() {
	if e.interrupted || !e.whole.Load() {
		e.w.Header().Set("Connection", "close")
	}
}

// end ends what the handler may write. It returns whether the response has not begun. A handler
// that still runs, because the Door has ended its call, can no longer wait for the client; the
// connection then has no further request.
func (e *Exchange) end() bool {
	running := e.call != nil && !e.returned.Load()
	if running { // perhaps in a write, which holds mu
		_ = e.control.SetReadDeadline(time.Unix(1, 0))
		_ = e.control.SetWriteDeadline(time.Now().Add(abortTime))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.interrupted = e.interrupted || running
	if !e.begun {
		e.closeUnread()
	}
	return !e.begun
}

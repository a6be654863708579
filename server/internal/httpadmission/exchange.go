package httpadmission

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
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

	// writes is held during each use of w, also one that waits for the client. mu, which may be
	// taken while writes is held, is held for moments only, and guards what follows.
	writes sync.Mutex
	w      http.ResponseWriter
	mu     sync.Mutex
	// begun: the header of the response was written. ended: the handler may write no more.
	begun, ended bool
	// writing: bytes are being written, which may wait for the client. interrupted: the connection
	// has no further request.
	writing, interrupted bool
}

// Serve admits a request and runs its handler. When either fails before the response has begun, it
// answers with Fail; after that it cuts the connection, so that the client cannot take what it has
// for the whole.
func (a *Adapter) Serve(w http.ResponseWriter, r *http.Request, request Request, handler func(*Exchange) error) {
	e := &Exchange{Request: r, adapter: a, w: w, control: http.NewResponseController(w), body: r.Body, header: http.Header{}}
	e.whole.Store(r.ContentLength == 0)
	err := a.run(e, request, handler)
	begun := e.end()
	if !e.whole.Load() {
		_ = e.control.SetReadDeadline(time.Unix(1, 0)) // the http.Server would read the rest
		if admitted := admittedFrom(r.Context()); admitted != nil {
			admitted.unread.Store(true)
		}
	}
	switch {
	case err == nil:
	case begun:
		panic(http.ErrAbortHandler)
	default:
		Fail(w, err)
	}
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

// Read reads from the body of the request. The error of a body that does not come whole matches
// tranship.ErrInvalid, and not io.ErrUnexpectedEOF, which is also how io.ReadFull ends with a whole body.
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
	case err == io.EOF:
		return n, io.EOF
	case err != nil:
		return n, failure.Worded(tranship.ErrInvalid, "%v: the body of the request did not come whole: %v", tranship.ErrInvalid, err)
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

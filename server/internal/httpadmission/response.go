package httpadmission

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Header returns the header that WriteHeader writes.
func (e *Exchange) Header() http.Header { return e.header }

// WriteHeader begins the response.
func (e *Exchange) WriteHeader(status int) error {
	e.writes.Lock()
	defer e.writes.Unlock()
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
	if !e.Request.ProtoAtLeast(1, 1) {
		return nil
	}
	return e.write(func() error {
		own := e.w.Header()
		later := maps.Clone(own)
		clear(own)
		maps.Copy(own, header)
		e.w.WriteHeader(status)
		clear(own)
		maps.Copy(own, later)
		return nil
	})
}

// Write writes to the body of the response, after WriteHeader.
func (e *Exchange) Write(p []byte) (n int, err error) {
	if err := e.call.Sending(int64(len(p))); err != nil {
		return 0, err
	}
	defer e.call.Sent(int64(len(p)))
	err = e.write(func() (err error) {
		n, err = e.w.Write(p)
		return err
	})
	return n, err
}

// write calls a function that writes to w, and that Interrupt makes fail.
func (e *Exchange) write(do func() error) error {
	e.writes.Lock()
	defer e.writes.Unlock()
	e.mu.Lock()
	may := !e.ended && !e.interrupted
	e.writing = may
	e.mu.Unlock()
	if !may {
		return errEnded
	}
	err := do()
	e.mu.Lock()
	e.writing = false
	e.mu.Unlock()
	return err
}

// Interrupt makes Read fail, and Write and Inform, also one that waits. A handler whose response has
// not begun may still begin it, and so may Fail. It may be called from any goroutine, also after the
// handler has returned.
func (e *Exchange) Interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended { // the connection may have another request
		return
	}
	e.interrupted = true
	_ = e.control.SetReadDeadline(time.Unix(1, 0))
	if e.begun || e.writing {
		_ = e.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

// closeUnread makes the connection end with the response if the body was not read to its end: the
// http.Server would wait for the rest before it answers, for as long as the client likes. The caller
// holds writes and mu.
func (e *Exchange) closeUnread() {
	if e.interrupted || !e.whole.Load() {
		e.w.Header().Set("Connection", "close")
	}
}

// end ends what the handler may write, and what Interrupt does. It returns whether the response has
// begun, whose end then has flushTime. A handler that
// still runs, because the Door has ended its call, can no longer wait for the client; the connection
// then has no further request.
func (e *Exchange) end() (begun bool) {
	running := e.call != nil && !e.returned.Load()
	if running { // perhaps in a write
		_ = e.control.SetReadDeadline(time.Unix(1, 0))
		_ = e.control.SetWriteDeadline(time.Now().Add(abortTime))
	}
	e.writes.Lock()
	defer e.writes.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	e.interrupted = e.interrupted || running
	if !running {
		_ = e.control.SetWriteDeadline(time.Now().Add(flushTime))
	}
	if !e.begun {
		e.closeUnread()
	}
	return e.begun
}

package browser

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// gate is a proxy in front of a server, which lets only so many bytes of uploads pass. So an upload
// is in its middle for as long as a test likes.
type gate struct {
	*httptest.Server
	mu sync.Mutex
	// changed is closed, and made again, when left or passed changes.
	changed      chan struct{}
	left, passed int64
}

// all is more than any test uploads.
const all = 1 << 50

// newGate returns the gate of a server, and makes its pages come through it.
func newGate(t *testing.T, s *server, left int64) *gate {
	t.Helper()
	g := &gate{left: left, changed: make(chan struct{})}
	backend := s.address
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host
			if r.In.Method == http.MethodPatch {
				r.Out.Body = passage{r.In.Context(), g, r.Out.Body}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     nil,
	}
	g.Server = httptest.NewServer(proxy)
	t.Cleanup(func() {
		g.open(all)
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

// open lets more bytes pass.
func (g *gate) open(count int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left += count
	g.change()
}

func (g *gate) change() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// wait waits until bytes have passed, and returns how many.
func (g *gate) wait(t *testing.T, count int64) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		g.mu.Lock()
		passed, changed := g.passed, g.changed
		g.mu.Unlock()
		if passed >= count {
			return passed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("only %d bytes of %d have passed", passed, count)
		}
	}
}

// passage is a body that passes the gate.
type passage struct {
	ctx  context.Context
	gate *gate
	io.ReadCloser
}

func (p passage) Read(data []byte) (int, error) {
	g := p.gate
	for {
		g.mu.Lock()
		allowed, changed := min(g.left, int64(len(data))), g.changed
		g.left -= allowed
		g.mu.Unlock()
		if allowed > 0 {
			n, err := p.ReadCloser.Read(data[:allowed])
			g.mu.Lock()
			g.left += allowed - int64(n)
			g.passed += int64(n)
			g.change()
			g.mu.Unlock()
			return n, err
		}
		select {
		case <-changed:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
}

// through returns a server whose pages are opened through a gate.
func (s *server) through(g *gate) *server {
	return &server{t: s.t, address: g.Listener.Addr().String()}
}

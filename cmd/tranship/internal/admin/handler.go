package admin

import (
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
)

// handler answers requests.
type handler struct {
	options Options
	// local means that only this machine can connect.
	local bool
}

func newHandler(options Options, address net.Addr) http.Handler {
	h := &handler{options: options, local: IsLocal(address)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", h.private(options.Metrics))
	if options.Profiles {
		// Package pprof gives a profile the time that the client asks for.
		mux.Handle("GET /debug/pprof/", h.private(http.HandlerFunc(pprof.Index)))
		mux.Handle("GET /debug/pprof/profile", h.private(http.HandlerFunc(pprof.Profile)))
		mux.Handle("GET /debug/pprof/trace", h.private(http.HandlerFunc(pprof.Trace)))
		mux.Handle("GET /debug/pprof/symbol", h.private(http.HandlerFunc(pprof.Symbol)))
	}
	if h.local {
		return onlyLocalNames(mux)
	}
	return mux
}

// IsLocal reports whether only this machine can connect to an address.
func IsLocal(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// onlyLocalNames refuses requests to a name other than localhost and addresses. A page in a
// browser on this machine could otherwise reach the listener by a name that it controls.
func onlyLocalNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "" && host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			answer(w, http.StatusForbidden, "the admin listener answers to localhost and to addresses only: use 127.0.0.1 in the URL\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ready tells whether calls can succeed, and why not, if the client may know.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	var failed strings.Builder
	for _, part := range h.options.Health(r.Context()) {
		if part.Err == nil {
			continue
		}
		failed.WriteString("not ready: " + part.Name)
		if h.local {
			failed.WriteString(": " + part.Err.Error())
		}
		failed.WriteString("\n")
	}
	if failed.Len() > 0 {
		answer(w, http.StatusServiceUnavailable, failed.String())
		return
	}
	answer(w, http.StatusOK, "ok\n"+h.warnings())
}

// warnings returns a line for each warning that the client may know.
func (h *handler) warnings() string {
	if h.options.Warnings == nil || !h.local {
		return ""
	}
	var text strings.Builder
	for _, warning := range h.options.Warnings() {
		text.WriteString("warning: " + warning + "\n")
	}
	return text.String()
}

// answer sends a text.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

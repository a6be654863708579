package doctor_test

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/doctor"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// serverOf serves an empty store.
func serverOf(t *testing.T) string {
	t.Helper()
	return storeserver.Serve(t, new(mem.Store), server.Config{})
}

// gateway runs a faultproxy.Gateway until the test ends.
func gateway(t *testing.T, address string, fault func(path string) faultproxy.CallFault) string {
	t.Helper()
	g, err := faultproxy.ListenGateway(address, func(_ int, path string) faultproxy.CallFault { return fault(path) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g.Address()
}

// A proxy that ends calls is found, and lanes that it does not pass.
func TestGatewayFaults(t *testing.T) {
	t.Parallel()
	address := serverOf(t)
	for fault, words := range map[faultproxy.CallFault][]string{
		faultproxy.Page:       {"HTTP status 502", "nginx: grpc_pass", "haproxy: server"},
		faultproxy.Reset:      {"RST_STREAM", "client_max_body_size"},
		faultproxy.NoTrailers: {"ended the call without a reason"},
		faultproxy.LosePage:   {"HTTP status 502"},
	} {
		all := examine(t, gateway(t, address, func(path string) faultproxy.CallFault {
			if strings.HasSuffix(path, "/Upload") {
				return fault
			}
			return faultproxy.Pass
		}), doctor.Options{Patience: 2 * time.Second})
		has(t, all, "lanes", doctor.Warning, "does not pass them", "mode tcp")
		has(t, all, "request", doctor.Good)
		has(t, all, "stream", doctor.Problem, words...)
	}
}

// handle serves HTTP/2 without TLS until the test ends.
func handle(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: &protocols, Handler: handler, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return listener.Addr().String()
}

// passing returns a handler that passes calls to a server.
func passing(address string) *httputil.ReverseProxy {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	pass.Transport, pass.FlushInterval = &http.Transport{Protocols: &protocols}, -1
	pass.ErrorLog = log.New(io.Discard, "", 0)
	return pass
}

// A proxy that waits for the whole request is found.
func TestBuffering(t *testing.T) {
	t.Parallel()
	pass := passing(serverOf(t))
	at := handle(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.Header().Set("Server", "nginx/9")
		pass.ServeHTTP(w, r)
	}))
	all := examine(t, at, doctor.Options{Patience: 2 * time.Second})
	has(t, all, "hop", doctor.Note, "nginx/9")
	has(t, all, "stream", doctor.Problem, "only after the end of the request", "nginx: set grpc_pass instead of proxy_pass")
}

// A proxy that limits requests is found, with the size that has passed.
func TestSizeLimit(t *testing.T) {
	t.Parallel()
	pass := passing(serverOf(t))
	at := handle(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 2<<20)
		pass.ServeHTTP(w, r)
	}))
	all := examine(t, at, doctor.Options{Write: true})
	has(t, all, "request", doctor.Good)
	has(t, all, "stream", doctor.Problem, "a call that sends 4.0 MiB was ended")
	has(t, all, "speed", doctor.Note, "not examined")
}

// A small window on a long link is found; lanes do not need it.
func TestLongLink(t *testing.T) {
	t.Parallel()
	address := serverOf(t)
	link := faultproxy.Link{Up: faultproxy.Faults{Latency: 30 * time.Millisecond}}
	for _, to := range []string{address, gateway(t, address, func(string) faultproxy.CallFault { return faultproxy.Pass })} {
		proxy, err := faultproxy.Listen(to, func(int) faultproxy.Link { return link })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = proxy.Close() })
		all := examine(t, proxy.Address(), doctor.Options{SendBytes: 1 << 20})
		level := doctor.Warning
		if to == address {
			level = doctor.Note
			has(t, all, "lanes", doctor.Good)
		}
		has(t, all, "http2", level, "1048576 bytes", "tune.h2.initial-window-size")
	}
}

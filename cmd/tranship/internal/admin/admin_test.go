package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/cmd/tranship/internal/admin"
	"github.com/tranship/tranship/server"
)

// elsewhere is a listener on this machine that says that it is on an address of the network.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// tokens knows the token of each principal, which is in the groups that the token lists.
type tokens map[string][]string

func (a tokens) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	switch groups, ok := a[credentials.Token]; {
	case credentials.Token == "foreign":
		return authn.Identity{}, authn.ErrNotMine
	case credentials.Token == "unread":
		return authn.Identity{}, fmt.Errorf("%w: no file", tranship.ErrUnavailable)
	case credentials.Token == "broken":
		return authn.Identity{}, errors.New("a secret reason")
	case ok:
		return authn.Identity{Principal: access.Principal{Name: credentials.Token, Groups: groups}}, nil
	default:
		return authn.Identity{}, &authn.Refusal{Text: "the token is not valid"}
	}
}

// operator is the server of a test.
type operator struct {
	address string
	failing error
}

// serve serves options until the test ends. remote makes the listener one that other machines
// reach.
func serve(t *testing.T, remote bool, options admin.Options) *operator {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{address: listener.Addr().String()}
	if remote {
		listener = elsewhere{listener}
	}
	options.Health = func(context.Context) []server.PartHealth {
		return []server.PartHealth{{Name: "store", Err: o.failing}, {Name: "audit log"}}
	}
	options.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "tranship_calls 1\n") })
	options.Authenticators = []authn.Authenticator{tokens{"ann": {"staff", admin.DefaultGroup}, "bob": {"staff"}}}
	s := admin.Serve(listener, options)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// get returns the status and the text of an answer. host is the name in the request; "" means the
// address.
func (o *operator) get(t *testing.T, method, path, token, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+o.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Host = host
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestPermission checks who may read what, on which address.
func TestPermission(t *testing.T) {
	for _, test := range []struct {
		name, path, token, host string
		remote                  bool
		options                 admin.Options
		want                    int
	}{
		{name: "local metrics", path: "/metrics", want: http.StatusOK},
		{name: "local profiles", path: "/debug/pprof/", want: http.StatusNotFound},
		{name: "local profiles allowed", path: "/debug/pprof/goroutine?debug=1", options: admin.Options{Profiles: true}, want: http.StatusOK},
		{name: "local, by another name", path: "/metrics", host: "attacker.example", want: http.StatusForbidden},
		{name: "local health, by another name", path: "/readyz", host: "attacker.example:80", want: http.StatusForbidden},
		{name: "local, by name", path: "/metrics", host: "localhost:80", want: http.StatusOK},
		{name: "local, IPv6", path: "/metrics", host: "[::1]:80", want: http.StatusOK},
		{name: "local, unknown path", path: "/", want: http.StatusNotFound},
		{name: "remote health", path: "/healthz", remote: true, want: http.StatusOK},
		{name: "remote readiness", path: "/readyz", remote: true, host: "server.example", want: http.StatusOK},
		{name: "remote metrics", path: "/metrics", remote: true, want: http.StatusForbidden},
		{name: "remote metrics, with token", path: "/metrics", token: "ann", remote: true, want: http.StatusForbidden},
		{name: "insecure health", path: "/readyz", remote: true, options: admin.Options{Insecure: true}, want: http.StatusOK},
		{name: "insecure without token", path: "/metrics", remote: true, options: admin.Options{Insecure: true}, want: http.StatusUnauthorized},
		{name: "insecure", path: "/metrics", token: "ann", remote: true, options: admin.Options{Insecure: true}, want: http.StatusOK},
		{name: "insecure without right", path: "/metrics", token: "bob", remote: true, options: admin.Options{Insecure: true}, want: http.StatusForbidden},
		{name: "another group", path: "/metrics", token: "bob", remote: true, options: admin.Options{Insecure: true, Group: "staff"}, want: http.StatusOK},
		{name: "an unknown token", path: "/metrics", token: "eve", remote: true, options: admin.Options{Insecure: true}, want: http.StatusUnauthorized},
		{name: "a foreign token", path: "/metrics", token: "foreign", remote: true, options: admin.Options{Insecure: true}, want: http.StatusUnauthorized},
		{name: "an unreadable file", path: "/metrics", token: "unread", remote: true, options: admin.Options{Insecure: true}, want: http.StatusServiceUnavailable},
		{name: "a failure", path: "/metrics", token: "broken", remote: true, options: admin.Options{Insecure: true}, want: http.StatusInternalServerError},
		{name: "profiles", path: "/debug/pprof/", token: "ann", remote: true, options: admin.Options{Insecure: true, Profiles: true}, want: http.StatusOK},
		{name: "profiles without token", path: "/debug/pprof/", remote: true, options: admin.Options{Insecure: true, Profiles: true}, want: http.StatusUnauthorized},
		{name: "trace without token", path: "/debug/pprof/trace", remote: true, options: admin.Options{Insecure: true, Profiles: true}, want: http.StatusUnauthorized},
		{name: "a command line", path: "/debug/pprof/cmdline", options: admin.Options{Profiles: true}, want: http.StatusNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := serve(t, test.remote, test.options)
			status, text := o.get(t, http.MethodGet, test.path, test.token, test.host)
			if status != test.want || strings.Contains(text, "secret") {
				t.Errorf("status %d, want %d: %s", status, test.want, text)
			}
			if status, _ := o.get(t, http.MethodPost, "/metrics", test.token, ""); status != http.StatusMethodNotAllowed {
				t.Errorf("POST has status %d", status)
			}
		})
	}
}

// TestReady checks that a part which is not healthy makes the server not ready, and that only this
// machine is told the reason.
func TestReady(t *testing.T) {
	for _, remote := range []bool{false, true} {
		o := serve(t, remote, admin.Options{})
		for _, failing := range []error{nil, errors.New("/srv/files is away"), nil} {
			o.failing = failing
			want, told := http.StatusOK, "ok\n"
			if failing != nil {
				want, told = http.StatusServiceUnavailable, "not ready: store\n"
				if !remote {
					told = "not ready: store: /srv/files is away\n"
				}
			}
			if status, text := o.get(t, http.MethodGet, "/readyz", "", ""); status != want || text != told {
				t.Errorf("remote %v, %v: status %d, %q", remote, failing, status, text)
			}
			if status, text := o.get(t, http.MethodGet, "/healthz", "", ""); status != http.StatusOK || text != "ok\n" {
				t.Errorf("remote %v, %v: not alive: status %d, %q", remote, failing, status, text)
			}
		}
	}
}

// TestHeaders checks that a request with headers that are too large is refused: the server
// answers so, or ends the connection before the client has read the answer.
func TestHeaders(t *testing.T) {
	o := serve(t, false, admin.Options{})
	conn, err := net.Dial("tcp", o.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: %s\r\n\r\n", strings.Repeat("a", 64<<10))
	answer, readErr := io.ReadAll(conn)
	if err == nil && readErr == nil && !strings.HasPrefix(string(answer), "HTTP/1.1 431 ") {
		t.Errorf("the answer is %q", answer)
	}
}

// failing is a listener that fails.
type failing struct{ net.Listener }

func (failing) Accept() (net.Conn, error) { return nil, errors.New("no more") }

// signalled is a log that closes logged at the first line.
type signalled struct {
	slog.Handler
	logged chan struct{}
}

func (s signalled) Enabled(context.Context, slog.Level) bool { return true }

func (s signalled) Handle(context.Context, slog.Record) error {
	close(s.logged)
	return nil
}

// TestClose checks that the failure of a listener is logged, and that Close returns it.
func TestClose(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := signalled{slog.DiscardHandler, make(chan struct{})}
	s := admin.Serve(failing{listener}, admin.Options{Logger: slog.New(log)})
	<-log.logged
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("error %v", err)
	}
}

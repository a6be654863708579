package admission_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eventually tries until there is no error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
}

// wantLimit checks that an error is ErrUnavailable, in the words of a limit.
func wantLimit(t *testing.T, err error, words string) {
	t.Helper()
	if !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want ErrUnavailable with %q", err, words)
	}
}

func TestCredentials(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		for _, test := range []struct {
			name, token string
			anonymous   bool
			want        string
			refused     bool
		}{
			{name: "a good token", token: "t-ann", want: "ann"},
			{name: "a good token where anonymous callers may", token: "t-ann", anonymous: true, want: "ann"},
			{name: "none", refused: true},
			{name: "none where anonymous callers may", anonymous: true},
			{name: "a bad token", token: "t-eve", refused: true},
			{name: "a bad token where anonymous callers may", token: "t-eve", anonymous: true, refused: true},
			{name: "a token of no kind", token: "x", anonymous: true, refused: true},
			{name: "a malformed token", token: "t-ann,", anonymous: true, refused: true},
		} {
			t.Run(test.name, func(t *testing.T) {
				audit := &auditLog{}
				address := transport.serve(t, admission.New(admission.Options{
					Authenticators: []authn.Authenticator{newTokens()}, Anonymous: test.anonymous, Audit: audit,
				}))
				name, err := transport.connect(t, address).call(testContext(t), echo, test.token)
				if _, ok := errors.AsType[*tranship.CredentialsError](err); transport == (grpcTransport{}) && ok != (test.refused && test.token == "") {
					t.Errorf("%v is a CredentialsError: %v", err, ok)
				}
				if name != test.want || errors.Is(err, tranship.ErrUnauthenticated) != test.refused || (err != nil) != test.refused {
					t.Errorf("a call is made by %q, %v", name, err)
				}
				s, err := transport.connect(t, address).open(testContext(t), chat, test.token)
				if err != nil {
					t.Fatal(err)
				}
				name, err = s.exchange()
				if name != test.want || errors.Is(err, tranship.ErrUnauthenticated) != test.refused || (err != nil) != test.refused {
					t.Errorf("a stream is of %q, %v", name, err)
				}
				told := 0
				if test.refused {
					told = 2
				}
				if got := audit.count("authenticate 127.0.0.1:"); got != told || audit.count() != told {
					t.Errorf("the audit log has %q", audit.lines)
				}
			})
		}
	})
}

// A call ends when its token is revoked while it runs, with one line in the audit log.
func TestRevoked(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		for _, method := range []string{chat, upload} {
			authenticator, audit := newTokens(), &auditLog{}
			checks := make(chan func(), 10)
			address := transport.serve(t, admission.New(admission.Options{
				Authenticators: []authn.Authenticator{authenticator},
				Audit:          audit,
				Limits:         limit.Options{MinRate: -1},
				Clock: admission.Clock{AfterFunc: func(d time.Duration, f func()) func() bool {
					if d != admission.DefaultRecheck {
						t.Errorf("credentials are checked after %v", d)
					}
					checks <- f
					return func() bool { return false }
				}},
			}))
			s, err := transport.connect(t, address).open(testContext(t), method, "t-ann")
			if err != nil {
				t.Fatal(err)
			}
			if method == chat {
				if name, err := s.exchange(); err != nil || name != "ann" {
					t.Fatalf("%q, %v", name, err)
				}
			}
			(<-checks)() // the token is good still
			next := <-checks
			authenticator.revoke("t-ann")
			next()
			if _, err := s.receive(); !errors.Is(err, tranship.ErrUnauthenticated) {
				t.Errorf("%s ends with %v, want ErrUnauthenticated", method, err)
			}
			if audit.count("authenticate 127.0.0.1:", "the token is not valid") != 1 || audit.count() != 1 {
				t.Errorf("the audit log has %q", audit.lines)
			}
		}
	})
}

// A client that owes messages and sends none loses its call, and so does one that sends
// nothing for long where it owes nothing.
func TestSlowClients(t *testing.T) {
	const window = 100 * time.Millisecond
	overAll(t, func(t *testing.T, transport transport) {
		for method, words := range map[string]string{
			upload: "the client sent less than 1000 bytes a second for 100ms: what can be resumed goes on from here",
			chat:   "nothing came from the client for 100ms",
		} {
			audit := &auditLog{}
			address := transport.serve(t, admission.New(admission.Options{
				Anonymous: true, Audit: audit, Limits: limit.Options{MinRate: 1000, MinRateWindow: window, Idle: window},
			}))
			s, err := transport.connect(t, address).open(testContext(t), method, "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.receive()
			wantLimit(t, err, words)
			if audit.count("call 127.0.0.1:", method, words) != 1 || audit.count() != 1 {
				t.Errorf("the audit log has %q", audit.lines)
			}
		}
	})
}

// A failure of a handler has its line, and a panic ends nothing but its call.
func TestFailures(t *testing.T) {
	overAll(t, func(t *testing.T, transport transport) {
		var log lockedBuffer
		audit := &auditLog{}
		address := transport.serve(t, admission.New(admission.Options{
			Authenticators: []authn.Authenticator{newTokens()}, Audit: audit, Logger: log.logger(),
		}))
		c := transport.connect(t, address)
		if _, err := c.call(testContext(t), fail, "t-ann"); !errors.Is(err, tranship.ErrDenied) {
			t.Errorf("got %v, want ErrDenied", err)
		}
		if _, err := c.call(testContext(t), crash, "t-ann"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("a panic: %v", err)
		}
		if !strings.Contains(log.String(), "a secret") {
			t.Error("the panic is not in the log")
		}
		if name, err := c.call(testContext(t), echo, "t-ann"); err != nil || name != "ann" {
			t.Errorf("the next call: %q, %v", name, err)
		}
		if audit.count("call 127.0.0.1:", " ann ", fail, "permission denied") != 1 || audit.count("call ", crash) != 1 || audit.count() != 2 {
			t.Errorf("the audit log has %q", audit.lines)
		}
	})
}

// lockedBuffer is a buffer for a log.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *lockedBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

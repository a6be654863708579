package token_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// site is an authenticator, its file, and a clock.
type site struct {
	*token.Authenticator
	file  string
	log   bytes.Buffer
	clock *testclock.Clock
}

func open(t *testing.T, file string) *site {
	t.Helper()
	s := &site{file: file, clock: testclock.New(start)}
	var err error
	s.Authenticator, err = token.Open(file, token.Options{Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nameOf returns the name of the principal of a token, or a word for the error.
func (s *site) nameOf(t *testing.T, made string) string {
	t.Helper()
	identity, err := s.Authenticate(t.Context(), authn.Credentials{Token: made})
	switch {
	case errors.Is(err, tranship.ErrUnauthenticated):
		return "refused"
	case errors.Is(err, tranship.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, authn.ErrNotMine):
		return "not mine"
	case err != nil:
		t.Error(err)
	case identity.Source != "token":
		t.Errorf("the source is %q", identity.Source)
	}
	return identity.Name
}

func (s *site) expect(t *testing.T, when string, want map[string]string) {
	t.Helper()
	for made, name := range want {
		if got := s.nameOf(t, made); got != name {
			t.Errorf("%s: %q, want %q", when, got, name)
		}
		if len(made) > 10 && strings.Contains(s.log.String(), made) {
			t.Errorf("%s: the log has a token", when)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	file := fileName(t)
	alice, e := add(t, file, "alice", "ops", "dev")
	stranger, _ := add(t, fileName(t), "alice")
	s := open(t, file)
	identity, err := s.Authenticate(t.Context(), authn.Credentials{Token: alice})
	if err != nil || identity.Name != "alice" || strings.Join(identity.Groups, " ") != "ops dev" || !identity.Expires.Equal(e.Expires) {
		t.Errorf("%+v, %v", identity, err)
	}
	s.expect(t, "at first", map[string]string{
		alice:                  "alice",
		stranger:               "refused",
		alice[:20]:             "refused",
		"tsp_":                 "refused",
		strings.ToUpper(alice): "not mine",
		"a.b.c":                "not mine",
		"":                     "not mine",
	})
	s.clock.Advance(time.Hour - time.Nanosecond)
	s.expect(t, "before it expires", map[string]string{alice: "alice"})
	s.clock.Advance(time.Nanosecond)
	s.expect(t, "when it expires", map[string]string{alice: "refused"})
	_, err = s.Authenticate(t.Context(), authn.Credentials{Token: alice})
	if refusal, ok := errors.AsType[*authn.Refusal](err); !ok || refusal.Text != "the token has expired" {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	file := fileName(t)
	if _, err := token.Open(file, token.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	_, e := add(t, file, "alice")
	write(t, file, "# comment\n"+e.String()+" more\n")
	_, err := token.Open(file, token.Options{})
	if wrong, ok := errors.AsType[*token.LineError](err); !ok || wrong.Line != 2 || !strings.Contains(err.Error(), file+": line 2: ") {
		t.Errorf("a malformed file: %v", err)
	}
	write(t, file, "")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if s := open(t, file); runtime.GOOS != "windows" && !strings.Contains(s.log.String(), "level=WARN") {
		t.Errorf("others can read it: %s", s.log.String())
	}
}

// TestAuthenticateConcurrently makes concurrent calls while the file changes.
func TestAuthenticateConcurrently(t *testing.T) {
	file := fileName(t)
	alice, _ := add(t, file, "alice")
	s := open(t, file)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				s.clock.Advance(100 * time.Millisecond)
				if name := s.nameOf(t, alice); name != "alice" {
					t.Errorf("the name is %q", name)
				}
			}
		})
	}
	for range 5 {
		add(t, file, "bob")
	}
	all.Wait()
}

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

// TestReload checks that changes take effect after a second.
func TestReload(t *testing.T) {
	file := fileName(t)
	alice, _ := add(t, file, "alice")
	s := open(t, file)
	bob, _ := add(t, file, "bob")
	s.expect(t, "at once", map[string]string{alice: "alice", bob: "refused"})
	s.clock.Advance(time.Second)
	s.expect(t, "a second later", map[string]string{alice: "alice", bob: "bob"})
	if _, err := token.Revoke(file, "alice"); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Second)
	s.expect(t, "after alice was revoked", map[string]string{alice: "refused", bob: "bob"})
	// The file is written in place, and keeps its times.
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(read(t, file), "bob", "eve", 1))
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Second)
	s.expect(t, "after bob became eve", map[string]string{bob: "eve"})
	s.clock.Advance(-time.Hour)
	write(t, file, "")
	s.expect(t, "after the clock was set back", map[string]string{bob: "refused"})
}

// TestReloadMalformed checks that a malformed file adds no token, and that a token whose
// line is no longer there is refused.
func TestReloadMalformed(t *testing.T) {
	file := fileName(t)
	alice, aliceEntry := add(t, file, "alice")
	bob, _ := add(t, file, "bob", "ops")
	carol, carolEntry := add(t, file, "carol")
	dave, _ := add(t, file, "dave")
	s := open(t, file)
	_, eveEntry := add(t, fileName(t), "eve")
	good := read(t, file)
	lines := strings.SplitAfter(good, "\n")
	keep := func(what string) string {
		for _, line := range lines {
			if strings.Contains(line, " "+what+" ") {
				return line
			}
		}
		t.Fatalf("no line of %s", what)
		return ""
	}
	// Alice stays, bob has another group, carol is gone, dave has half a line, and eve is
	// new.
	write(t, file, keep("alice")+strings.Replace(keep("bob"), " ops ", " root ", 1)+keep("dave")[:100]+"\n"+eveEntry.String()+"\n")
	s.clock.Advance(time.Second)
	s.expect(t, "malformed", map[string]string{alice: "alice", bob: "refused", carol: "refused", dave: "refused"})
	if text := s.log.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "line 3") {
		t.Errorf("the log: %s", text)
	}
	// Another malformed file does not restore a token.
	write(t, file, keep("alice")+keep("carol")+"x\n")
	s.clock.Advance(time.Second)
	s.expect(t, "malformed again", map[string]string{alice: "alice", carol: "refused"})
	// A token with two lines is refused.
	write(t, file, keep("alice")+strings.Replace(aliceEntry.String(), "alice", "root", 1)+"\n")
	s.clock.Advance(time.Second)
	s.expect(t, "with two lines", map[string]string{alice: "refused"})
	write(t, file, carolEntry.String()+"\n")
	s.clock.Advance(time.Second)
	s.expect(t, "corrected", map[string]string{alice: "refused", carol: "carol"})
}

// TestReloadUnreadable checks that no token is accepted while the file cannot be read, or
// while other users may write to it.
func TestReloadUnreadable(t *testing.T) {
	file := fileName(t)
	alice, _ := add(t, file, "alice")
	bob, _ := add(t, file, "bob")
	s := open(t, file)
	content := read(t, file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Second)
	s.expect(t, "without a file", map[string]string{alice: "unavailable"})
	write(t, file, content)
	s.clock.Advance(time.Second)
	s.expect(t, "with the file", map[string]string{alice: "alice"})
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Second)
	s.expect(t, "with a directory", map[string]string{alice: "unavailable"})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(content, " bob ", " bob", 1))
	s.clock.Advance(time.Second)
	s.expect(t, "malformed after that", map[string]string{alice: "alice", bob: "refused"})
	if runtime.GOOS == "windows" {
		return
	}
	write(t, file, content)
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Second)
		s.expect(t, mode.String(), map[string]string{alice: "unavailable"})
		if _, err := token.Open(file, token.Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%v: %v", mode, err)
		}
	}
	if strings.Count(s.log.String(), "can write to it") != 1 {
		t.Errorf("the log: %s", s.log.String())
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

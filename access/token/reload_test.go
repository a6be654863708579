package token_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/token"
)

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

// An error of the file is logged at once and then every minute, and so is the end of it, also
// if the content is the same afterwards.
func TestErrorsAreRepeated(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"missing":   os.Remove,
		"malformed": func(file string) error { return os.WriteFile(file, []byte("?\n"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			file := fileName(t)
			made, _ := add(t, file, "alice")
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, file)
			for range 2 {
				if err := damage(file); err != nil {
					t.Fatal(err)
				}
				s.log.Reset()
				for range 121 {
					s.clock.Advance(time.Second)
					s.nameOf(t, made)
				}
				if err := s.CheckHealth(t.Context()); errors.Is(err, tranship.ErrUnavailable) != (name == "missing") {
					t.Errorf("CheckHealth: %v", err)
				}
				if n := strings.Count(s.log.String(), "level=ERROR"); n != 3 {
					t.Errorf("%d errors in 121 s:\n%s", n, s.log.String())
				}
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
				s.log.Reset()
				s.clock.Advance(time.Second)
				s.expect(t, "afterwards", map[string]string{made: "alice"})
				if text := s.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=INFO") {
					t.Errorf("logged %q", text)
				}
			}
		})
	}
}

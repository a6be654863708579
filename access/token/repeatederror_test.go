package token_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

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

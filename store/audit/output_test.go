package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// The log is opened again after it was renamed or removed.
func TestRotation(t *testing.T) {
	name := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(name, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	audited := audit.New(new(mem.Store), log)
	stat := func(path string) {
		t.Helper()
		if _, err := audited.Stat(t.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("stat: %v", err)
		}
	}
	has := func(name string, want ...string) {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has %q, want %q", name, text, part)
			}
		}
		if n := strings.Count(string(text), "\n"); n != len(want) {
			t.Errorf("%s has %d lines, want %d", name, n, len(want))
		}
	}
	stat("one")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	stat("two")
	stat("three")
	has(name+".1", "before", "one")
	has(name, "two", "three")
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("the new file: %v, %v", info.Mode(), err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	stat("four")
	if err := os.Truncate(name, 0); err != nil { // "copytruncate"
		t.Fatal(err)
	}
	stat("five")
	has(name, "five")

	if err := errors.Join(os.Remove(name), os.Mkdir(name, 0o700)); err != nil {
		t.Fatal(err)
	}
	stat("six")
	if _, err := audited.Stat(t.Context(), "seven"); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("with a directory at the name of the log: %v", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	stat("eight")
	has(name, "six", "eight")
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if _, err := audit.Open(t.TempDir(), nil); err == nil {
		t.Error("a directory was opened")
	}
}

// Text from a client cannot control a terminal, break a line or fill the log.
func TestLinesAreSafe(t *testing.T) {
	for _, path := range []string{
		"\x00\x1b[2J\n\r\t\x7f", "\u009b2J\u0085", "\u202eevil\u2066\u200b\ufeff\u2028\u00a0", "\xff\xfe", "\U000e0001\U0001f600日本", `"\`,
		strings.Repeat("日", 100_000), strings.Repeat("\x01", 100_000),
	} {
		var out bytes.Buffer
		log := audit.NewLog(&out, nil)
		audited := audit.New(new(mem.Store), log)
		_, _ = audited.Stat(t.Context(), path)
		_ = audited.AbortUpload(t.Context(), path)
		log.Refused(path, path)
		for _, line := range lines(t, out.Bytes()) {
			for key, value := range line {
				text, ok := value.(string)
				if !ok || key == "action" || key == "result" || key == "source" {
					continue
				}
				if want := string([]rune(path)); text != want && !strings.HasPrefix(want, strings.TrimSuffix(text, "…")) {
					t.Errorf("%s is %q, want %q", key, text, want)
				}
			}
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 10_000 || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%d bytes: %.200q", len(line), line)
			}
		}
		if n := strings.Count(out.String(), "\n"); n != 3 {
			t.Errorf("%d lines, want 3", n)
		}
	}
}

// Callers without credentials cannot fill the disk.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := audit.NewLog(&out, nil)
		refuse := func(n int) {
			for range n {
				log.Refused("192.0.2.7:1", "no such token")
			}
		}
		refuse(1000)
		if n := strings.Count(out.String(), "\n"); n != 10 {
			t.Errorf("%d lines, want 10", n)
		}
		var first map[string]any
		if err := json.Unmarshal(out.Bytes()[:bytes.IndexByte(out.Bytes(), '\n')], &first); err != nil {
			t.Fatal(err)
		}
		delete(first, "time")
		if got := fmt.Sprint(first); got != "map[action:authenticate peer:192.0.2.7:1 reason:no such token result:unauthenticated]" {
			t.Errorf("%s", got)
		}
		out.Reset()
		time.Sleep(time.Second)
		refuse(2)
		if n := strings.Count(out.String(), "\n"); n != 2 || strings.Count(out.String(), `"left_out":990`) != 1 {
			t.Errorf("a second later: %s", &out)
		}
	})
}

// Lines that are written concurrently stay whole.
func TestConcurrentLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	log, err := audit.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	audited := audit.New(new(mem.Store), log)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for range 50 {
				_, _ = audited.Put(t.Context(), tranship.Spec{Path: fmt.Sprint("file", i)}, nil)
			}
		})
	}
	group.Wait()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(lines(t, text)); n != 16*50 {
		t.Errorf("%d lines, want %d", n, 16*50)
	}
}

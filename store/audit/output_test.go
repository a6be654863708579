package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// disk is a writer that has room for so many bytes.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(data []byte) (int, error) {
	n := min(len(data), d.room)
	d.room -= n
	d.Buffer.Write(data[:n])
	if n < len(data) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// When the log is full nothing is done, and nothing that was done is missing from it.
func TestFullDisk(t *testing.T) {
	var complaints bytes.Buffer
	out := &disk{room: 1 << 20}
	log := audit.NewLog(out, slog.New(slog.NewTextHandler(&complaints, nil)))
	inner := &mem.Store{PartSize: 4}
	audited := audit.New(inner, log)
	ctx := t.Context()
	put := func(path string) error {
		_, err := audited.Put(ctx, tranship.Spec{Path: path}, []byte("1234"))
		return err
	}
	if err := put("first"); err != nil {
		t.Fatal(err)
	}
	content, err := audited.Open(ctx, "first", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := audited.Begin(ctx, tranship.Spec{Path: "begun"})
	if err != nil {
		t.Fatal(err)
	}
	left, err := audited.Begin(ctx, tranship.Spec{Path: "left"})
	if err != nil {
		t.Fatal(err)
	}

	out.room = 20
	if err := put("second"); err != nil { // it is done before it is known
		t.Fatal(err)
	}
	calls := map[string]func() error{
		"Stat":   func() error { _, err := audited.Stat(ctx, "first"); return err },
		"Open":   func() error { _, err := audited.Open(ctx, "first", tranship.OpenOptions{}); return err },
		"List":   func() error { return list(audited.List(ctx, tranship.ListOptions{})) },
		"Put":    func() error { return put("third") },
		"Begin":  func() error { _, err := audited.Begin(ctx, tranship.Spec{Path: "third"}); return err },
		"Remove": func() error { return audited.Remove(ctx, "first", tranship.Precondition{}) },
		"SetAttributes": func() error {
			_, err := audited.SetAttributes(ctx, "first", tranship.Attributes{Mode: new(os.FileMode(0o600))}, tranship.Precondition{})
			return err
		},
		"Move":        func() error { _, err := audited.Move(ctx, "first", "third", tranship.Precondition{}); return err },
		"Copy":        func() error { _, err := audited.Copy(ctx, "first", "third", tranship.Precondition{}); return err },
		"Commit":      func() error { _, err := begun.Commit(ctx, tranship.Commit{}); return err },
		"CopyPart":    func() error { return begun.CopyPart(ctx, 0, "first", tranship.OpenOptions{}) },
		"AbortUpload": func() error { return audited.AbortUpload(ctx, begun.ID()) },
		"ListUploads": func() error {
			for _, err := range audited.ListUploads(ctx, "") {
				return err
			}
			return nil
		},
	}
	before := out.Len()
	for name, call := range calls {
		if err := call(); !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "audit log") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(content.Close(), left.Abort(ctx)); err != nil { // which end
		t.Error(err)
	}
	var there []string
	for entry, err := range inner.List(ctx, tranship.ListOptions{Recursive: true}) {
		there = append(there, fmt.Sprintf("%s %v %v", entry.Path, entry.Mode, err))
	}
	if got := strings.Join(there, " "); got != "first -rw-r--r-- <nil> second -rw-r--r-- <nil>" {
		t.Errorf("the store has %s", got)
	}
	if out.Len() != before || strings.Count(complaints.String(), "level=ERROR") != 1 {
		t.Errorf("the log has %d bytes, had %d; complaints:\n%s", out.Len(), before, &complaints)
	}

	out.room = 1 << 20
	if err := calls["Commit"](); err != nil {
		t.Errorf("with room again: %v", err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		if json.Valid([]byte(line)) {
			got = append(got, brief(lines(t, []byte(line))[0]))
		} else {
			got = append(got, fmt.Sprint("a piece of ", len(line)-1))
		}
	}
	want := []string{
		"put ok anonymous first 4", "begin ok anonymous begun", "begin ok anonymous left", "a piece of 20", "put ok anonymous second 4",
		"read ok anonymous first 0 0 false", "abort ok anonymous left", "commit ok anonymous begun 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !strings.Contains(complaints.String(), "can be written again") {
		t.Errorf("complaints:\n%s", &complaints)
	}

	out.room = 0
	if err := put("last"); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err == nil || !strings.Contains(err.Error(), "1 lines") {
		t.Errorf("Close: %v", err)
	}
}

// A file is opened again when it was renamed or removed.
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
		t.Errorf("with a directory in the way: %v", err)
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

// Nothing that a client sends works a terminal, breaks a line or fills the log.
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

// Who is nobody cannot fill the disk.
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

// Lines that are written at once stay whole.
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

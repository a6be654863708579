package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/mem"
)

// disk is a writer with a limited capacity.
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

// While the log cannot be written, calls fail. No line of an action that took effect is
// lost.
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
	if err := put("second"); err != nil { // the put takes effect before its line fails
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
	if err := errors.Join(content.Close(), left.Abort(ctx)); err != nil { // calls that end something succeed
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
		t.Errorf("the log has %d bytes, had %d; logged:\n%s", out.Len(), before, &complaints)
	}

	out.room = 1 << 20
	if err := calls["Commit"](); err != nil {
		t.Errorf("with space again: %v", err)
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
		t.Errorf("logged:\n%s", &complaints)
	}

	out.room = 0
	if err := put("last"); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err == nil || !strings.Contains(err.Error(), "1 lines") {
		t.Errorf("Close: %v", err)
	}
}

package token_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/token"
)

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNew(t *testing.T) {
	file := fileName(t)
	_, alice := add(t, file, "alice", "ops", "dev")
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// Lines that people wrote stay, even one without a newline.
	write(t, file, read(t, file)+"# by hand")
	_, bob, err := token.New(file, token.Entry{Name: "bob"}, start.Add(time.Millisecond), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if content := read(t, file); !strings.HasSuffix(content, "\n"+alice.String()+"\n# by hand\n"+bob.String()+"\n") {
		t.Errorf("the file has:\n%s", content)
	}
	entries, err := token.List(file)
	if err != nil || len(entries) != 2 || entries[0].String() != alice.String() || entries[1].String() != bob.String() || !entries[1].Expires.IsZero() {
		t.Errorf("%+v, %v", entries, err)
	}
	entriesOfDirectory(t, file, "tokens", "tokens.lock")

	for _, e := range []token.Entry{{}, {Name: "a b"}, {Name: "oidc:a"}, {Name: "alice", Groups: []string{""}}, {Name: "a\n"}, {Name: "alice", Groups: []string{"a,b"}}} {
		if _, _, err := token.New(file, e, start, start); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	write(t, file, "nonsense\n")
	if _, _, err := token.New(file, token.Entry{Name: "alice"}, start, start); err == nil || !strings.Contains(err.Error(), "tokens: line 1: ") {
		t.Errorf("into a malformed file: %v", err)
	}
	if read(t, file) != "nonsense\n" {
		t.Error("the file was changed")
	}
}

// entriesOfDirectory checks the names of all files in the directory of a file.
func entriesOfDirectory(t *testing.T, file string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}

// TestNewConcurrently checks that concurrent calls lose no token.
func TestNewConcurrently(t *testing.T) {
	file := fileName(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, _, err := token.New(file, token.Entry{Name: "alice"}, start, start); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if entries, err := token.List(file); err != nil || len(entries) != 10 {
		t.Errorf("%d tokens, %v", len(entries), err)
	}
}

func TestRevoke(t *testing.T) {
	file := fileName(t)
	_, first := add(t, file, "alice")
	_, second := add(t, file, "alice")
	_, bob := add(t, file, "bob")
	write(t, file, read(t, file)+"# by hand\nmalformed\n")
	for _, test := range []struct {
		what string
		want []token.Entry
	}{
		{second.ID(), []token.Entry{second}},
		{"alice", []token.Entry{first}},
		{bob.ID(), []token.Entry{bob}},
	} {
		revoked, err := token.Revoke(file, test.what)
		if err != nil || len(revoked) != 1 || revoked[0].String() != test.want[0].String() {
			t.Errorf("%s: %+v, %v", test.what, revoked, err)
		}
	}
	content := read(t, file)
	if strings.Contains(content, "sha256:") || !strings.HasSuffix(content, "# by hand\nmalformed\n") {
		t.Errorf("the file has:\n%s", content)
	}
	for _, what := range []string{"alice", "", "nobody"} {
		if _, err := token.Revoke(file, what); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%q: %v", what, err)
		}
	}
	if read(t, file) != content {
		t.Error("the file was changed")
	}

	// A name that is the id of another token.
	_, e := add(t, fileName(t), "alice")
	write(t, file, e.String()+"\n")
	if _, _, err := token.New(file, token.Entry{Name: e.ID()}, start, start); err != nil {
		t.Fatal(err)
	}
	if _, err := token.Revoke(file, e.ID()); !errors.Is(err, tranship.ErrExists) {
		t.Errorf("an ambiguous name: %v", err)
	}
}

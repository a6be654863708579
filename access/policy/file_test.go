package policy

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship/access"
)

// fileFixture is a policy's file, with a clock that only the test moves.
type fileFixture struct {
	*testing.T
	*File
	name string
	log  *bytes.Buffer
	now  *time.Time
}

func openFile(t *testing.T, text string) fileFixture {
	t.Helper()
	f := fileFixture{T: t, name: filepath.Join(t.TempDir(), "policy"), log: new(bytes.Buffer), now: new(time.Now())}
	f.write(text)
	var err error
	f.File, err = open(f.name, slog.New(slog.NewTextHandler(f.log, nil)), func() time.Time { return *f.now })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fileFixture) write(text string) {
	f.Helper()
	if err := os.WriteFile(f.name, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

func (f fileFixture) pass(d time.Duration) { *f.now = f.now.Add(d) }

func (f fileFixture) allowed(want bool, when string) {
	f.Helper()
	if got := f.Allowed(access.Principal{Name: "ann"}, access.Read, "docs/a"); got != want {
		f.Errorf("%s: allowed is %v; the log says:\n%s", when, got, f.log)
	}
}

// logged checks how often the log has a text, and empties the log.
func (f fileFixture) logged(want int, text string) {
	f.Helper()
	if got := strings.Count(f.log.String(), text); got != want {
		f.Errorf("the log has %q %d times, want %d:\n%s", text, got, want, f.log)
	}
	f.log.Reset()
}

const (
	open1 = "allow ann read docs\n"
	open2 = "allow bob read docs\n" // of the same length
	wrong = "allow ann reed docs\n"
)

func TestFileIsReadAnew(t *testing.T) {
	f := openFile(t, open1)
	f.allowed(true, "at first")
	f.write(open2)
	f.pass(checkInterval - 1)
	f.allowed(true, "before a second has passed")
	f.pass(1)
	f.allowed(false, "changed")
	f.logged(1, "the policy has changed")
	f.pass(time.Hour)
	f.allowed(false, "unchanged")
	f.logged(0, "changed")
	f.write(open1)
	f.pass(checkInterval)
	f.allowed(true, "changed again")
}

// TestFileIsReplaced renames another file over it, as many programs do.
func TestFileIsReplaced(t *testing.T) {
	f := openFile(t, open1)
	f.pass(time.Hour)
	f.allowed(true, "long after")
	old, err := os.Stat(f.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.name+".new", []byte(open2), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(f.name+".new", old.ModTime(), old.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.name+".new", f.name); err != nil {
		t.Fatal(err)
	}
	f.pass(checkInterval)
	f.allowed(false, "replaced by one of the same size and time")
}

// TestFileIsChangedAtOnce checks that a change that keeps the times of the file is found.
func TestFileIsChangedAtOnce(t *testing.T) {
	f := openFile(t, open1)
	info, err := os.Stat(f.name)
	if err != nil {
		t.Fatal(err)
	}
	*f.now = info.ModTime()
	f.pass(checkInterval)
	f.allowed(true, "read while it is new")
	f.write(open2)
	if err := os.Chtimes(f.name, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	f.pass(checkInterval)
	f.allowed(false, "changed without a trace")
}

// TestFileIsBroken checks that a file that cannot be used changes nothing and is logged.
func TestFileIsBroken(t *testing.T) {
	for name, spoil := range map[string]func(f fileFixture){
		"wrong":    func(f fileFixture) { f.write(wrong) },
		"cut":      func(f fileFixture) { f.write(open1[:len(open1)-6]) },
		"too long": func(f fileFixture) { f.write(strings.Repeat("#\n", MaxBytes)) },
		"missing": func(f fileFixture) {
			if err := os.Remove(f.name); err != nil {
				f.Fatal(err)
			}
		},
		"a directory": func(f fileFixture) {
			if err := os.Remove(f.name); err != nil {
				f.Fatal(err)
			}
			if err := os.Mkdir(f.name, 0o700); err != nil {
				f.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := openFile(t, open1)
			spoil(f)
			f.pass(checkInterval)
			f.allowed(true, name)
			f.logged(1, "level=ERROR")
			for range 59 {
				f.pass(time.Second)
				f.allowed(true, name)
			}
			f.logged(0, "level")
			f.pass(time.Second)
			f.allowed(true, name)
			f.logged(1, "level=ERROR")
			if err := os.RemoveAll(f.name); err != nil {
				t.Fatal(err)
			}
			f.write(open2)
			f.pass(checkInterval)
			f.allowed(false, "put right")
			f.logged(1, "the policy has changed")
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a missing file was opened")
	}
}

// TestFileIsPutRight checks that a file that is restored is logged too.
func TestFileIsPutRight(t *testing.T) {
	f := openFile(t, open1)
	f.write(wrong)
	f.pass(checkInterval)
	f.allowed(true, "wrong")
	f.logged(1, ":1: ")
	f.write(open1)
	f.pass(checkInterval)
	f.allowed(true, "as before")
	f.logged(1, "the policy has changed")
}

func TestFileIsUsedAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(name, []byte(open1), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Now()
	f, err := open(name, nil, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(checkInterval)
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if !f.Allowed(access.Principal{Name: "ann"}, access.Read, "docs/a") {
					t.Error("denied")
				}
			}
		})
	}
	group.Wait()
}

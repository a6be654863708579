package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// swap stores a value and returns its entry.
func (f fixture) swap(entry tranship.StateEntry) tranship.StateEntry {
	f.Helper()
	var err error
	if entry.Version, err = f.SwapState(f.Context(), entry); err != nil {
		f.Fatal(err)
	}
	return entry
}

// hasState checks the value of a key.
func hasState(t *testing.T, state tranship.StateStore, key, want string) {
	t.Helper()
	if entry, err := state.GetState(t.Context(), key); err != nil || string(entry.Value) != want {
		t.Errorf("the state %s is %q, %v; want %q", key, entry.Value, err, want)
	}
}

// The clock of a test, which its goroutines share.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.Load()) }

// TestValuesSwept checks that what has expired is removed once, whichever store sweeps, and that
// a draft is a leftover only when it is old.
func TestValuesSwept(t *testing.T) {
	t.Parallel()
	var at clock
	at.Store(time.Now().UnixNano())
	system := realSystem()
	system.now = at.now
	var removed atomic.Int64
	system.remove = func(dir *rootfs.Dir, name string) error {
		if strings.HasPrefix(name, valueMark) {
			removed.Add(1)
		}
		return dir.Remove(name)
	}
	f := newFixture(t, small, system)
	other := f.openState()
	other.values.system = system
	f.swap(tranship.StateEntry{Key: "use/stays", Value: []byte("stays")})
	f.swap(tranship.StateEntry{Key: "use/expires", Value: []byte("old"), Expires: at.now().Add(time.Hour)})
	renewed := f.swap(tranship.StateEntry{Key: "use/renewed", Value: []byte("old"), Expires: at.now().Add(time.Hour)})
	f.writeByHand(".tranship/state/tmp/LEFTOVER", "of a process that was killed")
	f.writeByHand(".tranship/state/=use/=damaged", "damaged")

	sweep := func() {
		t.Helper()
		for _, v := range []*values{f.values, other.values, f.values} {
			if err := v.sweep(t.Context()); !errors.Is(err, tranship.ErrIntegrity) {
				t.Errorf("a sweep that finds a damaged value: %v, want ErrIntegrity", err)
			}
		}
	}
	sweep()
	at.Add(int64(30 * time.Minute))
	renewed.Value, renewed.Expires = []byte("new"), at.now().Add(time.Hour)
	f.swap(renewed)
	sweep()
	if got := f.names(".tranship/state/=use"); len(got) != 4 || len(f.names(".tranship/state/tmp")) != 1 {
		t.Errorf("a sweep before anything expires leaves %q", got)
	}
	at.Add(int64(30 * time.Minute))
	sweep()
	if got, want := f.names(".tranship/state/=use"), []string{"=damaged", "=renewed", "=stays"}; !slices.Equal(got, want) {
		t.Errorf("a sweep leaves %q, want %q", got, want)
	}
	if n := removed.Load(); n != 1 {
		t.Errorf("%d values were removed, want 1", n)
	}
	hasState(t, other, "use/stays", "stays")
	hasState(t, other, "use/renewed", "new")
	at.Add(int64(30 * time.Minute)) // the file system's own clock made the draft
	sweep()
	if got := f.names(".tranship/state/tmp"); len(got) != 0 {
		t.Errorf("a sweep leaves the drafts %q", got)
	}
	if last := f.sweepValues(at.now()); last != at.now() {
		t.Errorf("a sweep that is not due changes the time of the last one to %v", last)
	}
}

// TestSweepUntilSweepsValues checks that the store sweeps by itself.
func TestSweepUntilSweepsValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t, small, realSystem())
	f.swap(tranship.StateEntry{Key: "use/key", Expires: time.Now().Add(-time.Hour)})
	if last := f.sweepValues(time.Time{}); last.IsZero() || len(f.names(".tranship/state/=use")) != 0 {
		t.Errorf("the first sweep at %v leaves %q", last, f.names(".tranship/state/=use"))
	}
}

// TestValuesDamaged checks that a value is never other than it was stored: a damaged file, one of
// another key, one that is too long.
func TestValuesDamaged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, small, realSystem())
	entry := f.swap(tranship.StateEntry{Key: "use/key", Value: []byte("value")})
	f.swap(tranship.StateEntry{Key: "use/other", Value: []byte("other")})
	name := filepath.Join(f.directory, ".tranship", "state", "=use", "=key")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(filepath.Dir(name), "=other"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)-6] ^= 1
	for what, data := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)-1], "flipped": flipped, "of another key": other, "too long": append(slices.Clone(whole), make([]byte, 2*maxValueFile)...),
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := f.GetState(t.Context(), "use/key")
		isDamage(t, what+": GetState", err)
		_, err = f.SwapState(t.Context(), entry)
		isDamage(t, what+": SwapState", err)
		_, err = f.SwapState(t.Context(), tranship.StateEntry{Key: "use/key"})
		isDamage(t, what+": SwapState of a new value", err)
		isDamage(t, what+": RemoveState", f.RemoveState(t.Context(), "use/key", entry.Version))
		for _, err = range f.ListState(t.Context(), "") {
		}
		isDamage(t, what+": ListState", err)
	}
	hasState(t, f, "use/other", "other")
	if got := f.names(".tranship/state/tmp"); len(got) != 0 {
		t.Errorf("failed swaps leave the drafts %q", got)
	}
}

func isDamage(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, tranship.ErrIntegrity) || strings.Contains(err.Error(), string(filepath.Separator)+"tmp") {
		t.Errorf("%s is %v, want ErrIntegrity without a path of the machine", what, err)
	}
}

// TestValuesFaults checks that a change that fails leaves the value as it was, or stores all of
// it, and never a draft.
func TestValuesFaults(t *testing.T) {
	t.Parallel()
	var broken faults
	f := newFixture(t, small, broken.system())
	entry := f.swap(tranship.StateEntry{Key: "use/key", Value: []byte("before")})
	for what, fault := range map[string]*atomic.Pointer[error]{"write": &broken.write, "sync": &broken.sync, "rename": &broken.rename} {
		fault.Store(new(error(syscall.ENOSPC)))
		entry.Value = []byte("after")
		_, err := f.SwapState(t.Context(), entry)
		fault.Store(nil)
		if !errors.Is(err, tranship.ErrNoSpace) {
			t.Errorf("a swap whose %s fails: %v, want ErrNoSpace", what, err)
		}
		hasState(t, f, "use/key", "before")
		if got := f.names(".tranship/state/tmp"); len(got) != 0 {
			t.Errorf("a swap whose %s fails leaves the drafts %q", what, got)
		}
	}
	broken.syncDir.Store(new(error(syscall.EIO)))
	_, err := f.SwapState(t.Context(), entry)
	broken.syncDir.Store(nil)
	if err == nil {
		t.Error("a swap is reported although its directory was not synced")
	}
	if _, err := f.SwapState(t.Context(), entry); !errors.Is(err, tranship.ErrPrecondition) {
		t.Errorf("a swap after one with an unknown end: %v, want ErrPrecondition, because that one was made", err)
	}
}

// TestValuesLocked checks that changes wait for the lock of another process, and reads do not.
func TestValuesLocked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, small, realSystem())
	entry := f.swap(tranship.StateEntry{Key: "use/key", Value: []byte("value")})
	held, err := os.OpenFile(filepath.Join(f.directory, ".tranship", "state", "lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if locked, err := rootfs.Lock(held); !locked {
		t.Fatalf("the lock is held after a change: %v", err)
	}
	hasState(t, f, "use/key", "value")
	ended, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := f.RemoveState(ended, "use/key", entry.Version); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a change while another process has the lock: %v, want that of the context", err)
	}
	done := make(chan error, 1)
	go func() { done <- f.RemoveState(t.Context(), "use/key", entry.Version) }()
	select {
	case err := <-done:
		t.Errorf("a change while another process has the lock: %v", err)
	default:
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("a change after another process had the lock: %v", err)
	}
}

// TestValuesHidden checks that no path reaches the values, also after a directory of them was
// moved by hand.
func TestValuesHidden(t *testing.T) {
	t.Parallel()
	f := newFixture(t, small, realSystem())
	f.swap(tranship.StateEntry{Key: "use/key", Value: []byte("secret")})
	f = f.reopen()
	for _, directory := range []string{"state/=use", "state/tmp", "state"} {
		moved := filepath.Join(f.directory, "moved")
		if err := os.Rename(filepath.Join(f.directory, ".tranship", directory), moved); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Open(t.Context(), "moved/=key", tranship.OpenOptions{}); err == nil {
			t.Errorf("%s is visible after it was moved", directory)
		}
		for entry, err := range f.List(t.Context(), tranship.ListOptions{Recursive: true}) {
			t.Errorf("%s was moved, and the list has %v, %v", directory, entry, err)
		}
		if err := os.Rename(moved, filepath.Join(f.directory, ".tranship", directory)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenState checks that a State needs a store, and sees what that stores.
func TestOpenState(t *testing.T) {
	t.Parallel()
	if _, err := OpenState(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenState of a directory without a store: %v, want fs.ErrNotExist", err)
	}
	if _, err := OpenState(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("OpenState of no directory succeeded")
	}
	f := newFixture(t, small, realSystem())
	f.swap(tranship.StateEntry{Key: "use/key", Value: []byte("value")})
	state := f.openState()
	hasState(t, state, "use/key", "value")
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	hasState(t, state, "use/key", "value")
	if _, err := f.GetState(t.Context(), "use/key"); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("GetState of a closed store: %v, want ErrUnavailable", err)
	}
	if _, err := f.SwapState(t.Context(), tranship.StateEntry{Key: "use/new"}); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("SwapState of a closed store: %v, want ErrUnavailable", err)
	}
}

func FuzzDecodeValue(f *testing.F) {
	f.Add("use/key", []byte("value"), []byte{})
	f.Add("a/b", encodeValue(tranship.StateEntry{Key: "a/b", Version: "v", Value: []byte("v"), Expires: time.UnixMilli(1)}), []byte("x"))
	f.Fuzz(func(t *testing.T, key string, data, value []byte) {
		if entry, ok := decodeValue(key, data); ok && string(encodeValue(entry)) != string(data) {
			t.Errorf("%q is the value of %+v, which is encoded in another way", data, entry)
		}
		if len(value) > tranship.MaxStateBytes {
			return
		}
		want := tranship.StateEntry{Key: key, Version: "v", Value: value, Expires: time.UnixMilli(7)}
		got, ok := decodeValue(key, encodeValue(want))
		if !ok || got.Version != "v" || string(got.Value) != string(value) || !got.Expires.Equal(want.Expires) {
			t.Errorf("%+v is decoded as %+v, %v", want, got, ok)
		}
		if tranship.ValidateStateKey(key) == nil {
			if back, ok := valueKey(valueNames(key)); !ok || back != key {
				t.Errorf("the names of the key %q are those of %q", key, back)
			}
		}
	})
}

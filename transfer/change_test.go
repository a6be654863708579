package transfer

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/store/mem"
)

// A source that changes while it is sent leaves nothing, not even to be resumed.
func TestResumeSourceChanges(t *testing.T) {
	for change, do := range map[string]func(name string) error{
		"written to": func(name string) error { return os.Chtimes(name, time.Time{}, modTime) },
		"grows":      func(name string) error { return os.Truncate(name, largeBytes+1) },
		"shrinks":    func(name string) error { return os.Truncate(name, 5) },
	} {
		t.Run(change, func(t *testing.T) {
			name, _ := largeFile(t)
			store := newFaulty()
			store.Store = &mem.Store{PartSize: partBytes}
			writes := 0
			store.write = func(string) error {
				if writes++; writes == 15 {
					return do(name)
				}
				return nil
			}
			err := Copy(t.Context(), store, localItem(t, name), Options{})
			if !errors.Is(err, ErrChanged) || uploads(t, store) != 0 || len(paths(t, store)) > 0 {
				t.Errorf("error %v, %d uploads, %q", err, uploads(t, store), paths(t, store))
			}
		})
	}
}

// Bytes that were sent must still be the same when they are read again, whatever the
// file's size and time say.
func TestResumeSourceChangesInSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, _ := largeFile(t)
		store := newCutting(10 * partBytes)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		changed := false
		options := Options{Parts: 1, Events: func(e Event) {
			if e.Kind == EventRetry && !changed {
				changed = true
				rewrite(t, name, partBytes)
				if err := os.Chtimes(name, time.Time{}, info.ModTime()); err != nil {
					t.Error(err)
				}
			}
		}}
		err = Copy(t.Context(), store, localItem(t, name), options)
		if !errors.Is(err, ErrChanged) || uploads(t, store) != 0 {
			t.Errorf("error %v, %d uploads", err, uploads(t, store))
		}
	})
}

// Between two attempts a file may change openly: what differs is sent again.
func TestResumeSourceChangesBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, data := largeFile(t)
		store := newCutting(10 * partBytes)
		changed := false
		options := Options{Parts: 1, Events: func(e Event) {
			if e.Kind == EventRetry && !changed {
				changed = true
				rewrite(t, name, partBytes)
				data[partBytes] ^= 0xff
				if err := os.Chtimes(name, time.Time{}, modTime); err != nil {
					t.Error(err)
				}
			}
		}}
		if err := Copy(t.Context(), store, localItem(t, name), options); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store.Store, "copy", data)
	})
}

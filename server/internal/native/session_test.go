package native

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

// epoch is an upload that knows nothing but its epoch.
type epoch struct {
	tranship.Upload
	number uint64
}

func (e epoch) ID() string    { return "id" }
func (e epoch) Epoch() uint64 { return e.number }

// TestSessionsOutOfOrder adds the newer session of an upload first, as when the
// older one's client was slow: the newer stays.
func TestSessionsOutOfOrder(t *testing.T) {
	var all sessions
	older := &session{upload: epoch{number: 1}, over: make(chan struct{})}
	newer := &session{upload: epoch{number: 2}, over: make(chan struct{})}
	all.add(newer)
	all.add(older)
	select {
	case <-older.over:
	default:
		t.Error("the older session goes on")
	}
	select {
	case <-newer.over:
		t.Error("the newer session was ended")
	default:
	}
	if found, err := all.join("", "id", 2); found != newer || err != nil {
		t.Errorf("joining epoch 2: %v", err)
	}
	all.remove(older, false) // does nothing
	if _, err := all.join("", "id", 1); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("joining epoch 1: %v, want ErrAborted", err)
	}
	all.remove(newer, true)
	if _, err := all.join("", "id", 2); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("joining what was lost: %v, want ErrUnavailable", err)
	}
	if _, err := all.join("", "id", 1); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("joining an older epoch of what was lost: %v, want ErrAborted", err)
	}
	newest := &session{upload: epoch{number: 3}, over: make(chan struct{})}
	all.add(newest)
	all.remove(newest, false)
	if _, err := all.join("", "id", 3); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("joining what has ended: %v, want ErrAborted", err)
	}
}

// Another's session is as if there were none, whatever became of it.
func TestSessionsOfOthers(t *testing.T) {
	var all sessions
	hers := &session{upload: epoch{number: 2}, owner: "ann", over: make(chan struct{})}
	check := func(when string) {
		t.Helper()
		for _, owner := range []string{"", "bob", "Ann"} {
			for number := range uint64(4) {
				_, unknown := all.join(owner, "no such id", number)
				if found, err := all.join(owner, "id", number); found != nil || err != unknown {
					t.Errorf("%s, %q joins epoch %d: %v, %v; an unknown id: %v", when, owner, number, found, err, unknown)
				}
			}
		}
	}
	all.add(hers)
	check("under way")
	if found, err := all.join("ann", "id", 2); found != hers || err != nil {
		t.Errorf("ann joins her own: %v", err)
	}
	all.remove(hers, true)
	check("lost")
	if _, err := all.join("ann", "id", 2); err != errLost {
		t.Errorf("ann joins what was lost: %v", err)
	}
}

package hook_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
)

// TestRetries checks that events are delivered again, in their order and with the same ids, until
// the hook accepts them, and that the outbox shows them meanwhile.
func TestRetries(t *testing.T) {
	inner, c := newStore(), newCarrier()
	var away atomic.Bool
	away.Store(true)
	tried := make(chan string, 1000)
	c.accept = func(events []hook.Event) error {
		if away.Load() {
			select {
			case tried <- events[0].ID:
			default:
			}
			return errors.New("the hook is away")
		}
		return nil
	}
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}})
	store := h.Store(inner)
	var want []string
	for i := range 5 {
		put(t, store, "a", fmt.Sprint(i))
		put(t, store, fmt.Sprint("b", i), "22")
		want = append(want, "after-commit a 1", fmt.Sprintf("after-commit b%d 2", i))
	}
	first := <-tried
	for range 3 {
		if id := <-tried; id != first {
			t.Errorf("the event is %s at first, and %s later", first, id)
		}
	}
	if stats := h.Stats()[0]; stats.Failed == 0 || stats.Waiting == 0 || stats.Oldest.IsZero() {
		t.Errorf("stats: %+v", stats)
	}
	away.Store(false)
	c.wait(t, want...)
	waitEmpty(t, inner)
	if c.events[0].ID != first {
		t.Errorf("the event is %s at first, and %s later", first, c.events[0].ID)
	}
}

// TestRejected checks that events that a hook will never accept do not hold up others.
func TestRejected(t *testing.T) {
	inner, c := newStore(), newCarrier()
	c.accept = func(events []hook.Event) error {
		if events[0].Path == "bad" {
			return fmt.Errorf("%w: status 400", hook.ErrRejected)
		}
		return nil
	}
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}})
	put(t, h.Store(inner), "bad", "1")
	put(t, h.Store(inner), "good", "1")
	c.wait(t, "after-commit good 1")
	waitEmpty(t, inner)
	if stats := h.Stats()[0]; stats.Rejected != 1 || stats.Delivered != 1 {
		t.Errorf("stats: %+v", stats)
	}
}

// TestRestart checks that the next server delivers what the one before has not delivered.
func TestRestart(t *testing.T) {
	inner, before, after := newStore(), newCarrier(), newCarrier()
	before.accept = func([]hook.Event) error { return errors.New("the hook is away") }
	options := hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: before}}}
	h := open(t, inner, options)
	put(t, h.Store(inner), "a", "1")
	put(t, h.Store(inner), "b", "22")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	options.Hooks[0].Carrier = after
	open(t, inner, options)
	after.wait(t, "after-commit a 1", "after-commit b 2")
	waitEmpty(t, inner)
}

// partial is a store of which a test replaces Put.
type partial struct {
	tranship.Store
	// makes tells that Put stores the file.
	makes bool
	// end is called after that.
	end func() error
}

func (p partial) Unwrap() any { return p.Store }

func (p partial) Passes(ability any) bool {
	_, ok := ability.(*tranship.StateStore)
	return ok
}

func (p partial) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if p.makes {
		if _, err := p.Store.Put(ctx, spec, data); err != nil {
			return tranship.File{}, err
		}
	}
	return tranship.File{}, p.end()
}

// kill puts a file with a server that is killed during that, before or after the change is made.
func kill(t *testing.T, inner tranship.Store, makes bool, options hook.Options, path string) {
	t.Helper()
	h, err := hook.Open(t.Context(), inner, options)
	if err != nil {
		t.Fatal(err)
	}
	reached, over, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	store := h.Store(partial{inner, makes, func() error {
		close(reached)
		<-over // for the server that was killed, the call never ends
		return errors.New("the server was killed")
	}})
	go func() {
		defer close(ended)
		_, _ = store.Put(context.Background(), tranship.Spec{Path: path}, []byte("text"))
	}()
	t.Cleanup(func() {
		close(over)
		<-ended
	})
	<-reached
	h.Kill()
}

// TestKilled checks that the events of a server that was killed between the change and its end are
// delivered if the change was made, and dropped otherwise.
func TestKilled(t *testing.T) {
	inner, c := newStore(), newCarrier()
	options := hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}}
	kill(t, inner, true, options, "made")
	kill(t, inner, false, options, "not-made")
	h := open(t, inner, options)
	put(t, h.Store(inner), "z", "1")
	c.wait(t, "after-commit made 4", "after-commit z 1")
	waitEmpty(t, inner)
}

// TestSeveralServers checks that any server delivers the events of all, that the events of a path
// are in order whichever server made the change, and that a server that was killed is replaced.
func TestSeveralServers(t *testing.T) {
	inner, c := newStore(), newCarrier()
	options := hook.Options{LeaseTime: 3 * time.Second, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c, Timeout: time.Second}}}
	first, second := open(t, inner, options), open(t, inner, options)
	var want []string
	for i := range 10 {
		put(t, first.Store(inner), "a", "1")
		put(t, second.Store(inner), "a", "22")
		want = append(want, "after-commit a 1", "after-commit a 2")
		if i == 5 {
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			first = second
		}
	}
	kill(t, inner, true, options, "killed")
	c.waitSome(t, len(want)+1)
	c.wait(t, append(want, "after-commit killed 4")...)
	waitEmpty(t, inner)
}

// TestUnsure checks that a change whose outcome is not known has an event if it was made.
func TestUnsure(t *testing.T) {
	inner, c := newStore(), newCarrier()
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}})
	lost := func() error { return fmt.Errorf("%w: the reply was lost", tranship.ErrUnavailable) }
	for path, makes := range map[string]bool{"made": true, "not-made": false} {
		if _, err := h.Store(partial{inner, makes, lost}).Put(t.Context(), tranship.Spec{Path: path}, []byte("text")); !errors.Is(err, tranship.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the store did not panic")
			}
		}()
		_, _ = h.Store(partial{inner, true, func() error { panic("a mistake in a store") }}).Put(t.Context(), tranship.Spec{Path: "panic"}, []byte("text"))
	}()
	put(t, h.Store(inner), "z", "1")
	c.wait(t, "after-commit made 4", "after-commit panic 4", "after-commit z 1")
	waitEmpty(t, inner)
}

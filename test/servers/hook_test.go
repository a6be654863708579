package servers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/hook"
)

// listener is a hook that keeps what it is told of.
type listener struct {
	mu     sync.Mutex
	away   bool
	events []hook.Event
}

func (*listener) Ask(context.Context, hook.Question) (hook.Answer, error) { return hook.Answer{}, nil }

func (l *listener) Deliver(_ context.Context, events []hook.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return errors.New("the hook is away")
	}
	l.events = append(l.events, events...)
	return nil
}

// versions returns the versions of the events of each path, in order and without repetitions.
func (l *listener) versions() map[string][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	versions, seen := map[string][]string{}, map[string]bool{}
	for _, event := range l.events {
		if !seen[event.ID] {
			seen[event.ID] = true
			versions[event.Path] = append(versions[event.Path], event.Version)
		}
	}
	return versions
}

// leaseTime is short, so that a server that is gone is replaced soon.
const leaseTime = 3 * time.Second

// TestHooksOfServers checks that of two servers over one store any delivers the events of both, in
// the order of the versions of each path, and that one delivers what the other has left behind.
func TestHooksOfServers(t *testing.T) {
	overStores(t, 2, func(t *testing.T, instances []tranship.Store) {
		told := &listener{away: true}
		var clients []*client.Client
		var hooks []*hook.Hooks
		for _, instance := range instances {
			opened, err := hook.Open(t.Context(), instance, hook.Options{
				LeaseTime: leaseTime, RetryPause: time.Millisecond,
				Hooks: []hook.Hook{{Name: "listener", Kinds: hook.Kinds()[1:], Carrier: told, Timeout: leaseTime / 3}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := opened.Close(); err != nil {
					t.Error(err)
				}
			})
			hooks = append(hooks, opened)
			c, err := client.Dial(t.Context(), storeserver.Serve(t, instance, server.Config{Hooks: opened}), client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			clients = append(clients, c)
		}
		want := map[string][]string{}
		put := func(n int) {
			path := fmt.Sprint("path/", n%3)
			file, err := clients[n%len(clients)].Put(t.Context(), tranship.Spec{Path: path}, fmt.Append(nil, n))
			if err != nil {
				t.Fatal(err)
			}
			want[path] = append(want[path], file.Version)
		}
		for n := range 12 {
			put(n)
		}
		if err := hooks[0].Close(); err != nil { // the other has to deliver
			t.Fatal(err)
		}
		told.mu.Lock()
		told.away = false
		told.mu.Unlock()
		poll := time.NewTicker(5 * time.Millisecond)
		defer poll.Stop()
		deadline := time.Now().Add(time.Minute)
		for fmt.Sprint(told.versions()) != fmt.Sprint(want) {
			if time.Now().After(deadline) {
				t.Fatalf("the hook was told of %v, want %v", told.versions(), want)
			}
			<-poll.C
		}
	})
}

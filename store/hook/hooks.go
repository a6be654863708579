package hook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/keyedlock"
)

const (
	// DefaultLeaseTime is Options.LeaseTime by default.
	DefaultLeaseTime = 15 * time.Second
	// DefaultRetryPause is Options.RetryPause by default, and maxRetryPause the longest pause.
	DefaultRetryPause = time.Second
	maxRetryPause     = time.Minute
	// stateTime bounds what is done in the state of the store after the call of a client, and
	// in the background.
	stateTime = 15 * time.Second
)

// Options are settings of Open.
type Options struct {
	// Hooks are the hooks, at most MaxHooks. They are asked and told in their order.
	Hooks []Hook
	// Exclusive means that no other server has hooks of the store at the same time, as for a
	// directory. Events of a server that was killed are then delivered as soon as the next one
	// starts, and no lease is kept in the state of the store.
	Exclusive bool
	// LeaseTime is how long a server that has ended without Close keeps others from delivering
	// its events; 0 means DefaultLeaseTime. The clocks of servers may differ by a third of it.
	LeaseTime time.Duration
	// RetryPause is the pause after a delivery that has failed; 0 means DefaultRetryPause.
	// Each failure doubles it, up to a minute; it is shortened at random by up to a half.
	RetryPause time.Duration
	// Logger is told of failures; nil means that nothing is logged.
	Logger *slog.Logger
}

// Hooks are the hooks of a server. It is safe for concurrent use. The nil pointer has no hooks.
type Hooks struct {
	options Options
	// store is the store without decorators, and state its state; nil if no hook has events.
	store tranship.Store
	state tranship.StateStore
	// server is the id of this server.
	server string
	// targets are the hooks in their order, and queues those of them that have events.
	targets []*target
	queues  []*queue
	// locks keep changes of one path, and their records, in one order.
	locks keyedlock.Locks
	clock clock

	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
	closeOnce  sync.Once
	// alive is the version of the value that shows others that this server runs. Only one
	// goroutine uses it.
	alive string
}

// Open returns hooks of a store, and begins to deliver the events that the outbox has. store is the
// store without decorators. It must have a tranship.StateStore if a hook has events; otherwise the
// error matches tranship.ErrUnsupported. A mistake in a hook is a *tranship.InvalidError. Without
// hooks Open returns nil. The caller must call Close before it closes the store.
func Open(ctx context.Context, store tranship.Store, options Options) (*Hooks, error) {
	if len(options.Hooks) == 0 {
		return nil, nil
	}
	if len(options.Hooks) > MaxHooks {
		return nil, &tranship.InvalidError{Field: "hooks", Rule: fmt.Sprintf("there must be at most %d hooks", MaxHooks)}
	}
	if options.LeaseTime <= 0 {
		options.LeaseTime = DefaultLeaseTime
	}
	if options.RetryPause <= 0 {
		options.RetryPause = DefaultRetryPause
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hooks{options: options, store: store, server: strings.ToLower(rand.Text()[:13])}
	names := map[string]bool{}
	for _, hook := range options.Hooks {
		if err := hook.Validate(); err != nil {
			return nil, fmt.Errorf("hook %q: %w", hook.Name, err)
		}
		if names[hook.Name] {
			return nil, fmt.Errorf("hook %q: %w", hook.Name, &tranship.InvalidError{Field: "name", Rule: "two hooks must not have the same name"})
		}
		names[hook.Name] = true
		t := newTarget(hook)
		h.targets = append(h.targets, t)
		if hook.has(AfterCommit) || hook.has(AfterDelete) || hook.has(AfterMove) {
			h.queues = append(h.queues, newQueue(h, t))
		}
	}
	h.ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	state, ok := tranship.As[tranship.StateStore](store)
	if len(h.queues) == 0 {
		if ok {
			h.state = state
			h.warnForgotten(ctx, names)
		}
		return h, nil
	}
	if !ok {
		h.stop()
		return nil, fmt.Errorf("%w: the store keeps no state of servers, which hooks with events need", tranship.ErrUnsupported)
	}
	h.state = state
	if err := h.showAlive(ctx); err != nil {
		h.stop()
		return nil, err
	}
	h.warnForgotten(ctx, names)
	if !options.Exclusive {
		h.background.Go(h.keepAlive)
	}
	for _, q := range h.queues {
		h.background.Go(q.run)
	}
	return h, nil
}

// Close ends the delivery of events. Those that were not delivered stay in the outbox.
func (h *Hooks) Close() error {
	if h == nil {
		return nil
	}
	var err error
	h.closeOnce.Do(func() {
		h.stop()
		h.background.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), stateTime)
		defer cancel()
		for _, q := range h.queues {
			err = errors.Join(err, q.close(ctx))
		}
		if h.alive != "" {
			err = errors.Join(err, h.state.RemoveState(ctx, aliveKey(h.server), h.alive))
		}
	})
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	return nil
}

// warnForgotten logs that the outbox has events for hooks that do not exist here, if one of its
// first records is for such a hook.
func (h *Hooks) warnForgotten(ctx context.Context, names map[string]bool) {
	forgotten := map[string]bool{}
	seen := 0
	for entry, err := range h.state.ListState(ctx, recordPrefix) {
		if seen++; seen > mostCounted {
			return
		}
		if err != nil {
			h.options.Logger.Warn("the outbox of hooks cannot be read", "error", err)
			return
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(entry.Key, recordPrefix), "/")
		if names[name] || forgotten[name] {
			continue
		}
		forgotten[name] = true
		h.options.Logger.Warn("the outbox has events for a hook that this server does not have: they are kept until a server has a hook of this name", "hook", name)
	}
}

// clock makes times of records that ascend on this server.
type clock struct {
	mu   sync.Mutex
	last int64
}

// now returns a time in nanoseconds that is later than all before.
func (c *clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(time.Now().UnixNano(), c.last+1)
	return c.last
}

package hook_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/mem"
)

// carrier is a hook in memory.
type carrier struct {
	// answer, if not nil, answers questions; content is what was read.
	answer func(ctx context.Context, question hook.Question, content string) (hook.Answer, error)
	// accept, if not nil, is called for each delivery.
	accept func(events []hook.Event) error

	mu        sync.Mutex
	questions []hook.Question
	events    []hook.Event
	// sizes are how many events the deliveries had.
	sizes []int
	// changed is closed when there are more events.
	changed chan struct{}
}

func newCarrier() *carrier { return &carrier{changed: make(chan struct{})} }

func (c *carrier) Ask(ctx context.Context, question hook.Question) (hook.Answer, error) {
	c.mu.Lock()
	c.questions = append(c.questions, question)
	c.mu.Unlock()
	var content []byte
	if question.Content != nil {
		var err error
		if content, err = io.ReadAll(question.Content); err != nil {
			return hook.Answer{}, err
		}
	}
	if c.answer == nil {
		return hook.Answer{}, nil
	}
	return c.answer(ctx, question, string(content))
}

func (c *carrier) Deliver(_ context.Context, events []hook.Event) error {
	if c.accept != nil {
		if err := c.accept(events); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, event := range events { // an event may come several times
		if !slices.ContainsFunc(c.events, func(e hook.Event) bool { return e.ID == event.ID }) {
			c.events = append(c.events, event)
		}
	}
	c.sizes = append(c.sizes, len(events))
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

// texts returns the events as short texts.
func (c *carrier) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, event := range c.events {
		text := event.Kind.String() + " " + event.Path
		if event.Source != "" {
			text += " from " + event.Source
		}
		texts = append(texts, fmt.Sprint(text, " ", event.Size))
	}
	return texts
}

// waitTime bounds how long a test waits.
const waitTime = time.Minute

// wait waits until the hook was told of n events, and compares them.
func (c *carrier) wait(t *testing.T, want ...string) {
	t.Helper()
	c.waitSome(t, len(want))
	if got := c.texts(); !slices.Equal(got, want) {
		t.Errorf("the hook was told of %q, want %q", got, want)
	}
}

// events are all kinds of events.
func events() []hook.Kind { return hook.Kinds()[1:] }

// open opens hooks of a store, which are closed when the test ends.
func open(t *testing.T, store tranship.Store, options hook.Options) *hook.Hooks {
	t.Helper()
	options.RetryPause = time.Millisecond
	if testing.Verbose() {
		options.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	h, err := hook.Open(t.Context(), store, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// records returns how many records the outbox has.
func records(t *testing.T, store tranship.StateStore) int {
	t.Helper()
	n := 0
	for _, err := range store.ListState(context.Background(), "hooks/") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// waitEmpty waits until the outbox is empty.
func waitEmpty(t *testing.T, store tranship.StateStore) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(waitTime); records(t, store) > 0; <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("the outbox has %d records", records(t, store))
		}
	}
}

func put(t *testing.T, store tranship.Store, path, text string) {
	t.Helper()
	if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func newStore() *mem.Store { return &mem.Store{} }
